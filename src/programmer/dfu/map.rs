//! The memory map of a DfuSe device, from the names of its alternate settings (UM0424, section 4.3.2):
//! `@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg`.

use std::ops::Range;

use crate::programmer::{Memory, Region};

/// Addresses have 32 bits.
const END: u64 = 1 << 32;
/// The largest sector that is believed, 16 MiB: it is read, kept and written as a whole.
const LARGEST_SECTOR: u64 = 16 << 20;
/// The most zones of one device.
const MOST_ZONES: usize = 256;

/// Sectors of one size and one kind, in one alternate setting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Zone {
    /// The alternate setting that reaches it.
    pub(super) alternate: u8,
    /// The name of that: `Option Bytes`.
    pub(super) name: String,
    /// Its addresses.
    pub(super) range: Range<u64>,
    /// Bytes of a sector.
    pub(super) sector: u64,
    /// It can be read.
    pub(super) readable: bool,
    /// It can be erased.
    pub(super) erasable: bool,
    /// It can be written.
    pub(super) writable: bool,
}

impl Zone {
    /// Returns true for option bytes, which are erased and written all together (AN3156, Write memory).
    pub(super) fn is_options(&self) -> bool {
        self.name.to_ascii_lowercase().contains("option")
    }

    /// Returns true where data may be written: what can be erased again, and read, so that neighbours are kept.
    fn holds_data(&self) -> bool {
        self.readable && self.erasable && self.writable && !self.is_options()
    }
}

/// All zones of a device by rising address; none overlaps another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Map(pub(super) Vec<Zone>);

impl Map {
    /// Reads the names of the alternate settings. Settings without a map (`@` is missing) are left out.
    pub(super) fn read(alternates: &[(u8, String)]) -> Result<Self, String> {
        let mut zones = Vec::new();
        for (alternate, text) in alternates {
            if let Some(map) = text.strip_prefix('@') {
                zones.extend(read(map, *alternate).map_err(|why| format!("its memory map {text:?} is broken: {why}"))?);
            }
        }
        zones.sort_by_key(|zone| zone.range.start);
        if zones.is_empty() {
            return Err("it names no memory".to_owned());
        }
        if zones.len() > MOST_ZONES {
            return Err(format!("it names {} pieces of memory, more than {MOST_ZONES}", zones.len()));
        }
        let mut pairs = zones.iter().zip(zones.iter().skip(1));
        if let Some((one, two)) = pairs.find(|(one, two)| two.range.start < one.range.end) {
            return Err(format!("its {:?} and {:?} share the address {:#x}", one.name, two.name, two.range.start));
        }
        Ok(Self(zones))
    }

    /// Returns the zone that an address lies in.
    pub(super) fn zone(&self, address: u64) -> Option<&Zone> {
        self.0.iter().find(|zone| zone.range.contains(&address))
    }

    /// Returns where the first program of the device begins: the lowest address of its first memory that holds data.
    pub(super) fn start(&self) -> Option<&Zone> {
        self.0.iter().filter(|zone| zone.holds_data()).min_by_key(|zone| (zone.alternate, zone.range.start))
    }

    /// Returns the map as everybody knows it. Only zones that can be read, erased and written are writable: one-time memory,
    /// RAM and option bytes are reached word by word, never by data.
    pub(super) fn memory(&self) -> Memory {
        let region = |zone: &Zone| Region { range: zone.range.clone(), page: zone.sector, writable: zone.holds_data() };
        Memory(self.0.iter().map(region).collect())
    }
}

fn read(map: &str, alternate: u8) -> Result<Vec<Zone>, String> {
    let mut parts = map.split('/');
    let name = parts.next().unwrap_or_default().trim().to_owned();
    let mut zones = Vec::new();
    while let Some(address) = parts.next() {
        let mut at = start(address.trim())?;
        let sectors = parts.next().ok_or_else(|| format!("no sectors follow {address:?}"))?;
        for text in sectors.split(',') {
            let zone = zone(text, &name, alternate, at)?;
            at = zone.range.end;
            zones.push(zone);
        }
    }
    if zones.is_empty() { Err("it has no address".to_owned()) } else { Ok(zones) }
}

fn start(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let address = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    address.map(u64::from).ok_or_else(|| format!("{text:?} is no address"))
}

