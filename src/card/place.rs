//! Which card is meant, as it is typed.

use std::path::PathBuf;
use std::str::FromStr;

use super::error::CardError;

/// A card: in a file, in a reader, or one to be made by somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CardPlace {
    /// A virtual card.
    File(PathBuf),
    /// A list of commands for whoever makes the card.
    Script(PathBuf),
    /// The card in a reader; with no name in the only one.
    Reader(Option<String>),
}

impl FromStr for CardPlace {
    type Err = CardError;

    fn from_str(text: &str) -> Result<Self, CardError> {
        let wrong = |reason| CardError::Place { text: text.to_owned(), reason };
        match text.split_once(':') {
            Some(("file" | "script", "")) => Err(wrong("no file is named")),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("script", path)) => Ok(Self::Script(path.into())),
            Some(("reader", "")) => Ok(Self::Reader(None)),
            Some(("reader", name)) => Ok(Self::Reader(Some(name.to_owned()))),
            _ => Err(wrong("this kind is not known")),
        }
    }
}
