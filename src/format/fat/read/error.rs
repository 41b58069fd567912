//! How reading a volume fails.

use std::io;

use crate::fleet::{Class, Diagnose};

/// Why a volume, or a file in it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No FAT volume begins here.
    #[error("there is no FAT volume: {reason}")]
    NotFat {
        /// What in the boot sector is impossible, with numbers.
        reason: String,
    },
    /// The volume contradicts itself.
    #[error("the FAT volume is damaged at {place:?}: {reason}")]
    Damaged {
        /// A path, or `/` for the root.
        place: String,
        /// How, with numbers.
        reason: String,
    },
    /// More than is read of any volume.
    #[error("the FAT volume has more than {most} {what}, which is more than is read")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: u64,
    },
    /// A file is larger than the caller takes.
    #[error("file {path:?} has {size} bytes, at most {most} are taken")]
    TooLarge {
        /// The file.
        path: String,
        /// Its bytes.
        size: u64,
        /// The caller's limit.
        most: u64,
    },
    /// The medium cannot be read.
    #[error("reading the volume at byte {offset} failed")]
    Io {
        /// Where, from the volume's start.
        offset: u64,
        /// The system's words.
        source: io::Error,
    },
}

impl ReadError {
    pub(super) fn damaged(place: &str, reason: impl Into<String>) -> Self {
        let place = if place.is_empty() { "/" } else { place };
        Self::Damaged { place: place.to_owned(), reason: reason.into() }
    }
}

impl Diagnose for ReadError {
    fn class(&self) -> Class {
        match self {
            ReadError::Io { .. } => Class::Surroundings,
            _ => Class::Input,
        }
    }
}
