//! The ROM loader of the ESP32 family: a simulated chip that Espressif's esptool takes for one, then ours on the same chip.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "common/esp_rom.rs"]
mod esp_rom;
#[path = "format/python.rs"]
mod python;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use esp_rom::EspRom;
use firstlight::fleet::{Class, Diagnose as _};
use firstlight::format::{Segment, esp_partition_table};
use firstlight::host::Machine;
use firstlight::programmer::esp::Loader;
use firstlight::programmer::{Act, Programmer, ProgrammerError, ProgrammerSelector};
use serde_json::json;
use tempfile::TempDir;

const MAC: &str = "7c:df:a1:00:00:01";
const PARTITION: u64 = 0x9000;
const SECRET: &[u8] = b"hunter2-is-the-password";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn loader(rom: &EspRom, chip: Option<&str>) -> Box<dyn Programmer> {
    open(&format!("esp:{}", rom.url()), chip, &Machine::new()).unwrap()
}

fn open(typed: &str, chip: Option<&str>, machine: &Machine) -> Result<Box<dyn Programmer>, ProgrammerError> {
    match ProgrammerSelector::parse(typed).unwrap() {
        ProgrammerSelector::Esp(line) => Loader::open(&line, chip, machine),
        other => panic!("{other:?} is no ESP32"),
    }
}

/// A partition of 24 KiB as a factory writes it: data in its first three sectors, the marks of SLIP among them, then blank.
fn partition() -> Vec<u8> {
    let mut bytes = vec![0xff; 0x6000];
    for (at, byte) in bytes[..0x2a00].iter_mut().enumerate() {
        *byte = u8::try_from(at * 7 % 251).unwrap();
    }
    bytes[0x100..0x300].fill(0xc0);
    bytes[0x300..0x400].fill(0xdb);
    bytes[..SECRET.len()].copy_from_slice(SECRET);
    bytes
}

fn segments() -> Vec<Segment> {
    vec![Segment::new(PARTITION, partition())]
}

fn flash(loader: &mut dyn Programmer) -> Result<(), ProgrammerError> {
    loader.connect()?;
    loader.write(&segments(), &|_, _| {})?;
    let back = loader.read(PARTITION..PARTITION + 0x200)?;
    assert!(back.expose(|bytes| bytes == &partition()[..0x200]), "another content was read than written");
    loader.release()
}

#[track_caller]
fn holds_the_partition(rom: &EspRom) {
    let content = rom.content();
    let (before, behind) = (&content[..0x9000], &content[0xf000..]);
    assert!(content[0x9000..0xf000] == partition(), "the partition is not in the flash");
    assert!(before.iter().chain(behind).all(|byte| *byte == 0xff), "something else was touched");
}

/// esptool first: an identity, a flash chip, writing, verifying the right file and refusing the wrong one, reading.
fn esptool_takes_it_for_a_chip(chip: &str, name: &str, more: &[&str]) {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &[&["--chip", chip, "--mac", MAC], more].concat());
    let said = rom.esptool(&["flash-id"]);
    for words in [name, MAC, "Detected flash size: 4MB"] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let (right, wrong, read) = (folder.path().join("right"), folder.path().join("wrong"), folder.path().join("read"));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    fs::write(&right, partition()).unwrap();
    fs::write(&wrong, [&[1], &partition()[1..]].concat()).unwrap();
    rom.esptool(&["write-flash", "0x9000", &path(&right)]);
    holds_the_partition(&rom);
    rom.esptool(&["verify-flash", "0x9000", &path(&right)]);
    let refused = rom.foreign("esptool", "auto", &["verify-flash", "0x9000", &path(&wrong)]);
    assert!(!refused.status.success(), "esptool verified what is not there");
    rom.esptool(&["read-flash", "0x9000", "0x100", &path(&read)]);
    assert_eq!(fs::read(&read).unwrap(), partition()[..0x100]);
    // Then ours: the same identity, nothing left to do.
    let mut loader = loader(&rom, Some(chip));
    let identity = loader.connect().unwrap();
    assert_eq!((identity.name.as_str(), identity.mac.unwrap().to_string().as_str()), (chip, MAC));
    assert_eq!(identity.memory.0[0].range, 0..4 << 20);
    let traffic = loader.write(&segments(), &|_, _| {}).unwrap();
    assert_eq!((traffic.erased, traffic.unchanged), (0, 0x6000));
}

#[test]
fn esptool_takes_the_simulated_esp32_for_one_and_ours_agrees() {
    esptool_takes_it_for_a_chip("esp32", "ESP32", &[]);
}

