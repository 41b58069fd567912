//! What an image is built for, and from.

use crate::fleet::Secret;

use super::error::LittlefsError;
use super::tag::{LARGEST_BLOCK, LEAST_BLOCK, LONGEST};

/// The flash that an image is for, as its driver is configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Bytes of an erasable block (`block_size`).
    pub block_size: u32,
    /// Blocks (`block_count`).
    pub block_count: u32,
    /// Bytes of the driver's cache (`cache_size`): a larger file is never put into the metadata, where it could not be read.
    pub cache_size: u32,
}

/// One file of an image.
#[derive(Clone, Copy)]
pub struct ImageFile<'a> {
    /// Its path; folders are divided by `/` and made as needed.
    pub path: &'a str,
    /// Its content.
    pub bytes: &'a Secret,
}

impl Geometry {
    pub(super) fn check(&self) -> Result<(), LittlefsError> {
        let Geometry { block_size, block_count, cache_size } = *self;
        let wrong = |what, found: u32, reason| Err(LittlefsError::Geometry { what, found: u64::from(found), reason });
        if !(LEAST_BLOCK..=LARGEST_BLOCK).contains(&block_size) || !block_size.is_power_of_two() {
            return wrong(
                "block size",
                block_size,
                format!("is no power of two from {LEAST_BLOCK} to {LARGEST_BLOCK}"),
            );
        }
        if block_count < 2 || u64::from(block_count) * u64::from(block_size) > LONGEST {
            let most = LONGEST / u64::from(block_size);
            return wrong(
                "block count",
                block_count,
                format!("is not between 2 and {most} for blocks of {block_size} bytes"),
            );
        }
        if cache_size == 0 || !block_size.is_multiple_of(cache_size) {
            return wrong("cache size", cache_size, format!("does not divide the block size of {block_size}"));
        }
        Ok(())
    }
}
