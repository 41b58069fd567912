//! Where a bundle's files lie: a FAT volume or a folder.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::delivery::Shelf;
use crate::fleet::Secret;
use crate::format::fat::read::{FileEntry, Volume};
use crate::host::{HostError, files};

/// Most files and folders of a folder that are looked at.
const MOST_ENTRIES: usize = 65_536;

/// A FAT volume; its files are listed once.
pub struct FatShelf<'a> {
    volume: &'a Volume<'a>,
    files: Vec<FileEntry>,
}

impl<'a> FatShelf<'a> {
    /// Wraps it.
    pub fn new(volume: &'a Volume<'a>) -> Result<Self, String> {
        let mut files = volume.files().map_err(|error| error.to_string())?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { volume, files })
    }
}

impl Shelf for FatShelf<'_> {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.files.iter().map(|file| (file.path.clone(), file.size)).collect())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let found = self.files.binary_search_by(|file| file.path.as_str().cmp(path));
        let file = &self.files[found.map_err(|_| "it is not there")?];
        self.volume.read(file, most).map_err(|error| error.to_string())
    }
}

/// A folder; symbolic links and special files are listed as files that cannot be read.
pub struct FolderShelf {
    root: PathBuf,
}

impl FolderShelf {
    /// Wraps it.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn walk(&self) -> Result<Vec<(String, u64)>, HostError> {
        let mut found = Vec::new();
        let mut open = vec![(self.root.clone(), String::new())];
        while let Some((folder, prefix)) = open.pop() {
            let failed = || HostError::io("reading", &folder);
            for entry in fs::read_dir(&folder).map_err(failed())? {
                let entry = entry.map_err(failed())?;
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let metadata = entry.metadata().map_err(failed())?;
                if metadata.is_dir() {
                    open.push((entry.path(), format!("{path}/")));
                } else {
                    found.push((path, metadata.len()));
                }
                if found.len() + open.len() > MOST_ENTRIES {
                    return Err(HostError::TooLong { path: self.root.clone(), limit: MOST_ENTRIES as u64 });
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Shelf for FolderShelf {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        self.walk().map_err(|error| error.to_string())
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let path = self.root.join(path);
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(&path).map_err(|error| error.to_string())?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err("it is no regular file".into());
        }
        files::read_all_bounded(file, &path, most).map(Secret::new).map_err(|error| error.to_string())
    }
}
