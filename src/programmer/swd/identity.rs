//! Who a chip is: its unique number and address by the registers its reference manual documents, and whether it is the kind
//! that the profile names.

use super::order::Failure;

/// How a unique number is written.
#[derive(Clone, Copy)]
enum Written {
    /// As one number: the word at the highest address first (Nordic's DEVICEID is bits 31..0, then 63..32).
    Number,
    /// Word by word as the manual lists them, by rising address (ST's U_ID, Microchip's serial number words).
    Words,
}

/// A family: how its names begin, where its unique number lies, how that is written.
struct Family {
    names: &'static [&'static str],
    words: &'static [u64],
    written: Written,
}

/// The first that fits counts.
const FAMILIES: &[Family] = &[
    // nRF51 Series Reference Manual 3.0, 7.2 FICR; nRF52 product specifications, FICR: DEVICEID[0], DEVICEID[1].
    Family { names: &["nRF51", "nRF52"], words: &[0x1000_0060, 0x1000_0064], written: Written::Number },
    // nRF5340 and nRF9160 product specifications, FICR: INFO.DEVICEID[0], INFO.DEVICEID[1].
    Family { names: &["nRF5340", "nRF91"], words: &[0x00ff_0204, 0x00ff_0208], written: Written::Number },
    // RM0091 33.1 (the value line, STM32F030 and F070, documents none).
    Family { names: &["STM32F030", "STM32F070"], words: &[], written: Written::Words },
    Family { names: &["STM32F0"], words: &[0x1fff_f7ac, 0x1fff_f7b0, 0x1fff_f7b4], written: Written::Words },
    // RM0008 30.2, RM0041 26.2.
    Family { names: &["STM32F1"], words: &[0x1fff_f7e8, 0x1fff_f7ec, 0x1fff_f7f0], written: Written::Words },
    // RM0033 33.1; RM0090 39.1 and the other manuals of the F4.
    Family { names: &["STM32F2", "STM32F4"], words: &[0x1fff_7a10, 0x1fff_7a14, 0x1fff_7a18], written: Written::Words },
    // RM0316 34.1.
    Family { names: &["STM32F3"], words: &[0x1fff_f7ac, 0x1fff_f7b0, 0x1fff_f7b4], written: Written::Words },
    // RM0431 (F72x, F73x); RM0385 41.1 and RM0410 (F74x to F77x).
    Family {
        names: &["STM32F72", "STM32F73"],
        words: &[0x1ff0_7a10, 0x1ff0_7a14, 0x1ff0_7a18],
        written: Written::Words,
    },
    Family { names: &["STM32F7"], words: &[0x1ff0_f420, 0x1ff0_f424, 0x1ff0_f428], written: Written::Words },
    // RM0377 28.2: the third word does not follow the second.
    Family { names: &["STM32L0"], words: &[0x1ff8_0050, 0x1ff8_0054, 0x1ff8_0064], written: Written::Words },
    // RM0351 49.1, RM0440 48.1, RM0444 41.1, RM0434 42.1, RM0453.
    Family {
        names: &["STM32L4", "STM32G4", "STM32G0", "STM32WB5", "STM32WB3", "STM32WB1", "STM32WL"],
        words: &[0x1fff_7590, 0x1fff_7594, 0x1fff_7598],
        written: Written::Words,
    },
    // RM0455 (H7A3, H7B0, H7B3); RM0433 61.1 and RM0399.
    Family {
        names: &["STM32H7A", "STM32H7B"],
        words: &[0x08ff_f800, 0x08ff_f804, 0x08ff_f808],
        written: Written::Words,
    },
    Family { names: &["STM32H7R", "STM32H7S"], words: &[], written: Written::Words },
    Family { names: &["STM32H7"], words: &[0x1ff1_e800, 0x1ff1_e804, 0x1ff1_e808], written: Written::Words },
    // RM0438 (L5), RM0456 (U5).
    Family { names: &["STM32L5"], words: &[0x0bfa_0590, 0x0bfa_0594, 0x0bfa_0598], written: Written::Words },
    Family { names: &["STM32U5"], words: &[0x0bfa_0700, 0x0bfa_0704, 0x0bfa_0708], written: Written::Words },
    // SAM D21 data sheet DS40001882, 10.3.3 Serial Number.
    Family {
        names: &["ATSAMD20", "ATSAMD21", "ATSAML21", "ATSAMC20", "ATSAMC21"],
        words: &[0x0080_a00c, 0x0080_a040, 0x0080_a044, 0x0080_a048],
        written: Written::Words,
    },
    // SAM D5x/E5x data sheet DS60001507, 9.6 Serial Number.
    Family {
        names: &["ATSAMD51", "ATSAME51", "ATSAME53", "ATSAME54"],
        words: &[0x0080_61fc, 0x0080_6010, 0x0080_6014, 0x0080_6018],
        written: Written::Words,
    },
];

