//! Pure encoders and decoders: bytes in, values out, and back. No file is opened here and no clock is asked.
//!
//! Every decoder takes hostile bytes, is bounded, and returns an error instead of a panic.

pub mod cbor;
#[cfg(feature = "station")]
pub mod coap;
mod crc32;
#[cfg(feature = "station")]
pub mod ddf;
#[cfg(feature = "station")]
pub mod discovered;
#[cfg(feature = "station")]
pub mod esp_partition_table;
#[cfg(feature = "station")]
pub mod esp_secure_cert;
pub mod fat;
pub mod intel_hex;
#[cfg(feature = "station")]
pub mod label;
mod leaves;
pub mod littlefs;
#[cfg(feature = "station")]
pub mod nvs;
pub mod partition;
#[cfg(feature = "station")]
pub mod payload;
#[cfg(feature = "station")]
pub mod pkcs15;
pub mod read_at;
pub mod segment;
pub mod senml;
pub mod tar;
pub mod tlv;
pub mod uf2;
#[cfg(feature = "station")]
pub mod wot;

pub use read_at::{ReadAt, Window};
pub use segment::Segment;
