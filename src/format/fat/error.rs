//! How making a volume fails.

use crate::fleet::{Class, Diagnose};

/// Why a volume cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FatError {
    /// The label breaks a rule.
    #[error("volume label {label:?} {reason}")]
    Label {
        /// The label.
        label: String,
        /// Which rule, with numbers.
        reason: String,
    },
    /// A path cannot be stored.
    #[error("file name {path:?} {reason}")]
    Name {
        /// The path.
        path: String,
        /// Which rule, with numbers.
        reason: String,
    },
    /// Two paths are one to FAT, which knows no difference of case.
    #[error("files {path:?} and {other:?} would be one on a FAT volume")]
    Twice {
        /// One path.
        path: String,
        /// The other.
        other: String,
    },
    /// A file is longer than FAT can say.
    #[error("file {path:?} has {size} bytes, FAT holds at most {most} bytes a file")]
    FileTooLarge {
        /// The path.
        path: String,
        /// Its bytes.
        size: u64,
        /// The limit.
        most: u64,
    },
    /// A folder has more entries than FAT can say (a long name takes several).
    #[error("folder {path:?} needs {need} directory entries, it can have {have}")]
    FolderFull {
        /// The folder, empty for the root.
        path: String,
        /// Entries needed.
        need: u64,
        /// The limit.
        have: u64,
    },
    /// The size is not a whole number of sectors.
    #[error("volume size of {size} bytes is not a multiple of 512")]
    Unaligned {
        /// The size.
        size: u64,
    },
    /// The size cannot hold this type.
    #[error("{filesystem} needs a volume of {least} to {most} bytes, this one has {size} bytes")]
    Size {
        /// `fat12`, `fat16`, `fat32` or `fat`.
        filesystem: &'static str,
        /// Size asked for.
        size: u64,
        /// Smallest size.
        least: u64,
        /// Largest size.
        most: u64,
    },
    /// The files do not fit.
    #[error("the files need {need} bytes, the volume holds {have} bytes")]
    Full {
        /// Bytes needed, in whole clusters, folders included.
        need: u64,
        /// Bytes there.
        have: u64,
    },
}

impl Diagnose for FatError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            FatError::Size { .. } => Some("choose filesystem fat, which takes the type that fits the size".into()),
            FatError::Full { .. } => Some("give the volume a larger size in the fleet file".into()),
            _ => None,
        }
    }
}
