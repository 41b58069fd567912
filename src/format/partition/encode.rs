//! From a size to a table and the place of its one volume.

use sha2::{Digest as _, Sha256};

use crate::delivery::{Content, Extent};
use crate::fleet::{Filesystem, PartitionTable, Secret};
use crate::format::fat::FatType;

use super::PartitionError;
use super::gpt::{ARRAY_SECTORS, Gpt};
use super::mbr::{self, MbrEntry, PROTECTIVE, SECTOR};

/// Where the partition begins: 1 MiB, a multiple of every erase block size that partitioning programs care for.
pub const ALIGNMENT: u64 = 1 << 20;

/// The partition's length is a multiple of this, so that its end tears no flash page.
const STEP: u64 = 64 << 10;

/// Smallest partition that is made: below it no FAT volume is worth a table.
const LEAST_VOLUME: u64 = 64 << 10;

const SECTOR_BYTES: u64 = SECTOR as u64;

/// A partitioned medium, or a bare one.
pub struct Partitioned {
    /// First byte of the volume.
    pub volume_offset: u64,
    /// Bytes of the volume.
    pub volume_size: u64,
    /// The table: before the volume, and for GPT also behind it; sorted. The gap before the volume is zero: what an older
    /// use left there (a boot loader, another table) is found by nobody.
    pub extents: Vec<Extent>,
}

/// Lays a table with one partition over a medium of `size` bytes (a multiple of 512; logical sectors of 512 bytes).
///
/// The partition begins at 1 MiB and is not marked bootable. Its MBR type follows the FAT type (0x0C FAT32, 0x0E FAT16,
/// 0x01 FAT12); in a GPT it is a basic data partition. Disk signature and GUIDs come from `seed`, so that the same input
/// gives the same bytes. Without a table the volume is the whole medium.
pub fn encode(
    table: PartitionTable,
    filesystem: Filesystem,
    size: u64,
    seed: [u8; 16],
) -> Result<Partitioned, PartitionError> {
    if !size.is_multiple_of(SECTOR_BYTES) {
        return Err(PartitionError::Unaligned { size });
    }
    match table {
        PartitionTable::None => Ok(Partitioned { volume_offset: 0, volume_size: size, extents: Vec::new() }),
        PartitionTable::Mbr => with_mbr(filesystem, size, seed),
        PartitionTable::Gpt => with_gpt(size, seed),
    }
}

fn with_mbr(filesystem: Filesystem, size: u64, seed: [u8; 16]) -> Result<Partitioned, PartitionError> {
    let volume_size = volume_size("mbr", size, 0)?;
    let most = u64::from(u32::MAX) * SECTOR_BYTES;
    let too_large = |_| PartitionError::TooLarge { most, have: size };
    let entry = MbrEntry {
        kind: mbr::kind_of(FatType::of(filesystem, volume_size)),
        first: u32::try_from(ALIGNMENT / SECTOR_BYTES).expect("2048"),
        sectors: u32::try_from(volume_size / SECTOR_BYTES).map_err(too_large)?,
    };
    let record = mbr::record(entry, disk_signature(seed));
    let extents = vec![data(0, record.to_vec()), zero(SECTOR_BYTES, ALIGNMENT)];
    Ok(Partitioned { volume_offset: ALIGNMENT, volume_size, extents })
}

fn with_gpt(size: u64, seed: [u8; 16]) -> Result<Partitioned, PartitionError> {
    let backup_bytes = (ARRAY_SECTORS + 1) * SECTOR_BYTES;
    let volume_size = volume_size("gpt", size, backup_bytes)?;
    let gpt = Gpt {
        disk_sectors: size / SECTOR_BYTES,
        first: ALIGNMENT / SECTOR_BYTES,
        sectors: volume_size / SECTOR_BYTES,
        seed,
    };
    let whole = u32::try_from(gpt.disk_sectors - 1).unwrap_or(u32::MAX);
    let protective = mbr::record(MbrEntry { kind: PROTECTIVE, first: 1, sectors: whole }, [0; 4]);
    let front = [&protective[..], &gpt.primary()].concat();
    let front_end = front.len() as u64;
    let extents = vec![data(0, front), zero(front_end, ALIGNMENT), data(size - backup_bytes, gpt.backup())];
    Ok(Partitioned { volume_offset: ALIGNMENT, volume_size, extents })
}

fn volume_size(table: &'static str, size: u64, behind: u64) -> Result<u64, PartitionError> {
    let room = size.saturating_sub(ALIGNMENT + behind) / STEP * STEP;
    if room < LEAST_VOLUME {
        return Err(PartitionError::TooSmall { table, need: ALIGNMENT + LEAST_VOLUME + behind, have: size });
    }
    Ok(room)
}

/// Zero would mean that the disk has none.
fn disk_signature(seed: [u8; 16]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(seed).chain_update("mbr").finalize();
    [digest[0], digest[1], digest[2], digest[3] | 1]
}

fn data(offset: u64, bytes: Vec<u8>) -> Extent {
    Extent { offset, length: bytes.len() as u64, content: Content::Data(Secret::new(bytes)) }
}

fn zero(start: u64, end: u64) -> Extent {
    Extent { offset: start, length: end - start, content: Content::Zero }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(table: PartitionTable, size: u64) -> Result<Partitioned, PartitionError> {
        encode(table, Filesystem::Fat, size, [7; 16])
    }

    #[test]
    fn without_a_table_the_volume_is_the_whole_medium() {
        let bare = encoded(PartitionTable::None, 12_345 * 512).unwrap();
        assert_eq!((bare.volume_offset, bare.volume_size, bare.extents.len()), (0, 12_345 * 512, 0));
    }

    #[test]
    fn a_medium_without_room_is_refused_with_both_numbers() {
        for (table, need) in [(PartitionTable::Mbr, 1_114_112), (PartitionTable::Gpt, 1_131_008)] {
            let error = encoded(table, need - 512).err().unwrap().to_string();
            assert!(error.contains(&format!("need at least {need} bytes, there are {} bytes", need - 512)), "{error}");
            assert!(encoded(table, need).is_ok());
        }
        assert!(matches!(encoded(PartitionTable::Mbr, 1 << 42), Err(PartitionError::TooLarge { .. })));
        assert!(matches!(encoded(PartitionTable::Gpt, 1000), Err(PartitionError::Unaligned { size: 1000 })));
    }
}
