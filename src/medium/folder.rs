//! A folder: the files of a bundle with their modes, the manifest last.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, Advice, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::bundle::FileState;
use super::failure::io_error;
use super::inspect;
use crate::delivery::manifest::{LONGEST_MANIFEST, MOST_SIGNATURES, RESULT_NAME, signature_name};
use crate::delivery::{
    ArtifactFile, Consent, Effect, Event, Footprint, MANIFEST_NAME, Manifest, Preflight, Receipt, SealedArtifact, Sink,
    SinkError, Step, TargetIdentity, TargetKind,
};
use crate::fleet::Digest;
use crate::host::files::{folder_of, read_all_bounded, sync_folder};

/// Most lines that name what is there.
const MOST_LINES: usize = 20;

/// A sink that writes files into a folder that exists: each beside its name, synced and renamed. While files change no
/// manifest is there, so that nobody takes a half bundle for one. Symbolic links inside the folder are never followed.
pub struct Folder {
    path: PathBuf,
    may_make: bool,
}

impl Folder {
    /// Names a folder that must exist: a mount point that is not there is no place to make one.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), may_make: false }
    }

    /// Names a folder that is made (0700) when it is written, where it is not there; the folder it lies in must exist.
    pub fn made(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), may_make: true }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn place(&self) -> Result<PathBuf, SinkError> {
        let absent = || SinkError::Absent { what: "folder", path: self.name() };
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => absent(),
            _ => io_error(&self.name(), "opening", 0)(error),
        };
        match (self.path.canonicalize(), self.path.file_name()) {
            (Ok(place), _) if place.is_dir() => Ok(place),
            (Err(error), Some(name)) if self.may_make && error.kind() == io::ErrorKind::NotFound => {
                Ok(folder_of(&self.path).canonicalize().map_err(failed)?.join(name))
            }
            (Ok(_), _) => Err(absent()),
            (Err(error), _) => Err(failed(error)),
        }
    }

    /// Makes the folder at `place` where it is not there yet.
    fn make(&self, place: &Path) -> Result<(), SinkError> {
        let name = self.name();
        let failed = io_error(&name, "making", 0);
        match rustix::fs::mkdir(place, Mode::from_raw_mode(0o700)) {
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(failed(error.into())),
            Ok(()) => sync_folder(folder_of(place)).map_err(|error| failed(io::Error::other(error))),
        }
    }

    fn identity(&self, place: &Path) -> TargetIdentity {
        TargetIdentity {
            kind: TargetKind::Folder,
            name: self.name(),
            path: place.display().to_string(),
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
        }
    }

    fn effect(&self, place: &Path) -> Result<(Effect, Option<Manifest>), SinkError> {
        let failed = |error: inspect::InspectError| io_error(&self.name(), "reading", 0)(io::Error::other(error));
        let found = inspect::inspect_path(place).map_err(failed)?;
        let Some(volume) = found.volumes.first().filter(|_| !found.blank) else { return Ok((Effect::Creates, None)) };
        let mut lines = Vec::new();
        if let Some(bundle) = &volume.bundle {
            let manifest = &bundle.manifest;
            lines.push(format!("bundle {:?} version {} for {}", manifest.bundle, manifest.version, manifest.device));
            let others = bundle.files.iter().filter(|file| file.state == FileState::Extra);
            lines.extend(others.take(MOST_LINES).map(|file| replaceable(&file.path)));
        } else {
            lines.extend(volume.files.iter().take(MOST_LINES).map(|file| replaceable(&file.path)));
        }
        if volume.files.len() > MOST_LINES {
            lines.push(format!("{} files in all", volume.files.len()));
        }
        lines.extend(volume.problem.clone());
        Ok((Effect::Overwrites(lines), found.whole_bundle().map(|bundle| bundle.manifest.clone())))
    }
}

fn replaceable(path: &str) -> String {
    format!("{path:?}, if the bundle has a file of that name")
}

