//! Where a bundle's files lie: a FAT volume or a folder.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::delivery::Shelf;
use crate::fleet::Secret;
use crate::format::fat::read::{FileEntry, Volume};
use crate::host::{HostError, files};

/// Most files and folders of a folder that are looked at.
const MOST_ENTRIES: usize = 65_536;

/// Which file has a name without case: a medium with thousands of bundles is asked ten thousand times.
struct Index(HashMap<String, usize>);

impl Index {
    /// Of two names that differ in case only, the first counts.
    fn of<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut index = HashMap::new();
        for (at, path) in paths.enumerate() {
            index.entry(path.to_ascii_lowercase()).or_insert(at);
        }
        Self(index)
    }

    fn find(&self, path: &str) -> Option<usize> {
        self.0.get(&path.to_ascii_lowercase()).copied()
    }
}

/// A FAT volume; its files are listed once.
pub struct FatShelf<'a> {
    volume: &'a Volume<'a>,
    files: Vec<FileEntry>,
    index: Index,
}

impl<'a> FatShelf<'a> {
    /// Wraps it.
    pub fn new(volume: &'a Volume<'a>) -> Result<Self, String> {
        let mut files = volume.files().map_err(|error| error.to_string())?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let index = Index::of(files.iter().map(|file| &*file.path));
        Ok(Self { volume, files, index })
    }
}

impl Shelf for FatShelf<'_> {
    fn list(&self) -> Result<Vec<(String, u64)>, String> {
        Ok(self.files.iter().map(|file| (file.path.clone(), file.size)).collect())
    }

    fn find(&self, path: &str) -> Result<Option<(String, u64)>, String> {
        Ok(self.index.find(path).map(|at| (self.files[at].path.clone(), self.files[at].size)))
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).map_err(|_| "it is not there")?;
        let file = &self.files[at];
        self.volume.read(file, most).map_err(|error| error.to_string())
    }
}

/// A folder, listed once; symbolic links and special files are listed as files that cannot be read.
pub struct FolderShelf {
    root: PathBuf,
    listed: OnceCell<Listed>,
}

struct Listed {
    files: Vec<(String, u64)>,
    index: Index,
}

impl FolderShelf {
    /// Wraps it.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), listed: OnceCell::new() }
    }

    fn listed(&self) -> Result<&Listed, String> {
        if let Some(listed) = self.listed.get() {
            return Ok(listed);
        }
        let files = self.walk().map_err(|error| error.to_string())?;
        let index = Index::of(files.iter().map(|(path, _)| &**path));
        Ok(self.listed.get_or_init(|| Listed { files, index }))
    }

    /// Opens a file one name at a time and through no symbolic link.
    fn open(&self, path: &str) -> Result<File, Errno> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let mut folder = rustix::fs::open(&self.root, flags | OFlags::DIRECTORY, Mode::empty())?;
        let flags = flags | OFlags::NOFOLLOW;
        let (parents, name) = path.rsplit_once('/').map_or((None, path), |(parents, name)| (Some(parents), name));
        for parent in parents.iter().flat_map(|parents| parents.split('/')) {
            folder = rustix::fs::openat(&folder, parent, flags | OFlags::DIRECTORY, Mode::empty())?;
        }
        Ok(File::from(rustix::fs::openat(&folder, name, flags | OFlags::NONBLOCK, Mode::empty())?))
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
        Ok(self.listed()?.files.clone())
    }

    fn find(&self, path: &str) -> Result<Option<(String, u64)>, String> {
        let listed = self.listed()?;
        Ok(listed.index.find(path).map(|at| listed.files[at].clone()))
    }

    fn read(&self, path: &str, most: u64) -> Result<Secret, String> {
        let file = self.open(path).map_err(|error| std::io::Error::from(error).to_string())?;
        let path = self.root.join(path);
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err("it is no regular file".into());
        }
        files::read_all_bounded(file, &path, most).map(Secret::new).map_err(|error| error.to_string())
    }
}
