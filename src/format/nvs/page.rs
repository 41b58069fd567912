//! The layout of a page and of an entry.

use crate::format::crc32::crc32_rom;

/// Bytes of a page, which is a sector of the flash.
pub const PAGE: usize = 4096;
/// Bytes of an entry, of a page's header and of its bitmap.
pub(super) const ENTRY: usize = 32;
/// Entries of a page.
pub(super) const ENTRIES: usize = 126;
/// Where a page's bitmap begins: two bits an entry.
pub(super) const BITMAP: usize = 32;
/// Where a page's entries begin.
pub(super) const FIRST: usize = 64;

/// States of a page: bits are only ever cleared.
pub(super) const UNUSED: u32 = 0xFFFF_FFFF;
pub(super) const ACTIVE: u32 = 0xFFFF_FFFE;
pub(super) const FULL: u32 = 0xFFFF_FFFC;
pub(super) const FREEING: u32 = 0xFFFF_FFF8;

/// Versions of a page.
pub(super) const VERSION_1: u8 = 0xFF;
pub(super) const VERSION_2: u8 = 0xFE;

/// Types of entries beside the integers.
pub(super) const TEXT: u8 = 0x21;
pub(super) const BLOB_V1: u8 = 0x41;
pub(super) const BLOB_DATA: u8 = 0x42;
pub(super) const BLOB_INDEX: u8 = 0x48;

/// The chunk number of what is no chunk.
pub(super) const NO_CHUNK: u8 = 0xFF;
/// The most chunks of a blob: half of the numbers, the other half are for its next value.
pub(super) const MOST_CHUNKS: usize = 127;

/// Returns the checksum of a page's header, which covers sequence number, version and what is unused.
pub(super) fn header_checksum(header: &[u8]) -> u32 {
    crc32_rom(&[&header[4..28]])
}

/// Returns the checksum of an entry, which covers all of it but the checksum.
pub(super) fn entry_checksum(entry: &[u8]) -> u32 {
    crc32_rom(&[&entry[..4], &entry[8..ENTRY]])
}

/// Returns the checksum of a text or a chunk, whose parts follow each other.
pub(super) fn value_checksum(parts: &[&[u8]]) -> u32 {
    crc32_rom(parts)
}

/// Returns how many entries `bytes` take.
pub(super) fn entries_for(bytes: usize) -> usize {
    bytes.div_ceil(ENTRY)
}
