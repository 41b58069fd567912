//! How making or reading a partition table fails.

use std::io;

use crate::fleet::{Class, Diagnose};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum PartitionError {
    /// The size is not a whole number of sectors.
    #[error("size of {size} bytes is not a multiple of 512")]
    Unaligned {
        /// The size.
        size: u64,
    },
    /// No room for a volume beside the table.
    #[error("a {table} table and a volume need at least {need} bytes, there are {have} bytes")]
    TooSmall {
        /// `mbr` or `gpt`.
        table: &'static str,
        /// Bytes needed.
        need: u64,
        /// Bytes there.
        have: u64,
    },
    /// The medium holds more than the table can say.
    #[error("an mbr table reaches {most} bytes, there are {have} bytes")]
    TooLarge {
        /// The limit.
        most: u64,
        /// Bytes there.
        have: u64,
    },
    /// A table that is read breaks a rule.
    #[error("the {table} table is damaged: {reason}")]
    Damaged {
        /// `mbr` or `gpt`.
        table: &'static str,
        /// Which rule, with numbers.
        reason: String,
    },
    /// Logical partitions.
    #[error("the mbr table has an extended partition (type {kind:#04x}), which is not read")]
    Extended {
        /// Its type byte.
        kind: u8,
    },
    /// The medium cannot be read.
    #[error("reading the partition table at byte {offset} failed")]
    Io {
        /// Where.
        offset: u64,
        /// The system's words.
        source: io::Error,
    },
}

impl Diagnose for PartitionError {
    fn class(&self) -> Class {
        match self {
            PartitionError::Io { .. } => Class::Surroundings,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            PartitionError::TooLarge { .. } => Some("use table gpt".into()),
            PartitionError::TooSmall { .. } => Some("use table none, or a larger size".into()),
            _ => None,
        }
    }
}
