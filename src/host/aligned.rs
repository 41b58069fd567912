//! Buffers as direct I/O wants them.

use zeroize::Zeroizing;

/// The alignment in bytes; a multiple of every block size in use.
pub const ALIGNMENT: usize = 4096;

/// Bytes whose address is a multiple of [`ALIGNMENT`]; wiped on drop, because keys pass through.
pub struct AlignedBuffer {
    bytes: Zeroizing<Vec<u8>>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// Makes a buffer of `length` zeros.
    pub fn new(length: usize) -> Self {
        let bytes = Zeroizing::new(vec![0; length + ALIGNMENT]);
        let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { bytes, start, length }
    }
}

impl std::ops::Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl std::ops::DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_buffer_is_aligned_and_as_long_as_asked() {
        for length in [0, 1, 512, 4096, 1_000_003] {
            let buffer = AlignedBuffer::new(length);
            assert_eq!((buffer.len(), buffer.as_ptr().align_offset(ALIGNMENT)), (length, 0));
        }
    }
}
