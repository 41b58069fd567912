//! ESP-IDF's non-volatile storage (NVS): a partition of namespaces, keys and values, in clear or encrypted.
//!
//! Source: ESP-IDF Programming Guide, "Non-Volatile Storage Library", sections "Internals" and "NVS Encryption"; the
//! placement of entries is that of Espressif's partition generator, byte by byte. Version 2 pages are written (a blob may
//! lie on several pages); version 1 is read too.

mod error;
mod item;
mod keys;
mod page;
mod read;
mod wifi;
mod write;
mod xts;

pub use error::NvsError;
pub use item::{IntegerType, Item, LONGEST_BLOB, LONGEST_NAME, LONGEST_TEXT, MOST_NAMESPACES, Value};
pub use keys::{KEY_BYTES, Keys};
pub use page::PAGE;
pub use read::{Contents, LONGEST, decode, is_page};
pub use wifi::with_wifi_entries;
pub use write::{LEAST_READ_WRITE, Partition, encode, encode_into};
