//! The device's files: every change goes through one gate, is durable, and never follows a link to a destination.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;

use super::error::ClientError;
use crate::fleet::Secret;
use crate::host::Machine;
use crate::host::files::{folder_of, read_all_bounded};

/// What is about to be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A new file.
    Create,
    /// Content.
    Write,
    /// Mode and owner.
    Mode,
    /// Content and names, made durable.
    Sync,
    /// A name, moved over another.
    Rename,
    /// A name, taken away.
    Remove,
    /// A new folder.
    Folder,
    /// A new symbolic link.
    Link,
}

/// The gate that every change passes: a test lets the n-th fail.
pub trait Gate: Send + Sync {
    /// Asked before each change; an error stops it.
    fn before(&self, change: Change, path: &Path) -> io::Result<()>;
}

/// The gate of real life: open.
pub struct Open;

impl Gate for Open {
    fn before(&self, _change: Change, _path: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// The files of one device, under one root folder.
pub struct Disk {
    machine: Machine,
    gate: Box<dyn Gate>,
}

/// Whose a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    /// User.
    pub user: u32,
    /// Group.
    pub group: u32,
}

/// A name in an open folder.
pub struct Spot {
    folder: OwnedFd,
    name: String,
    path: PathBuf,
}

/// A file found at a spot.
pub struct Found {
    /// Content.
    pub bytes: Secret,
    /// Permissions.
    pub mode: u32,
    /// Whose it is.
    pub owner: Owner,
}

impl Disk {
    /// Returns the disk of a machine.
    pub fn new(machine: Machine, gate: Box<dyn Gate>) -> Self {
        Self { machine, gate }
    }

    /// Returns the machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Returns where `path` of the device really lies.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.machine.path(path)
    }

    /// Names a file whose folder the device image chose: links on the way to it are the image's own.
    pub fn spot(&self, path: &Path) -> Result<Spot, ClientError> {
        let folder = folder_of(path);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let folder = rustix::fs::open(folder, flags, Mode::empty()).map_err(failed("opening", folder))?;
        Ok(Spot { folder, name: name_of(path)?, path: path.to_owned() })
    }

    /// Names the `destination` that a bundle chose, an absolute path: walks from the root and follows no link. Missing
    /// folders are made with mode 0755 where `make` is set; else `None` comes back.
    pub fn guarded(&self, destination: &str, make: bool) -> Result<Option<Spot>, ClientError> {
        let path = self.path(destination);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let root = self.path("/");
        let mut folder = rustix::fs::open(&root, flags, Mode::empty()).map_err(failed("opening", &root))?;
        let mut walked = root;
        let names: Vec<&str> = destination.split('/').filter(|name| !name.is_empty()).collect();
        let (last, parents) = names.split_last().ok_or(ClientError::InTheWay { path: path.clone(), found: "/" })?;
        for name in parents {
            walked.push(name);
            folder = match rustix::fs::openat(&folder, *name, flags | OFlags::NOFOLLOW, Mode::empty()) {
                Ok(inner) => inner,
                Err(Errno::NOENT) if !make => return Ok(None),
                Err(Errno::NOENT) => self.make_inside(&folder, name, &walked)?,
                Err(Errno::LOOP | Errno::NOTDIR) => {
                    return Err(ClientError::InTheWay { path, found: "a link or a file" });
                }
                Err(error) => return Err(failed("opening", &walked)(error)),
            };
        }
        Ok(Some(Spot { folder, name: (*last).to_owned(), path }))
    }

