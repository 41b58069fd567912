//! Opens a card where it is.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::fleet::Digest;
use crate::host::files;

use super::apdu::{Card, Channel};
use super::error::CardError;
use super::files::Pin;
use super::place::CardPlace;
use super::virtual_card::VirtualCard;

/// The longest file of a virtual card, in bytes.
const LONGEST: u64 = 1 << 20;

/// A virtual card in a file; nothing is saved before it is finished.
pub struct FileCard {
    card: VirtualCard,
    path: PathBuf,
    changed: bool,
}

impl FileCard {
    /// Opens it; a file that is not there is a blank card with a number made of the path.
    pub fn open(path: &Path) -> Result<Self, CardError> {
        let damaged = |reason| CardError::Virtual { path: path.display().to_string(), reason };
        let card = if path.try_exists().unwrap_or(true) {
            let bytes = Zeroizing::new(files::read_bounded(path, LONGEST)?);
            VirtualCard::from_json(&bytes).map_err(damaged)?
        } else {
            VirtualCard::blank(&number_of(path))
        };
        Ok(Self { card, path: path.to_owned(), changed: false })
    }
}

/// 89 is the industry of telecommunication, 999 nobody's country.
fn number_of(path: &Path) -> String {
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let digest = Digest::of(place.as_os_str().as_encoded_bytes());
    let digits = digest.as_bytes().iter().take(14).map(|byte| char::from(b'0' + byte % 10));
    "89999".chars().chain(digits).collect()
}

impl Card for FileCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        // Reading and selecting change nothing that is kept.
        self.changed |= matches!(command.get(1), Some(0xd6 | 0xe0 | 0x20));
        Ok(self.card.answer(command))
    }

    fn finish(&mut self) -> Result<(), CardError> {
        if self.changed {
            files::write_atomically(&self.path, &self.card.to_json(), 0o600)?;
            self.changed = false;
        }
        Ok(())
    }
}

/// Opens the card at a place, and shows it the PIN. A PIN that is refused counts on the card, so that is kept.
pub fn open(place: &CardPlace, pin: Option<&Pin>) -> Result<Box<dyn Card>, CardError> {
    let mut card = bare(place)?;
    let shown = pin.map_or(Ok(()), |pin| Channel(&mut *card).verify(pin));
    if shown.is_err() {
        card.finish()?;
    }
    shown.map(|()| card)
}

fn bare(place: &CardPlace) -> Result<Box<dyn Card>, CardError> {
    match place {
        CardPlace::File(path) => Ok(Box::new(FileCard::open(path)?)),
        CardPlace::Script(path) => {
            let text = format!("script:{}", path.display());
            Err(CardError::Place { text, reason: "a list of commands cannot be read as a card" })
        }
        CardPlace::Reader(name) => reader(name.as_deref()),
    }
}

#[cfg(feature = "card")]
fn reader(name: Option<&str>) -> Result<Box<dyn Card>, CardError> {
    Ok(Box::new(super::pcsc::ReaderCard::open(name)?))
}

#[cfg(not(feature = "card"))]
fn reader(name: Option<&str>) -> Result<Box<dyn Card>, CardError> {
    let text = format!("reader:{}", name.unwrap_or_default());
    Err(CardError::Place { text, reason: "this build has no readers (cargo feature `card`)" })
}
