//! The target image: what must be where on the target, and what does not matter.

use sha2::Digest as _;

use crate::fleet::{Digest, Secret};

/// What an extent holds.
pub enum Content {
    /// These bytes.
    Data(Secret),
    /// Zeros: on a dirty medium they are written, on a clean one reading them is enough.
    Zero,
}

/// A stretch of the target.
pub struct Extent {
    /// First byte.
    pub offset: u64,
    /// Length in bytes; equals the data's length.
    pub length: u64,
    /// What it holds.
    pub content: Content,
}

/// What must be where on a target. Whatever lies between two extents is don't-care: it is neither written nor compared.
pub struct TargetImage {
    size: u64,
    extents: Vec<Extent>,
}

impl TargetImage {
    /// Makes an image of `size` bytes.
    ///
    /// # Panics
    /// If the extents are not sorted, overlap, or end beyond `size`: builders make them in order.
    pub fn new(size: u64, extents: Vec<Extent>) -> Self {
        let mut end = 0;
        for extent in &extents {
            assert!(extent.offset >= end, "extents are sorted and do not overlap");
            if let Content::Data(bytes) = &extent.content {
                assert_eq!(bytes.len() as u64, extent.length, "an extent is as long as its data");
            }
            end = extent.offset + extent.length;
        }
        assert!(end <= size, "extents end inside the image");
        Self { size, extents }
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the extents in order.
    pub fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Returns the number of bytes that are data.
    pub fn data_bytes(&self) -> u64 {
        self.extents
            .iter()
            .filter(|extent| matches!(extent.content, Content::Data(_)))
            .map(|extent| extent.length)
            .sum()
    }

    /// Returns the digest over size and every extent (place, kind, data): what a read-back is compared with.
    pub fn digest(&self) -> Digest {
        let mut hasher = ImageHasher::new(self.size);
        for extent in &self.extents {
            hasher.begin(extent);
            if let Content::Data(bytes) = &extent.content {
                bytes.expose(|bytes| hasher.data(bytes));
            }
        }
        hasher.finish()
    }
}

/// Makes the digest that [`TargetImage::digest`] gives from what is read back, piece by piece.
pub struct ImageHasher(sha2::Sha256);

impl ImageHasher {
    /// Begins an image of `size` bytes.
    pub fn new(size: u64) -> Self {
        Self(sha2::Sha256::new_with_prefix(size.to_be_bytes()))
    }

    /// Begins the next extent: its place and kind.
    pub fn begin(&mut self, extent: &Extent) {
        self.0.update(extent.offset.to_be_bytes());
        self.0.update(extent.length.to_be_bytes());
        self.0.update([u8::from(matches!(extent.content, Content::Data(_)))]);
    }

    /// Takes the next bytes of a data extent; zeros of a zero extent are compared, not hashed.
    pub fn data(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest.
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}
