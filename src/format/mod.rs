//! Pure encoders and decoders: bytes in, bytes out. No file is opened here and no clock is asked.

pub mod cbor;
pub mod fat;
pub mod partition;
pub mod read_at;
pub mod senml;
pub mod tlv;

pub use read_at::{ReadAt, Window};
