//! Bytes at a place: what a reader of volumes and partition tables needs of a medium.

use std::fs::File;
use std::io;

/// A medium, an image file or a slice that can be read at any place.
pub trait ReadAt {
    /// Fills `buf` with the bytes from `offset`; an error of kind `UnexpectedEof` if the end comes first.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Returns the size in bytes.
    fn size(&self) -> u64;
}

impl ReadAt for &[u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(buf.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        ReadAt::read_at(&self.as_slice(), offset, buf)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// A plain file. Its size is the file's length: 0 for a block device, whose size its owner must ask otherwise.
#[cfg(unix)]
impl ReadAt for File {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buf, offset)
    }

    fn size(&self) -> u64 {
        self.metadata().map_or(0, |metadata| metadata.len())
    }
}

/// A part of a medium, read as if it were one: a volume inside its partition.
pub struct Window<'a> {
    source: &'a dyn ReadAt,
    offset: u64,
    size: u64,
}

impl<'a> Window<'a> {
    /// Shows `size` bytes of `source` from `offset`, cut off where the source ends.
    pub fn new(source: &'a dyn ReadAt, offset: u64, size: u64) -> Self {
        let there = source.size().saturating_sub(offset);
        Self { source, offset, size: size.min(there) }
    }
}

impl ReadAt for Window<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).ok_or(io::ErrorKind::UnexpectedEof)?;
        if end > self.size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.source.read_at(self.offset + offset, buf)
    }

    fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_its_own_part_and_nothing_beyond() {
        let disk: Vec<u8> = (0..=255).collect();
        let window = Window::new(&disk, 100, 10);
        let mut bytes = [0; 4];
        window.read_at(6, &mut bytes).unwrap();
        assert_eq!(bytes, [106, 107, 108, 109]);
        assert!(window.read_at(7, &mut bytes).is_err());
        assert!(window.read_at(u64::MAX, &mut bytes).is_err());
        assert_eq!(Window::new(&disk, 250, 100).size(), 6);
        assert_eq!(Window::new(&disk, 300, 100).size(), 0);
    }
}
