//! `flash.bin`: what the memory of a simulated chip holds, durable after each operation.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

/// What an erased byte is.
pub(super) const ERASED: u8 = 0xFF;

/// The file. Behind its end everything is erased.
pub(super) struct Flash {
    file: File,
    length: u64,
}

impl Flash {
    /// Opens the file, which is made for the owner only where it is absent.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let options = &mut OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Reads `length` bytes.
    pub(super) fn read(&self, offset: u64, length: usize) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![ERASED; length]);
        let there = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX).min(length);
        self.file.read_exact_at(&mut bytes[..there], offset)?;
        Ok(bytes)
    }

    /// Puts bytes there, as they are, and waits until they are durable.
    pub(super) fn put(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        while self.length < offset {
            let gap = usize::try_from(offset - self.length).unwrap_or(usize::MAX).min(1 << 16);
            self.file.write_all_at(&vec![ERASED; gap], self.length)?;
            self.length += gap as u64;
        }
        self.file.write_all_at(bytes, offset)?;
        self.length = self.length.max(offset + bytes.len() as u64);
        self.file.sync_data()
    }

    /// Erases everything.
    pub(super) fn wipe(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_written_is_erased() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flash.bin");
        let mut flash = Flash::open(&path).unwrap();
        assert_eq!(*flash.read(1000, 3).unwrap(), [ERASED; 3]);
        flash.put(70_000, &[1, 2]).unwrap();
        let again = Flash::open(&path).unwrap();
        assert_eq!(*again.read(69_999, 4).unwrap(), [ERASED, 1, 2, ERASED]);
        flash.wipe().unwrap();
        assert_eq!(*Flash::open(&path).unwrap().read(70_000, 1).unwrap(), [ERASED]);
    }
}
