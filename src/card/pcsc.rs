//! Cards in readers, through the system's PC/SC service.

use pcsc::{Context, Disposition, Protocols, Scope, ShareMode};
use zeroize::Zeroizing;

use super::apdu::Card;
use super::error::CardError;

/// The card in a reader, ours alone while it is open.
pub(super) struct ReaderCard {
    card: Option<pcsc::Card>,
    reader: String,
}

fn failed(reader: &str) -> impl Fn(pcsc::Error) -> CardError {
    let reader = reader.to_owned();
    move |error| CardError::Reader { reader: reader.clone(), reason: error.to_string() }
}

/// Returns the names of all readers.
pub fn readers() -> Result<Vec<String>, CardError> {
    let context = Context::establish(Scope::User).map_err(failed("any"))?;
    match context.list_readers_owned() {
        Ok(names) => Ok(names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()),
        Err(pcsc::Error::NoReadersAvailable) => Ok(Vec::new()),
        Err(error) => Err(failed("any")(error)),
    }
}

impl ReaderCard {
    /// Connects to the card in the reader of this name, or in the only one.
    pub(super) fn open(name: Option<&str>) -> Result<Self, CardError> {
        let reader = match (name, readers()?.as_slice()) {
            (Some(name), _) => name.to_owned(),
            (None, [only]) => only.clone(),
            (None, several) => {
                let reason = format!("{} are here, so one has to be named: {}", several.len(), several.join("; "));
                return Err(CardError::Reader { reader: "any".to_owned(), reason });
            }
        };
        let context = Context::establish(Scope::User).map_err(failed(&reader))?;
        let bare = std::ffi::CString::new(reader.as_str()).unwrap_or_default();
        let card = context.connect(&bare, ShareMode::Exclusive, Protocols::ANY).map_err(failed(&reader))?;
        Ok(Self { card: Some(card), reader })
    }
}

impl Card for ReaderCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let mut room = Zeroizing::new(vec![0; pcsc::MAX_BUFFER_SIZE]);
        let card = self.card.as_ref().ok_or_else(|| failed(&self.reader)(pcsc::Error::InvalidHandle))?;
        let length = card.transmit(command, &mut room).map_err(failed(&self.reader))?.len();
        room.truncate(length);
        Ok(room)
    }

    /// Resets the card: what is read afterwards comes from its memory, and no PIN stays shown.
    fn finish(&mut self) -> Result<(), CardError> {
        match self.card.take().map(|card| card.disconnect(Disposition::ResetCard)) {
            None | Some(Ok(())) => Ok(()),
            Some(Err((_, error))) => Err(failed(&self.reader)(error)),
        }
    }
}

impl Drop for ReaderCard {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}