#[test]
fn esptool_takes_the_simulated_esp32c3_for_one_and_ours_agrees() {
    esptool_takes_it_for_a_chip("esp32c3", "ESP32-C3", &[]);
}

#[test]
fn esptool_takes_the_simulated_esp32s3_for_one_and_ours_agrees_over_a_terminal() {
    esptool_takes_it_for_a_chip("esp32s3", "ESP32-S3", &["--pty"]);
}

#[test]
fn every_chip_is_flashed_over_tcp_and_esptool_verifies_what_ours_wrote() {
    for chip in ["esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c6", "esp32h2"] {
        let folder = folder();
        let rom = EspRom::start(folder.path(), &["--chip", chip]);
        flash(&mut *loader(&rom, Some(chip))).unwrap();
        holds_the_partition(&rom);
        if ["esp32", "esp32c6"].contains(&chip) {
            let file = folder.path().join("right");
            fs::write(&file, partition()).unwrap();
            rom.esptool(&["verify-flash", "0x9000", file.to_str().unwrap()]);
        }
    }
}

#[test]
fn a_terminal_is_found_by_the_port_of_its_usb_device_and_is_ours_alone() {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &["--pty"]);
    let root = folder.path().join("root");
    let device = root.join("sys/devices/usb1/1-4/1-4.2");
    let tty = device.join("1-4.2:1.0/ttyUSB0/tty/ttyUSB0");
    for made in [&tty, &root.join("sys/class/tty"), &root.join("dev")] {
        fs::create_dir_all(made).unwrap();
    }
    symlink(device.join("1-4.2:1.0/ttyUSB0"), tty.join("device")).unwrap();
    symlink(&tty, root.join("sys/class/tty/ttyUSB0")).unwrap();
    symlink(&rom.address, root.join("dev/ttyUSB0")).unwrap();
    for (name, text) in [("idVendor", "10c4\n"), ("idProduct", "ea60\n"), ("serial", "0001\n")] {
        fs::write(device.join(name), text).unwrap();
    }
    let machine = Machine::at(&root);
    let mut loader = open("esp:port=1-4.2", Some("esp32c3"), &machine).unwrap();
    loader.connect().unwrap();
    let link = loader.link();
    assert_eq!((link.name.as_str(), link.port.as_deref()), ("esp:port=1-4.2", Some("1-4.2")));
    assert_eq!(link.serial.as_deref(), Some("0001"));
    let second = open(&format!("esp:{}", rom.address), None, &Machine::new()).unwrap().connect();
    assert!(matches!(second, Err(ProgrammerError::Busy { .. })), "{second:?}");
    flash(&mut *loader).unwrap();
    holds_the_partition(&rom);
    let absent = open("esp:port=1-4.3", None, &machine).unwrap().connect();
    assert!(matches!(absent, Err(ProgrammerError::Absent { .. })));
}

#[test]
fn what_is_no_line_to_a_chip_is_told_as_such() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "nothing").unwrap();
    let connect = |typed: &str| open(typed, None, &Machine::new()).unwrap().connect().unwrap_err();
    let typed = connect(&format!("esp:{}", file.display()));
    assert!(matches!(typed, ProgrammerError::Selector { .. }), "{typed}");
    let missing = connect(&format!("esp:{}", folder.path().join("ttyUSB9").display()));
    assert!(matches!(missing, ProgrammerError::Absent { .. }), "{missing}");
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = connect(&format!("esp:socket://{port}"));
    assert!(matches!(closed, ProgrammerError::Absent { .. }), "{closed}");
    let unknown = open("esp:/dev/ttyUSB0", Some("esp8266"), &Machine::new()).err();
    assert!(matches!(unknown, Some(ProgrammerError::UnknownChip { .. })));
}

#[test]
fn another_chip_and_a_locked_one_are_refused_before_anything_is_written() {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &["--chip", "esp32s3"]);
    let wrong = flash(&mut *loader(&rom, Some("esp32c3"))).unwrap_err();
    assert!(matches!(wrong, ProgrammerError::WrongChip { .. }), "{wrong}");
    drop(rom);
    let rom = EspRom::start(folder.path(), &["--secure-download"]);
    let locked = flash(&mut *loader(&rom, Some("esp32c3"))).unwrap_err();
    assert!(matches!(locked, ProgrammerError::Locked { .. }), "{locked}");
    assert!(rom.content().iter().all(|byte| *byte == 0xff));
}

