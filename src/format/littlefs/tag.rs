//! Tags, the unit of metadata, and how a file's blocks are chained: what builder and reader share.

use std::cmp::Ordering;

/// The smallest and largest block, in bytes.
pub const LEAST_BLOCK: u32 = 128;
/// The largest block, in bytes.
pub const LARGEST_BLOCK: u32 = 128 << 10;
/// The largest image, in bytes.
pub const LONGEST: u64 = 256 << 20;
/// The longest name of a file or folder, in bytes.
pub const LONGEST_NAME: usize = 255;
/// The most folders in one path.
pub const MOST_LEVELS: usize = 32;

/// Kinds of tags (SPEC.md, "Metadata types").
pub(super) const FILE: u32 = 0x001;
pub(super) const FOLDER: u32 = 0x002;
pub(super) const SUPERBLOCK: u32 = 0x0FF;
pub(super) const FOLDER_STRUCT: u32 = 0x200;
pub(super) const INLINE_STRUCT: u32 = 0x201;
pub(super) const CHAIN_STRUCT: u32 = 0x202;
pub(super) const CREATE: u32 = 0x401;
pub(super) const DELETE: u32 = 0x4FF;
pub(super) const CHECKSUM: u32 = 0x500;
pub(super) const SOFT_TAIL: u32 = 0x600;
pub(super) const HARD_TAIL: u32 = 0x601;
pub(super) const MOVE_STATE: u32 = 0x7FF;

/// The id of what belongs to no entry, and the length of what is deleted.
pub(super) const NONE: u32 = 0x3FF;
/// What the first tag of a block is mixed with, and where checksums begin.
pub(super) const FIRST_MIX: u32 = u32::MAX;
/// The name of the superblock.
pub(super) const MAGIC: &[u8; 8] = b"littlefs";
/// Bytes of a tag.
pub(super) const TAG: usize = 4;

/// A tag taken apart: 11 bits of kind, 10 of id, 10 of length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tag {
    pub(super) kind: u32,
    pub(super) id: u32,
    pub(super) length: u32,
}

impl Tag {
    pub(super) fn bits(self) -> u32 {
        self.kind << 20 | self.id << 10 | self.length
    }

    /// The highest bit is clear in every tag that was written.
    pub(super) fn from_bits(bits: u32) -> Option<Self> {
        let tag = Self { kind: bits >> 20 & 0x7FF, id: bits >> 10 & 0x3FF, length: bits & 0x3FF };
        (bits >> 31 == 0).then_some(tag)
    }

    /// Bytes behind the tag.
    pub(super) fn data(self) -> usize {
        if self.length == NONE { 0 } else { self.length as usize }
    }
}

/// Orders names as drivers look for them: bytes first, and of two names that begin alike the longer one comes first.
pub(super) fn by_name(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    a[..common].cmp(&b[..common]).then(b.len().cmp(&a.len()))
}

/// Bytes of pointers in front of a block's data: one, and one more for each time its number can be halved.
pub(super) fn pointers(number: u32) -> usize {
    if number == 0 { 0 } else { 4 * (number.trailing_zeros() as usize + 1) }
}

/// Returns how many bytes of a file each of its blocks holds.
pub(super) fn pieces(size: usize, block_size: usize) -> Vec<usize> {
    let (mut rest, mut pieces) = (size, Vec::new());
    for number in 0_u32.. {
        if rest == 0 {
            break;
        }
        let piece = rest.min(block_size - pointers(number));
        pieces.push(piece);
        rest -= piece;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_comes_apart_as_it_was_put_together() {
        let tag = Tag { kind: SUPERBLOCK, id: 0, length: 8 };
        assert_eq!(tag.bits(), 0x0FF0_0008);
        assert_eq!(Tag::from_bits(tag.bits()), Some(tag));
        assert_eq!(Tag::from_bits(0x8000_0000), None);
    }

    #[test]
    fn of_names_that_begin_alike_the_longer_comes_first() {
        let mut names = [&b"ab"[..], b"a", b"abc", b"b", b"aba", b"B"];
        names.sort_by(|a, b| by_name(a, b));
        assert_eq!(names, [&b"B"[..], b"aba", b"abc", b"ab", b"a", b"b"]);
    }

    #[test]
    fn blocks_give_up_room_to_pointers() {
        assert_eq!((0..9).map(pointers).collect::<Vec<_>>(), [0, 4, 8, 4, 12, 4, 8, 4, 16]);
        assert_eq!(pieces(128 + 124 + 120 + 1, 128), [128, 124, 120, 1]);
        assert!(pieces(0, 128).is_empty());
    }
}
