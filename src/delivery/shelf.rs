//! Where a bundle's files lie: a volume, a folder, a medium's part; read with mistrust.

use crate::fleet::Secret;

/// A place with files, read with mistrust. Paths are relative, `/`-separated. Errors are a person's words.
pub trait Shelf {
    /// Returns path and size of every file, sorted by path.
    fn list(&self) -> Result<Vec<(String, u64)>, String>;
    /// Returns the bytes of a listed file, of at most `most` bytes.
    fn read(&self, path: &str, most: u64) -> Result<Secret, String>;
}
