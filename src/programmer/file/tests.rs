use std::fs;
use std::os::unix::fs::PermissionsExt;

use rcgen::PublicKeyData as _;

use super::*;
use crate::fleet::Class;
use crate::fleet::Diagnose;
use crate::programmer::Mac;

fn chip(folder: &Path, name: Option<&str>) -> SimulatedChip {
    SimulatedChip::at(folder.to_str().unwrap(), name)
}

/// Makes a chip in a folder of its own and lets go of it.
fn made(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chip-1");
    let mut chip = chip(&path, Some(name));
    chip.connect().unwrap();
    chip.release().unwrap();
    (folder, path)
}

fn change(path: &Path, pointer: &str, value: serde_json::Value) {
    let file = path.join("chip.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent).unwrap()[key] = value;
    fs::write(&file, json.to_string()).unwrap();
}

fn fault(path: &Path, on: &str, nth: u64, does: &str) {
    change(path, "/faults", serde_json::json!([{"at": {"on": on, "nth": nth, "does": does}}]));
}

fn holds(path: &Path, segments: &[Segment]) -> bool {
    let mut chip = chip(path, None);
    chip.connect().unwrap();
    segments.iter().all(|segment| {
        let is = chip.read(segment.address..segment.end().unwrap()).unwrap();
        segment.bytes.expose(|wanted| is.expose(|is| is == wanted))
    })
}

fn segments() -> [Segment; 2] {
    [Segment::new(0x9010, vec![0x5A; 0x2000]), Segment::new(0x1_0000, vec![1, 2, 3])]
}

fn silent(_: u64, _: u64) {}

#[test]
fn the_folder_s_name_makes_the_chip_and_opening_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let identities: Vec<_> = ["a", "b", "elsewhere/a"]
        .map(|name| {
            let path = folder.path().join(name);
            let mut chip = SimulatedChip::open(path.to_str().unwrap(), Some("esp32c3")).unwrap();
            assert!(!path.exists(), "opening touches nothing");
            let said = chip.connect().unwrap();
            assert_eq!(said.name, "esp32c3");
            (said.uid.unwrap(), said.mac.unwrap())
        })
        .into();
    assert_ne!(identities[0], identities[1]);
    assert_eq!(identities[0], identities[2]);
    assert_eq!(identities[0].0.len(), 24);
    assert_eq!(identities[0].1.0[0], 0x02, "locally administered (IEEE 802)");
}

#[test]
fn only_its_owner_may_read_the_chip() {
    let (_folder, path) = made("esp32");
    for (name, mode) in [("", 0o700), ("chip.json", 0o600), ("flash.bin", 0o600)] {
        assert_eq!(fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name:?}");
    }
}

#[test]
fn memory_is_as_the_chip_s_name_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let pages = |name: &str, addresses: &[u64]| {
        let memory = chip(&folder.path().join(name), Some(name)).connect().unwrap().memory;
        let page = |at: &u64| memory.page(*at).map(|page| page.end - page.start);
        addresses.iter().map(page).collect::<Vec<_>>()
    };
    assert_eq!(pages("esp32s3", &[0, 0x3F_FFFF, 0x40_0000]), [Some(4096), Some(4096), None]);
    let sectors = [Some(16 << 10), Some(64 << 10), Some(128 << 10), None];
    assert_eq!(pages("stm32f405", &[0x0800_0000, 0x0801_0000, 0x0802_0000, 0x0810_0000]), sectors);
    assert_eq!(pages("STM32L452", &[0x0800_0800, 0]), [Some(2048), None]);
    assert_eq!(pages("nRF52832_xxAA", &[0x7_F000, 0x1000_1208, 0x8_0000]), [Some(4096), Some(4096), None]);
    assert_eq!(pages("nRF51822_xxAA", &[0x400]), [Some(1024)]);
    assert_eq!(pages("whatever", &[0xF_FFFF, 0x10_0000]), [Some(4096), None]);
}

