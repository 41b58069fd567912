//! A private folder for data on its way to and from a program: 0700, wiped when it is let go.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};

use crate::fleet::Secret;
use crate::host::files::read_all_bounded;

const PREFIX: &str = "firstlight-exec-";
/// Most folders of others that are looked at.
const MOST: usize = 1000;

/// The folder. A lock on it says that somebody lives in it.
pub(super) struct Scratch {
    path: PathBuf,
    _alive: File,
}

impl Scratch {
    /// Makes a folder in `parent`, and wipes those that a killed run of ours left there.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        wipe_leftovers(parent);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let alive = File::open(&path)?;
                    flock(&alive, FlockOperation::NonBlockingLockExclusive)?;
                    return Ok(Self { path, _alive: alive });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a new file of mode 0600 with `bytes`.
    pub(super) fn put(&self, name: &str, bytes: &Secret) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        bytes.expose(|bytes| file.write_all(bytes))?;
        Ok(path)
    }

    /// Reads a file that the program made, of at most `limit` bytes; no link leads elsewhere.
    pub(super) fn take(&self, name: &str, limit: u64) -> Result<Secret, String> {
        let path = self.path.join(name);
        let opened = OpenOptions::new().read(true).custom_flags(no_follow()).open(&path);
        let file = opened.map_err(|error| format!("it made no file of data: {error}"))?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err("its data are no regular file".to_owned());
        }
        let bytes = read_all_bounded(file, &path, limit).map_err(|error| format!("its data: {error}"))?;
        Ok(Secret::new(bytes))
    }

    /// Wipes one file.
    pub(super) fn drop_file(&self, name: &str) {
        wipe_file(&self.path.join(name));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        wipe(&self.path);
    }
}

/// What nobody lives in is left over by a killed run. In a place where everybody may write, only our own user's folders count:
/// in another's, names could be exchanged for links under our hands.
fn wipe_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let user = rustix::process::geteuid().as_raw();
    for entry in entries.flatten().take(MOST) {
        let is_ours =
            |metadata: fs::Metadata| metadata.is_dir() && metadata.uid() == user && (metadata.mode() & 0o777) == 0o700;
        let name = entry.file_name();
        if !is_left_over(&name.to_string_lossy()) || !entry.path().symlink_metadata().is_ok_and(is_ours) {
            continue;
        }
        let free = File::open(entry.path()).ok().filter(|f| flock(f, FlockOperation::NonBlockingLockExclusive).is_ok());
        if free.is_some() {
            wipe(&entry.path());
        }
    }
}

/// A folder whose process runs may have been made this moment, its lock not taken yet.
fn is_left_over(name: &str) -> bool {
    let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
    process.is_some_and(|process| process.parse::<u32>().is_ok() && !Path::new("/proc").join(process).exists())
}

fn wipe(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => wipe(&entry.path()),
            _ => wipe_file(&entry.path()),
        }
    }
    let _ = fs::remove_dir(folder);
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits() | rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0)
}

/// Writes zeros over a file, so that a disk without copy-on-write does not keep it, and removes it.
fn wipe_file(path: &Path) {
    if let Ok(metadata) = path.symlink_metadata()
        && metadata.is_file()
        && let Ok(mut file) = OpenOptions::new().write(true).custom_flags(no_follow()).open(path)
    {
        let zeros = [0; 8192];
        let mut rest = metadata.len();
        while rest > 0 {
            let part = usize::try_from(rest).unwrap_or(usize::MAX).min(zeros.len());
            if file.write_all(&zeros[..part]).is_err() {
                break;
            }
            rest -= part as u64;
        }
        let _ = file.sync_data();
    }
    let _ = fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn data_are_private_and_gone_afterwards() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(parent.path()).unwrap();
        let path = scratch.put("a", &Secret::new(vec![7; 10_000])).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(scratch.path()), mode(&path)), (0o700, 0o600));
        assert!(scratch.take("a", 10_000).unwrap().expose(|bytes| bytes == [7; 10_000]));
        let kept = parent.path().join("second-name");
        fs::hard_link(&path, &kept).unwrap();
        drop(scratch);
        assert_eq!(fs::read(&kept).unwrap(), [0; 10_000], "what lay there was written over");
        fs::remove_file(kept).unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_plain_files_within_limits_are_taken() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(parent.path()).unwrap();
        scratch.put("long", &Secret::new(vec![0; 11])).unwrap();
        assert!(scratch.take("long", 10).is_err());
        symlink("/etc/hostname", scratch.path().join("link")).unwrap();
        fs::create_dir(scratch.path().join("folder")).unwrap();
        for name in ["link", "folder", "absent"] {
            assert!(scratch.take(name, 1000).is_err(), "{name}");
        }
    }

    #[test]
    fn a_killed_run_s_leftovers_are_wiped_and_a_living_one_s_are_not() {
        let parent = tempfile::tempdir().unwrap();
        let made = |name: String, mode| {
            let folder = parent.path().join(format!("{PREFIX}{name}"));
            DirBuilder::new().mode(mode).create(&folder).unwrap();
            fs::write(folder.join("key"), "secret").unwrap();
            folder
        };
        // No process has a number beyond 2^22 (proc(5), pid_max).
        let left = made("4194305-1".into(), 0o700);
        let strangers = [made("4194305-2".into(), 0o755), made(format!("{}-99", std::process::id()), 0o700)];
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("precious"), "x").unwrap();
        symlink(elsewhere.path(), parent.path().join(format!("{PREFIX}4194305-3"))).unwrap();
        let living = Scratch::new(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(strangers.iter().all(|folder| folder.join("key").exists()), "others' and a living process's stay");
        assert_eq!(fs::read(elsewhere.path().join("precious")).unwrap(), b"x", "no link is followed");
        living.put("a", &Secret::new(vec![1])).unwrap();
        let second = Scratch::new(parent.path()).unwrap();
        assert!(living.path().join("a").exists() && second.path() != living.path());
    }
}
