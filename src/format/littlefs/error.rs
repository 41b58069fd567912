//! How making or reading an image fails.

use crate::fleet::{Class, Diagnose};

/// Why a littlefs image cannot be made or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LittlefsError {
    /// Blocks that littlefs cannot have.
    #[error("littlefs {what} of {found} {reason}")]
    Geometry {
        /// "block size", "block count" or "cache size".
        what: &'static str,
        /// Found.
        found: u64,
        /// Which rule, with numbers.
        reason: String,
    },
    /// A path that cannot be stored.
    #[error("file name {path:?} {reason}")]
    Name {
        /// The path.
        path: String,
        /// Which rule, with numbers.
        reason: String,
    },
    /// One path twice, or a file where a folder must be.
    #[error("files {path:?} and {other:?} cannot both be there")]
    Twice {
        /// One path.
        path: String,
        /// The other.
        other: String,
    },
    /// The files do not fit.
    #[error("the files need {need} blocks, the littlefs image has {have} blocks")]
    Full {
        /// Blocks needed, folders included.
        need: u64,
        /// Blocks there.
        have: u64,
    },
    /// No littlefs begins here.
    #[error("there is no littlefs: {reason}")]
    NotLittlefs {
        /// What is missing or impossible, with numbers.
        reason: String,
    },
    /// The image contradicts itself.
    #[error("the littlefs image is damaged at {place:?}: {reason}")]
    Damaged {
        /// A path, or `/` for the root.
        place: String,
        /// How, with numbers.
        reason: String,
    },
    /// More than is read of any image.
    #[error("the littlefs image has more than {most} {what}, which is more than is read")]
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
}

impl LittlefsError {
    pub(super) fn damaged(place: &str, reason: impl Into<String>) -> Self {
        let place = if place.is_empty() { "/" } else { place };
        Self::Damaged { place: place.to_owned(), reason: reason.into() }
    }
}

impl Diagnose for LittlefsError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            LittlefsError::Full { need, .. } => Some(format!("give the image at least {need} blocks")),
            _ => None,
        }
    }
}
