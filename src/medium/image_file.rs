//! An image file: whole under its name, or not there.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, Advice, FlockOperation, OFlags};
use rustix::io::Errno;

use super::engine;
use super::failure::{engine_error, io_error, open_error};
use super::inspect;
use super::volume::encode;
use crate::delivery::{
    Cargo, Consent, Content, Effect, Event, Footprint, Manifest, Preflight, Receipt, Sink, SinkError, Step,
    TargetIdentity, TargetImage, TargetKind,
};
use crate::host::files::{folder_of, sync_folder};

/// What a file system may add to the payload: tables, directory, rounding, its own bookkeeping; in bytes.
const OVERHEAD: u64 = 256 << 10;
/// Direct reads begin and end at multiples of this.
const PAGE: u64 = 4096;

/// A sink that writes an image file: sparse, mode 0600, beside its name first.
pub struct ImageFile {
    path: PathBuf,
    seen: Option<Seen>,
}

/// What was at the path when it was looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen(Option<State>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct State {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl ImageFile {
    /// Names the file; its folder must exist at preflight.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: None }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The path with its folder resolved.
    fn place(&self) -> Result<PathBuf, SinkError> {
        let name = self.path.file_name().ok_or_else(|| self.absent("file name"))?;
        let folder = folder_of(&self.path);
        let resolved = folder.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SinkError::Absent { what: "folder", path: folder.display().to_string() },
            _ => io_error(&self.name(), "opening the folder of", 0)(error),
        })?;
        Ok(resolved.join(name))
    }

    fn absent(&self, what: &'static str) -> SinkError {
        SinkError::Absent { what, path: self.name() }
    }

    fn identity(&self, place: &Path) -> TargetIdentity {
        TargetIdentity {
            kind: TargetKind::ImageFile,
            name: self.name(),
            path: place.display().to_string(),
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
            chip: None,
        }
    }

    fn check_folder(&self, place: &Path, need: u64) -> Result<(), SinkError> {
        let folder = folder_of(place);
        rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| match error {
            Errno::ROFS => SinkError::ReadOnly { target: folder.display().to_string() },
            _ => SinkError::Permission { target: folder.display().to_string() },
        })?;
        let Ok(room) = rustix::fs::statvfs(folder) else { return Ok(()) };
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        if free < need {
            let reason = format!("{free} bytes are free, {need} bytes are needed");
            let source = io::Error::new(io::ErrorKind::StorageFull, reason);
            return Err(io_error(&self.name(), "making room for", 0)(source));
        }
        Ok(())
    }

    /// An image with a whole bundle can be made again, and is named as carried; anything else is lost.
    fn effect(&self, place: &Path) -> Result<(Effect, Vec<Manifest>), SinkError> {
        let Ok(metadata) = fs::symlink_metadata(place) else { return Ok((Effect::Creates, Vec::new())) };
        if !metadata.is_file() {
            let reason = "it exists and is no regular file".to_owned();
            let hint = Some("name a file; a block device is written as a drive".to_owned());
            return Err(SinkError::Refused { target: self.name(), reason, hint });
        }
        let length = metadata.len();
        let lines = match inspect::inspect_path(place) {
            Ok(found) => {
                let whole = found.whole_bundles();
                if !whole.is_empty() {
                    return Ok((Effect::Creates, whole.iter().map(|bundle| bundle.manifest.clone()).collect()));
                }
                let mut lines = vec![format!("a file of {length} bytes that holds no whole bundle")];
                lines.extend(found.losses());
                lines
            }
            Err(_) => vec![format!("a file of {length} bytes that cannot be read")],
        };
        Ok((Effect::Overwrites(lines), Vec::new()))
    }

    fn check_unchanged(&self, place: &Path, consent: &Consent) -> Result<(), SinkError> {
        let swapped = |difference: String| SinkError::Swapped { target: self.name(), difference };
        let agreed = &consent.target().path;
        if !self.identity(place).is_same_appearance(consent.target()) {
            return Err(swapped(format!("it is {}, agreed was {agreed}", place.display())));
        }
        if self.seen.is_some_and(|seen| seen != Seen(state_of(place))) {
            return Err(swapped("the file there has changed since".into()));
        }
        Ok(())
    }
}