#[test]
fn what_is_written_stays_and_its_neighbours_too() {
    let (_folder, path) = made("esp32c3");
    let mut one = chip(&path, Some("esp32c3"));
    one.connect().unwrap();
    one.write(&[Segment::new(0x9000, vec![7; 0x3000])], &silent).unwrap();
    let seen = std::cell::RefCell::new(Vec::new());
    let traffic = one.write(&segments(), &|done, of| seen.borrow_mut().push((done, of))).unwrap();
    assert_eq!(traffic, Traffic { erased: 0x4000, programmed: 0x4000, unchanged: 0 });
    assert_eq!(*seen.borrow(), [(0x1000, 0x4000), (0x2000, 0x4000), (0x3000, 0x4000), (0x4000, 0x4000)]);
    drop(one);
    let neighbours = [Segment::new(0x9000, vec![7; 16]), Segment::new(0xB010, vec![7; 0xFF0])];
    assert!(holds(&path, &segments()) && holds(&path, &neighbours));
    assert!(holds(&path, &[Segment::new(0x1_0003, vec![0xFF; 9])]), "beside it is erased");
}

#[test]
fn equal_pages_are_left_alone() {
    let (_folder, path) = made("esp32c3");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write(&segments(), &silent).unwrap();
    let again = one.write(&segments(), &silent).unwrap();
    assert_eq!(again, Traffic { erased: 0, programmed: 0, unchanged: 0x4000 });
}

#[test]
fn whatever_fails_a_second_run_ends_with_the_same_content() {
    let class = |does: &str| if does == "ignored" { Class::Differs } else { Class::Surroundings };
    for does in ["fail", "silent", "gone", "stop-here"] {
        for on in ["read", "erase", "program"] {
            for nth in 1..=4 {
                let (_folder, path) = made("esp32c3");
                fault(&path, on, nth, does);
                let mut one = chip(&path, None);
                one.connect().unwrap();
                let error = one.write(&segments(), &silent).unwrap_err();
                assert_eq!(error.class(), class(does), "{does} {on} {nth}: {error}");
                let is_away = matches!(one.connect(), Err(ProgrammerError::Gone { .. }));
                assert_eq!(is_away, ["gone", "stop-here"].contains(&does), "{does} {on} {nth}");
                drop(one);
                change(&path, "/faults", serde_json::json!([]));
                let mut two = chip(&path, None);
                two.connect().unwrap();
                two.write(&segments(), &silent).unwrap();
                drop(two);
                assert!(holds(&path, &segments()), "{does} {on} {nth}");
            }
        }
    }
}

#[test]
fn power_that_fails_in_the_middle_leaves_half_a_page() {
    let (_folder, path) = made("esp32c3");
    fault(&path, "program", 2, "stop-here");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    assert!(matches!(one.write(&segments(), &silent), Err(ProgrammerError::Gone { .. })));
    let flash = fs::read(path.join("flash.bin")).unwrap();
    assert_eq!(flash[0x9FFF..0xA001], [0x5A, 0x5A], "the first page is whole");
    assert_eq!(flash.len(), 0xB000, "the second one was erased");
    assert_eq!(flash[0xA7FF..0xA801], [0x5A, 0xFF], "and half of it programmed");
}

#[test]
fn what_was_not_erased_or_not_programmed_is_found() {
    for (on, nth) in [("erase", 1), ("program", 1), ("program", 4)] {
        let (_folder, path) = made("esp32c3");
        let mut one = chip(&path, None);
        one.connect().unwrap();
        one.write(&[Segment::new(0x9000, vec![0; 0x3000])], &silent).unwrap();
        drop(one);
        fault(&path, on, nth, "ignored");
        let mut two = chip(&path, None);
        two.connect().unwrap();
        let error = two.write(&segments(), &silent).unwrap_err();
        let bits_stay = matches!(&error, ProgrammerError::Device { answer, .. } if answer.contains("only by erasing"));
        let differs = matches!(error, ProgrammerError::Differs { .. });
        assert!(if on == "erase" { bits_stay } else { differs }, "{on}: {error}");
    }
}

