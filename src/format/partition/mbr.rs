//! Master boot record (UEFI 2.10, section 5.2).

use crate::format::fat::FatType;

/// Bytes of a sector.
pub(super) const SECTOR: usize = 512;
/// Where the four entries begin.
pub(super) const ENTRIES: usize = 446;
/// Bytes of an entry.
pub(super) const ENTRY: usize = 16;
/// Type of the one entry of a protective record.
pub(super) const PROTECTIVE: u8 = 0xEE;
/// Types of extended partitions.
pub(super) const EXTENDED: [u8; 3] = [0x05, 0x0F, 0x85];

/// Geometry that the cylinder fields assume.
const HEADS: u64 = 255;
const SECTORS_PER_TRACK: u64 = 63;

/// A partition of the record, in sectors.
#[derive(Clone, Copy)]
pub(super) struct MbrEntry {
    pub(super) kind: u8,
    pub(super) first: u32,
    pub(super) sectors: u32,
}

/// Returns the type byte of a FAT partition: by logical block for FAT32 and FAT16, 0x01 for FAT12.
pub(super) fn kind_of(fat_type: FatType) -> u8 {
    match fat_type {
        FatType::Fat12 => 0x01,
        FatType::Fat16 => 0x0E,
        FatType::Fat32 => 0x0C,
    }
}

/// Returns a record with one entry, not marked bootable, and no code.
pub(super) fn record(entry: MbrEntry, disk_signature: [u8; 4]) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[440..444].copy_from_slice(&disk_signature);
    let place = &mut sector[ENTRIES..ENTRIES + ENTRY];
    let last = u64::from(entry.first) + u64::from(entry.sectors) - 1;
    place[1..4].copy_from_slice(&cylinder_address(u64::from(entry.first)));
    place[4] = entry.kind;
    place[5..8].copy_from_slice(&cylinder_address(last));
    place[8..12].copy_from_slice(&entry.first.to_le_bytes());
    place[12..16].copy_from_slice(&entry.sectors.to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

/// Returns head, sector and cylinder in their three bytes; the highest address for whatever lies behind it.
fn cylinder_address(sector: u64) -> [u8; 3] {
    let cylinder = sector / (HEADS * SECTORS_PER_TRACK);
    if cylinder > 1023 {
        return [0xFE, 0xFF, 0xFF];
    }
    let byte = |value: u64| u8::try_from(value & 0xFF).expect("masked");
    let head = sector / SECTORS_PER_TRACK % HEADS;
    let number = sector % SECTORS_PER_TRACK + 1;
    [byte(head), byte(number | cylinder >> 8 << 6), byte(cylinder)]
}

/// Returns the entries in use of a sector that ends in the boot signature.
pub(super) fn entries(sector: &[u8; SECTOR]) -> Vec<MbrEntry> {
    let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    sector[ENTRIES..510]
        .chunks_exact(ENTRY)
        .map(|entry| MbrEntry { kind: entry[4], first: number(&entry[8..12]), sectors: number(&entry[12..16]) })
        .filter(|entry| entry.kind != 0 && entry.sectors != 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cylinder_addresses_are_those_of_255_heads_and_63_sectors() {
        assert_eq!(cylinder_address(2048), [32, 33, 0]);
        assert_eq!(cylinder_address(0), [0, 1, 0]);
        assert_eq!(cylinder_address(1024 * 255 * 63 - 1), [254, 63 | 0xC0, 255]);
        assert_eq!(cylinder_address(1024 * 255 * 63), [0xFE, 0xFF, 0xFF]);
    }
}
