//! firstlight brings devices to their first connection.
//!
//! From one fleet file and one record for each device it makes the device's credentials, renders its bootstrap bundle,
//! and writes it to the medium the device reads. The rooms below are floors: a room uses only the floors under its own
//! (`tests/architecture.rs` holds the list; `docs/ARCHITECTURE.md` says what each room owns).

#![forbid(non_ascii_idents)]

pub mod bundle;
pub mod client;
pub mod delivery;
pub mod fleet;
pub mod format;
pub mod host;
pub mod medium;

#[cfg(feature = "station")]
pub mod authority;
#[cfg(feature = "station")]
pub mod bootstrap;
#[cfg(feature = "station")]
pub mod card;
#[cfg(feature = "station")]
pub mod coap;
#[cfg(feature = "station")]
pub mod dtls;
#[cfg(feature = "station")]
pub mod ledger;
#[cfg(feature = "station")]
pub mod management;
#[cfg(feature = "station")]
pub mod programmer;
#[cfg(feature = "station")]
pub mod registration;
#[cfg(feature = "station")]
pub mod registry;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "station")]
pub mod station;

pub mod command;
pub mod ui;
