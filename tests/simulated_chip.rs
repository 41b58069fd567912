//! The simulated chip as others see it: openssl accepts what its secure element signs, and a killed process leaves what a real
//! chip would hold.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::oracle;
use firstlight::format::Segment;
use firstlight::programmer::Programmer;
use firstlight::programmer::file::SimulatedChip;

const PAGE: usize = 4096;
const PAGES: usize = 64;
const OLD: u8 = 0x0F;
const NEW: u8 = 0xA5;

fn chip(path: &Path) -> Box<dyn Programmer> {
    SimulatedChip::open(path.to_str().unwrap(), Some("esp32c3")).unwrap()
}

fn set(path: &Path, key: &str, value: serde_json::Value) {
    let file = path.join("chip.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    json[key] = value;
    fs::write(file, json.to_string()).unwrap();
}

fn fill(chip: &mut dyn Programmer, byte: u8) {
    chip.connect().unwrap();
    chip.write(&[Segment::new(0, vec![byte; PAGE * PAGES])], &|_, _| {}).unwrap();
    chip.release().unwrap();
}

#[test]
fn openssl_accepts_the_request_of_a_key_made_on_the_chip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chip");
    chip(&path).connect().unwrap();
    set(&path, "can", serde_json::json!({"makes_keys": true}));
    let mut one = chip(&path);
    let uid = one.connect().unwrap().uid.unwrap();
    let request = folder.path().join("request.der");
    fs::write(&request, one.make_key("0", false).unwrap()).unwrap();
    let told = oracle(
        "openssl",
        &["req", "-inform", "DER", "-in", request.to_str().unwrap(), "-verify", "-noout", "-subject", "-text"],
    );
    assert!(told.contains(&uid) && told.contains("prime256v1"), "{told}");
    let public = oracle("openssl", &["req", "-inform", "DER", "-in", request.to_str().unwrap(), "-pubkey", "-noout"]);
    let key = path.join("key-0.der");
    let kept = oracle("openssl", &["pkey", "-inform", "DER", "-in", key.to_str().unwrap(), "-pubout"]);
    assert_eq!(public, kept, "the key that stays on the chip");
}

/// The other process of the test below; alone it does nothing.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os("FIRSTLIGHT_TEST_CHIP") else { return };
    fill(&mut *chip(Path::new(&path)), NEW);
}

#[test]
fn a_killed_process_leaves_whole_pages_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chip");
    fill(&mut *chip(&path), OLD);
    set(&path, "bytes_per_second", serde_json::json!(200_000));
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_it_is_killed"])
        .env("FIRSTLIGHT_TEST_CHIP", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let flash = path.join("flash.bin");
    while fs::read(&flash).unwrap()[5 * PAGE] != NEW {
        assert!(writer.try_wait().unwrap().is_none(), "it was to be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    let left = fs::read(&flash).unwrap();
    let pages: Vec<u8> = left.chunks(PAGE).map(|page| page[0]).collect();
    assert!(
        left.chunks(PAGE).filter(|page| page.iter().any(|byte| *byte != page[0])).count() <= 1,
        "at most one is torn"
    );
    assert_eq!(pages[..6], [NEW; 6]);
    assert_eq!(pages.last(), Some(&OLD), "it was killed before the end");
    set(&path, "bytes_per_second", serde_json::Value::Null);
    let mut next = chip(&path);
    next.connect().unwrap();
    let traffic = next.write(&[Segment::new(0, vec![NEW; PAGE * PAGES])], &|_, _| {}).unwrap();
    assert!(traffic.unchanged >= 6 * PAGE as u64, "what was right is left alone");
    assert!(next.read(0..(PAGE * PAGES) as u64).unwrap().expose(|bytes| bytes.iter().all(|byte| *byte == NEW)));
}