/// Where ST's device id lies (DBGMCU_IDCODE, bits 11..0) and what it is for a line; debug chapters of the manuals above.
const ST: &[(&str, u64, &[u32])] = &[
    ("STM32F0", 0x4001_5800, &[0x440, 0x442, 0x444, 0x445, 0x448]),
    ("STM32F1", 0xe004_2000, &[0x410, 0x412, 0x414, 0x418, 0x420, 0x428, 0x430]),
    ("STM32F2", 0xe004_2000, &[0x411]),
    ("STM32F3", 0xe004_2000, &[0x422, 0x432, 0x438, 0x439, 0x446]),
    ("STM32F405", 0xe004_2000, &[0x413]),
    ("STM32F407", 0xe004_2000, &[0x413]),
    ("STM32F415", 0xe004_2000, &[0x413]),
    ("STM32F417", 0xe004_2000, &[0x413]),
    ("STM32F42", 0xe004_2000, &[0x419]),
    ("STM32F43", 0xe004_2000, &[0x419]),
    ("STM32F401", 0xe004_2000, &[0x423, 0x433]),
    ("STM32F410", 0xe004_2000, &[0x458]),
    ("STM32F411", 0xe004_2000, &[0x431]),
    ("STM32F412", 0xe004_2000, &[0x441]),
    ("STM32F413", 0xe004_2000, &[0x463]),
    ("STM32F423", 0xe004_2000, &[0x463]),
    ("STM32F446", 0xe004_2000, &[0x421]),
    ("STM32F469", 0xe004_2000, &[0x434]),
    ("STM32F479", 0xe004_2000, &[0x434]),
    ("STM32F7", 0xe004_2000, &[0x449, 0x451, 0x452]),
    ("STM32L0", 0x4001_5800, &[0x417, 0x425, 0x447, 0x457]),
    ("STM32L4", 0xe004_2000, &[0x415, 0x435, 0x461, 0x462, 0x464, 0x470, 0x471]),
    ("STM32G0", 0x4001_5800, &[0x456, 0x460, 0x466, 0x467]),
    ("STM32G4", 0xe004_2000, &[0x468, 0x469, 0x479]),
];
/// The core's own name (Armv6-M B3.2.3, Armv7-M B3.2.3: CPUID), and Nordic's device address (FICR DEVICEADDRTYPE, DEVICEADDR).
const CPUID: u64 = 0xe000_ed00;
const NORDIC_ADDRESS: [u64; 3] = [0x1000_00a0, 0x1000_00a4, 0x1000_00a8];

type Word<'a> = dyn FnMut(u64) -> Result<u32, Failure> + 'a;

fn family(name: &str) -> Option<&'static Family> {
    let found = FAMILIES.iter().find(|family| family.names.iter().any(|start| begins(name, start)))?;
    (!found.words.is_empty()).then_some(found)
}

fn begins(name: &str, start: &str) -> bool {
    name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// True if chips of this name have a unique number that is documented and lies in memory.
pub(super) fn has_uid(name: &str) -> bool {
    family(name).is_some()
}

/// Reads the unique number, lower-case hex; `None` where there is none, or it was never written.
pub(super) fn uid(name: &str, word: &mut Word<'_>) -> Result<Option<String>, Failure> {
    let Some(family) = family(name) else { return Ok(None) };
    let mut words = family.words.iter().map(|at| word(*at)).collect::<Result<Vec<_>, _>>()?;
    if words.iter().all(|word| *word == 0) || words.iter().all(|word| *word == u32::MAX) {
        return Ok(None);
    }
    if matches!(family.written, Written::Number) {
        words.reverse();
    }
    Ok(Some(words.iter().map(|word| hex::encode(word.to_be_bytes())).collect()))
}

/// Reads the device address of an nRF51 or nRF52 where it is a public one (IEEE EUI-48). A random one is no MAC address.
pub(super) fn mac(name: &str, word: &mut Word<'_>) -> Result<Option<[u8; 6]>, Failure> {
    if !begins(name, "nRF51") && !begins(name, "nRF52") {
        return Ok(None);
    }
    let [kind, low, high] = NORDIC_ADDRESS;
    if word(kind)? & 1 != 0 {
        return Ok(None);
    }
    let (low, high) = (word(low)?, word(high)?);
    let mut address = [0; 6];
    address[..2].copy_from_slice(&high.to_be_bytes()[2..]);
    address[2..].copy_from_slice(&low.to_be_bytes());
    Ok(Some(address))
}

/// Refuses a chip that is another than `name` says, as far as documented registers tell: the kind of core, ST's device id.
pub(super) fn check(name: &str, core: Core, word: &mut Word<'_>) -> Result<(), Failure> {
    let wrong = |have: String| Failure::WrongChip { want: name.to_owned(), have };
    let part = word(CPUID)? >> 4 & 0xfff;
    if !core.parts().is_empty() && !core.parts().contains(&part) {
        let have = CORES.iter().find(|(number, _)| *number == part).map(|(_, words)| (*words).to_owned());
        return Err(wrong(have.unwrap_or_else(|| format!("a core with part number {part:#05x}"))));
    }
    let Some((_, at, ids)) = ST.iter().filter(|(start, ..)| begins(name, start)).max_by_key(|(start, ..)| start.len())
    else {
        return Ok(());
    };
    let id = word(*at)? & 0xfff;
    if ids.contains(&id) { Ok(()) } else { Err(wrong(format!("an STM32 with device id {id:#05x}"))) }
}

/// Part numbers of Arm's cores.
const CORES: &[(u32, &str)] = &[
    (0xc20, "a Cortex-M0"),
    (0xc21, "a Cortex-M1"),
    (0xc23, "a Cortex-M3"),
    (0xc24, "a Cortex-M4"),
    (0xc27, "a Cortex-M7"),
    (0xc60, "a Cortex-M0+"),
    (0xd20, "a Cortex-M23"),
    (0xd21, "a Cortex-M33"),
    (0xd22, "a Cortex-M55"),
    (0xd31, "a Cortex-M35P"),
];

/// The architecture a chip's first core has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Core {
    /// Cortex-M0, M0+, M1.
    Armv6m,
    /// Cortex-M3.
    Armv7m,
    /// Cortex-M4, M7.
    Armv7em,
    /// Anything else: not judged.
    Other,
}

