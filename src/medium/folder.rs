//! A folder: the files of bundles with their modes, the manifests last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, Advice, AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::bundle::{BundleFound, FileState};
use super::failure::io_error;
use super::inspect;
use crate::delivery::manifest::{BUNDLES_FOLDER, LONGEST_MANIFEST, MOST_SIGNATURES, RESULT_NAME, signature_name};
use crate::delivery::{
    Cargo, Consent, Effect, Event, Footprint, MANIFEST_NAME, Manifest, ManifestFile, Part, Preflight, Receipt, Sink,
    SinkError, Step, TargetIdentity, TargetKind,
};
use crate::fleet::Digest;
use crate::host::files::{folder_of, read_all_bounded, sync_folder};

/// Most lines that name what is there.
const MOST_LINES: usize = 20;
/// Most entries of the folder of bundles that are looked at.
const MOST_ENTRIES: usize = 65_536;

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
            chip: None,
        }
    }

    fn effect(&self, place: &Path) -> Result<(Effect, Vec<Manifest>), SinkError> {
        let failed = |error: inspect::InspectError| io_error(&self.name(), "reading", 0)(io::Error::other(error));
        let found = inspect::inspect_path(place).map_err(failed)?;
        let Some(volume) = found.volumes.first().filter(|_| !found.blank) else {
            return Ok((Effect::Creates, Vec::new()));
        };
        let mut lines: Vec<String> = found.bundles().take(MOST_LINES).map(BundleFound::words).collect();
        let extra = found.bundles().flat_map(|bundle| &bundle.files).chain(&volume.strays);
        let extra = extra.filter(|file| file.state == FileState::Extra).map(|file| replaceable(&file.path));
        if lines.is_empty() {
            lines.extend(volume.files.iter().take(MOST_LINES).map(|file| replaceable(&file.path)));
        } else {
            lines.extend(extra.take(MOST_LINES));
        }
        if volume.files.len() > MOST_LINES {
            lines.push(format!("{} files in all", volume.files.len()));
        }
        lines.extend(volume.problem.clone());
        let carried = found.whole_bundles().iter().map(|bundle| bundle.manifest.clone()).collect();
        Ok((Effect::Overwrites(lines), carried))
    }
}

fn replaceable(path: &str) -> String {
    format!("{path:?}, if a bundle has a file of that name")
}

