//! A folder that is whole or absent: filled beside its place, synced, then put there by one rename.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::host::HostError;
use crate::host::files::{folder_of, sync_folder};
use crate::host::surroundings::OsRandom;

use super::AuthorityError;

/// A private folder (0700) beside the place it is meant for; removed when dropped before it is put there.
pub(super) struct Draft {
    place: PathBuf,
    beside: PathBuf,
}

impl Draft {
    /// Makes an empty one for `place`, which must not exist.
    pub(super) fn of(place: &Path) -> Result<Self, AuthorityError> {
        if place.symlink_metadata().is_ok() {
            return Err(AuthorityError::Exists { path: place.to_owned() });
        }
        let mut tag = [0; 4];
        crate::delivery::Random::fill(&OsRandom, "draft", &mut tag);
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder_of(place).join(format!("{name}.{}.new", hex::encode(tag)));
        let draft = Self { place: place.to_owned(), beside };
        make_private_folder(&draft.beside)?;
        Ok(draft)
    }

    /// Returns where it is filled.
    pub(super) fn path(&self) -> &Path {
        &self.beside
    }

    /// Puts it in its place; [`AuthorityError::Exists`] if something has come there meanwhile.
    pub(super) fn put_in_place(self) -> Result<(), AuthorityError> {
        sync_folder(&self.beside)?;
        rename_to_nothing(&self.beside, &self.place)?;
        sync_folder(folder_of(&self.place))?;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.beside);
    }
}

/// Makes the new folder `path` with mode 0700.
pub(super) fn make_private_folder(path: &Path) -> Result<(), HostError> {
    DirBuilder::new().mode(0o700).create(path).map_err(HostError::io("making folder", path))?;
    fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(HostError::io("making folder", path))
}

/// Renames a file or folder to a name that nothing has.
pub(super) fn rename_to_nothing(from: &Path, to: &Path) -> Result<(), AuthorityError> {
    let renamed = match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_after_a_look(from, to),
        other => other.map_err(io::Error::from),
    };
    match renamed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(AuthorityError::Exists { path: to.to_owned() })
        }
        other => Ok(other.map_err(HostError::io("writing", to))?),
    }
}

/// For file systems that cannot refuse to replace.
fn rename_after_a_look(from: &Path, to: &Path) -> io::Result<()> {
    if to.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_draft_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let draft = Draft::of(&folder.path().join("place")).unwrap();
        fs::write(draft.path().join("key"), b"x").unwrap();
        drop(draft);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_draft_never_replaces_what_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        let draft = Draft::of(&place).unwrap();
        fs::create_dir(&place).unwrap();
        assert!(matches!(draft.put_in_place(), Err(AuthorityError::Exists { .. })));
        assert!(matches!(Draft::of(&place), Err(AuthorityError::Exists { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(rename_after_a_look(folder.path(), &place).is_err());
    }
}
