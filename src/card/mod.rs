//! Smartcard Bootstrap: the LwM2M bootstrap file in the PKCS#15 structure of a card, through a reader or in a file.

mod apdu;
mod error;
mod files;
mod open;
#[cfg(feature = "card")]
mod pcsc;
mod place;
mod script;
mod sink;
mod structure;
#[cfg(test)]
mod tests;
mod virtual_card;

pub use apdu::{Card, Channel};
pub use error::CardError;
pub use files::Pin;
pub use open::{FileCard, open};
#[cfg(feature = "card")]
pub use pcsc::readers;
pub use place::CardPlace;
pub use script::ScriptSink;
pub use sink::CardSink;
pub use structure::{Look, look, write};
pub use virtual_card::VirtualCard;
