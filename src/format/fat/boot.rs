//! The first sectors of a volume.
//!
//! FAT specification 1.03, sections "Boot Sector and BPB" and "FAT32 FSInfo Sector Structure and Backup Boot Sector".

use super::geometry::{FatType, Geometry, SECTOR, TABLES};
use super::label;
use super::table::MEDIA;

const SECTOR_LENGTH: usize = 512;
const FS_INFO_SECTOR: u16 = 1;
const BACKUP_SECTOR: u16 = 6;
/// Disk geometry of logical block addressing, as partitioning programs assume it.
const SECTORS_PER_TRACK: u16 = 63;
const HEADS: u16 = 255;
/// Real-mode code: `int 18h` (nothing to start here, try the next device), then stay.
const NOT_BOOTABLE: [u8; 4] = [0xCD, 0x18, 0xEB, 0xFE];

/// What the first sectors say beyond the measures.
pub(super) struct Boot<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) label: &'a str,
    pub(super) volume_id: u32,
    pub(super) hidden_sectors: u32,
    /// First cluster in which nothing lies.
    pub(super) next_free: u32,
}

impl Boot<'_> {
    /// Returns the sectors that hold something: one, or on FAT32 nine with the backup.
    pub(super) fn sectors(&self) -> Vec<u8> {
        let boot = self.boot_sector();
        if self.geometry.fat_type != FatType::Fat32 {
            return boot.to_vec();
        }
        let group = [boot, self.fs_info(), empty_signed()].concat();
        let mut sectors = group.clone();
        sectors.resize(usize::from(BACKUP_SECTOR) * SECTOR_LENGTH, 0);
        sectors.extend_from_slice(&group);
        sectors
    }

    fn boot_sector(&self) -> [u8; SECTOR_LENGTH] {
        let mut sector = empty_signed();
        self.put_parameters(&mut sector);
        if self.geometry.fat_type == FatType::Fat32 {
            self.put_fat32(&mut sector);
        } else {
            self.put_fat16(&mut sector);
        }
        sector
    }

    /// The BIOS parameter block as far as all types share it.
    fn put_parameters(&self, sector: &mut [u8; SECTOR_LENGTH]) {
        let geometry = self.geometry;
        let small = |value: u32| u16::try_from(value).unwrap_or(0);
        let fat32 = geometry.fat_type == FatType::Fat32;
        put(sector, 3, b"MSWIN4.1");
        put(sector, 11, &small(u32::try_from(SECTOR).expect("512")).to_le_bytes());
        sector[13] = u8::try_from(geometry.sectors_per_cluster).expect("at most 128");
        put(sector, 14, &small(geometry.reserved_sectors).to_le_bytes());
        sector[16] = u8::try_from(TABLES).expect("two");
        put(sector, 17, &small(geometry.root_entries).to_le_bytes());
        let small_total = if fat32 { 0 } else { small(geometry.total_sectors) };
        put(sector, 19, &small_total.to_le_bytes());
        sector[21] = MEDIA;
        put(sector, 22, &if fat32 { 0 } else { small(geometry.table_sectors) }.to_le_bytes());
        put(sector, 24, &SECTORS_PER_TRACK.to_le_bytes());
        put(sector, 26, &HEADS.to_le_bytes());
        put(sector, 28, &self.hidden_sectors.to_le_bytes());
        let large_total = if small_total == 0 { geometry.total_sectors } else { 0 };
        put(sector, 32, &large_total.to_le_bytes());
    }

    fn put_fat16(&self, sector: &mut [u8; SECTOR_LENGTH]) {
        put(sector, 0, &[0xEB, 0x3C, 0x90]);
        let name = if self.geometry.fat_type == FatType::Fat12 { *b"FAT12   " } else { *b"FAT16   " };
        self.put_volume(sector, 36, name);
        put(sector, 62, &NOT_BOOTABLE);
    }

    fn put_fat32(&self, sector: &mut [u8; SECTOR_LENGTH]) {
        put(sector, 0, &[0xEB, 0x58, 0x90]);
        put(sector, 36, &self.geometry.table_sectors.to_le_bytes());
        put(sector, 44, &2u32.to_le_bytes());
        put(sector, 48, &FS_INFO_SECTOR.to_le_bytes());
        put(sector, 50, &BACKUP_SECTOR.to_le_bytes());
        self.put_volume(sector, 64, *b"FAT32   ");
        put(sector, 90, &NOT_BOOTABLE);
    }

    /// Drive number, extended signature, serial number, label and type, at `place`.
    fn put_volume(&self, sector: &mut [u8; SECTOR_LENGTH], place: usize, name: [u8; 8]) {
        put(sector, place, &[0x80, 0, 0x29]);
        put(sector, place + 3, &self.volume_id.to_le_bytes());
        let shown = if self.label.is_empty() { "NO NAME" } else { self.label };
        put(sector, place + 7, &label::field(shown));
        put(sector, place + 18, &name);
    }

    fn fs_info(&self) -> [u8; SECTOR_LENGTH] {
        let last = self.geometry.clusters + 1;
        let free = last + 1 - self.next_free;
        let hint = if free == 0 { u32::MAX } else { self.next_free };
        let mut sector = empty_signed();
        put(&mut sector, 0, b"RRaA");
        put(&mut sector, 484, b"rrAa");
        put(&mut sector, 488, &free.to_le_bytes());
        put(&mut sector, 492, &hint.to_le_bytes());
        sector
    }
}

fn empty_signed() -> [u8; SECTOR_LENGTH] {
    let mut sector = [0; SECTOR_LENGTH];
    put(&mut sector, 510, &[0x55, 0xAA]);
    sector
}

fn put(sector: &mut [u8; SECTOR_LENGTH], place: usize, bytes: &[u8]) {
    sector[place..place + bytes.len()].copy_from_slice(bytes);
}
