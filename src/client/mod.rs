//! What runs on the device: finds the medium, judges the bundle, keeps a copy, puts files in place, proves the connection,
//! and restores what was before where the proof fails. Refuses to run where the image does not say that it is a device.

pub mod actions;
pub mod apply;
#[cfg(any(feature = "client", feature = "station"))]
pub mod bootstrap;
pub mod clock;
pub mod connect;
pub mod device;
pub mod disk;
pub mod error;
pub mod facts;
#[cfg(any(feature = "client", feature = "station"))]
pub mod fetched;
pub mod forget;
pub mod generation;
pub mod ingest;
pub mod judge;
pub mod medium;
pub mod mqtt;
pub mod outcome;
pub mod place;
pub mod policy;
#[cfg(any(feature = "client", feature = "station"))]
pub mod register;
#[cfg(any(feature = "client", feature = "station"))]
pub mod registration;
pub mod renewed;
pub mod result_slot;
pub mod state;
pub mod status;
pub mod store;
pub mod testimony;
pub mod tpm;
pub mod trust;
#[cfg(any(feature = "client", feature = "station"))]
pub mod visit;

pub use device::{DEVICE_FILE, Device};
pub use disk::{Change, Disk, Gate, Open};
pub use error::ClientError;
pub use forget::{Forgotten, forget};
pub use ingest::{Client, Wish, ingest};
pub use outcome::{Outcome, Record};
pub use status::{Status, status};
