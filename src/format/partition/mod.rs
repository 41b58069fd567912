//! Partition tables with one partition: written, found again, and what an old one leaves behind cleared.

mod encode;
mod error;
mod find;
mod gpt;
mod mbr;
mod stale;

pub use encode::{ALIGNMENT, Partitioned, encode};
pub use error::PartitionError;
pub use find::{Slot, SlotKind, find_volumes};
pub use stale::{clear_stale, stale_signatures};