impl Sink for Folder {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let place = self.place()?;
        let volume = need.volume(&place.display().to_string())?.clone();
        let is_there = place.is_dir();
        let written = if is_there { &place } else { folder_of(&place) };
        rustix::fs::access(written, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| match error {
            Errno::ROFS => SinkError::ReadOnly { target: self.name() },
            _ => SinkError::Permission { target: self.name() },
        })?;
        let (effect, carried) = if is_there { self.effect(&place)? } else { (Effect::Creates, Vec::new()) };
        Ok(Preflight::new(self.identity(&place), effect, volume, None).carrying(carried))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let place = self.place()?;
        if !self.identity(&place).is_same_appearance(consent.target()) {
            let difference = format!("it is {}, agreed was {}", place.display(), consent.target().path);
            return Err(SinkError::Swapped { target: self.name(), difference });
        }
        if self.may_make {
            self.make(&place)?;
        }
        let open = Open::folder(&place, self.name())?;
        let device = cargo.device();
        let total = 2 * cargo.payload();
        let tick = |done| watch(Event::Bytes { device, done, total });
        open.retire_old(cargo)?;
        open.put_files(cargo, &tick)?;
        cargo.parts().iter().try_for_each(|part| open.check(part))?;
        for part in cargo.parts() {
            open.put(&part.manifest_place(), part.artifact().document(), 0o644)?;
        }
        watch(Event::Step { device, step: Step::Written });
        let read_back = open.check_manifests(cargo)?;
        tick(total);
        watch(Event::Step { device, step: Step::ReadBack });
        Ok(Receipt {
            target: self.identity(&place),
            artifact: cargo.digest(),
            image: cargo.digest(),
            read_back,
            written: cargo.payload(),
            compared: cargo.payload(),
            accept_plaintext: cargo.accept_plaintext(),
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

    /// Removes the old manifests first, then the files only they named, if they are as they say.
    fn retire_old(&self, cargo: &Cargo<'_>) -> Result<(), SinkError> {
        let mut old = Vec::new();
        for folder in self.old_places()? {
            old.extend(self.old_manifest(&folder)?.map(|manifest| (folder, manifest)));
        }
        let kept: BTreeSet<String> = cargo.parts().iter().flat_map(places).map(|place| place.to_lowercase()).collect();
        for (folder, manifest) in &old {
            for file in &manifest.files {
                self.retire(&join(folder, &file.path), file, &kept)?;
            }
            self.tidy(folder, &kept)?;
        }
        Ok(())
    }

    /// Where bundles may lie: at the root, and in the folders of devices.
    fn old_places(&self) -> Result<Vec<String>, SinkError> {
        let mut found = vec![String::new()];
        let failed = || self.failed("reading", BUNDLES_FOLDER);
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = match rustix::fs::openat(&self.root, BUNDLES_FOLDER, flags, Mode::empty()) {
            Ok(folder) => folder,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(found),
            Err(error) => return Err(failed()(error.into())),
        };
        for entry in Dir::read_from(&folder).map_err(|error| failed()(error.into()))?.take(MOST_ENTRIES) {
            let entry = entry.map_err(|error| failed()(error.into()))?;
            let name = entry.file_name().to_str().unwrap_or_default();
            if !name.is_empty() && name != "." && name != ".." {
                found.push(format!("{BUNDLES_FOLDER}/{name}"));
            }
        }
        found.sort();
        Ok(found)
    }

    fn old_manifest(&self, folder: &str) -> Result<Option<Manifest>, SinkError> {
        let path = join(folder, MANIFEST_NAME);
        let document = self.read(&path, LONGEST_MANIFEST as u64);
        match self.remove_durably(&path) {
            Ok(()) => Ok(document.ok().and_then(|bytes| Manifest::from_json(&bytes).ok())),
            Err(error) if is_not_there(&error) => Ok(None),
            Err(error) => Err(self.failed("removing", &path)(error)),
        }
    }

    fn retire(&self, place: &str, file: &ManifestFile, kept: &BTreeSet<String>) -> Result<(), SinkError> {
        let is_ours = !kept.contains(&place.to_lowercase())
            && crate::delivery::artifact::path_is_safe(&file.path)
            && self.read(place, file.size).is_ok_and(|bytes| Digest::of(&bytes) == file.sha256);
        if !is_ours {
            return Ok(());
        }
        self.remove(place).map_err(self.failed("removing", place))?;
        for folder in Path::new(place).ancestors().skip(1) {
            self.remove_if_empty(folder);
        }
        Ok(())
    }

    /// Removes what lay beside an old manifest, which would speak of another bundle now, and the folders that are left
    /// empty.
    fn tidy(&self, folder: &str, kept: &BTreeSet<String>) -> Result<(), SinkError> {
        let signatures = (0..MOST_SIGNATURES).map(signature_name);
        let names = signatures.chain([RESULT_NAME.to_owned()]).map(|name| join(folder, &name));
        for place in names.filter(|place| !kept.contains(&place.to_lowercase())) {
            match self.remove(&place) {
                Err(error) if !is_not_there(&error) => return Err(self.failed("removing", &place)(error)),
                _ => {}
            }
        }
        Path::new(folder).ancestors().for_each(|folder| self.remove_if_empty(folder));
        Ok(())
    }

    /// A folder that is not empty stays, with what somebody else has put there.
    fn remove_if_empty(&self, folder: &Path) {
        if let Some(Ok((parent, name))) =
            folder.to_str().filter(|path| !path.is_empty()).map(|path| self.walk(path, false))
        {
            let _ = rustix::fs::unlinkat(&parent, &name, AtFlags::REMOVEDIR);
        }
    }

    fn put_files(&self, cargo: &Cargo<'_>, tick: &dyn Fn(u64)) -> Result<(), SinkError> {
        let mut done = 0;
        for part in cargo.parts() {
            for file in part.artifact().files() {
                file.bytes.expose(|bytes| self.put(&part.place(&file.path), bytes, file.mode))?;
                done += file.bytes.len() as u64;
                tick(done);
            }
            for attachment in part.artifact().attachments() {
                self.put(&part.place(&attachment.path), &attachment.bytes, 0o644)?;
            }
        }
        Ok(())
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

    fn remove_durably(&self, path: &str) -> io::Result<()> {
        let (folder, name) = self.walk(path, false)?;
        rustix::fs::unlinkat(&folder, &name, AtFlags::empty())?;
        Ok(rustix::fs::fsync(&folder)?)
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

    fn check(&self, part: &Part<'_>) -> Result<(), SinkError> {
        for file in part.artifact().files() {
            file.bytes.expose(|wanted| self.check_file(&part.place(&file.path), wanted))?;
        }
        for attachment in part.artifact().attachments() {
            self.check_file(&part.place(&attachment.path), &attachment.bytes)?;
        }
        Ok(())
    }

    fn check_file(&self, place: &str, wanted: &[u8]) -> Result<(), SinkError> {
        let found = self.read(place, wanted.len() as u64).map_err(self.failed("reading back", place))?;
        self.compare(place, wanted, &found)
    }

    /// Returns the digest of the whole, made from what was read back.
    fn check_manifests(&self, cargo: &Cargo<'_>) -> Result<Digest, SinkError> {
        let mut found = BTreeMap::new();
        for part in cargo.parts() {
            let (place, wanted) = (part.manifest_place(), part.artifact().document());
            let bytes = self.read(&place, wanted.len() as u64).map_err(self.failed("reading back", &place))?;
            self.compare(&place, wanted, &bytes)?;
            found.insert(part.folder(), Digest::of(&bytes));
        }
        Ok(cargo.digest_with(|part| found[part.folder()]))
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

/// Every file of a bundle, from the root of the folder.
fn places(part: &Part<'_>) -> Vec<String> {
    let artifact = part.artifact();
    let files = artifact.files().iter().map(|file| file.path.as_str());
    let attachments = artifact.attachments().iter().map(|attachment| attachment.path.as_str());
    files.chain(attachments).chain([MANIFEST_NAME]).map(|path| part.place(path)).collect()
}

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn is_not_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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
