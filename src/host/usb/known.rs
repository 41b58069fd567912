//! Programmers and boot loaders by vendor and product id.
//!
//! From the vendors' own udev rules and driver sources, as those of OpenOCD, probe-rs, esptool, picotool and dfu-util have
//! them. What says by its interface class or its name what it is (DFU, CMSIS-DAP) needs no line here.

use super::kind::ProgrammerKind as Kind;

/// One line: vendor id, product id (none for all of the vendor's), what it is, its name.
pub struct Known {
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id; none for every product of the vendor.
    pub product_id: Option<u16>,
    /// What it is.
    pub kind: Kind,
    /// What people call it.
    pub name: &'static str,
}

const fn one(vendor_id: u16, product_id: u16, kind: Kind, name: &'static str) -> Known {
    Known { vendor_id, product_id: Some(product_id), kind, name }
}

/// The table, by kind.
pub static KNOWN: [Known; 48] = [
    one(0x0483, 0x3744, Kind::Swd, "ST-Link/V1"),
    one(0x0483, 0x3748, Kind::Swd, "ST-Link/V2"),
    one(0x0483, 0x374b, Kind::Swd, "ST-Link/V2-1"),
    one(0x0483, 0x374d, Kind::Swd, "ST-Link/V3 loader"),
    one(0x0483, 0x374e, Kind::Swd, "ST-Link/V3E"),
    one(0x0483, 0x374f, Kind::Swd, "ST-Link/V3S"),
    one(0x0483, 0x3752, Kind::Swd, "ST-Link/V2-1"),
    one(0x0483, 0x3753, Kind::Swd, "ST-Link/V3"),
    one(0x0483, 0x3754, Kind::Swd, "ST-Link/V3"),
    one(0x0483, 0x3755, Kind::Swd, "ST-Link/V3 loader"),
    one(0x0483, 0x3757, Kind::Swd, "ST-Link/V3PWR"),
    Known { vendor_id: 0x1366, product_id: None, kind: Kind::Swd, name: "J-Link" },
    one(0x0d28, 0x0204, Kind::Swd, "DAPLink"),
    one(0x2e8a, 0x000c, Kind::Swd, "Raspberry Pi Debug Probe"),
    one(0x2e8a, 0x0004, Kind::Swd, "picoprobe"),
    one(0x1fc9, 0x0090, Kind::Swd, "LPC-Link2"),
    one(0x1fc9, 0x0143, Kind::Swd, "MCU-Link"),
    one(0x03eb, 0x2111, Kind::Swd, "Microchip EDBG"),
    one(0x03eb, 0x2141, Kind::Swd, "Atmel-ICE"),
    one(0x04b4, 0xf155, Kind::Swd, "KitProg3"),
    one(0x0451, 0xbef3, Kind::Swd, "XDS110"),
    one(0x1a86, 0x8010, Kind::Swd, "WCH-Link, RISC-V mode"),
    one(0x1a86, 0x8011, Kind::Swd, "WCH-Link, ARM mode"),
    one(0x1a86, 0x8012, Kind::Swd, "WCH-LinkE, ARM mode"),
    one(0x1a86, 0x55dd, Kind::Swd, "CH347"),
    one(0x1d50, 0x6018, Kind::Swd, "Black Magic Probe"),
    one(0x20b7, 0x9db1, Kind::Swd, "Glasgow"),
    one(0x303a, 0x1001, Kind::Esp, "ESP32 USB JTAG/serial"),
    one(0x303a, 0x1002, Kind::Esp, "ESP USB bridge"),
    one(0x303a, 0x0002, Kind::Esp, "ESP32-S2 ROM loader"),
    one(0x303a, 0x0009, Kind::Esp, "ESP32-S3 ROM loader"),
    one(0x10c4, 0xea60, Kind::Serial, "CP210x"),
    one(0x10c4, 0xea70, Kind::Serial, "CP2105"),
    one(0x10c4, 0xea71, Kind::Serial, "CP2108"),
    one(0x1a86, 0x7523, Kind::Serial, "CH340"),
    one(0x1a86, 0x5523, Kind::Serial, "CH341"),
    one(0x1a86, 0x55d3, Kind::Serial, "CH343"),
    one(0x1a86, 0x55d4, Kind::Serial, "CH9102"),
    one(0x067b, 0x2303, Kind::Serial, "PL2303"),
    one(0x0403, 0x6001, Kind::Serial, "FT232R"),
    one(0x0403, 0x6010, Kind::Serial, "FT2232"),
    one(0x0403, 0x6011, Kind::Serial, "FT4232H"),
    one(0x0403, 0x6014, Kind::Serial, "FT232H"),
    one(0x0403, 0x6015, Kind::Serial, "FT230X"),
    one(0x2e8a, 0x0003, Kind::Uf2, "RP2040 boot"),
    one(0x2e8a, 0x000f, Kind::Uf2, "RP2350 boot"),
    one(0x1915, 0x521f, Kind::NordicSerialDfu, "nRF open DFU boot loader"),
    one(0x1a86, 0x5512, Kind::SpiI2c, "CH341A"),
];

/// Returns the line of a device, if it has one.
pub fn known(vendor_id: u16, product_id: u16) -> Option<&'static Known> {
    let fits = |line: &&Known| line.vendor_id == vendor_id && line.product_id.is_none_or(|id| id == product_id);
    KNOWN.iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_device_has_two_lines() {
        for (at, line) in KNOWN.iter().enumerate() {
            let same = |other: &Known| {
                other.vendor_id == line.vendor_id
                    && (other.product_id == line.product_id || other.product_id.is_none() || line.product_id.is_none())
            };
            assert!(!KNOWN[at + 1..].iter().any(same), "{}", line.name);
        }
    }

    #[test]
    fn a_whole_vendor_is_known_and_strangers_are_not() {
        assert_eq!(known(0x1366, 0x0105).map(|line| line.name), Some("J-Link"));
        assert!(known(0x0483, 0x0001).is_none());
    }
}
