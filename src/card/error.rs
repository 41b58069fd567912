//! Why a card cannot be read or written.

use crate::fleet::{Class, Diagnose};
use crate::format::pkcs15::Pkcs15Error;
use crate::host::HostError;

/// Why a card cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// A status word that is none of success.
    #[error("the card answered {status:04X} ({words}) to {doing}")]
    Status {
        /// What was asked of it.
        doing: String,
        /// The status word.
        status: u16,
        /// What it means (ISO 7816-4, section 5.6).
        words: &'static str,
    },
    /// A wrong PIN.
    #[error("the card refuses the PIN; {left} tries are left")]
    Pin {
        /// How many more before the card blocks it.
        left: u8,
    },
    /// No card like those of Appendix G.
    #[error("the card has no PKCS#15 application")]
    NoApplication,
    /// A file that is too small.
    #[error("{file} on the card holds {have} bytes, {need} bytes are needed")]
    Small {
        /// Which file.
        file: &'static str,
        /// Bytes needed.
        need: usize,
        /// Bytes there.
        have: usize,
    },
    /// More than one file is said to be the one.
    #[error("the card's directory names {found} different files for LwM2M bootstrap information")]
    Ambiguous {
        /// How many.
        found: usize,
    },
    /// An answer that is none.
    #[error("the card's answer to {doing} has {found} bytes, at least 2 are one")]
    Answer {
        /// What was asked of it.
        doing: String,
        /// Bytes found.
        found: usize,
    },
    /// Directories or objects.
    #[error(transparent)]
    Pkcs15(#[from] Pkcs15Error),
    /// A file of a virtual card.
    #[error(transparent)]
    File(#[from] HostError),
    /// A file that is no virtual card.
    #[error("{path:?} is no virtual card: {reason}")]
    Virtual {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The reader, or what speaks for it.
    #[error("reader {reader:?}: {reason}")]
    Reader {
        /// Its name.
        reader: String,
        /// The system's words.
        reason: String,
    },
    /// Text that names no card.
    #[error("{text:?} names no card: {reason}")]
    Place {
        /// As typed.
        text: String,
        /// Why not.
        reason: &'static str,
    },
    /// A PIN that no card takes.
    #[error("a PIN has 4 to 8 digits")]
    NoPin,
}

impl CardError {
    /// A status word in words.
    pub(super) fn status(doing: &str, status: u16) -> Self {
        let words = match status {
            0x6283 => "the file is deactivated",
            0x6581 => "its memory fails",
            0x6700 => "wrong length",
            0x6982 => "a PIN or a key of the card's issuer is needed",
            0x6983 => "the PIN is blocked",
            0x6985 => "not now",
            0x6a80 => "wrong parameters",
            0x6a81 | 0x6d00 | 0x6e00 => "it cannot do that",
            0x6a82 => "there is no such file",
            0x6a84 => "there is no room",
            0x6a86 | 0x6b00 => "wrong place",
            _ => "an error of its own",
        };
        Self::Status { doing: doing.to_owned(), status, words }
    }
}

impl Diagnose for CardError {
    fn class(&self) -> Class {
        match self {
            CardError::Place { .. } | CardError::Virtual { .. } | CardError::NoPin => Class::Input,
            CardError::Status { status: 0x6982 | 0x6983, .. } | CardError::Pin { .. } | CardError::Ambiguous { .. } => {
                Class::Refused
            }
            CardError::File(error) => error.class(),
            _ => Class::Surroundings,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            CardError::Status { status: 0x6982, .. } => {
                "give the card's PIN; where the card's issuer keeps the right to itself, send it a script: firstlight \
                 card write --to script:FILE"
                    .into()
            }
            CardError::Status { status: 0x6983, .. } => "unblock it with the card's PUK".into(),
            CardError::Status { status: 0x6a81 | 0x6d00 | 0x6e00, .. } | CardError::NoApplication => {
                "a card's issuer makes its files: send it a script: firstlight card write --to script:FILE".into()
            }
            CardError::Small { .. } => "have the card's issuer make a larger file, or use shorter credentials".into(),
            CardError::Place { .. } => "name it as file:PATH, script:PATH, reader:NAME or reader:".into(),
            CardError::Reader { .. } => "look whether pcscd runs and the card is in: pcsc_scan".into(),
            CardError::File(error) => return error.hint(),
            _ => return None,
        })
    }
}
