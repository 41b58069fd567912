//! What the partitions of one table must be like, each by itself and all together.

use super::error::PartitionTableError;
use super::{Partition, TABLE_SECTOR, flags, kinds};

const APP_ALIGNMENT: u32 = 0x1_0000;
const SECTOR: u32 = 0x1000;
/// The one size of the partitions that say which program starts.
const OTA_DATA_SIZE: u32 = 0x2000;
const LEAST_READ_WRITE_NVS: u32 = 0x3000;
/// Data subtypes that the rules name.
const OTA_DATA: u8 = 0x00;
const NVS: u8 = 0x02;
const CORE_DUMP: u8 = 0x03;
const TEE_OTA_DATA: u8 = 0x90;

/// Where a partition of that type may begin.
pub(super) fn alignment(kind: u8) -> u32 {
    if kind == kinds::APP { APP_ALIGNMENT } else { SECTOR }
}

/// Checks a table that lies at `table_offset`: alignment, overlaps, names, and the sizes that some subtypes must have.
///
/// # Errors
/// [`PartitionTableError::Rule`] for the first partition that breaks one.
pub fn check(partitions: &[Partition], table_offset: u32) -> Result<(), PartitionTableError> {
    partitions.iter().try_for_each(check_one)?;
    for (number, partition) in partitions.iter().enumerate() {
        if partitions[..number].iter().any(|other| other.name == partition.name) {
            return wrong(partition, "has a name that is there already".into());
        }
    }
    check_places(partitions, table_offset)?;
    check_ota_data(partitions, OTA_DATA)?;
    check_ota_data(partitions, TEE_OTA_DATA)
}

fn wrong(partition: &Partition, reason: String) -> Result<(), PartitionTableError> {
    Err(PartitionTableError::Rule { name: partition.name.clone(), reason })
}

fn check_one(partition: &Partition) -> Result<(), PartitionTableError> {
    let Partition { kind, subtype, offset, size, .. } = *partition;
    let is_read_only = partition.flags & flags::READ_ONLY != 0;
    if !offset.is_multiple_of(alignment(kind)) {
        return wrong(partition, format!("begins at {offset:#x}, which is no multiple of {:#x}", alignment(kind)));
    }
    if kind == kinds::APP && !size.is_multiple_of(SECTOR) {
        return wrong(partition, format!("has {size:#x} bytes, which is no multiple of {SECTOR:#x}"));
    }
    if offset.checked_add(size).is_none() {
        return wrong(partition, format!("has {size:#x} bytes at {offset:#x}, which ends beyond 4 GiB"));
    }
    if kind == kinds::DATA && [OTA_DATA, CORE_DUMP].contains(&subtype) && is_read_only {
        return wrong(partition, "is readonly, and the device must write to it".into());
    }
    if kind == kinds::DATA && subtype == NVS && size < LEAST_READ_WRITE_NVS && !is_read_only {
        let reason = format!("has {size:#x} bytes; NVS below {LEAST_READ_WRITE_NVS:#x} must be flagged readonly");
        return wrong(partition, reason);
    }
    Ok(())
}

fn check_places(partitions: &[Partition], table_offset: u32) -> Result<(), PartitionTableError> {
    let mut ordered: Vec<&Partition> = partitions.iter().collect();
    ordered.sort_by_key(|partition| partition.offset);
    let behind_table = table_offset.saturating_add(TABLE_SECTOR);
    for partition in &ordered {
        let may_lie_before =
            [kinds::BOOTLOADER, kinds::PARTITION_TABLE].contains(&partition.kind) && partition.subtype == 0;
        if partition.offset < behind_table && !may_lie_before {
            let reason = format!("begins at {:#x}, the partition table ends at {behind_table:#x}", partition.offset);
            return wrong(partition, reason);
        }
    }
    for pair in ordered.windows(2) {
        if pair[1].offset < pair[0].end() {
            let reason = format!("begins at {:#x}, {:?} ends at {:#x}", pair[1].offset, pair[0].name, pair[0].end());
            return wrong(pair[1], reason);
        }
    }
    Ok(())
}

fn check_ota_data(partitions: &[Partition], subtype: u8) -> Result<(), PartitionTableError> {
    let mut found = partitions.iter().filter(|partition| (partition.kind, partition.subtype) == (kinds::DATA, subtype));
    let Some(first) = found.next() else { return Ok(()) };
    if let Some(second) = found.next() {
        return wrong(second, format!("says which program starts, and so does {:?}", first.name));
    }
    if first.size != OTA_DATA_SIZE {
        return wrong(first, format!("has {:#x} bytes, it must have {OTA_DATA_SIZE:#x}", first.size));
    }
    Ok(())
}
