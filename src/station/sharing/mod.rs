//! A station and the registry that it shares with others: contact, leases, what is told, and going on after a loss.

mod contact;
mod error;
mod outbox;
mod place;
mod reconcile;
mod told;

pub use contact::{Entered, enter};
pub use error::SharingError;
pub use outbox::{Synced, sync};
pub use reconcile::{Reconciled, reconcile};
