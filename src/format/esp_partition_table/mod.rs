//! The partition table of ESP-IDF: the binary at 0x8000 of the flash, and the CSV that it is made from.
//!
//! Source: ESP-IDF Programming Guide, "Partition Tables"; the rules are those of `gen_esp32part.py`. Rows of the types
//! `bootloader` and `partition_table`, whose places no table file says, are read from the binary and refused in a CSV.

mod binary;
mod csv;
mod error;
mod rules;

pub use binary::{MOST_PARTITIONS, TABLE_BYTES, decode, encode};
pub use csv::{LONGEST_CSV, from_csv};
pub use error::PartitionTableError;
pub use rules::check;

/// Where the table lies unless the bootloader was built otherwise.
pub const USUAL_OFFSET: u32 = 0x8000;
/// The sector of the table: no other partition begins before its end.
const TABLE_SECTOR: u32 = 0x1000;

/// Types of partitions.
pub mod kinds {
    /// A program.
    pub const APP: u8 = 0x00;
    /// Data.
    pub const DATA: u8 = 0x01;
    /// A bootloader.
    pub const BOOTLOADER: u8 = 0x02;
    /// A partition table.
    pub const PARTITION_TABLE: u8 = 0x03;
}

const KINDS: [(&str, u8); 4] = [
    ("app", kinds::APP),
    ("data", kinds::DATA),
    ("bootloader", kinds::BOOTLOADER),
    ("partition_table", kinds::PARTITION_TABLE),
];

const DATA_SUBTYPES: [(&str, u8); 12] = [
    ("ota", 0x00),
    ("phy", 0x01),
    ("nvs", 0x02),
    ("coredump", 0x03),
    ("nvs_keys", 0x04),
    ("efuse", 0x05),
    ("undefined", 0x06),
    ("esphttpd", 0x80),
    ("fat", 0x81),
    ("spiffs", 0x82),
    ("littlefs", 0x83),
    ("tee_ota", 0x90),
];

/// Flags of a partition.
pub mod flags {
    /// Flash encryption covers it.
    pub const ENCRYPTED: u32 = 1 << 0;
    /// The device never writes to it.
    pub const READ_ONLY: u32 = 1 << 1;
}

/// One partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Partition {
    /// Its name: up to 16 bytes.
    pub name: String,
    /// Its type: see [`kinds`].
    pub kind: u8,
    /// Its subtype.
    pub subtype: u8,
    /// Where it begins in the flash.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
    /// See [`flags`].
    pub flags: u32,
}

impl Partition {
    /// Returns the name of the type, if it has one.
    pub fn kind_name(&self) -> Option<&'static str> {
        KINDS.iter().find(|(_, kind)| *kind == self.kind).map(|(name, _)| *name)
    }

    /// Returns the name of the subtype, if it has one.
    pub fn subtype_name(&self) -> Option<String> {
        match (self.kind, self.subtype) {
            (kinds::APP, 0x00) => Some("factory".into()),
            (kinds::APP, slot @ 0x10..=0x1F) => Some(format!("ota_{}", slot - 0x10)),
            (kinds::APP, 0x20) => Some("test".into()),
            (kinds::APP, slot @ 0x30..=0x31) => Some(format!("tee_{}", slot - 0x30)),
            (kinds::DATA, subtype) => {
                DATA_SUBTYPES.iter().find(|(_, known)| *known == subtype).map(|(name, _)| (*name).to_owned())
            }
            (kinds::BOOTLOADER | kinds::PARTITION_TABLE, 0x00) => Some("primary".into()),
            (kinds::BOOTLOADER | kinds::PARTITION_TABLE, 0x01) => Some("ota".into()),
            (kinds::BOOTLOADER, 0x02) => Some("recovery".into()),
            _ => None,
        }
    }

    /// Returns the address behind it; beyond 4 GiB it is the last address.
    pub fn end(&self) -> u32 {
        self.offset.saturating_add(self.size)
    }
}

/// The subtype of that name.
fn subtype_of(kind: u8, name: &str) -> Option<u8> {
    (0..=u8::MAX).find(|subtype| {
        let probe = Partition { name: String::new(), kind, subtype: *subtype, offset: 0, size: 0, flags: 0 };
        probe.subtype_name().is_some_and(|known| known == name)
    })
}