impl Sink for Folder {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let place = self.place()?;
        let is_there = place.is_dir();
        let written = if is_there { &place } else { folder_of(&place) };
        rustix::fs::access(written, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| match error {
            Errno::ROFS => SinkError::ReadOnly { target: self.name() },
            _ => SinkError::Permission { target: self.name() },
        })?;
        let (effect, carried) = if is_there { self.effect(&place)? } else { (Effect::Creates, None) };
        Ok(Preflight::new(self.identity(&place), effect, need.medium.clone(), None).carrying(carried))
    }

    fn commit(
        &mut self,
        artifact: &SealedArtifact,
        consent: Consent,
        watch: &dyn Fn(Event<'_>),
    ) -> Result<Receipt, SinkError> {
        let place = self.place()?;
        if !self.identity(&place).is_same_appearance(consent.target()) {
            let difference = format!("it is {}, agreed was {}", place.display(), consent.target().path);
            return Err(SinkError::Swapped { target: self.name(), difference });
        }
        if self.may_make {
            self.make(&place)?;
        }
        let open = Open::folder(&place, self.name())?;
        let device = &artifact.manifest().device;
        let total = 2 * artifact.payload();
        let tick = |done| watch(Event::Bytes { device, done, total });
        open.retire_old(artifact)?;
        let mut done = 0;
        for file in artifact.files() {
            file.bytes.expose(|bytes| open.put(&file.path, bytes, file.mode))?;
            done += file.bytes.len() as u64;
            tick(done);
        }
        for attachment in artifact.attachments() {
            open.put(&attachment.path, &attachment.bytes, 0o644)?;
        }
        open.check(artifact.files())?;
        open.check_attachments(artifact)?;
        let manifest = artifact.document();
        open.put(MANIFEST_NAME, manifest, 0o644)?;
        watch(Event::Step { device, step: Step::Written });
        let read_back = open.check_manifest(manifest)?;
        tick(total);
        watch(Event::Step { device, step: Step::ReadBack });
        Ok(Receipt {
            target: self.identity(&place),
            artifact: artifact.digest(),
            image: artifact.digest(),
            read_back,
            written: artifact.payload(),
            compared: artifact.payload(),
            accept_plaintext: artifact.manifest().accept_plaintext.clone(),
        })
    }
}

/// The folder, held open: a rename of it does not divert us.
struct Open {
    root: OwnedFd,
    name: String,
}

