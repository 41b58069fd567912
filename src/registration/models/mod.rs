//! Models at registration and after: which one a device gets, how it changes, how models come in and go out.

#[cfg(test)]
mod acts_tests;
mod by_hand;
pub(super) mod changes;
pub(super) mod choice;
pub(super) mod export;
pub(super) mod files;
pub(super) mod publishing;
pub(super) mod shelf;
#[cfg(test)]
mod tests;

pub use by_hand::{ByHand, WantedValue};
pub use changes::{ApprovalError, Reassigned};
pub use choice::{ModelQuestion, Pointed};
pub use export::{ExportError, ExportForm, Exported};
pub use files::{ModelFormat, Naming, ReadModels, read_models};
pub use publishing::PublishError;
pub use shelf::Models;
