//! Flash images: from a sealed artifact to the bytes at their addresses, and back to their meaning.

mod cbor_map;
mod encode;
mod error;
mod layout;
mod meaning;
mod values;

pub use encode::{encode, pieces};
pub use error::ImageError;
pub use layout::{Layout, Placed};
pub use meaning::{Judged, judge};
pub use values::{Files, check_room, check_text, trimmed};
