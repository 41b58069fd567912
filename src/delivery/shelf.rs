//! Where a bundle's files lie: a volume, a folder, a medium's part; read with mistrust.

use crate::fleet::Secret;

/// A place with files, read with mistrust. Paths are relative, `/`-separated. Errors are a person's words.
pub trait Shelf {
    /// Returns path and size of every file, sorted by path.
    fn list(&self) -> Result<Vec<(String, u64)>, String>;
    /// Returns path, as listed, and size of the file that `path` names without regard to the case of ASCII letters (FAT has
    /// none); of several, the first in the list's order. Asked for each file of each bundle: a shelf with many files keeps an
    /// index.
    fn find(&self, path: &str) -> Result<Option<(String, u64)>, String> {
        Ok(self.list()?.into_iter().find(|(listed, _)| listed.eq_ignore_ascii_case(path)))
    }
    /// Returns the bytes of a listed file, of at most `most` bytes.
    fn read(&self, path: &str, most: u64) -> Result<Secret, String>;
}
