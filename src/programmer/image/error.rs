//! Why a flash image cannot be made, or is not what it should be.

use std::sync::Arc;

use crate::fleet::{Class, Diagnose};
use crate::format::esp_partition_table::PartitionTableError;
use crate::format::esp_secure_cert::SecureCertError;
use crate::format::littlefs::LittlefsError;
use crate::format::nvs::NvsError;

/// Why a flash image cannot be made, or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The fleet's partition table has a fault.
    #[error("the partition table of the fleet cannot be used")]
    Table(#[from] PartitionTableError),
    /// A partition that the table does not have, or that is no data partition.
    #[error("partition {partition:?} {reason}")]
    Partition {
        /// The partition.
        partition: Arc<str>,
        /// "is not in the partition table" ...
        reason: String,
    },
    /// Two parts want the same addresses.
    #[error("parts {one:?} and {other:?} overlap at {address:#x}")]
    Overlap {
        /// One part.
        one: Arc<str>,
        /// The other.
        other: Arc<str>,
        /// The first address both want.
        address: u64,
    },
    /// More than fits.
    #[error("part {part:?} has {have} bytes, its values need {need}")]
    TooLarge {
        /// The part.
        part: Arc<str>,
        /// Bytes there.
        have: u64,
        /// Bytes needed.
        need: u64,
    },
    /// A value that cannot be written as it is to be.
    #[error("value {key:?} of part {part:?} {reason}")]
    Value {
        /// The part.
        part: Arc<str>,
        /// The key.
        key: Arc<str>,
        /// "is blank", "is 300, a u8 holds 0 to 255" ... never a secret.
        reason: String,
    },
    /// NVS refuses.
    #[error("part {part:?} cannot be made")]
    Nvs {
        /// The part.
        part: Arc<str>,
        /// Why.
        source: NvsError,
    },
    /// `esp_secure_cert` refuses.
    #[error("part {part:?} cannot be made")]
    SecureCert {
        /// The part.
        part: Arc<str>,
        /// Why.
        source: SecureCertError,
    },
    /// littlefs refuses.
    #[error("part {part:?} cannot be made")]
    Littlefs {
        /// The part.
        part: Arc<str>,
        /// Why.
        source: LittlefsError,
    },
    /// What was read back is not what was written, or does not fit together.
    #[error("part {part:?} reads back differently: {finding}")]
    Differs {
        /// The part.
        part: Arc<str>,
        /// What: "key \"cert\" has another value" ...
        finding: String,
    },
}

impl Diagnose for ImageError {
    fn class(&self) -> Class {
        match self {
            ImageError::Differs { .. } => Class::Differs,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ImageError::Differs { .. } => Some("reject this unit: it does not hold what it is given".to_owned()),
            ImageError::TooLarge { .. } => Some("make the partition larger, or the values fewer".to_owned()),
            _ => None,
        }
    }
}