#[test]
fn a_flipped_bit_is_there_for_whoever_reads_back() {
    let (_folder, path) = made("esp32c3");
    change(&path, "/faults", serde_json::json!([{"flip": {"address": "0x9011", "bit": 3}}]));
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write(&segments(), &silent).unwrap();
    assert!(one.read(0x9010..0x9013).unwrap().expose(|bytes| bytes == [0x5A, 0x52, 0x5A]));
    one.write(&segments(), &silent).unwrap();
    assert!(one.read(0x9011..0x9012).unwrap().expose(|bytes| bytes == [0x52]), "it flips each time");
}

#[test]
fn another_chip_is_refused() {
    let (_folder, path) = made("esp32c3");
    assert!(matches!(chip(&path, Some("esp32s3")).connect(), Err(ProgrammerError::WrongChip { .. })));
    assert!(chip(&path, Some("ESP32C3")).connect().is_ok());
    change(&path, "/faults", serde_json::json!([{"says": {"name": "esp32"}}]));
    let error = chip(&path, Some("esp32c3")).connect().unwrap_err();
    assert!(matches!(error, ProgrammerError::WrongChip { have, .. } if have == "esp32"));
}

#[test]
fn one_process_has_a_chip_at_a_time() {
    let (_folder, path) = made("esp32c3");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    assert!(matches!(chip(&path, None).connect(), Err(ProgrammerError::Busy { .. })));
    one.release().unwrap();
    assert!(matches!(one.read(0..1), Err(ProgrammerError::NoChip { .. })), "it was let go");
    assert!(chip(&path, None).connect().is_ok());
}

#[test]
fn addresses_that_are_not_there_are_refused_before_anything_happens() {
    let (_folder, path) = made("esp32c3");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    let outside = [Segment::new(0x3F_FFFF, vec![0; 2])];
    assert!(matches!(one.write(&outside, &silent), Err(ProgrammerError::Range { at: 0x40_0000, .. })));
    for range in [0..u64::MAX, 0x40_0000..0x40_0001, Range { start: 2, end: 1 }] {
        assert!(matches!(one.read(range), Err(ProgrammerError::Range { .. })));
    }
    for address in [1, u64::MAX - 3] {
        assert!(matches!(one.read32(address), Err(ProgrammerError::Range { .. } | ProgrammerError::Device { .. })));
        assert!(one.write32(address, 0).is_err());
    }
    assert_eq!(fs::metadata(path.join("flash.bin")).unwrap().len(), 0);
}

#[test]
fn what_chip_json_takes_away_is_gone() {
    let (_folder, path) = made("esp32c3");
    change(&path, "/can", serde_json::json!({"reads_back": false, "locks": false, "knows_uid": false}));
    let mut one = chip(&path, None);
    let unable = Capabilities::default();
    assert_eq!(one.capabilities(), unable, "known before connecting");
    assert_eq!(one.connect().unwrap().identity(), None);
    assert!(matches!(one.read(0..1), Err(ProgrammerError::Unable { .. })));
    assert!(one.registers().is_none());
    assert!(matches!(one.make_key("0", false), Err(ProgrammerError::Unable { .. })));
    one.write(&segments(), &silent).unwrap();
}

#[test]
fn a_broken_description_is_an_error_of_the_input() {
    let (_folder, path) = made("esp32c3");
    for text in ["", "{}", "[1]", "{\"name\": 3}"] {
        fs::write(path.join("chip.json"), text).unwrap();
        let error = chip(&path, None).connect().unwrap_err();
        assert_eq!(error.class(), Class::Input, "{error}");
        assert!(error.to_string().contains("chip.json"), "{error}");
    }
}

/// What RM0090 says, section 3.9.2: two keys, the new level, start.
fn lock_stm32(words: &mut dyn Registers, starts: bool) {
    words.write32(0x4002_3C08, 0x0819_2A3B).unwrap();
    words.write32(0x4002_3C08, 0x4C5D_6E7F).unwrap();
    words.write32(0x4002_3C14, 0x0FFF_55EC).unwrap();
    if starts {
        words.write32(0x4002_3C14, 0x0FFF_55EE).unwrap();
    }
    words.reset().unwrap();
}

