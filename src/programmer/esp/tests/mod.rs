//! The programmer over a chip in memory: what it says, what it writes, and every exchange going wrong in every way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;

use proptest::prelude::*;

use super::family::FAMILY;
use crate::fleet::{Class, Diagnose as _};
use crate::format::Segment;
use crate::programmer::{Chip, Mac, Programmer, ProgrammerError};
use bench::{FLASH, MAC, Mishap, Shared};

const SECRET: &[u8] = b"hunter2-is-the-password";

/// Two segments: one that fills its sectors, with what is blank at its end, and one that lies within a sector.
fn segments() -> Vec<Segment> {
    let mut whole = vec![0xff; 0x4000];
    whole[..SECRET.len()].copy_from_slice(SECRET);
    whole[0x1000..0x1800].fill(0xc0);
    whole[0x3ffe] = 0xdb;
    vec![Segment::new(0x9000, whole), Segment::new(0x2_0010, SECRET.to_vec())]
}

fn wanted(before: &[u8]) -> Vec<u8> {
    let mut wanted = before.to_vec();
    for segment in segments() {
        let at = usize::try_from(segment.address).unwrap();
        segment.bytes.expose(|bytes| wanted[at..at + bytes.len()].copy_from_slice(bytes));
    }
    wanted
}

/// A chip with something else in its flash.
fn used() -> Shared {
    let bench = Shared::new("esp32c3");
    let pattern: Vec<u8> = (0..=250).collect();
    let mut flash = pattern.repeat(FLASH / pattern.len() + 1);
    flash.truncate(FLASH);
    bench.lock().flash = flash;
    bench
}

fn write(loader: &mut dyn Programmer) -> Result<Chip, ProgrammerError> {
    let chip = loader.connect()?;
    loader.write(&segments(), &|_, _| {})?;
    loader.read(0x9000..0xa001)?;
    loader.registers().unwrap().read32(0x6000_8800)?;
    loader.release()?;
    Ok(chip)
}

#[test]
fn every_chip_of_the_family_says_who_it_is() {
    for family in &FAMILY {
        let bench = Shared::new(family.name);
        if let Some(unique) = family.unique {
            bench.lock().registers.extend((0..4).map(|n| (unique + 4 * n, 0x0302_0100 + n)));
        }
        let chip = bench.loader(Some(family.name)).connect().unwrap();
        assert_eq!((chip.name.as_str(), chip.mac), (family.name, Some(Mac(MAC))));
        assert_eq!(chip.uid.as_deref(), family.unique.map(|_| "00010203010102030201020303010203"));
        assert_eq!((chip.memory.0[0].range.clone(), chip.memory.0[0].page), (0..FLASH as u64, 0x1000));
    }
}

#[test]
fn a_chip_without_a_unique_number_is_known_by_its_address() {
    let chip = Shared::new("esp32c3").loader(None).connect().unwrap();
    assert_eq!((chip.uid.clone(), chip.identity().as_deref()), (None, Some("7c:df:a1:00:01:02")));
}

#[test]
fn another_chip_than_the_profiles_is_refused_and_a_locked_one_too() {
    let wrong = Shared::new("esp32s3").loader(Some("ESP32-C3")).connect().unwrap_err();
    assert!(matches!(&wrong, ProgrammerError::WrongChip { want, have, .. } if want == "esp32c3" && have == "esp32s3"));
    for name in ["esp32c3", "esp32s3"] {
        let bench = Shared::new(name);
        bench.lock().secure_download = true;
        assert!(matches!(bench.loader(None).connect(), Err(ProgrammerError::Locked { .. })), "{name}");
    }
    let bench = Shared::new("esp32c3");
    bench.lock().registers.retain(|address, _| address >> 12 != 0x60008);
    assert!(matches!(bench.loader(None).connect(), Err(ProgrammerError::Protocol { .. })), "no MAC address");
    let bench = Shared::new("esp32c3");
    bench.lock().registers.retain(|address, _| address >> 12 != 0x60002);
    assert!(matches!(bench.loader(None).connect(), Err(ProgrammerError::NoChip { .. })), "no flash");
}

