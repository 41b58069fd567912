//! The procedures of a station: open a fleet, take one device through every step, take a batch through.
//!
//! Knows the rooms below and the order of things; knows no SQL, no USB and no command line.

pub mod aftercare;
pub mod batch;
pub mod batch_error;
pub mod batches;
pub mod bay;
pub mod bundle_keys;
pub mod consent;
pub mod deliver;
pub mod error;
pub mod flash;
pub mod flash_error;
pub mod found;
pub mod gang;
pub mod hook;
pub mod hooks;
pub mod issue;
pub mod label;
pub mod line;
pub mod line_control;
pub mod load;
pub mod locking;
pub mod open;
mod overwritten;
pub mod post;
pub mod programmers;
pub mod recipe;
pub mod rehearse;
pub mod save;
pub mod scaffold;
pub mod seal;
pub mod select;
pub mod sharing;
pub mod shelf;
pub mod slots;
pub mod target;
pub mod together;
pub mod trust;

pub use aftercare::Aftercare;
pub use batch::{Batch, Outcome, Verdict};
pub use batch_error::BatchError;
pub use consent::{AcceptPort, AcceptTarget, ChipConsent, StationFiles};
pub use deliver::{Delivered, Delivery};
pub use error::StationError;
pub use flash::{Flash, Flashed, Queue, Wish};
pub use flash_error::FlashError;
pub use gang::Gang;
pub use hooks::Hooks;
pub use locking::{ConfirmLock, Locking, Recipes};
pub use open::Station;
pub use post::Surroundings;
pub use select::Selection;
pub use shelf::Shelf;
pub use target::TargetSpec;
pub use together::Together;