#[test]
fn an_stm32_closes_only_if_the_options_are_started() {
    let (_folder, path) = made("stm32f405");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write(&[Segment::new(0x0800_0000, vec![1; 8])], &silent).unwrap();
    lock_stm32(&mut one, false);
    assert_eq!(one.read32(0x4002_3C14).unwrap(), 0x0FFF_AAED, "lost by the reset");
    assert!(one.read(0x0800_0000..0x0800_0001).is_ok());
    lock_stm32(&mut one, true);
    assert_eq!(one.read32(0x4002_3C14).unwrap(), 0x0FFF_55ED);
    assert!(matches!(one.read(0x0800_0000..0x0800_0001), Err(ProgrammerError::Locked { .. })));
    assert!(matches!(one.read32(0x0800_0000), Err(ProgrammerError::Locked { .. })));
    let more = [Segment::new(0x0800_0000, vec![2; 8])];
    assert!(matches!(one.write(&more, &silent), Err(ProgrammerError::Locked { .. })));
    drop(one);
    let mut two = chip(&path, None);
    assert!(two.connect().unwrap().uid.is_some(), "a level 1 chip still says who it is");
    assert!(matches!(two.read(0x0800_0000..0x0800_0001), Err(ProgrammerError::Locked { .. })));
}

#[test]
fn an_stm32_that_is_opened_again_is_empty() {
    let (_folder, path) = made("stm32f405");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write(&[Segment::new(0x0800_0000, vec![1; 8])], &silent).unwrap();
    lock_stm32(&mut one, true);
    one.write32(0x4002_3C08, 0x0819_2A3B).unwrap();
    one.write32(0x4002_3C08, 0x4C5D_6E7F).unwrap();
    one.write32(0x4002_3C14, 0x0FFF_AAEE).unwrap();
    one.reset().unwrap();
    assert!(one.read(0x0800_0000..0x0800_0001).unwrap().expose(|bytes| bytes == [0xFF]));
}

#[test]
fn a_wrong_key_opens_nothing_until_a_reset() {
    let (_folder, path) = made("stm32f405");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    for key in [0x1234, 0x0819_2A3B, 0x4C5D_6E7F] {
        one.write32(0x4002_3C08, key).unwrap();
    }
    one.write32(0x4002_3C14, 0x0FFF_55EE).unwrap();
    assert_eq!(one.read32(0x4002_3C14).unwrap(), 0x0FFF_AAED);
    lock_stm32_after_reset(&mut one);
}

fn lock_stm32_after_reset(one: &mut SimulatedChip) {
    one.reset().unwrap();
    lock_stm32(one, true);
    assert_eq!(one.read32(0x4002_3C14).unwrap(), 0x0FFF_55ED);
}

#[test]
fn an_nrf52_closes_its_debug_port_at_the_next_reset() {
    let (_folder, path) = made("nRF52832_xxAA");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write32(0x1000_1208, 0xFFFF_FF00).unwrap();
    assert_eq!(one.read32(0x1000_1208).unwrap(), 0xFFFF_FFFF, "writing was not enabled");
    assert_eq!(one.read32(0x4001_E400).unwrap() & 1, 1, "NVMC is ready");
    one.write32(0x4001_E504, 1).unwrap();
    one.write32(0x1000_1208, 0xFFFF_FF00).unwrap();
    assert_eq!(one.read32(0x1000_1208).unwrap(), 0xFFFF_FF00, "it holds from the next reset on");
    one.reset().unwrap();
    assert!(matches!(one.read32(0x1000_1208), Err(ProgrammerError::Locked { .. })));
    assert!(matches!(one.write32(0x4001_E504, 2), Err(ProgrammerError::Locked { .. })));
    drop(one);
    let mut two = chip(&path, None);
    assert!(matches!(two.connect(), Err(ProgrammerError::Locked { .. })));
    assert!(matches!(two.write(&segments(), &silent), Err(ProgrammerError::Locked { .. })));
}

