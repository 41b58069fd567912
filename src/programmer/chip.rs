//! A chip, as it described itself.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// What a chip said of itself when a programmer connected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Chip {
    /// What it is: `esp32c3`, `nRF51822_xxAA`; a boot loader that does not say is named by its USB identity.
    pub name: String,
    /// Its unique number, lower-case hex in the order its data sheet prints it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Its factory MAC address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Its memory.
    pub memory: Memory,
}

impl Chip {
    /// Returns the number that binds this chip to a record: its unique number, else its MAC address.
    pub fn identity(&self) -> Option<String> {
        self.uid.clone().or_else(|| self.mac.map(|mac| mac.to_string()))
    }
}

/// A 48-bit MAC address (IEEE 802, EUI-48).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.map(|byte| format!("{byte:02x}"));
        f.write_str(&pairs.join(":"))
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The memory a programmer reaches: regions by rising address that do not overlap.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Memory(pub Vec<Region>);

/// One region with pages of one size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Region {
    /// Its addresses.
    pub range: Range<u64>,
    /// Bytes that are erased together; divides the region's length.
    pub page: u64,
    /// False where it must not be written.
    pub writable: bool,
}

impl Memory {
    /// Returns the region that `address` lies in.
    pub fn region(&self, address: u64) -> Option<&Region> {
        self.0.iter().find(|region| region.range.contains(&address))
    }

    /// Returns the page that `address` lies in.
    pub fn page(&self, address: u64) -> Option<Range<u64>> {
        let region = self.region(address)?;
        let start = region.range.start + (address - region.range.start) / region.page * region.page;
        Some(start..(start + region.page).min(region.range.end))
    }

    /// Returns the first address of `range` that is not there, or not to be written; `None` if all of it may be.
    pub fn first_unwritable(&self, range: Range<u64>) -> Option<u64> {
        let mut at = range.start;
        while at < range.end {
            match self.region(at) {
                Some(region) if region.writable => at = region.range.end,
                _ => return Some(at),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let region = |range: Range<u64>, page, writable| Region { range, page, writable };
        Memory(vec![
            region(0..0x800, 0x400, true),
            region(0x800..0x1800, 0x1000, true),
            region(0x1800..0x2800, 0x1000, false),
        ])
    }

    #[test]
    fn a_page_has_the_size_of_its_region() {
        assert_eq!(memory().page(0x3ff), Some(0..0x400));
        assert_eq!(memory().page(0x801), Some(0x800..0x1800));
        assert_eq!(memory().page(0x2800), None);
    }

    #[test]
    fn the_first_address_that_cannot_be_written_is_named() {
        assert_eq!(memory().first_unwritable(0x10..0x1800), None);
        assert_eq!(memory().first_unwritable(0x10..0x1801), Some(0x1800));
        assert_eq!(memory().first_unwritable(0x9000..0x9001), Some(0x9000));
        assert_eq!(memory().first_unwritable(5..5), None);
    }

    #[test]
    fn a_mac_is_shown_as_everybody_does() {
        assert_eq!(Mac([0x7c, 0xdf, 0xa1, 0, 1, 0xff]).to_string(), "7c:df:a1:00:01:ff");
    }
}
