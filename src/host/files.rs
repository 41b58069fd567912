//! Files that are whole or absent: written beside, synced, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::HostError;

/// Writes `bytes` as `path` with `mode`: beside, sync, rename, sync the folder. After a power cut the old or the new
/// content is there, never a part; after an error nothing is left beside it. A symbolic link at `path` is replaced.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> Result<(), HostError> {
    let beside = beside(path);
    let written = fill(&beside, bytes, mode).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&beside);
        return Err(HostError::io("writing", path)(error));
    }
    sync_folder(folder_of(path))
}

/// Makes the new file `path` with mode 0600 and writes `bytes` durably; [`HostError::Exists`] if it is there. The name
/// appears only with the whole content; after an error nothing is left.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let beside = beside(path);
    let written = fill(&beside, bytes, 0o600).and_then(|()| fs::hard_link(&beside, path));
    let _ = fs::remove_file(&beside);
    match written {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(HostError::Exists { path: path.to_owned() }),
        Err(error) if links_are_unknown(&error) => create_in_place(path, bytes),
        Err(error) => Err(HostError::io("writing", path)(error)),
    }
}

/// Makes names in `folder` durable.
pub fn sync_folder(folder: &Path) -> Result<(), HostError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(HostError::io("syncing", folder))
}

/// Reads the file `path`, of at most `limit` bytes.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
    let file = File::open(path).map_err(HostError::io("reading", path))?;
    read_all_bounded(file, path, limit)
}

/// Reads the open file `file`, of at most `limit` bytes; `path` is its name in errors.
pub fn read_all_bounded(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, HostError> {
    // Room for all at once: growing would leave copies of a secret behind.
    let expected = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(HostError::io("reading", path))?;
    if bytes.len() as u64 > limit {
        return Err(HostError::TooLong { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// Returns the folder that holds `path`: `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A name beside `path` that no other writer uses: process and thread are part of it.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let short: String = name.chars().take(64).collect();
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    folder_of(path).join(format!(".{short}.{}-{thread}.new", std::process::id()))
}

fn fill(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// FAT and some network file systems have no hard links.
fn links_are_unknown(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported)
}

fn create_in_place(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => HostError::Exists { path: path.to_owned() },
        _ => HostError::io("writing", path)(error),
    })?;
    if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
        let _ = fs::remove_file(path);
        return Err(HostError::io("writing", path)(error));
    }
    sync_folder(folder_of(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn an_atomic_write_replaces_content_and_mode_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomically(&path, b"one", 0o644).unwrap();
        write_atomically(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_failed_atomic_write_leaves_the_old_content_and_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("inside"), b"kept").unwrap();
        assert!(write_atomically(&taken, b"x", 0o600).is_err());
        assert_eq!(names(folder.path()), ["taken"]);
        assert_eq!(fs::read(taken.join("inside")).unwrap(), b"kept");
        assert!(write_atomically(&folder.path().join("no/such"), b"x", 0o600).is_err());
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn a_leftover_of_a_killed_writer_does_not_disturb() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(beside(&path), b"half").unwrap();
        write_atomically(&path, b"whole", 0o600).unwrap();
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_private_file_is_0600_and_never_overwrites() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create_private(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(matches!(create_private(&path, b"two"), Err(HostError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["key"]);
        assert!(matches!(create_in_place(&path, b"two"), Err(HostError::Exists { .. })));
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert!(matches!(read_bounded(&path, 4), Err(HostError::TooLong { limit: 4, .. })));
        assert!(matches!(read_bounded(Path::new("/dev/zero"), 10), Err(HostError::TooLong { .. })));
    }
}