#[test]
fn fuses_only_go_one_way_and_words_of_memory_too() {
    let (_folder, path) = made("nRF52832_xxAA");
    change(
        &path,
        "/words",
        serde_json::json!([
        {"address": "0x100000000", "one_way": true}, {"address": "0x4001e504", "value": 1}]),
    );
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write32(0x1_0000_0000, 0b101).unwrap();
    one.write32(0x1_0000_0000, 0b010).unwrap();
    one.write32(0x1_0000_0000, 0).unwrap();
    one.reset().unwrap();
    assert_eq!(one.read32(0x1_0000_0000).unwrap(), 0b111);
    one.write32(0x1000_1080, 0xFFFF_00FF).unwrap();
    assert!(matches!(one.write32(0x1000_1080, 0xFFFF_FFFF), Err(ProgrammerError::Device { .. })), "a visible fault");
    assert_eq!(one.read32(0x1000_1080).unwrap(), 0xFFFF_00FF);
}

#[test]
fn a_cut_before_a_word_leaves_it_as_it_was() {
    let (_folder, path) = made("nRF52832_xxAA");
    fault(&path, "write-word", 2, "stop-here");
    let mut one = chip(&path, None);
    one.connect().unwrap();
    one.write32(0x4001_E504, 1).unwrap();
    assert!(matches!(one.write32(0x1000_1208, 0xFFFF_FF00), Err(ProgrammerError::Gone { .. })));
    assert!(matches!(one.reset(), Err(ProgrammerError::Gone { .. })));
    drop(one);
    let mut two = chip(&path, None);
    two.connect().unwrap();
    assert_eq!(two.read32(0x1000_1208).unwrap(), 0xFFFF_FFFF);
}

#[test]
fn a_key_is_made_on_the_chip_and_stays_there() {
    let (_folder, path) = made("esp32c3");
    change(&path, "/can", serde_json::json!({"makes_keys": true}));
    let mut one = chip(&path, None);
    let uid = one.connect().unwrap().uid.unwrap();
    let request = one.make_key("0", false).unwrap();
    let read = rcgen::CertificateSigningRequestParams::from_der(&request.clone().into()).unwrap();
    let name = read.params.distinguished_name.get(&rcgen::DnType::CommonName);
    assert_eq!(name, Some(&rcgen::DnValue::Utf8String(uid)));
    assert_eq!(fs::metadata(path.join("key-0.der")).unwrap().permissions().mode() & 0o777, 0o600);
    let again = one.make_key("0", false).unwrap();
    let key = |der: &[u8]| rcgen::CertificateSigningRequestParams::from_der(&der.to_vec().into()).unwrap().public_key;
    assert_eq!(key(&again).der_bytes(), key(&request).der_bytes(), "the key that is there is kept");
    let fresh = one.make_key("0", true).unwrap();
    assert_ne!(key(&fresh).der_bytes(), key(&request).der_bytes(), "a new key in the old one's place");
    for slot in ["", "../x", "a/b", &"x".repeat(33)] {
        assert!(matches!(one.make_key(slot, false), Err(ProgrammerError::Device { .. })), "{slot:?}");
    }
}

#[test]
fn identities_of_the_description_are_what_the_chip_says() {
    let (_folder, path) = made("stm32l4");
    change(&path, "/uid", serde_json::json!("0011"));
    change(&path, "/mac", serde_json::json!("02:00:00:00:00:AB"));
    let said = chip(&path, None).connect().unwrap();
    assert_eq!((said.uid.as_deref(), said.mac), (Some("0011"), Some(Mac([2, 0, 0, 0, 0, 0xAB]))));
}

#[test]
fn a_new_chip_is_born_with_its_firmware_and_one_that_is_there_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chip-1");
    let born = || {
        let mut chip = chip(&path, Some("esp32c3"));
        let is_new = chip.makes_chip();
        chip.furnish(Segment::new(0x8000, vec![1, 2, 3]));
        chip.connect().unwrap();
        is_new
    };
    assert!(born());
    assert!(holds(&path, &[Segment::new(0x8000, vec![1, 2, 3])]));
    fs::write(path.join("flash.bin"), []).unwrap();
    assert!(!born());
    assert!(holds(&path, &[Segment::new(0x8000, vec![0xFF; 3])]));
    fs::remove_file(path.join("chip.json")).unwrap();
    assert!(born(), "one whose making was cut short is made again");
    assert!(holds(&path, &[Segment::new(0x8000, vec![1, 2, 3])]));
}
