//! Pure encoders and decoders: bytes in, values out, and back. No file is opened here and no clock is asked.
//!
//! Every decoder takes hostile bytes, is bounded, and returns an error instead of a panic.

pub mod cbor;
pub mod fat;
pub mod partition;
pub mod read_at;
pub mod senml;
pub mod tlv;

pub use read_at::{ReadAt, Window};
