//! `firstlight flash` through a debug probe, whole: the binary starts its own worker, probe-rs drives a simulated Black Magic Probe
//! (tests/lab/bmp.py), QEMU's nRF51 runs the flash algorithm. What lies in the flash is asked from QEMU, beside the probe.
#![allow(clippy::unwrap_used)]

#[path = "common/bmp.rs"]
mod bmp;
mod common;

use bmp::Bench;
use common::{Ran, TestFleet};
use serde_json::Value;

const AT: u64 = 0x3f000;
const SIZE: usize = 2048;
const FLEET: &str = r#"version: 1
fleet: sensors
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
servers:
  management: {protocol: lwm2m, uri: "coaps://lwm2m.test.example:5684", short_server_id: 101, lifetime: 1h, security: psk, credential: management}
profiles:
  sensor:
    credentials:
      management: {kind: psk, bytes: 32}
    deliveries:
      flash:
        factory:
          chip: nRF51822_xxAA
          accept_plaintext: "a test"
          parts:
            - address: 0x3F000
              size: 1KiB
              format: raw
              entries:
                - {offset: 0, length: 16, text: "{{ device.serial }}"}
                - {offset: 16, length: 32, text: "{{ chip.uid }}"}
                - {offset: 64, length: 32, credential: management.key}
            - address: 0x3F400
              size: 1KiB
              format: cbor
              entries:
                - {key: id, text: "{{ device.id }}"}
                - {key: psk, credential: management.key, type: blob}
"#;

fn fleet() -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    fleet.write("devices.csv", "id,serial\nsn-1,SN000001\nsn-2,SN000002\n");
    fleet.run(&["ca", "init"]).ok();
    fleet
}

fn bench(uid: &str, more: &[&str]) -> Bench {
    Bench::start(&[&["--uid", uid], more].concat())
}

fn flash(fleet: &TestFleet, devices: &[&str], ports: &[u16]) -> Ran {
    let mut arguments = vec!["flash", "--json"];
    arguments.extend(devices);
    let programmers: Vec<String> = ports.iter().map(|port| format!("swd:1d50:6018:127.0.0.1:{port}")).collect();
    programmers.iter().for_each(|programmer| arguments.extend(["--programmer", programmer]));
    fleet.run(&arguments)
}

/// The pages say whose they are, in the words of the chip and of the fleet, and both hold one key.
#[track_caller]
fn is_whole(bench: &mut Bench, device: &str, serial: &str, uid: &str) {
    let flash = bench.flash(AT, SIZE);
    let text =
        |range: std::ops::Range<usize>| flash[range].split(|byte| *byte == 0xff || *byte == 0).next().unwrap().to_vec();
    assert_eq!(text(0..16), serial.as_bytes());
    assert_eq!(text(16..48), uid.as_bytes());
    let map: ciborium::Value = ciborium::from_reader(&flash[1024..]).unwrap();
    let map = map.into_map().unwrap();
    let value = |key: &str| map.iter().find(|(name, _)| name.as_text() == Some(key)).unwrap().1.clone();
    assert_eq!(value("id").as_text(), Some(device));
    assert_eq!(value("psk").as_bytes().unwrap(), &flash[64..96]);
}

fn last_delivery(fleet: &TestFleet, device: &str) -> Value {
    fleet.show(device)["deliveries"].as_array().unwrap().last().unwrap().clone()
}

#[test]
fn a_chip_becomes_its_device_and_the_second_run_has_nothing_to_do() {
    let (fleet, uid) = (fleet(), "c0ffee0123456789");
    let neighbour = format!("--content={:#x}={}", AT + SIZE as u64, "a5".repeat(1024));
    let mut bench = bench(uid, &[&neighbour]);
    let receipt = flash(&fleet, &["sn-1"], &[bench.port]).ok().receipts().remove(0);
    assert_eq!((receipt["state"].as_str(), receipt["written"].as_u64()), (Some("written"), Some(2048)));
    assert_eq!(receipt["target"]["chip"]["uid"], uid);
    is_whole(&mut bench, "sn-1", "SN000001", uid);
    assert_eq!(bench.flash(AT + SIZE as u64, 1024), [0xa5; 1024]);
    assert_eq!(last_delivery(&fleet, "sn-1")["target"]["chip"]["uid"], uid);

    let before = bench.flash(AT, SIZE);
    let again = flash(&fleet, &["sn-1"], &[bench.port]).ok().receipts().remove(0);
    assert_eq!(again["state"], "done-before");
    assert_eq!(bench.flash(AT, SIZE), before);
    flash(&fleet, &["sn-2"], &[bench.port]).exits(6).says(&["refusing to make chip", "sn-1"]);
    assert_eq!(bench.flash(AT, SIZE), before);
    fleet.ledger_is_true();
}

#[test]
fn a_probe_pulled_in_mid_write_is_told_and_the_same_chip_is_finished_later() {
    let (fleet, uid) = (fleet(), "0123456789abcdef");
    let mut bench = bench(uid, &[]);
    // The commands of a whole transaction, from another chip of the same kind.
    let mut other = self::bench("1111111111111111", &[]);
    flash(&fleet, &["sn-2"], &[other.port]).ok();
    let whole = other.commands();
    let mut exposed = 0;
    for (turn, part) in [9, 6, 8].into_iter().enumerate() {
        bench.order(&format!("die {}", whole * part / 10));
        let ran = flash(&fleet, &["sn-1"], &[bench.port]);
        if ran.status == 0 {
            // What is left to do shrinks from one try to the next.
            assert!(turn > 0, "it was pulled too late");
            break;
        }
        let ran = ran.exits(4);
        let failure = ran.json_lines().into_iter().find(|line| line["event"] == "failure").unwrap();
        assert_eq!(failure["error"]["class"], "surroundings");
        let delivery = last_delivery(&fleet, "sn-1");
        assert_eq!(delivery["state"], "open");
        exposed += usize::from(delivery["reached"] == "exposed");
    }
    assert!(exposed > 0, "it was never pulled after the first secret byte had left");
    bench.order("die 1000000");
    // Another chip is not given what went out to this one.
    let stranger = self::bench("2222222222222222", &[]);
    flash(&fleet, &["sn-1"], &[stranger.port]).exits(6);
    flash(&fleet, &["sn-1"], &[bench.port]).ok();
    is_whole(&mut bench, "sn-1", "SN000001", uid);
    assert_eq!(last_delivery(&fleet, "sn-1")["state"], "finished");
    fleet.ledger_is_true();
}

#[test]
fn a_dead_chip_fails_alone_and_the_batch_goes_on() {
    let fleet = fleet();
    let (mut dead, mut good) = (bench("3333333333333333", &[]), bench("4444444444444444", &[]));
    dead.order("dead 1");
    let ran = flash(&fleet, &["sn-1", "sn-2"], &[dead.port, good.port]).exits(3);
    let lines = ran.json_lines();
    let failure = lines.iter().find(|line| line["event"] == "failure").unwrap();
    assert_eq!((failure["device"].as_str(), failure["error"]["class"].as_str()), (Some("sn-1"), Some("surroundings")));
    is_whole(&mut good, "sn-2", "SN000002", "4444444444444444");
    flash(&fleet, &["sn-1"], &[dead.port]).exits(4);
    dead.order("dead 0");
    dead.order("panic 1");
    flash(&fleet, &["sn-1"], &[dead.port]).exits(4);
    dead.order("panic 0");
    flash(&fleet, &["sn-1"], &[dead.port]).ok();
    is_whole(&mut dead, "sn-1", "SN000001", "3333333333333333");
    fleet.ledger_is_true();
}