#[test]
fn only_what_differs_is_erased_what_is_blank_is_not_sent_and_neighbours_are_kept() {
    let bench = used();
    let before = bench.lock().flash.clone();
    let mut loader = bench.connected();
    let traffic = loader.write(&segments(), &|done, all| assert!(done <= all)).unwrap();
    assert!(bench.lock().flash == wanted(&before));
    assert_eq!(bench.lock().erased, [0x9000, 0xa000, 0xb000, 0xc000, 0x2_0000]);
    assert_eq!((traffic.erased, traffic.unchanged), (0x5000, 0));
    // 1 KiB of the first sector, 2 of the second, none of the third, 4 of the fourth, whose data is at its end; the neighbour.
    assert_eq!(traffic.programmed, 0x400 + 0x800 + 0x1000 + 0x1000);
    assert_eq!(bench.lock().blocks.len() as u64 * 0x400, traffic.programmed);
    let again = loader.write(&segments(), &|_, _| {}).unwrap();
    assert_eq!((again.erased, again.programmed, again.unchanged), (0, 0, 0x5000));
    assert_eq!(bench.lock().erased.len(), 5);
}

#[test]
fn nothing_is_erased_before_everything_was_checked() {
    let bench = used();
    let mut loader = bench.connected();
    let beyond = [segments().remove(0), Segment::new(FLASH as u64 - 1, vec![0; 2])];
    assert!(matches!(loader.write(&beyond, &|_, _| {}), Err(ProgrammerError::Range { .. })));
    assert!(matches!(loader.read(FLASH as u64 - 1..FLASH as u64 + 1), Err(ProgrammerError::Range { .. })));
    assert!(bench.lock().erased.is_empty());
}

#[test]
fn a_rom_that_does_not_read_says_so_and_still_writes_whole_sectors() {
    let bench = used();
    bench.lock().reads = false;
    let before = bench.lock().flash.clone();
    let mut loader = bench.connected();
    assert!(!loader.capabilities().reads_back);
    assert!(matches!(loader.read(0..4), Err(ProgrammerError::Unable { .. })));
    assert!(matches!(loader.write(&segments(), &|_, _| {}), Err(ProgrammerError::Unable { .. })));
    assert!(bench.lock().erased.is_empty(), "a sector was erased that could not be kept");
    loader.write(&segments()[..1], &|_, _| {}).unwrap();
    assert!(bench.lock().flash[..0xd000] == wanted(&before)[..0xd000]);
}

#[test]
fn a_byte_that_does_not_keep_its_value_is_found_by_its_sector() {
    let bench = used();
    bench.lock().worn = Some(0xa123);
    let failed = bench.connected().write(&segments(), &|_, _| {}).unwrap_err();
    assert!(matches!(failed, ProgrammerError::Differs { address: 0xa000, .. }), "{failed}");
    assert_eq!(failed.class(), Class::Differs);
}

#[test]
fn a_block_that_did_not_arrive_whole_is_sent_again_and_not_for_ever() {
    let bench = used();
    let before = bench.lock().flash.clone();
    let mut loader = bench.connected();
    let first_block = {
        let probe = used();
        let mut loader = probe.connected();
        probe.lock().commands.clear();
        loader.write(&segments(), &|_, _| {}).unwrap();
        let commands = &probe.lock().commands;
        commands.iter().position(|command| *command == 0x03).unwrap()
    };
    bench.spoil(first_block, Mishap::Refused(0x07));
    loader.write(&segments(), &|_, _| {}).unwrap();
    assert!(bench.lock().flash == wanted(&before));
}