    fn make_inside(&self, folder: &OwnedFd, name: &str, path: &Path) -> Result<OwnedFd, ClientError> {
        self.ask(Change::Folder, path)?;
        match rustix::fs::mkdirat(folder, name, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed("making", path)(error)),
        }
        self.sync(folder, path)?;
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY | OFlags::NOFOLLOW;
        rustix::fs::openat(folder, name, flags, Mode::empty()).map_err(failed("opening", path))
    }

    /// Reads the regular file at a spot, of at most `most` bytes; `None` where nothing is.
    pub fn read(&self, spot: &Spot, most: u64) -> Result<Option<Found>, ClientError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(&spot.folder, &spot.name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(ClientError::InTheWay { path: spot.path.clone(), found: "a link" }),
            Err(error) => return Err(failed("reading", &spot.path)(error)),
        };
        let stat = rustix::fs::fstat(&file).map_err(failed("reading", &spot.path))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(ClientError::InTheWay { path: spot.path.clone(), found: "no regular file" });
        }
        let bytes = Secret::new(read_all_bounded(File::from(file), &spot.path, most)?);
        let owner = Owner { user: stat.st_uid, group: stat.st_gid };
        Ok(Some(Found { bytes, mode: stat.st_mode & 0o7777, owner }))
    }

    /// Writes a file: beside, sync, rename, sync the folder. After a power cut the old or the new one is there.
    pub fn write(&self, spot: &Spot, bytes: &[u8], mode: u32, owner: Option<Owner>) -> Result<(), ClientError> {
        let beside = beside(&spot.name);
        let written = self.fill(spot, &beside, bytes, mode, owner).and_then(|()| {
            self.gate.before(Change::Rename, &spot.path)?;
            Ok(rustix::fs::renameat(&spot.folder, &beside, &spot.folder, &spot.name)?)
        });
        if let Err(error) = written {
            if self.gate.before(Change::Remove, &spot.path).is_ok() {
                let _ = rustix::fs::unlinkat(&spot.folder, &beside, AtFlags::empty());
            }
            return Err(ClientError::io("writing", &spot.path)(error));
        }
        self.sync(&spot.folder, &spot.path)
    }

    fn fill(&self, spot: &Spot, beside: &str, bytes: &[u8], mode: u32, owner: Option<Owner>) -> io::Result<()> {
        self.gate.before(Change::Create, &spot.path)?;
        match rustix::fs::unlinkat(&spot.folder, beside, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(rustix::fs::openat(&spot.folder, beside, flags, Mode::from_raw_mode(0o600))?);
        self.gate.before(Change::Write, &spot.path)?;
        file.write_all(bytes)?;
        self.gate.before(Change::Mode, &spot.path)?;
        if let Some(Owner { user, group }) = owner.filter(|_| self.gives_away()) {
            rustix::fs::fchown(&file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        self.gate.before(Change::Sync, &spot.path)?;
        file.sync_all()
    }

    /// Whether files go to their owners: in a folder that plays a device, only root can do that, and others rehearse.
    fn gives_away(&self) -> bool {
        !self.machine.is_folder() || rustix::process::geteuid().is_root()
    }

    /// Takes a file away, and what a write that was cut off left beside it; one that is not there is no error.
    pub fn remove(&self, spot: &Spot) -> Result<(), ClientError> {
        self.ask(Change::Remove, &spot.path)?;
        let _ = rustix::fs::unlinkat(&spot.folder, beside(&spot.name), AtFlags::empty());
        match rustix::fs::unlinkat(&spot.folder, &spot.name, AtFlags::empty()) {
            Ok(()) => self.sync(&spot.folder, &spot.path),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(failed("removing", &spot.path)(error)),
        }
    }

    /// Makes a folder (0700) and those above it, where they are not there.
    pub fn make_folder(&self, path: &Path) -> Result<(), ClientError> {
        if path.is_dir() {
            return Ok(());
        }
        let above = folder_of(path);
        self.make_folder(above)?;
        self.ask(Change::Folder, path)?;
        match rustix::fs::mkdir(path, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => self.sync_folder(above),
            Err(error) => Err(failed("making", path)(error)),
        }
    }

    /// Makes names in a folder durable.
    pub fn sync_folder(&self, path: &Path) -> Result<(), ClientError> {
        let folder = File::open(path).map_err(ClientError::io("syncing", path))?;
        self.sync(folder, path)
    }

    /// Moves a folder to a name that is free, durably.
    pub fn rename_folder(&self, from: &Path, to: &Path) -> Result<(), ClientError> {
        self.ask(Change::Rename, to)?;
        rustix::fs::renameat(CWD, from, CWD, to).map_err(failed("renaming", from))?;
        self.sync_folder(folder_of(to))
    }

    /// Takes a folder away with all that is in it; links in it are not followed.
    pub fn remove_folder(&self, path: &Path) -> Result<(), ClientError> {
        let entries = match std::fs::read_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(ClientError::io("reading", path))?,
        };
        for entry in entries {
            let entry = entry.map_err(ClientError::io("reading", path))?;
            let inner = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.remove_folder(&inner)?;
            } else {
                self.ask(Change::Remove, &inner)?;
                rustix::fs::unlink(&inner).map_err(failed("removing", &inner))?;
            }
        }
        self.ask(Change::Remove, path)?;
        rustix::fs::rmdir(path).map_err(failed("removing", path))
    }

    /// Lets the symbolic link `path` lead to `target`, switched by a rename; `None` takes it away.
    pub fn point(&self, path: &Path, target: Option<&str>) -> Result<(), ClientError> {
        let spot = self.spot(path)?;
        let Some(target) = target else { return self.remove(&spot) };
        if rustix::fs::readlinkat(&spot.folder, &spot.name, Vec::new())
            .is_ok_and(|now| now.to_bytes() == target.as_bytes())
        {
            return Ok(());
        }
        let beside = beside(&spot.name);
        self.ask(Change::Link, path)?;
        match rustix::fs::unlinkat(&spot.folder, &beside, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed("removing", path)(error)),
        }
        rustix::fs::symlinkat(target, &spot.folder, &beside).map_err(failed("linking", path))?;
        self.ask(Change::Rename, path)?;
        rustix::fs::renameat(&spot.folder, &beside, &spot.folder, &spot.name).map_err(failed("linking", path))?;
        self.sync(&spot.folder, path)
    }

    fn sync(&self, folder: impl AsFd, path: &Path) -> Result<(), ClientError> {
        self.ask(Change::Sync, path)?;
        rustix::fs::fsync(folder).map_err(failed("syncing", path))
    }

    fn ask(&self, change: Change, path: &Path) -> Result<(), ClientError> {
        self.gate.before(change, path).map_err(ClientError::io("changing", path))
    }
}

/// A leftover of a run that was cut off has this name, too, and is overwritten by the next.
fn beside(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    format!(".{short}.firstlight-new")
}

fn name_of(path: &Path) -> Result<String, ClientError> {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| ClientError::Device { path: path.to_owned(), reason: "it names no file".into() })
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(Errno) -> ClientError {
    let failed = ClientError::io(doing, path);
    move |error| failed(error.into())
}
