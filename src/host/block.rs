//! A block device, opened exclusively and past the page cache.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::{HostError, control};

/// How often and how long to wait for the lock that udev holds while it looks at a new device.
const LOCK_TRIES: u32 = 30;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// An open block device. All reads and writes are direct: buffers ([`super::AlignedBuffer`]), offsets and lengths are
/// multiples of the block size.
#[derive(Debug)]
pub struct BlockDevice {
    file: File,
    path: PathBuf,
    number: (u32, u32),
    size: u64,
    block_size: u32,
}

impl BlockDevice {
    /// Opens `path` for writing: exclusively (the kernel refuses if it is mounted, swapped on or held), past the page cache,
    /// and locked so that udev and other writers keep off. There is no fall-back to less.
    pub fn open_exclusively(path: &Path) -> Result<Self, HostError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(flags(OFlags::EXCL));
        let device = Self::open(&options, path)?;
        lock(&device.file).map_err(HostError::io("locking", path))?;
        Ok(device)
    }

    /// Opens `path` for reading, past the page cache.
    pub fn open_for_reading(path: &Path) -> Result<Self, HostError> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags(OFlags::empty()));
        Self::open(&options, path)
    }

    fn open(options: &OpenOptions, path: &Path) -> Result<Self, HostError> {
        let open = || -> io::Result<Self> {
            let mut file = options.open(path)?;
            let metadata = file.metadata()?;
            if !metadata.file_type().is_block_device() {
                return Err(io::Error::from(Errno::NOTBLK));
            }
            let size = file.seek(SeekFrom::End(0))?;
            let block_size = rustix::fs::ioctl_blksszget(&file)?;
            Ok(Self { number: number_of(metadata.rdev()), path: path.to_owned(), file, size, block_size })
        };
        open().map_err(HostError::io("opening", path))
    }

    /// Returns the node it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the device number of what is really open.
    pub fn number(&self) -> (u32, u32) {
        self.number
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the smallest unit of a read or write, in bytes.
    pub fn block_size(&self) -> u32 {
        self.block_size
    }

    /// Fills `bytes` from `offset`.
    pub fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }

    /// Writes all of `bytes` at `offset`.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    /// Returns when everything written is on the medium (the device's own cache is flushed too).
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Makes the kernel forget what it has cached, so that the next reader of any kind asks the device. Without the privilege
    /// nothing happens: our own reads are direct anyway.
    pub fn flush_buffers(&self) -> io::Result<()> {
        match control::flush_buffers(&self.file) {
            Err(Errno::ACCESS | Errno::PERM | Errno::NOTTY | Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the kernel read the partition table again. Devices without partitions (some loop devices) are left alone; so
    /// are ours where the privilege is missing: the next plug-in shows the new table.
    pub fn reread_partitions(&self) -> io::Result<()> {
        match control::reread_partitions(&self.file) {
            Err(Errno::INVAL | Errno::ACCESS | Errno::PERM | Errno::NOTTY) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Stops the medium so that it may be pulled. Returns false where the device has no such thing (SD slots, loop devices):
    /// what is synced may be pulled.
    pub fn eject(&self) -> io::Result<bool> {
        match control::eject(&self.file) {
            Ok(()) => Ok(true),
            Err(Errno::NOTTY | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Splits a device number as the kernel gives it.
pub fn number_of(device: u64) -> (u32, u32) {
    (rustix::fs::major(device), rustix::fs::minor(device))
}

fn flags(more: OFlags) -> i32 {
    (OFlags::DIRECT | OFlags::CLOEXEC | OFlags::NOFOLLOW | more).bits().cast_signed()
}

fn lock(file: &File) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if tries < LOCK_TRIES => tries += 1,
            Err(Errno::WOULDBLOCK) => return Err(Errno::BUSY.into()),
            other => return Ok(other?),
        }
        thread::sleep(LOCK_PAUSE);
    }
}