impl Open {
    fn folder(place: &Path, name: String) -> Result<Self, SinkError> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root = rustix::fs::open(place, flags, Mode::empty());
        Ok(Self { root: root.map_err(|error| io_error(&name, "opening", 0)(error.into()))?, name })
    }

    fn failed(&self, doing: &'static str, path: &str) -> impl FnOnce(io::Error) -> SinkError {
        let target = format!("{}/{path}", self.name);
        move |source| match Errno::from_io_error(&source) {
            Some(Errno::LOOP | Errno::NOTDIR) => SinkError::Refused {
                target,
                reason: "a part of the path is a symbolic link or no folder".into(),
                hint: Some("remove it, or use an empty folder".into()),
            },
            Some(Errno::ROFS) => SinkError::ReadOnly { target },
            Some(Errno::ACCESS | Errno::PERM) => SinkError::Permission { target },
            _ => SinkError::Io { target, doing, offset: 0, source },
        }
    }

    /// Removes an old manifest first, then the files only it named, if they are as it says.
    fn retire_old(&self, artifact: &SealedArtifact) -> Result<(), SinkError> {
        let Some(old) = self.old_manifest()? else { return Ok(()) };
        let is_kept = |path: &str| artifact.files().iter().any(|file| file.path.eq_ignore_ascii_case(path));
        for file in old.files.iter().filter(|file| !is_kept(&file.path)) {
            let is_ours = crate::delivery::artifact::path_is_safe(&file.path)
                && self.read(&file.path, file.size).is_ok_and(|bytes| Digest::of(&bytes) == file.sha256);
            if is_ours {
                self.remove(&file.path).map_err(self.failed("removing", &file.path))?;
            }
        }
        self.retire_attachments(artifact)
    }

    /// Removes signatures of the old manifest and what a device said of it, which are of no use beside a new one.
    fn retire_attachments(&self, artifact: &SealedArtifact) -> Result<(), SinkError> {
        let names = (0..MOST_SIGNATURES).map(signature_name).chain([RESULT_NAME.to_owned()]);
        let is_kept = |path: &str| artifact.attachments().iter().any(|attachment| attachment.path == path);
        for name in names.filter(|name| !is_kept(name)) {
            match self.remove(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed("removing", &name)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn old_manifest(&self) -> Result<Option<Manifest>, SinkError> {
        let document = self.read(MANIFEST_NAME, LONGEST_MANIFEST as u64);
        match self.remove(MANIFEST_NAME) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("removing", MANIFEST_NAME)(error)),
        }
        rustix::fs::fsync(&self.root).map_err(|error| self.failed("syncing", "")(error.into()))?;
        Ok(document.ok().and_then(|bytes| Manifest::from_json(&bytes).ok()))
    }

    fn put(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), SinkError> {
        self.write_beside(path, bytes, mode).map_err(self.failed("writing", path))
    }

    fn write_beside(&self, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
        let (folder, name) = self.walk(path, true)?;
        refuse_special(&folder, &name)?;
        let beside = format!(".{}.part", name.chars().take(64).collect::<String>());
        match rustix::fs::unlinkat(&folder, &beside, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let written = fill(&folder, &beside, bytes, mode)
            .and_then(|()| Ok(rustix::fs::renameat(&folder, &beside, &folder, &name)?));
        if written.is_err() {
            let _ = rustix::fs::unlinkat(&folder, &beside, AtFlags::empty());
        }
        written?;
        Ok(rustix::fs::fsync(&folder)?)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.walk(path, false)?;
        Ok(rustix::fs::unlinkat(&folder, &name, AtFlags::empty())?)
    }

    /// Reads a file past what the system has cached of it, as far as it lets us.
    fn read(&self, path: &str, most: u64) -> io::Result<zeroize::Zeroizing<Vec<u8>>> {
        let (folder, name) = self.walk(path, false)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&folder, &name, flags, Mode::empty())?);
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
        let bytes = read_all_bounded(file, Path::new(path), most).map_err(io::Error::other)?;
        Ok(zeroize::Zeroizing::new(bytes))
    }

    /// Opens the folder of `path`, one name at a time and through no symbolic link.
    fn walk(&self, path: &str, make: bool) -> io::Result<(OwnedFd, String)> {
        let mut folder = self.root.try_clone()?;
        let mut names: Vec<&str> = path.split('/').collect();
        let last = names.pop().unwrap_or_default();
        for name in names {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            if make {
                match rustix::fs::mkdirat(&folder, name, Mode::from_raw_mode(0o755)) {
                    Ok(()) => rustix::fs::fsync(&folder)?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            folder = rustix::fs::openat(&folder, name, flags, Mode::empty())?;
        }
        Ok((folder, last.to_owned()))
    }

    fn check(&self, files: &[ArtifactFile]) -> Result<(), SinkError> {
        for file in files {
            let found =
                self.read(&file.path, file.bytes.len() as u64).map_err(self.failed("reading back", &file.path))?;
            file.bytes.expose(|wanted| self.compare(&file.path, wanted, &found))?;
        }
        Ok(())
    }

    fn check_attachments(&self, artifact: &SealedArtifact) -> Result<(), SinkError> {
        for attachment in artifact.attachments() {
            let found = self.read(&attachment.path, attachment.bytes.len() as u64);
            let found = found.map_err(self.failed("reading back", &attachment.path))?;
            self.compare(&attachment.path, &attachment.bytes, &found)?;
        }
        Ok(())
    }

    fn check_manifest(&self, wanted: &[u8]) -> Result<Digest, SinkError> {
        let most = wanted.len() as u64;
        let found = self.read(MANIFEST_NAME, most).map_err(self.failed("reading back", MANIFEST_NAME))?;
        self.compare(MANIFEST_NAME, wanted, &found)?;
        Ok(Digest::of(&found))
    }

    fn compare(&self, path: &str, wanted: &[u8], found: &[u8]) -> Result<(), SinkError> {
        if wanted == found {
            return Ok(());
        }
        let at = wanted.iter().zip(found).position(|(wanted, found)| wanted != found);
        let offset = at.unwrap_or(wanted.len().min(found.len())) as u64;
        let finding = format!("{} bytes written, {} bytes read", wanted.len(), found.len());
        Err(SinkError::Differs { target: format!("{}/{path}", self.name), offset, finding })
    }
}

/// A rename would replace a symbolic link silently; somebody put it there for a reason.
fn refuse_special(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if rustix::fs::FileType::from_raw_mode(found.st_mode).is_file() => Ok(()),
        Ok(_) => Err(Errno::LOOP.into()),
        Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn fill(folder: &OwnedFd, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(folder, name, flags, Mode::from_raw_mode(0o600))?);
    file.write_all(bytes)?;
    match rustix::fs::fchmod(&file, Mode::from_raw_mode(mode & 0o777)) {
        // FAT has no modes.
        Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP) => {}
        Err(error) => return Err(error.into()),
    }
    file.sync_all()
}
