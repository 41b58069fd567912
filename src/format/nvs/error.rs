//! How writing or reading an NVS partition fails.

use crate::fleet::{Class, Diagnose};

/// Why an NVS partition cannot be made or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NvsError {
    /// A namespace or key that NVS cannot hold.
    #[error("NVS {what} {name:?} {reason}")]
    Name {
        /// "namespace" or "key".
        what: &'static str,
        /// The name.
        name: String,
        /// Which rule, with numbers.
        reason: String,
    },
    /// One key twice in a namespace.
    #[error("NVS key {key:?} is there twice in namespace {namespace:?}")]
    Twice {
        /// Its namespace.
        namespace: String,
        /// The key.
        key: String,
    },
    /// A number outside its type.
    #[error("NVS key {key:?} has the value {number}, {kind} holds {least} to {most}")]
    Range {
        /// The key.
        key: String,
        /// The type's name.
        kind: &'static str,
        /// The number.
        number: i128,
        /// Smallest number of the type.
        least: i128,
        /// Largest number of the type.
        most: i128,
    },
    /// A text or blob longer than NVS holds.
    #[error("NVS key {key:?} has {found} bytes, a {kind} holds at most {most}")]
    TooLong {
        /// The key.
        key: String,
        /// "string" or "blob".
        kind: &'static str,
        /// Bytes found, without the NUL of a string.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A blob that would lie on more pages than its index can count.
    #[error("NVS key {key:?} would need {found} chunks, a blob has at most {most}")]
    Chunks {
        /// The key.
        key: String,
        /// Chunks needed.
        found: usize,
        /// Chunks allowed.
        most: usize,
    },
    /// A text with a NUL, behind which a device would not read on.
    #[error("NVS key {key:?} has a NUL at byte {at} of its text, where a device would stop reading")]
    Nul {
        /// The key.
        key: String,
        /// Place in the text.
        at: usize,
    },
    /// More namespaces than NVS can number.
    #[error("there are {found} NVS namespaces, a partition holds at most {most}")]
    Namespaces {
        /// Found.
        found: usize,
        /// Allowed.
        most: usize,
    },
    /// A partition size that NVS cannot have.
    #[error("NVS partition of {size} bytes {reason}")]
    Size {
        /// The size.
        size: u64,
        /// Which rule, with numbers.
        reason: String,
    },
    /// The values do not fit.
    #[error("the NVS values need a partition of {need} bytes, it has {have} bytes")]
    Full {
        /// Bytes needed, in whole pages, the spare page included.
        need: u64,
        /// Bytes there.
        have: u64,
    },
    /// Keys that cannot encrypt a partition.
    #[error("the NVS keys {reason}")]
    Keys {
        /// What is wrong with them.
        reason: String,
    },
    /// The partition contradicts itself.
    #[error("the NVS partition is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Where, from the start of the partition.
        offset: usize,
        /// How.
        reason: String,
    },
    /// An entry's checksum is wrong: damaged, or encrypted and read without its keys.
    #[error("the NVS entry at byte {offset} has checksum {found:08x}, it says {said:08x}")]
    Checksum {
        /// Where the entry begins.
        offset: usize,
        /// Computed.
        found: u32,
        /// Written in the entry.
        said: u32,
    },
}

impl NvsError {
    pub(super) fn damaged(offset: usize, reason: impl Into<String>) -> Self {
        Self::Damaged { offset, reason: reason.into() }
    }
}

impl Diagnose for NvsError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            NvsError::Full { need, .. } => Some(format!("give the partition at least {need:#x} bytes")),
            NvsError::Checksum { .. } => Some("an encrypted partition is read with its keys".into()),
            _ => None,
        }
    }
}