#[test]
fn whatever_exchange_goes_wrong_the_error_is_right_and_the_next_try_succeeds() {
    let count = {
        let bench = used();
        write(&mut bench.loader(None)).unwrap();
        bench.lock().exchanges
    };
    assert!(count > 50, "{count}");
    let ways = [
        Mishap::Silence,
        Mishap::Lost,
        Mishap::Unplugged,
        Mishap::NotSent,
        Mishap::Refused(0x06),
        Mishap::Refused(0x05),
        Mishap::Bytes(vec![0xc0, 1, 0xc0, 0xc0, 0xdb, 0xc0]),
        Mishap::Bytes([vec![0xc0], vec![7; 3000], vec![0xc0]].concat()),
    ];
    for mishap in ways {
        for n in 0..count {
            let bench = used();
            let before = bench.lock().flash.clone();
            bench.spoil(n, mishap.clone());
            let mut loader = bench.loader(None);
            if let Err(error) = write(&mut loader) {
                judge(&error, &mishap, n);
            } else {
                // A greeting is repeated, a loader is left without an answer, and a ROM may not know how to read.
                assert!(n < 2 || n + 1 == count || matches!(mishap, Mishap::Refused(5)), "{mishap:?} {n} went unseen");
            }
            bench.lock().mishap = None;
            write(&mut loader).unwrap();
            assert!(bench.lock().flash == wanted(&before), "{mishap:?} {n}");
        }
    }
}

fn judge(error: &ProgrammerError, mishap: &Mishap, n: usize) {
    use ProgrammerError as E;
    let said = format!("{error} {error:?}");
    assert!(!said.contains("hunter2") && !said.contains("68756e74"), "{said}");
    let right = match mishap {
        Mishap::Silence | Mishap::Lost | Mishap::Bytes(_) => matches!(error, E::Silent { .. }),
        Mishap::Unplugged | Mishap::NotSent => matches!(error, E::Gone { .. }),
        Mishap::Refused(5) => matches!(error, E::Device { .. } | E::Locked { .. } | E::Unable { .. }),
        Mishap::Refused(_) => matches!(error, E::Device { .. } | E::NoChip { .. }),
    };
    assert!(right, "{mishap:?} {n}: {said}");
}

#[test]
fn what_an_unfinished_write_erased_on_one_chip_is_not_put_back_on_another() {
    let (bench, before) = (used(), used().lock().flash.clone());
    let mut loader = bench.connected();
    // The last block: the sector around the second segment is erased and not written.
    let count = {
        let probe = used();
        let mut loader = probe.connected();
        probe.lock().exchanges = 0;
        loader.write(&segments(), &|_, _| {}).unwrap();
        probe.lock().exchanges
    };
    bench.spoil(count - 2, Mishap::Silence);
    loader.write(&segments(), &|_, _| {}).unwrap_err();
    assert!(bench.lock().flash != wanted(&before));
    bench.lock().flash = before.clone();
    bench.lock().registers.insert(0x6000_8844, 7);
    loader.connect().unwrap();
    loader.write(&segments()[..1], &|_, _| {}).unwrap();
    assert!(bench.lock().flash[0x2_0000..] == before[0x2_0000..]);
}

#[test]
fn after_a_failure_nothing_is_done_before_it_is_connected_again() {
    let bench = used();
    let mut loader = bench.connected();
    bench.spoil(0, Mishap::Silence);
    assert!(matches!(loader.read(0..4), Err(ProgrammerError::Silent { .. })));
    assert!(matches!(loader.read(0..4), Err(ProgrammerError::NoChip { .. })));
    assert!(matches!(loader.write(&segments(), &|_, _| {}), Err(ProgrammerError::NoChip { .. })));
    loader.connect().unwrap();
    assert_eq!(loader.read(0..4).unwrap().len(), 4);
}

