//! What a new simulated chip is like: memory and words by the name of the chip.

use std::path::Path;

use crate::fleet::Digest;
use crate::programmer::Mac;

use super::description::{Bits, Condition, Description, Lock, Number, Part, Protects, Word};

/// Makes the chip of a new folder. Unique number and MAC address (locally administered) are derived from the folder's name, so
/// that several folders are several chips and one folder is the same chip on every machine.
pub(super) fn new(folder: &Path, name: Option<&str>) -> Description {
    let name = name.unwrap_or("simulated");
    let known = name.to_ascii_lowercase();
    let called = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    let digest = Digest::of(format!("firstlight simulated chip\n{called}").as_bytes());
    let bytes = digest.as_bytes();
    let digits = if known.starts_with("nrf5") { 8 } else { 12 };
    let mut description = Description::empty(name);
    description.uid = Some(hex::encode(&bytes[..digits]));
    description.set_mac(Mac([0x02, bytes[27], bytes[28], bytes[29], bytes[30], bytes[31]]));
    fill(&mut description, &known);
    description
}

fn fill(chip: &mut Description, name: &str) {
    match name {
        _ if name.starts_with("esp32") => chip.memory = vec![part(0, 4 << 20, 4 << 10)],
        _ if name.starts_with("stm32f4") => stm32f4(chip),
        _ if name.starts_with("stm32") => chip.memory = vec![part(0x0800_0000, 512 << 10, 2 << 10)],
        _ if name.starts_with("nrf52840") => nrf(chip, 1 << 20, 4 << 10),
        _ if name.starts_with("nrf52") => nrf(chip, 512 << 10, 4 << 10),
        _ if name.starts_with("nrf51") => nrf(chip, 256 << 10, 1 << 10),
        _ => chip.memory = vec![part(0, 1 << 20, 4 << 10)],
    }
}

/// STM32F405/407 (RM0090, sections 3.3 to 3.9): sectors, and the option bytes with their keys.
fn stm32f4(chip: &mut Description) {
    const OPTCR: Number = Number(0x4002_3C14);
    let opens = Bits { register: OPTCR, mask: Number(1) };
    let unlocked = Condition { register: OPTCR, mask: Number(1), value: Number(0) };
    chip.memory = vec![
        part(0x0800_0000, 64 << 10, 16 << 10),
        part(0x0801_0000, 64 << 10, 64 << 10),
        part(0x0802_0000, 7 * (128 << 10), 128 << 10),
    ];
    chip.words = vec![
        Word {
            address: Number(0x4002_3C08),
            keys: vec![Number(0x0819_2A3B), Number(0x4C5D_6E7F)],
            opens: Some(opens),
            ..Word::default()
        },
        Word { address: Number(0x4002_3C0C), read_only: true, ..Word::default() },
        Word {
            address: OPTCR,
            value: Number(0x0FFF_AAED),
            needs: Some(unlocked),
            saves: Some(Number(2)),
            ..Word::default()
        },
    ];
    let lock = |protects| Lock {
        register: OPTCR,
        mask: Number(0xFF00),
        value: Number(0xAA00),
        unless: true,
        protects,
        after_reset: true,
        holds: false,
    };
    chip.locks = vec![lock(Protects::Read), lock(Protects::Write)];
}

/// nRF51 and nRF52 (nRF52832 product specification, chapters NVMC and UICR): code and UICR, which are written only while
/// NVMC.CONFIG is 1. On an nRF52, APPROTECT closes the debug port at the next reset.
fn nrf(chip: &mut Description, code: u64, page: u64) {
    const CONFIG: Number = Number(0x4001_E504);
    let needs = Some(Condition { register: CONFIG, mask: Number(3), value: Number(1) });
    let uicr = page;
    chip.memory = vec![Part { needs, ..part(0, code, page) }, Part { needs, ..part(0x1000_1000, uicr, page) }];
    chip.words = vec![
        Word { address: Number(0x4001_E400), value: Number(1), read_only: true, ..Word::default() },
        Word { address: CONFIG, at_reset: Some(Number(0)), ..Word::default() },
    ];
    if page == 4 << 10 {
        chip.locks = vec![Lock {
            register: Number(0x1000_1208),
            mask: Number(0xFF),
            value: Number(0xFF),
            unless: true,
            protects: Protects::Debug,
            after_reset: true,
            holds: false,
        }];
    }
}

fn part(start: u64, length: u64, page: u64) -> Part {
    Part { start: Number(start), length: Number(length), page: Number(page), writable: true, needs: None }
}
