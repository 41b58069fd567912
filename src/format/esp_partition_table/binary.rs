//! The table as it lies in the flash: 32 bytes a partition, an MD5 over them, erased to the end.

use md5::{Digest as _, Md5};

use super::Partition;
use super::error::PartitionTableError;

/// Bytes of a table; behind it in its sector lies a signature, if there is one.
pub const TABLE_BYTES: usize = 0xC00;
/// The most partitions: one place is for the MD5, one stays erased.
pub const MOST_PARTITIONS: usize = TABLE_BYTES / ENTRY - 2;

const ENTRY: usize = 32;
const MAGIC: [u8; 2] = [0xAA, 0x50];
const MD5_MAGIC: [u8; 2] = [0xEB, 0xEB];
/// The longest name.
pub(super) const LONGEST_NAME: usize = 16;

/// Encodes the table with its MD5.
///
/// # Errors
/// [`PartitionTableError::TooMany`], and [`PartitionTableError::Rule`] for a name that is too long.
pub fn encode(partitions: &[Partition]) -> Result<Vec<u8>, PartitionTableError> {
    if partitions.len() > MOST_PARTITIONS {
        return Err(PartitionTableError::TooMany { found: partitions.len(), most: MOST_PARTITIONS });
    }
    let mut table = Vec::with_capacity(TABLE_BYTES);
    for partition in partitions {
        table.extend_from_slice(&entry(partition)?);
    }
    let digest = Md5::digest(&table);
    table.extend_from_slice(&MD5_MAGIC);
    table.extend_from_slice(&[0xFF; 14]);
    table.extend_from_slice(&digest);
    table.resize(TABLE_BYTES, 0xFF);
    Ok(table)
}

fn entry(partition: &Partition) -> Result<[u8; ENTRY], PartitionTableError> {
    let Partition { name, kind, subtype, offset, size, flags } = partition;
    if name.len() > LONGEST_NAME || name.contains('\0') {
        let reason = format!("has a name of {} bytes, it can have {LONGEST_NAME}, none of them NUL", name.len());
        return Err(PartitionTableError::Rule { name: name.clone(), reason });
    }
    let mut entry = [0; ENTRY];
    entry[..2].copy_from_slice(&MAGIC);
    entry[2..4].copy_from_slice(&[*kind, *subtype]);
    entry[4..8].copy_from_slice(&offset.to_le_bytes());
    entry[8..12].copy_from_slice(&size.to_le_bytes());
    entry[12..12 + name.len()].copy_from_slice(name.as_bytes());
    entry[28..32].copy_from_slice(&flags.to_le_bytes());
    Ok(entry)
}

/// Reads the table at the beginning of `bytes`, of which at most [`TABLE_BYTES`] are looked at. Tables without MD5 exist; where
/// there is one, it must be right and the last.
///
/// # Errors
/// [`PartitionTableError::Damaged`].
pub fn decode(bytes: &[u8]) -> Result<Vec<Partition>, PartitionTableError> {
    let (mut partitions, mut checked) = (Vec::new(), false);
    let table = &bytes[..bytes.len().min(TABLE_BYTES)];
    for (number, entry) in table.as_chunks::<ENTRY>().0.iter().enumerate() {
        let offset = number * ENTRY;
        let wrong = |reason: &str| PartitionTableError::Damaged { offset, reason: reason.to_owned() };
        if entry.iter().all(|byte| *byte == 0xFF) {
            return Ok(partitions);
        }
        if checked {
            return Err(wrong("something follows the MD5"));
        }
        if entry[..2] == MD5_MAGIC {
            if entry[16..] != *Md5::digest(&table[..offset]) {
                return Err(wrong("the MD5 over the partitions is wrong"));
            }
            checked = true;
        } else {
            partitions.push(partition(entry).ok_or_else(|| wrong("no partition is described there"))?);
        }
    }
    Err(PartitionTableError::Damaged { offset: table.len(), reason: "the table has no end".into() })
}

fn partition(entry: &[u8; ENTRY]) -> Option<Partition> {
    let word = |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    let field = &entry[12..28];
    let length = field.iter().position(|byte| *byte == 0).unwrap_or(LONGEST_NAME);
    let name = std::str::from_utf8(&field[..length]).ok()?.to_owned();
    let [kind, subtype] = [entry[2], entry[3]];
    (entry[..2] == MAGIC).then(|| Partition { name, kind, subtype, offset: word(4), size: word(8), flags: word(28) })
}