#[test]
fn a_serial_port_resets_the_chip_into_its_loader_and_out_of_it() {
    let bench = used();
    bench.lock().lines = Some(Vec::new());
    let mut loader = bench.connected();
    assert_eq!(bench.lock().lines.as_ref().unwrap().join(" "), "D0R0 D1R1 D0R1 D1R0 D0R0");
    bench.lock().lines.as_mut().unwrap().clear();
    loader.registers().unwrap().reset().unwrap();
    assert_eq!(bench.lock().lines.as_ref().unwrap().join(" "), "D0R0 D1R1 D0R1 D1R0 D0R0");
    bench.lock().lines.as_mut().unwrap().clear();
    loader.release().unwrap();
    assert_eq!(bench.lock().lines.as_ref().unwrap().join(" "), "D0R1 D0R0");
    assert!(!bench.lock().commands.contains(&0x04), "the reset ends the loader, not a command");
}

#[test]
fn a_chip_that_was_told_to_stay_in_its_loader_is_told_to_leave_it() {
    let bench = Shared::new("esp32s3");
    bench.lock().lines = Some(Vec::new());
    bench.lock().registers.insert(0x6000_812c, 3);
    bench.connected().release().unwrap();
    assert_eq!(bench.lock().registers[&0x6000_812c], 2, "its other bits stay");
}

#[test]
fn the_chips_own_usb_port_is_reset_in_its_way_and_its_watchdogs_are_let_be() {
    let bench = used();
    bench.lock().lines = Some(Vec::new());
    bench.lock().chips_usb = true;
    bench.connected();
    let lock = bench.lock();
    assert_eq!(lock.lines.as_ref().unwrap().join(" "), "D0R0 D1R0 D1R1 D0R1 D0R0");
    assert_eq!((lock.registers[&0x6000_8090], lock.registers[&0x6000_80ac]), (0, 1 << 31));
    assert!(!lock.commands.contains(&0x0f), "it has no speed");
}

#[test]
fn a_chip_that_does_not_follow_to_another_speed_is_spoken_to_at_the_first() {
    let bench = used();
    bench.lock().lines = Some(Vec::new());
    bench.lock().follows = false;
    let mut loader = bench.connected();
    assert_eq!(loader.read(0..4).unwrap().len(), 4);
    assert!(bench.lock().lines.as_ref().unwrap().len() > 5, "it was reset a second time");
}

#[test]
fn another_chip_behind_a_reset_is_not_taken_for_the_first() {
    let bench = used();
    bench.lock().lines = Some(Vec::new());
    let mut loader = bench.connected();
    bench.lock().registers.insert(0x6000_8844, 7);
    assert!(matches!(loader.registers().unwrap().reset(), Err(ProgrammerError::NoChip { .. })));
    assert!(matches!(loader.read(0..4), Err(ProgrammerError::NoChip { .. })));
}

#[test]
fn registers_are_words_at_addresses_of_words() {
    let bench = used();
    let mut loader = bench.connected();
    let registers = loader.registers().unwrap();
    registers.write32(0x6000_8800, 5).unwrap();
    assert_eq!(registers.read32(0x6000_8800).unwrap(), 5);
    assert!(matches!(registers.read32(0x6000_8801), Err(ProgrammerError::Range { .. })));
    assert!(matches!(registers.write32(1 << 32, 0), Err(ProgrammerError::Range { .. })));
    assert!(matches!(registers.reset(), Err(ProgrammerError::Unable { .. })), "this line cannot reset");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn no_answer_breaks_it(
        n in 0..90_usize,
        bytes in prop::collection::vec(prop_oneof![2 => Just(0xc0_u8), 1 => Just(0xdb), 2 => Just(1), 6 => any::<u8>()], 0..120),
        framed in any::<bool>(),
        command in prop::sample::select(vec![2_u8, 3, 8, 9, 0x0a, 0x0e, 0x13, 0x14]),
    ) {
        let bytes = if framed { [&[0xc0, 1, command][..], &bytes, &[0xc0]].concat() } else { bytes };
        let bench = used();
        let before = bench.lock().flash.clone();
        bench.spoil(n, Mishap::Bytes(bytes));
        let mut loader = bench.loader(None);
        let _ = write(&mut loader);
        bench.lock().mishap = None;
        prop_assert!(write(&mut loader).is_ok());
        prop_assert!(bench.lock().flash == wanted(&before));
    }
}
