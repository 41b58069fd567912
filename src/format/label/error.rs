//! How a label fails.

use crate::fleet::{Class, Diagnose};

/// Why a label cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LabelError {
    /// Nothing to scan.
    #[error("the label's code is empty")]
    Empty,
    /// More than a label holds.
    #[error("the label has {found} {what}, it can hold {most}")]
    TooMuch {
        /// "lines", "bytes in its code", "characters in a line".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        most: usize,
    },
    /// A character that a label cannot show, or a reader could take for another.
    #[error("the label's {place} holds {found:?}, which cannot stand there")]
    Character {
        /// "code" or "line 2".
        place: String,
        /// The first such character.
        found: char,
    },
    /// The stock is too small.
    #[error("the label needs {need} dots of {side}, its stock has {have}")]
    Stock {
        /// "width" or "height".
        side: &'static str,
        /// Dots needed.
        need: u32,
        /// Dots there.
        have: u32,
    },
}

impl Diagnose for LabelError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            LabelError::Stock { .. } => Some("take larger labels, a shorter code or fewer lines".into()),
            _ => None,
        }
    }
}