/// Reads `04*016Kg`: count, size, unit (blank or `B`, `K`, `M`), kind (`a` to `g`, whose lowest bits say: readable, erasable, writable).
fn zone(text: &str, name: &str, alternate: u8, at: u64) -> Result<Zone, String> {
    let wrong = || format!("{text:?} are no sectors");
    let (count, rest) = text.trim().split_once('*').ok_or_else(wrong)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (size, letters) = rest.split_at(digits);
    let (unit, kind) = match letters.trim_end().as_bytes() {
        [kind] | [b' ' | b'B', kind] => (1, *kind),
        [b'K', kind] => (1 << 10, *kind),
        [b'M', kind] => (1 << 20, *kind),
        _ => return Err(wrong()),
    };
    if !(b'a'..=b'g').contains(&kind) {
        return Err(wrong());
    }
    let number =
        |digits: &str| digits.parse::<u32>().ok().filter(|number| *number > 0).map(u64::from).ok_or_else(wrong);
    let (count, sector) = (number(count)?, number(size)?.saturating_mul(unit));
    let end = count.checked_mul(sector).and_then(|length| at.checked_add(length)).filter(|end| *end <= END);
    let end = end.ok_or_else(|| format!("{text:?} from {at:#x} on ends beyond 32 bits of address"))?;
    if sector > LARGEST_SECTOR {
        return Err(format!("a sector of {sector} bytes is larger than {LARGEST_SECTOR}"));
    }
    let has = |bit: u8| kind & bit != 0;
    let (readable, erasable, writable) = (has(1), has(2), has(4));
    Ok(Zone { alternate, name: name.to_owned(), range: at..end, sector, readable, erasable, writable })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(texts: &[&str]) -> Result<Map, String> {
        let alternates: Vec<(u8, String)> = (0..).zip(texts.iter().map(|text| (*text).to_owned())).collect();
        Map::read(&alternates)
    }

    #[test]
    fn sectors_of_several_sizes_follow_each_other() {
        let map = map(&["@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"]).unwrap();
        let seen: Vec<(u64, u64)> = map.0.iter().map(|zone| (zone.range.start, zone.sector)).collect();
        assert_eq!(seen, [(0x0800_0000, 16 << 10), (0x0801_0000, 64 << 10), (0x0802_0000, 128 << 10)]);
        assert_eq!(map.0[2].range.end, 0x0810_0000);
        assert_eq!(map.memory().first_unwritable(0x0800_0000..0x0810_0000), None);
    }

    #[test]
    fn a_kind_says_what_can_be_done() {
        let flags = |kind: &str| {
            let map = map(&[&format!("@M/0x0/1*8 {kind}")]).unwrap();
            (map.0[0].readable, map.0[0].erasable, map.0[0].writable)
        };
        assert_eq!(flags("a"), (true, false, false));
        assert_eq!(flags("b"), (false, true, false));
        assert_eq!(flags("c"), (true, true, false));
        assert_eq!(flags("d"), (false, false, true));
        assert_eq!(flags("e"), (true, false, true));
        assert_eq!(flags("f"), (false, true, true));
        assert_eq!(flags("g"), (true, true, true));
    }

    #[test]
    fn option_bytes_and_one_time_memory_are_there_and_take_no_data() {
        let map = map(&[
            "@Internal Flash   /0x08000000/512*0002Kg",
            "@Option Bytes   /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e",
            "@OTP Memory   /0x1FFF7000/01*0001Ke",
            "no map",
        ])
        .unwrap();
        assert_eq!(map.0.iter().map(|zone| zone.alternate).collect::<Vec<_>>(), [0, 2, 1, 1]);
        assert!(map.zone(0x1fff_f800).unwrap().is_options());
        assert_eq!(map.memory().first_unwritable(0x1fff_7800..0x1fff_7804), Some(0x1fff_7800));
        assert_eq!(map.memory().first_unwritable(0x1fff_7000..0x1fff_7004), Some(0x1fff_7000));
        assert_eq!(map.start().unwrap().range.start, 0x0800_0000);
    }

    #[test]
    fn hostile_maps_are_errors() {
        for text in [
            "@",
            "@Flash",
            "@Flash/",
            "@Flash/0x0",
            "@Flash/0x0/",
            "@Flash/8000/1*1Kg",
            "@Flash/0x100000000/1*1Kg",
            "@Flash/0x0/0*1Kg",
            "@Flash/0x0/1*0Kg",
            "@Flash/0x0/1*1K",
            "@Flash/0x0/1*1Gg",
            "@Flash/0x0/1*1Kh",
            "@Flash/0x0/1*1Kg,",
            "@Flash/0x0/-1*1Kg",
            "@Flash/0x0/1*99999999999Kg",
            "@Flash/0x0/4294967295*16Mg",
            "@Flash/0xfffffff0/1*1Kg",
            "@Flash/0x0/1*17Mg",
            "@Flash/0x0/1*1Kg/0x0/1*1Kg",
            "@Flash/0x0/1*1\u{130}g",
        ] {
            assert!(map(&[text]).is_err(), "{text}");
        }
        assert!(map(&["@A/0x0/2*1Kg", "@B/0x400/1*1Kg"]).unwrap_err().contains("share the address 0x400"));
        assert!(map(&["no map"]).is_err());
        let many = format!("@A/0x0/{}", vec!["1*1 g"; 257].join(","));
        assert!(map(&[&many]).is_err());
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(text in "@[A ]{0,3}(/0x[0-9a-f]{0,9}/[0-9*KMBg, é]{0,20}){0,3}") {
            if let Ok(map) = map(&[&text]) {
                prop_assert!(map.0.iter().all(|zone| zone.range.end <= END && zone.range.start < zone.range.end));
                prop_assert!(map.0.iter().all(|zone| (zone.range.end - zone.range.start) % zone.sector == 0));
            }
        }
    }
}
