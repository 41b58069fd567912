//! The procedures of a station: open a fleet, take one device through every step, take a batch through.
//!
//! Knows the rooms below and the order of things; knows no SQL, no USB and no command line.

pub mod batch;
pub mod bundle_keys;
pub mod consent;
pub mod deliver;
pub mod error;
pub mod found;
pub mod hook;
pub mod issue;
pub mod load;
pub mod open;
mod overwritten;
pub mod post;
pub mod recipe;
pub mod save;
pub mod scaffold;
pub mod seal;
pub mod select;
pub mod shelf;
pub mod target;
pub mod together;
pub mod trust;

pub use batch::{Batch, Outcome, Verdict};
pub use consent::{AcceptPort, AcceptTarget, StationFiles};
pub use deliver::{Delivered, Delivery};
pub use error::StationError;
pub use open::Station;
pub use post::Surroundings;
pub use select::Selection;
pub use shelf::Shelf;
pub use target::TargetSpec;
pub use together::Together;
