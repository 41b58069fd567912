//! How a partition table fails.

use crate::fleet::{Class, Diagnose};

/// Why a partition table cannot be read, or cannot be meant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PartitionTableError {
    /// A line of a CSV that makes no partition.
    #[error("line {line} of the partition table {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A partition that breaks a rule.
    #[error("partition {name:?} {reason}")]
    Rule {
        /// Its name.
        name: String,
        /// Which rule, with numbers.
        reason: String,
    },
    /// More partitions than a table holds.
    #[error("the partition table has {found} partitions, it can hold {most}")]
    TooMany {
        /// Found.
        found: usize,
        /// Allowed.
        most: usize,
    },
    /// A CSV longer than is read.
    #[error("the partition table has {found} bytes, at most {most} are read")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A binary that contradicts itself.
    #[error("the partition table is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Where, from the start of the table.
        offset: usize,
        /// How.
        reason: String,
    },
}

impl Diagnose for PartitionTableError {
    fn class(&self) -> Class {
        Class::Input
    }
}
