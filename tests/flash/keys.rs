//! Keys that the chip makes itself: certified by the fleet, never seen by the station.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::line::{Line, ids};

const CREDENTIALS: &str = "      identity: {kind: x509, made: device}
      management: {kind: psk, bytes: 32}
";

const FACTORY: &str = "          chip: esp32c3
          accept_plaintext: \"a test\"
          serials: pool
          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}
          parts:
            - address: 0x1000
              size: 8KiB
              format: raw
              entries:
                - {offset: 0, length: 32, text: \"{{ device.id }}\"}
                - {offset: 128, length: 32, credential: management.key}
                - {offset: 4096, length: 2048, credential: identity.certificate}
";

fn line(devices: usize) -> Line {
    Line::with(CREDENTIALS, FACTORY, &ids(devices))
}

fn makes_keys(line: &Line, chip: &str) {
    line.chip_with(chip, |chip| {
        chip["can"] = json!({"reads_back": true, "locks": true, "knows_uid": true, "makes_keys": true});
    });
}

fn openssl(words: &[&str]) -> Vec<u8> {
    let ran = Command::new("openssl").args(words).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

/// The public key in the certificate that lies in the chip's flash, as openssl reads it.
fn certified(line: &Line, chip: &str) -> Vec<u8> {
    let bytes = line.memory(chip, 0x2000..0x2800);
    let length = usize::from(bytes[2]) * 256 + usize::from(bytes[3]) + 4;
    assert_eq!(bytes[..2], [0x30, 0x82], "a certificate begins here");
    let file = line.fleet.file(&format!("{chip}.der"));
    fs::write(&file, &bytes[..length]).unwrap();
    openssl(&["x509", "-inform", "DER", "-in", file.to_str().unwrap(), "-noout", "-pubkey"])
}

/// The public key of the private key that the simulated chip keeps to itself.
fn own(line: &Line, chip: &str) -> Vec<u8> {
    let key = line.fleet.file(&format!("chips/{chip}/key-identity.der"));
    openssl(&["pkey", "-inform", "DER", "-in", key.to_str().unwrap(), "-pubout"])
}

#[test]
fn the_certificate_is_for_the_key_that_the_chip_made_and_keeps() {
    let line = line(1);
    makes_keys(&line, "a");
    line.flash("sn-1", "a", &[]).ok();
    assert_eq!(certified(&line, "a"), own(&line, "a"));
    let (memory, key) = (line.memory("a", 0..0x80000), own(&line, "a"));
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
    assert_eq!((line.memory("a", 0..0x80000), own(&line, "a")), (memory, key), "nothing was made anew");
    line.fleet.ledger_is_true();
}

#[test]
fn a_chip_that_makes_no_keys_is_refused_and_gets_nothing() {
    let line = line(1);
    line.chip("a");
    line.flash("sn-1", "a", &[]).exits(6).says(&["making a key on the chip"]);
    assert!(line.memory("a", 0x1000..0x3000).iter().all(|byte| *byte == 0xFF));
    assert!(!line.is_registered("sn-1"));
}

#[test]
fn a_power_cut_after_the_key_was_made_keeps_key_and_generation() {
    let line = line(1);
    makes_keys(&line, "a");
    line.faults("a", json!([{"at": {"on": "program", "nth": 1, "does": "gone"}}]));
    line.flash("sn-1", "a", &[]).exits(4);
    let key = own(&line, "a");
    line.faults("a", json!([]));
    line.flash("sn-1", "a", &[]).ok();
    assert_eq!(own(&line, "a"), key);
    assert_eq!(certified(&line, "a"), key);
    assert_eq!(line.states("sn-1", "identity"), ["active"]);
}

#[test]
fn a_reworked_chip_makes_a_fresh_key_for_its_new_record() {
    let line = line(2);
    makes_keys(&line, "a");
    line.flash("sn-1", "a", &[]).ok();
    let first = own(&line, "a");
    line.flash("sn-2", "a", &["--rework", "board swapped"]).ok();
    assert_ne!(own(&line, "a"), first, "one key never serves two records");
    assert_eq!(certified(&line, "a"), own(&line, "a"));
    assert_eq!(line.states("sn-1", "identity"), ["revoked"]);
    assert_eq!(line.states("sn-2", "identity"), ["active"]);
    line.fleet.ledger_is_true();
}

#[test]
fn another_chip_for_a_finished_device_wants_a_word_and_has_a_key_of_its_own() {
    let line = line(1);
    makes_keys(&line, "a");
    makes_keys(&line, "b");
    line.flash("sn-1", "a", &[]).ok();
    line.flash("sn-1", "b", &[]).exits(6).says(&["a second chip"]);
    assert!(!line.fleet.file("chips/b/key-identity.der").exists(), "no key was made for nothing");
    line.flash("sn-1", "b", &["--again", "lost"]).ok();
    assert_eq!(certified(&line, "b"), own(&line, "b"));
    assert_ne!(own(&line, "a"), own(&line, "b"));
    assert_eq!(line.states("sn-1", "identity"), ["revoked", "active"]);
}

#[test]
fn a_private_key_that_never_leaves_cannot_be_asked_for() {
    let asks = FACTORY.replace("identity.certificate", "identity.private_key");
    let line = Line::loose(&super::line::fleet_yaml(CREDENTIALS, &asks), &ids(1));
    line.fleet.run(&["check"]).exits(1).says(&["made on the device and never leaves it"]);
    let file = super::line::fleet_yaml(CREDENTIALS, FACTORY).replace(
        "    deliveries:\n",
        "    bundles:\n      site: {template: plain, accept_plaintext: \"a test\"}\n    deliveries:\n      stick: {bundle: site}\n",
    );
    let line = Line::loose(&file, &ids(1));
    line.fleet.run(&["check"]).exits(1).says(&["which only a factory delivery reaches"]);
}