impl Sink for ImageFile {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let place = self.place()?;
        let volume = need.volume(&place.display().to_string())?.clone();
        if volume.size.is_none() {
            return Err(SinkError::Layout {
                reason: "an image file needs a size, as in `medium: {size: 64MiB}` in the fleet file".into(),
            });
        }
        self.check_folder(&place, need.payload.unwrap_or(0).saturating_add(OVERHEAD))?;
        let (effect, carried) = self.effect(&place)?;
        self.seen = Some(Seen(state_of(&place)));
        Ok(Preflight::new(self.identity(&place), effect, volume, None).carrying(carried))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let place = self.place()?;
        self.check_unchanged(&place, &consent)?;
        let image = encode(cargo, consent.volume()?, None)?;
        let device = cargo.device();
        let total = 2 * image.data_bytes();
        let tick = |done| watch(Event::Bytes { device, done, total });
        let name = self.name();
        let part = Part::create(&place, &name)?;
        let written = part.fill(&image, &name)?;
        tick(written);
        watch(Event::Step { device, step: Step::Written });
        let (read_back, compared) = part.read_back(&image, &name)?;
        tick(total);
        part.settle(&place, &name)?;
        self.seen = Some(Seen(state_of(&place)));
        watch(Event::Step { device, step: Step::ReadBack });
        let digest = image.digest();
        Ok(Receipt {
            target: self.identity(&place),
            artifact: cargo.digest(),
            image: digest,
            read_back,
            written,
            compared,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }
}

fn state_of(place: &Path) -> Option<State> {
    let metadata = fs::symlink_metadata(place).ok()?;
    let modified = (metadata.mtime(), metadata.mtime_nsec());
    Some(State { inode: metadata.ino(), length: metadata.len(), modified })
}

/// The file on its way, `.NAME.part`; gone on drop unless it was settled.
struct Part {
    path: PathBuf,
    file: File,
    settled: bool,
}

impl Part {
    /// Takes over what a killed run has left; [`SinkError::Busy`] if another run is at it.
    fn create(place: &Path, name: &str) -> Result<Self, SinkError> {
        let file_name = place.file_name().unwrap_or_default().to_string_lossy();
        let path = folder_of(place).join(format!(".{file_name}.part"));
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let failed = |error| open_error(name, "writing", crate::host::HostError::io("writing", &path)(error));
        let file = options.open(&path).map_err(failed)?;
        let locked = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if !locked || state_of(&path).map(|state| state.inode) != file.metadata().ok().map(|metadata| metadata.ino()) {
            let holders = vec!["another run is writing it".to_owned()];
            return Err(SinkError::Busy { target: name.to_owned(), holders });
        }
        let part = Self { path, file, settled: false };
        part.empty().map_err(io_error(name, "writing", 0))?;
        Ok(part)
    }

    fn empty(&self) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        self.file.set_permissions(fs::Permissions::from_mode(0o600))?;
        self.file.set_len(0)
    }

    /// Data is written, zeros are holes. Returns the bytes written.
    fn fill(&self, image: &TargetImage, name: &str) -> Result<u64, SinkError> {
        self.file.set_len(image.size()).map_err(io_error(name, "writing", 0))?;
        for extent in image.extents() {
            if let Content::Data(bytes) = &extent.content {
                let written = bytes.expose(|bytes| self.file.write_all_at(bytes, extent.offset));
                written.map_err(io_error(name, "writing", extent.offset))?;
            }
        }
        self.file.sync_data().map_err(io_error(name, "flushing", 0))?;
        Ok(image.data_bytes())
    }

    fn read_back(&self, image: &TargetImage, name: &str) -> Result<(crate::fleet::Digest, u64), SinkError> {
        let file = self.reopen().map_err(io_error(name, "reading back", 0))?;
        engine::read_back(&file, image).map_err(|error| engine_error(name, error))
    }

    /// Past the page cache where the file system can; elsewhere the cache is dropped first.
    fn reopen(&self) -> io::Result<Reopened> {
        let direct = File::options().read(true).custom_flags(OFlags::DIRECT.bits().cast_signed()).open(&self.path);
        match direct {
            Ok(file) => Ok(Reopened { file, direct: true }),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                let file = File::open(&self.path)?;
                rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)?;
                Ok(Reopened { file, direct: false })
            }
            Err(error) => Err(error),
        }
    }

    fn settle(mut self, place: &Path, name: &str) -> Result<(), SinkError> {
        fs::rename(&self.path, place).map_err(io_error(name, "naming", 0))?;
        self.settled = true;
        sync_folder(folder_of(place)).map_err(|error| open_error(name, "naming", error))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.settled {
            let _ = fs::remove_file(&self.path);
        }
    }
}

struct Reopened {
    file: File,
    direct: bool,
}