impl Core {
    fn parts(self) -> &'static [u32] {
        match self {
            Self::Armv6m => &[0xc20, 0xc21, 0xc60],
            Self::Armv7m => &[0xc23],
            Self::Armv7em => &[0xc24, 0xc27],
            Self::Other => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn chip(words: &[(u64, u32)]) -> impl FnMut(u64) -> Result<u32, Failure> {
        let words: BTreeMap<u64, u32> = words.iter().copied().collect();
        move |at| words.get(&at).copied().ok_or_else(|| Failure::Device(format!("nothing at {at:#x}")))
    }

    #[test]
    fn a_unique_number_is_written_as_its_maker_prints_it() {
        let nordic = [(0x1000_0060, 0x89ab_cdef), (0x1000_0064, 0x0123_4567)];
        assert_eq!(uid("nRF51822_xxAA", &mut chip(&nordic)).unwrap().as_deref(), Some("0123456789abcdef"));
        let st = [(0x1fff_7a10, 0x0043_0031), (0x1fff_7a14, 0x3532_510b), (0x1fff_7a18, 0x3533_3434)];
        assert_eq!(uid("stm32f405RGTx", &mut chip(&st)).unwrap().as_deref(), Some("004300313532510b35333434"));
        let small = [(0x1ff8_0050, 1), (0x1ff8_0054, 2), (0x1ff8_0064, 3)];
        assert_eq!(uid("STM32L053C8Tx", &mut chip(&small)).unwrap().as_deref(), Some("000000010000000200000003"));
    }

    #[test]
    fn no_number_is_made_up() {
        assert_eq!(uid("RP2040", &mut chip(&[])).unwrap(), None);
        assert_eq!(uid("STM32F030F4Px", &mut chip(&[])).unwrap(), None);
        let blank = [(0x1000_0060, u32::MAX), (0x1000_0064, u32::MAX)];
        assert_eq!(uid("nRF52840_xxAA", &mut chip(&blank)).unwrap(), None);
        assert!(uid("nRF52840_xxAA", &mut chip(&[])).is_err());
        assert!(has_uid("nRF5340_xxAA") && !has_uid("RP2040") && !has_uid("nRF5"));
    }

    #[test]
    fn only_a_public_address_is_a_mac() {
        let words = |kind| [(0x1000_00a0, kind), (0x1000_00a4, 0x5566_7788), (0x1000_00a8, 0xffff_0344)];
        let public = [0x03, 0x44, 0x55, 0x66, 0x77, 0x88];
        assert_eq!(mac("nRF52832_xxAA", &mut chip(&words(0xffff_fffe))).unwrap(), Some(public));
        assert_eq!(mac("nRF52832_xxAA", &mut chip(&words(0xffff_ffff))).unwrap(), None);
        assert_eq!(mac("STM32F405RGTx", &mut chip(&[])).unwrap(), None);
    }

    #[test]
    fn another_core_or_another_device_id_is_the_wrong_chip() {
        let says = |cpuid, id| [(CPUID, cpuid), (0xe004_2000, id)];
        assert!(check("STM32F405RGTx", Core::Armv7em, &mut chip(&says(0x410f_c241, 0x1007_6413))).is_ok());
        let other = check("STM32F405RGTx", Core::Armv7em, &mut chip(&says(0x410f_c241, 0x1007_6431)));
        assert!(matches!(other, Err(Failure::WrongChip { ref have, .. }) if have.contains("0x431")), "{other:?}");
        let other = check("STM32F405RGTx", Core::Armv7em, &mut chip(&says(0x410c_c200, 0)));
        assert!(matches!(other, Err(Failure::WrongChip { ref have, .. }) if have == "a Cortex-M0"), "{other:?}");
        assert!(check("nRF51822_xxAA", Core::Armv6m, &mut chip(&says(0x410c_c200, 0))).is_ok());
        assert!(check("something", Core::Other, &mut chip(&says(0, 0))).is_ok());
    }
}
