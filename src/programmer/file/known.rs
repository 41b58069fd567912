//! What a new simulated chip is like: memory and words by the name of the chip.

use std::path::Path;

use crate::fleet::Digest;
use crate::programmer::Mac;

use super::description::{Bits, Burns, Condition, Description, Lock, Number, Part, Protects, Word};

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
        _ if name.starts_with("esp32") => esp32(chip, name),
        _ if name.starts_with("stm32f4") => stm32f4(chip),
        _ if name.starts_with("stm32") => chip.memory = vec![part(0x0800_0000, 512 << 10, 2 << 10)],
        _ if name.starts_with("nrf52840") => nrf(chip, 1 << 20, 4 << 10),
        _ if name.starts_with("nrf52") => nrf(chip, 512 << 10, 4 << 10),
        _ if name.starts_with("nrf51") => nrf(chip, 256 << 10, 1 << 10),
        _ => chip.memory = vec![part(0, 1 << 20, 4 << 10)],
    }
}

/// The ESP32 family: 4 MiB of flash, and block 0 of its fuses where the controller is that of the newer ones (ESP32-C3 technical
/// reference manual, chapter "eFuse Controller": words to burn at 0x0, what is burnt at 0x2C, CONF 0x1CC, CMD 0x1D4).
fn esp32(chip: &mut Description, name: &str) {
    chip.memory = vec![part(0, 4 << 20, 4 << 10)];
    let base = match name {
        "esp32s2" => 0x3F41_A000,
        "esp32s3" => 0x6000_7000,
        "esp32c3" => 0x6000_8800,
        "esp32c6" | "esp32h2" => 0x600B_0800,
        _ => return,
    };
    let word = |offset| Word { address: Number(base + offset), at_reset: Some(Number(0)), ..Word::default() };
    let configuration = Number(base + 0x1CC);
    let burns = Burns { command: Number(2), from: Number(base), to: Number(base + 0x2C), words: 6 };
    chip.words.extend((0..6).map(|at| word(4 * at)));
    chip.words.extend((0..6).map(|at| Word { read_only: true, at_reset: None, ..word(0x2C + 4 * at) }));
    chip.words.push(word(0x1CC));
    chip.words.push(Word {
        needs: Some(Condition { register: configuration, mask: Number(0xFFFF), value: Number(0x5A5A) }),
        burns: Some(burns),
        ..word(0x1D4)
    });
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
