//! Finding the volumes of a medium, with mistrust.

use crate::format::ReadAt;

use super::PartitionError;
use super::gpt::{HEADER, SIGNATURE};
use super::mbr::{self, EXTENDED, MbrEntry, PROTECTIVE, SECTOR};
use crate::format::crc32::crc32;

/// Most entries of a GPT array that are read.
const MOST_ENTRIES: u32 = 1024;
/// Largest entry of a GPT array that is read.
const LARGEST_ENTRY: u32 = 4096;
/// Most bytes of a GPT array that are read.
const MOST_ARRAY_BYTES: u64 = 1 << 20;

const SECTOR_BYTES: u64 = SECTOR as u64;

/// What says that a volume is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotKind {
    /// No table: a FAT boot sector at the first byte.
    Superfloppy,
    /// A primary partition of an MBR.
    Mbr {
        /// Its type byte.
        kind: u8,
    },
    /// A partition of a GPT.
    Gpt {
        /// Its type, as the bytes lie on the disk.
        kind: [u8; 16],
    },
}

/// A place that may hold a volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// What says so.
    pub kind: SlotKind,
}

/// Returns the volumes of a medium in the table's order; none for a blank one.
///
/// Reads a FAT boot sector at byte 0, an MBR (primary partitions; one with an extended partition is refused) or a GPT
/// (primary header and array, both checksums; the backup is not needed). Sectors have 512 bytes. Bounded: at most 1 MiB
/// is read whatever the medium claims.
pub fn find_volumes(disk: &dyn ReadAt) -> Result<Vec<Slot>, PartitionError> {
    if disk.size() < SECTOR_BYTES {
        return Ok(Vec::new());
    }
    let mut sector = [0; SECTOR];
    read(disk, 0, &mut sector)?;
    if sector[510..] != [0x55, 0xAA] {
        return Ok(Vec::new());
    }
    if is_fat_boot_sector(&sector) {
        return Ok(vec![Slot { offset: 0, size: disk.size(), kind: SlotKind::Superfloppy }]);
    }
    let entries = mbr::entries(&sector);
    if entries.iter().any(|entry| entry.kind == PROTECTIVE) {
        return gpt_slots(disk);
    }
    mbr_slots(&entries, disk.size())
}

