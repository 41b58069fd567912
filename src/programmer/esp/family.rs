//! The chips of the family: how each says which it is, and where its registers lie.

/// A chip of the family. Addresses are of the technical reference manuals (register summaries of SPI, eFuse, RTC or LP watchdog).
#[derive(Debug)]
pub(super) struct Family {
    /// `esp32c3`.
    pub(super) name: &'static str,
    /// How it says so.
    pub(super) sign: Sign,
    /// Base of the SPI controller of the flash.
    pub(super) spi: u32,
    /// Its MAC address: the word with the last four bytes; the next word has the first two in its lower half.
    pub(super) mac: u32,
    /// First of the four words of its unique number.
    pub(super) unique: Option<u32>,
    /// The watchdogs that its USB serial port leaves running.
    pub(super) watchdogs: Option<Watchdogs>,
    /// The register whose bit 0 keeps it in its boot loader after a reset.
    pub(super) forces_download: Option<u32>,
    /// Its ROM keeps the speed that it is told; it does not where it takes its crystal for another one.
    pub(super) keeps_speed: bool,
}

/// How a chip says what it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// By the word at [`MAGIC`].
    Magic(u32),
    /// By the chip id that the security information has.
    Id(u32),
}

/// Where both watchdogs are let be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watchdogs {
    pub(super) config: u32,
    pub(super) protect: u32,
    pub(super) key: u32,
    pub(super) super_config: u32,
    pub(super) super_protect: u32,
    pub(super) super_key: u32,
    pub(super) super_feeds_itself: u32,
}

/// A word in ROM that differs from chip to chip.
pub(super) const MAGIC: u32 = 0x4000_1000;
const KEY: u32 = 0x50d8_3aa1;

const fn rtc(config: u32, protect: u32, super_config: u32, super_protect: u32) -> Watchdogs {
    Watchdogs {
        config,
        protect,
        key: KEY,
        super_config,
        super_protect,
        super_key: 0x8f1d_312a,
        super_feeds_itself: 1 << 31,
    }
}

const fn low_power(protect: u32, super_config: u32, super_protect: u32) -> Watchdogs {
    Watchdogs {
        config: 0x600b_1c00,
        protect,
        key: KEY,
        super_config,
        super_protect,
        super_key: KEY,
        super_feeds_itself: 1 << 18,
    }
}

/// All of them.
pub(super) const FAMILY: [Family; 7] = [
    Family {
        name: "esp32",
        sign: Sign::Magic(0x00f0_1d83),
        spi: 0x3ff4_2000,
        mac: 0x3ff5_a004,
        unique: None,
        watchdogs: None,
        forces_download: None,
        keeps_speed: true,
    },
    Family {
        name: "esp32s2",
        sign: Sign::Magic(0x0000_07c6),
        spi: 0x3f40_2000,
        mac: 0x3f41_a044,
        unique: Some(0x3f41_a05c),
        watchdogs: None,
        forces_download: None,
        keeps_speed: true,
    },
    Family {
        name: "esp32s3",
        sign: Sign::Id(9),
        spi: 0x6000_2000,
        mac: 0x6000_7044,
        unique: Some(0x6000_705c),
        watchdogs: Some(rtc(0x6000_8098, 0x6000_80b0, 0x6000_80b4, 0x6000_80b8)),
        forces_download: Some(0x6000_812c),
        keeps_speed: true,
    },
    Family {
        name: "esp32c2",
        sign: Sign::Id(12),
        spi: 0x6000_2000,
        mac: 0x6000_8840,
        unique: None,
        watchdogs: None,
        forces_download: None,
        keeps_speed: false,
    },
    Family {
        name: "esp32c3",
        sign: Sign::Id(5),
        spi: 0x6000_2000,
        mac: 0x6000_8844,
        unique: Some(0x6000_885c),
        watchdogs: Some(rtc(0x6000_8090, 0x6000_80a8, 0x6000_80ac, 0x6000_80b0)),
        forces_download: None,
        keeps_speed: true,
    },
    Family {
        name: "esp32c6",
        sign: Sign::Id(13),
        spi: 0x6000_3000,
        mac: 0x600b_0844,
        unique: Some(0x600b_085c),
        watchdogs: Some(low_power(0x600b_1c18, 0x600b_1c1c, 0x600b_1c20)),
        forces_download: None,
        keeps_speed: true,
    },
    Family {
        name: "esp32h2",
        sign: Sign::Id(16),
        spi: 0x6000_3000,
        mac: 0x600b_0844,
        unique: Some(0x600b_085c),
        watchdogs: Some(low_power(0x600b_1c1c, 0x600b_1c20, 0x600b_1c24)),
        forces_download: None,
        keeps_speed: true,
    },
];

impl Family {
    /// Returns the chip with this name; `ESP32-C3` and `esp32c3` are one.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let plain: String = name.chars().filter(|c| *c != '-').map(|c| c.to_ascii_lowercase()).collect();
        FAMILY.iter().find(|family| family.name == plain)
    }

    /// Returns the names of all chips known.
    pub(super) fn names() -> Vec<String> {
        FAMILY.iter().map(|family| family.name.to_owned()).collect()
    }

    /// Returns the chip that gives this sign.
    pub(super) fn with(sign: Sign) -> Option<&'static Self> {
        FAMILY.iter().find(|family| family.sign == sign)
    }

    /// True for the first of the family, whose SPI controller, requests and fuses are laid out in another way.
    pub(super) fn is_first(&self) -> bool {
        self.sign == Sign::Magic(0x00f0_1d83)
    }
}

/// Returns a flash chip's bytes from its answer to "read JEDEC id": maker, type, capacity (JESD216, and makers' data sheets for
/// those that do not count in powers of two).
pub(super) fn flash_size(id: u32) -> Option<u64> {
    let (maker, kind, capacity) = (id & 0xff, id >> 8 & 0xff, id >> 16 & 0xff);
    if maker == 0x1f {
        // Adesto: the second byte has the size, from 512 KiB.
        return (4..=9).contains(&(kind & 0x1f)).then(|| 1 << (19 + (kind & 0x1f) - 4));
    }
    match capacity {
        0x12..=0x1c => Some(1 << capacity),
        0x20..=0x22 => Some(1 << (26 + capacity - 0x20)),
        0x32..=0x3a => Some(1 << (18 + capacity - 0x32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_as_people_write_it() {
        for name in ["esp32c3", "ESP32-C3", "Esp32-c3"] {
            assert_eq!(Family::named(name).map(|family| family.name), Some("esp32c3"));
        }
        assert!(Family::named("esp8266").is_none());
    }

    #[test]
    fn no_two_chips_give_the_same_sign() {
        for family in &FAMILY {
            assert_eq!(Family::with(family.sign).map(|found| found.name), Some(family.name));
        }
    }

    #[test]
    fn a_flash_chip_says_its_size() {
        assert_eq!(flash_size(0x0016_40ef), Some(4 << 20));
        assert_eq!(flash_size(0x0018_40c8), Some(16 << 20));
        assert_eq!(flash_size(0x0037_25c2), Some(8 << 20));
        assert_eq!(flash_size(0x0020_ba20), Some(64 << 20));
        assert_eq!(flash_size(0x0001_871f), Some(4 << 20));
        for nothing in [0, 0x00ff_ffff, 0x0011_40ef] {
            assert_eq!(flash_size(nothing), None);
        }
    }
}