#[test]
fn a_cable_that_falls_out_at_any_command_is_told_and_the_same_chip_is_finished_later() {
    let folder = folder();
    let all = {
        let rom = EspRom::start(folder.path(), &[]);
        flash(&mut *loader(&rom, None)).unwrap();
        rom.count().2
    };
    assert!(all > 30);
    // Each of the first that are new, and some of the like that follow.
    for after in (0..all).filter(|after| after % 5 == 0 || *after + 3 > all) {
        fs::remove_file(folder.path().join("flash.bin")).unwrap();
        let rom = EspRom::start(folder.path(), &["--die-after", &after.to_string()]);
        let gone = flash(&mut *loader(&rom, Some("esp32c3"))).unwrap_err();
        assert!(matches!(gone, ProgrammerError::Gone { .. }), "{after}: {gone}");
        assert_eq!(gone.class(), Class::Surroundings);
        drop(rom);
        let rom = EspRom::start(folder.path(), &[]);
        flash(&mut *loader(&rom, Some("esp32c3"))).unwrap();
        holds_the_partition(&rom);
    }
}

#[test]
fn a_chip_that_fails_is_told_by_how_it_fails_and_no_secret_is_in_the_words() {
    type Right = fn(&ProgrammerError) -> bool;
    let ways: [(&[&str], Right); 6] = [
        (&["--flip", "0xa001"], |error| matches!(error, ProgrammerError::Differs { address: 0xa000, .. })),
        (&["--wrong-md5"], |error| matches!(error, ProgrammerError::Differs { .. })),
        (&["--silent-after", "40"], |error| matches!(error, ProgrammerError::Silent { .. })),
        (&["--garbage-at", "40"], |error| matches!(error, ProgrammerError::Silent { .. })),
        (&["--refuse-at", "40"], |error| matches!(error, ProgrammerError::Device { doing: "writing", .. })),
        (&["--silent-after", "40", "--pty"], |error| matches!(error, ProgrammerError::Silent { .. })),
    ];
    for (arguments, right) in ways {
        let folder = folder();
        let rom = EspRom::start(folder.path(), arguments);
        let failed = flash(&mut *loader(&rom, None)).unwrap_err();
        assert!(right(&failed), "{arguments:?}: {failed}");
        assert!(!format!("{failed} {failed:?}").contains("hunter2"));
        drop(rom);
        let rom = EspRom::start(folder.path(), &[]);
        flash(&mut *loader(&rom, None)).unwrap();
        holds_the_partition(&rom);
    }
}

#[test]
fn a_terminal_whose_other_end_goes_away_is_told() {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &["--pty", "--die-after", "40"]);
    let gone = flash(&mut *loader(&rom, None)).unwrap_err();
    assert!(matches!(gone, ProgrammerError::Gone { .. }), "{gone}");
}

#[test]
fn a_rom_that_does_not_read_flash_says_so_and_proves_by_digest() {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &["--no-slow-read"]);
    let mut loader = loader(&rom, None);
    loader.connect().unwrap();
    assert!(!loader.capabilities().reads_back);
    loader.write(&segments(), &|_, _| {}).unwrap();
    holds_the_partition(&rom);
    assert!(matches!(loader.read(0..4), Err(ProgrammerError::Unable { .. })));
    let beside = [Segment::new(PARTITION + 1, vec![1])];
    assert!(matches!(loader.write(&beside, &|_, _| {}), Err(ProgrammerError::Unable { .. })));
    holds_the_partition(&rom);
}