fn read(disk: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> Result<(), PartitionError> {
    disk.read_at(offset, buf).map_err(|source| PartitionError::Io { offset, source })
}

/// A jump, and a parameter block whose first fields are possible: no partition table looks like that.
fn is_fat_boot_sector(sector: &[u8; SECTOR]) -> bool {
    let jump = matches!(sector[..3], [0xEB, _, 0x90] | [0xE9, ..]);
    let sector_size = u16::from_le_bytes([sector[11], sector[12]]);
    let media = sector[21];
    jump && [512, 1024, 2048, 4096].contains(&sector_size)
        && sector[13].is_power_of_two()
        && sector[14..16] != [0, 0]
        && (1..=4).contains(&sector[16])
        && (media == 0xF0 || media >= 0xF8)
}

fn mbr_slots(entries: &[MbrEntry], size: u64) -> Result<Vec<Slot>, PartitionError> {
    let mut slots = Vec::new();
    for entry in entries {
        if EXTENDED.contains(&entry.kind) {
            return Err(PartitionError::Extended { kind: entry.kind });
        }
        slots.push(Slot {
            offset: u64::from(entry.first) * SECTOR_BYTES,
            size: u64::from(entry.sectors) * SECTOR_BYTES,
            kind: SlotKind::Mbr { kind: entry.kind },
        });
    }
    check_places("mbr", &slots, size)?;
    Ok(slots)
}

/// A partition lies behind the first sector, inside the medium, and apart from the others.
fn check_places(table: &'static str, slots: &[Slot], size: u64) -> Result<(), PartitionError> {
    let damaged = |reason: String| PartitionError::Damaged { table, reason };
    let mut sorted: Vec<&Slot> = slots.iter().collect();
    sorted.sort_by_key(|slot| slot.offset);
    let mut before = SECTOR_BYTES;
    for slot in sorted {
        if slot.offset < before {
            return Err(damaged(format!("a partition begins at byte {}, inside what lies before it", slot.offset)));
        }
        before = slot.offset.saturating_add(slot.size);
        if before > size {
            return Err(damaged(format!("a partition ends at byte {before}, the medium has {size} bytes")));
        }
    }
    Ok(())
}

/// The fields of a header that are needed.
struct GptHeader {
    array_offset: u64,
    entries: u32,
    entry_bytes: u32,
    array_checksum: u32,
    first_usable: u64,
    last_usable: u64,
}

fn gpt_slots(disk: &dyn ReadAt) -> Result<Vec<Slot>, PartitionError> {
    let header = gpt_header(disk)?;
    let length = u64::from(header.entries) * u64::from(header.entry_bytes);
    let mut array = vec![0; usize::try_from(length).expect("at most 1 MiB")];
    read(disk, header.array_offset, &mut array)?;
    let found = crc32(&array);
    if found != header.array_checksum {
        let reason =
            format!("the partition array has checksum {found:08x}, the header says {:08x}", header.array_checksum);
        return Err(damaged_gpt(reason));
    }
    let slots = array
        .chunks_exact(header.entry_bytes as usize)
        .filter(|entry| entry[..16] != [0; 16])
        .map(|entry| gpt_slot(entry, &header))
        .collect::<Result<Vec<Slot>, PartitionError>>()?;
    check_places("gpt", &slots, disk.size())?;
    Ok(slots)
}

fn gpt_header(disk: &dyn ReadAt) -> Result<GptHeader, PartitionError> {
    if disk.size() < 2 * SECTOR_BYTES {
        return Err(damaged_gpt("there is no room for a header".into()));
    }
    let mut sector = [0; SECTOR];
    read(disk, SECTOR_BYTES, &mut sector)?;
    check_header_sum(&sector)?;
    let header = GptHeader {
        array_offset: number(&sector, 72).saturating_mul(SECTOR_BYTES),
        entries: short(&sector, 80),
        entry_bytes: short(&sector, 84),
        array_checksum: short(&sector, 88),
        first_usable: number(&sector, 40),
        last_usable: number(&sector, 48),
    };
    if number(&sector, 24) != 1 {
        return Err(damaged_gpt(format!("the header at sector 1 says it lies at sector {}", number(&sector, 24))));
    }
    check_array(&header, disk.size())?;
    Ok(header)
}

fn check_header_sum(sector: &[u8; SECTOR]) -> Result<(), PartitionError> {
    if sector[..8] != SIGNATURE[..] {
        return Err(damaged_gpt("the header at sector 1 has no signature".into()));
    }
    let length = short(sector, 12) as usize;
    if !(HEADER..=SECTOR).contains(&length) {
        return Err(damaged_gpt(format!("the header has {length} bytes, {HEADER} to {SECTOR} are possible")));
    }
    let mut summed = sector[..length].to_vec();
    summed[16..20].fill(0);
    let (found, said) = (crc32(&summed), short(sector, 16));
    if found != said {
        return Err(damaged_gpt(format!("the header has checksum {found:08x}, it says {said:08x}")));
    }
    Ok(())
}

fn check_array(header: &GptHeader, size: u64) -> Result<(), PartitionError> {
    let GptHeader { entries, entry_bytes, .. } = *header;
    let length = u64::from(entries) * u64::from(entry_bytes);
    let possible = (1..=MOST_ENTRIES).contains(&entries)
        && (128..=LARGEST_ENTRY).contains(&entry_bytes)
        && entry_bytes.is_power_of_two()
        && length <= MOST_ARRAY_BYTES;
    if !possible {
        return Err(damaged_gpt(format!("an array of {entries} entries of {entry_bytes} bytes is not possible")));
    }
    let end = header.array_offset.saturating_add(length);
    if header.array_offset < 2 * SECTOR_BYTES || end > size {
        return Err(damaged_gpt(format!("the array ends at byte {end}, the medium has {size} bytes")));
    }
    Ok(())
}

fn gpt_slot(entry: &[u8], header: &GptHeader) -> Result<Slot, PartitionError> {
    let (first, last) = (number(entry, 32), number(entry, 40));
    if first < header.first_usable || last > header.last_usable || first > last {
        return Err(damaged_gpt(format!("a partition of the sectors {first} to {last} is not possible")));
    }
    Ok(Slot {
        offset: first.saturating_mul(SECTOR_BYTES),
        size: (last - first).saturating_add(1).saturating_mul(SECTOR_BYTES),
        kind: SlotKind::Gpt { kind: entry[..16].try_into().expect("16 bytes") },
    })
}

fn damaged_gpt(reason: String) -> PartitionError {
    PartitionError::Damaged { table: "gpt", reason }
}

fn short(bytes: &[u8], place: usize) -> u32 {
    u32::from_le_bytes(bytes[place..place + 4].try_into().expect("four bytes"))
}

fn number(bytes: &[u8], place: usize) -> u64 {
    u64::from_le_bytes(bytes[place..place + 8].try_into().expect("eight bytes"))
}
