//! GUID partition table with one partition (UEFI 2.10, section 5.3).

use sha2::{Digest as _, Sha256};

use super::mbr::SECTOR;
use crate::format::crc32::crc32;

/// Signature of a header.
pub(super) const SIGNATURE: &[u8; 8] = b"EFI PART";
/// Bytes of a header that its checksum covers.
pub(super) const HEADER: usize = 92;
/// Entries of the array, the least that the standard allows.
const ENTRIES: u32 = 128;
/// Bytes of an entry.
const ENTRY: u32 = 128;
/// Sectors of the array.
pub(super) const ARRAY_SECTORS: u64 = 32;
/// Basic data partition (EBD0A0A2-B9E5-4433-87C0-68B6B72699C7) as it lies on the disk.
pub(super) const BASIC_DATA: [u8; 16] =
    [0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7];
const NAME: &str = "bootstrap";

/// A table for one partition, in sectors.
pub(super) struct Gpt {
    pub(super) disk_sectors: u64,
    pub(super) first: u64,
    pub(super) sectors: u64,
    pub(super) seed: [u8; 16],
}

impl Gpt {
    /// Returns the primary header and array, which lie at sector 1.
    pub(super) fn primary(&self) -> Vec<u8> {
        let array = self.array();
        let header = self.header(&array, 1, self.disk_sectors - 1, 2);
        [&header[..], &array].concat()
    }

    /// Returns the backup array and header, which end with the last sector.
    pub(super) fn backup(&self) -> Vec<u8> {
        let array = self.array();
        let header = self.header(&array, self.disk_sectors - 1, 1, self.disk_sectors - 1 - ARRAY_SECTORS);
        [&array[..], &header].concat()
    }

    fn header(&self, array: &[u8], own: u64, other: u64, array_sector: u64) -> [u8; SECTOR] {
        let mut header = [0; SECTOR];
        let mut put = |place: usize, bytes: &[u8]| header[place..place + bytes.len()].copy_from_slice(bytes);
        put(0, SIGNATURE);
        put(8, &0x0001_0000u32.to_le_bytes());
        put(12, &92u32.to_le_bytes());
        put(24, &own.to_le_bytes());
        put(32, &other.to_le_bytes());
        put(40, &(2 + ARRAY_SECTORS).to_le_bytes());
        put(48, &(self.disk_sectors - 2 - ARRAY_SECTORS).to_le_bytes());
        put(56, &self.guid("disk"));
        put(72, &array_sector.to_le_bytes());
        put(80, &ENTRIES.to_le_bytes());
        put(84, &ENTRY.to_le_bytes());
        put(88, &crc32(array).to_le_bytes());
        let checksum = crc32(&header[..HEADER]);
        header[16..20].copy_from_slice(&checksum.to_le_bytes());
        header
    }

    fn array(&self) -> Vec<u8> {
        let mut entry = Vec::with_capacity((ENTRIES * ENTRY) as usize);
        entry.extend_from_slice(&BASIC_DATA);
        entry.extend_from_slice(&self.guid("partition"));
        entry.extend_from_slice(&self.first.to_le_bytes());
        entry.extend_from_slice(&(self.first + self.sectors - 1).to_le_bytes());
        entry.extend_from_slice(&0u64.to_le_bytes());
        entry.extend(NAME.encode_utf16().flat_map(u16::to_le_bytes));
        entry.resize((ENTRIES * ENTRY) as usize, 0);
        entry
    }

    /// Derives a GUID from the seed: version 8, custom (RFC 9562, section 5.8), in the byte order of the disk.
    fn guid(&self, purpose: &str) -> [u8; 16] {
        let digest = Sha256::new().chain_update(self.seed).chain_update(purpose).finalize();
        let mut guid: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
        guid[7] = guid[7] & 0x0F | 0x80;
        guid[8] = guid[8] & 0x3F | 0x80;
        guid
    }
}