impl engine::ReadBack for Reopened {
    /// Direct reads of whole sectors do for nearly every disk; one with larger blocks wants whole pages.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        match self.file.read_exact_at(bytes, offset) {
            Err(error) if self.direct && Errno::from_io_error(&error) == Some(Errno::INVAL) => {
                self.read_pages(offset, bytes)
            }
            other => other,
        }
    }

    /// A file system that knows no holes says "data" everywhere.
    fn stored(&self, offset: u64, end: u64) -> Option<(u64, u64)> {
        use rustix::fs::{SeekFrom, seek};
        let first = match seek(&self.file, SeekFrom::Data(offset)) {
            Ok(first) => first / engine::SECTOR * engine::SECTOR,
            Err(Errno::NXIO) => return None,
            Err(_) => offset,
        };
        let from = first.max(offset);
        let hole = seek(&self.file, SeekFrom::Hole(from)).unwrap_or(end);
        (from < end).then(|| (from, hole.max(from + 1).next_multiple_of(engine::SECTOR).min(end)))
    }
}

impl Reopened {
    fn read_pages(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let start = offset / PAGE * PAGE;
        let skip = usize::try_from(offset - start).expect("less than a page");
        let length = (skip + bytes.len()).next_multiple_of(usize::try_from(PAGE).expect("4096"));
        let mut window = crate::host::AlignedBuffer::new(length);
        let mut done = 0;
        while done < skip + bytes.len() {
            match self.file.read_at(&mut window[done..], start + done as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                more => done += more,
            }
        }
        bytes.copy_from_slice(&window[skip..skip + bytes.len()]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::engine::ReadBack;
    use super::*;
    use crate::delivery::Extent;
    use crate::fleet::Secret;

    fn part(folder: &Path) -> Part {
        Part::create(&folder.join("a.img"), "a.img").unwrap()
    }

    fn image() -> TargetImage {
        let bytes: Vec<u8> = (0..9216_u32).map(|n| n.to_le_bytes()[1] | 1).collect();
        let data = Extent { offset: 1536, length: 9216, content: Content::Data(Secret::new(bytes)) };
        let zero = Extent { offset: 1 << 20, length: 65536, content: Content::Zero };
        TargetImage::new(2 << 20, vec![data, zero])
    }

    #[test]
    fn what_differs_on_disk_is_found_before_the_file_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        part.fill(&image(), "a.img").unwrap();
        assert_eq!(part.read_back(&image(), "a.img").unwrap().0, image().digest());
        for (place, name) in [(1536, "data"), (10751, "data"), (1 << 20, "zero"), ((1 << 20) + 65535, "zero")] {
            let mut byte = [0];
            part.file.read_exact_at(&mut byte, place).unwrap();
            part.file.write_all_at(&[byte[0] ^ 2], place).unwrap();
            let error = part.read_back(&image(), "a.img").unwrap_err();
            assert!(matches!(error, SinkError::Differs { offset, .. } if offset == place), "{name}: {error}");
            part.file.write_all_at(&byte, place).unwrap();
        }
    }

    #[test]
    fn of_a_zero_stretch_only_what_is_stored_is_worth_reading() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        part.fill(&image(), "a.img").unwrap();
        part.file.write_all_at(b"x", (1 << 20) + 40_000).unwrap();
        let file = part.reopen().unwrap();
        let (from, to) = file.stored(1 << 20, (1 << 20) + 65_536).unwrap();
        assert!(from <= (1 << 20) + 40_000 && to > (1 << 20) + 40_000, "{from} {to}");
        assert!(to <= (1 << 20) + 65_536 && (from | to) % engine::SECTOR == 0, "{from} {to}");
        assert_eq!(file.stored((1 << 20) + 65_536, 2 << 20), None);
        assert_eq!(file.stored(2 << 20, 2 << 20), None, "behind the end there is nothing");
    }

    #[test]
    fn pages_around_a_stretch_are_read_as_the_stretch() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        part.fill(&image(), "a.img").unwrap();
        let file = part.reopen().unwrap();
        let (mut direct, mut paged) = (crate::host::AlignedBuffer::new(9216), vec![0; 9216]);
        file.read_at(1536, &mut direct).unwrap();
        file.read_pages(1536, &mut paged).unwrap();
        assert!(*direct == *paged);
        assert!(file.read_pages((2 << 20) - 512, &mut paged).is_err(), "behind the end there is nothing");
    }

    #[test]
    fn a_part_that_fails_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let part = part(folder.path());
        fs::create_dir(folder.path().join("a.img")).unwrap();
        assert!(part.settle(&folder.path().join("a.img"), "a.img").is_err());
        assert!(!folder.path().join(".a.img.part").exists());
    }
}
