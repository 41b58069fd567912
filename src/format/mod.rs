//! Pure encoders and decoders.
//!
//! Bytes in, values out, and back: nothing here opens a file. Every decoder takes hostile bytes, is bounded, and returns
//! an error instead of a panic.

pub mod cbor;
pub mod senml;
pub mod tlv;