#[test]
fn four_at_once_come_to_four_verdicts() {
    let ways: [&[&str]; 4] =
        [&["--die-after", "45"], &["--flip", "0x9002"], &["--chip", "esp32s3"], &["--mac", "7c:df:a1:00:00:02"]];
    let chips: Vec<(TempDir, EspRom)> = ways
        .iter()
        .map(|way| {
            let folder = folder();
            let rom = EspRom::start(folder.path(), way);
            (folder, rom)
        })
        .collect();
    let verdicts: Vec<Result<(), ProgrammerError>> = std::thread::scope(|scope| {
        let each = |(_, rom)| scope.spawn(move || flash(&mut *loader(rom, Some("esp32c3"))));
        let running: Vec<_> = chips.iter().map(|(folder, rom)| each((folder, rom))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(matches!(verdicts[0], Err(ProgrammerError::Gone { .. })), "{:?}", verdicts[0]);
    assert!(matches!(verdicts[1], Err(ProgrammerError::Differs { .. })), "{:?}", verdicts[1]);
    assert!(matches!(verdicts[2], Err(ProgrammerError::WrongChip { .. })), "{:?}", verdicts[2]);
    verdicts[3].as_ref().unwrap();
    holds_the_partition(&chips[3].1);
}

#[test]
fn a_partition_table_that_espressifs_generator_made_is_read_from_the_chip() {
    const GENERATOR: &str = r"
import json, sys
from esp_idf_defs.partitions import PartitionTable
table = PartitionTable.from_csv(json.load(sys.stdin))
json.dump(table.to_binary().hex(), sys.stdout)
";
    let text = "nvs, data, nvs, , 0x6000,\nphy_init, data, phy, , 0x1000,\nfactory, app, factory, , 1M,\n";
    let folder = folder();
    let file = folder.path().join("table.bin");
    fs::write(&file, python::bytes(&python::ask(GENERATOR, &json!(text)))).unwrap();
    let rom = EspRom::start(folder.path(), &["--chip", "esp32"]);
    rom.esptool(&["write-flash", "0x8000", file.to_str().unwrap()]);
    let mut loader = loader(&rom, Some("esp32"));
    loader.connect().unwrap();
    let read = loader.read(0x8000..0x8c00).unwrap();
    let partitions = read.expose(esp_partition_table::decode).unwrap();
    let named: Vec<_> = partitions.iter().map(|partition| (partition.name.as_str(), partition.offset)).collect();
    assert_eq!(named, [("nvs", 0x9000), ("phy_init", 0xf000), ("factory", 0x1_0000)]);
}

#[test]
fn a_lock_recipe_burns_a_fuse_that_espefuse_sees() {
    let folder = folder();
    let rom = EspRom::start(folder.path(), &["--chip", "esp32c3", "--unique", "000102030405060708090a0b0c0d0e0f"]);
    let mut loader = loader(&rom, Some("esp32c3"));
    assert_eq!(loader.connect().unwrap().uid.as_deref(), Some("000102030405060708090a0b0c0d0e0f"));
    let summary = || {
        let out = rom.foreign("espefuse", "esp32c3", &["summary"]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let jtag = |summary: &str| {
        let line = summary.lines().find(|line| line.starts_with("DIS_PAD_JTAG")).unwrap();
        line.contains("= True")
    };
    loader.release().unwrap();
    drop(loader);
    let before = summary();
    assert!(!jtag(&before));
    assert!(
        before.contains("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"),
        "the unique number in espefuse's order"
    );

    // Bit 19 of the first repeated word (technical reference manual, eFuse, DIS_PAD_JTAG).
    let (laid, configuration, command) = (0x6000_8804, 0x6000_89cc, 0x6000_89d4);
    let write = |address, value| Act::Write { address, value };
    let done = Act::Wait { address: command, mask: 3, value: 0, within: 1000 };
    let recipe = [
        write(laid, 1 << 19),
        write(configuration, 0x5a5a),
        write(command, 2),
        done.clone(),
        write(configuration, 0x5aa5),
        write(command, 1),
        done,
    ];
    let mut loader = self::loader(&rom, Some("esp32c3"));
    loader.connect().unwrap();
    let registers = loader.registers().unwrap();
    for act in recipe {
        match act {
            Act::Write { address, value } => registers.write32(address, value).unwrap(),
            Act::Wait { address, mask, value, .. } => assert_eq!(registers.read32(address).unwrap() & mask, value),
            Act::Reset => unreachable!("the recipe has none"),
        }
    }
    assert_eq!(registers.read32(0x6000_8830).unwrap() >> 19 & 1, 1, "what was burnt is observed");
    drop(loader);
    assert!(jtag(&summary()));
}

#[test]
fn no_more_bytes_cross_the_wire_than_esptool_needs_for_the_same_partition() {
    let mut full = partition();
    for (at, byte) in full.iter_mut().enumerate().skip(0x2a00) {
        *byte = u8::try_from(at * 13 % 239).unwrap();
    }
    for (content, bound) in [(full, 100), (partition(), 60)] {
        let (theirs, ours) = (folder(), folder());
        let file = theirs.path().join("partition.bin");
        fs::write(&file, &content).unwrap();
        let rom = EspRom::start(theirs.path(), &[]);
        rom.esptool(&["write-flash", "0x9000", file.to_str().unwrap()]);
        let (to, from, _) = rom.count();
        let other = EspRom::start(ours.path(), &[]);
        let mut loader = loader(&other, None);
        loader.connect().unwrap();
        loader.write(&[Segment::new(PARTITION, content)], &|_, _| {}).unwrap();
        loader.release().unwrap();
        assert!(other.content() == rom.content());
        let (our_to, our_from, _) = other.count();
        assert!((our_to + our_from) * 100 <= (to + from) * bound, "{our_to} + {our_from} to {to} + {from}");
    }
}
