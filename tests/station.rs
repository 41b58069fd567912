//! The technician's loop: units come and go, pass and fail; at a terminal, and without one.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use common::TestFleet;
use serde_json::{Value, json};

const FLEET: &str = "\
version: 1
fleet: sensors
inventory: devices.csv
authority: {demo: true}
profiles:
  sensor:
    credentials: {key: {kind: psk, bytes: 32}}
    deliveries:
      flash:
        factory:
          chip: esp32c3
          accept_plaintext: \"flash encryption comes with the firmware\"
          parts:
            - {address: 0x10000, size: 4KiB, format: cbor, entries: [{key: id, text: \"{{ device.id }}\"}, {key: psk, credential: key.key}]}
";

fn fleet(devices: usize) -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    let rows: Vec<String> = (1..=devices).map(|number| format!("sn-{number},C-{number}")).collect();
    let rows = rows.join("\n") + "\n";
    fleet.write("devices.csv", &format!("id,serial\n{rows}"));
    fleet
}

/// Puts a unit into a socket.
fn insert(fleet: &TestFleet, socket: &str, unit: &str, faults: &Value) {
    let chip = json!({
        "name": "esp32c3", "uid": hex::encode(format!("{unit:_<8}")), "faults": faults,
        "memory": [{ "start": "0x0", "length": "0x400000", "page": "0x1000" }],
    });
    fleet.write(&format!("{socket}/new"), &chip.to_string());
    // Its memory is another one's.
    let _ = std::fs::remove_file(fleet.file(&format!("{socket}/flash.bin")));
    std::fs::rename(fleet.file(&format!("{socket}/new")), fleet.file(&format!("{socket}/chip.json"))).unwrap();
}

fn worn() -> Value {
    json!([{ "flip": { "address": "0x10004", "bit": 1 } }])
}

#[test]
fn slots_work_side_by_side_and_a_program_hears_each_verdict() {
    let fleet = fleet(3);
    insert(&fleet, "s1", "a", &json!([]));
    insert(&fleet, "s2", "b", &worn());
    let arguments = ["station", "--programmer", "file:s1?", "--programmer", "file:s2?", "--once", "--json"];
    let ran = fleet.run(&arguments).exits(3).says(&["\"step\":\"finished\"", "\"state\":\"over\""]);
    let mut verdicts = ran.json_lines();
    verdicts.sort_by_key(|verdict| verdict["slot"].as_u64());
    assert_eq!([&verdicts[0]["verdict"], &verdicts[1]["verdict"]], ["pass", "fail"]);
    assert_eq!(verdicts[1]["error"]["class"], "differs");
    let device = verdicts[0]["device"].as_str().unwrap().to_owned();
    assert_eq!(verdicts[0]["serial"], json!(device.replace("sn-", "C-")));
    // The same units again: one is finished, the other goes on as the device it was begun as.
    insert(&fleet, "s2", "b", &json!([]));
    let failed = verdicts[1]["device"].clone();
    let ran = fleet.run(&["station", "--programmer", "file:s2?", "--once", "--json"]).ok();
    assert_eq!((&ran.json_lines()[0]["verdict"], &ran.json_lines()[0]["device"]), (&json!("pass"), &failed));
    fleet.ledger_is_true();
}

#[test]
fn a_unit_that_is_done_is_to_be_taken_out_and_the_next_one_is_taken() {
    let fleet = fleet(2);
    insert(&fleet, "s1", "a", &json!([]));
    fleet.run(&["station", "--programmer", "file:s1?", "--count", "1"]).ok();
    let mut command = fleet.command(&["station", "--programmer", "file:s1?", "--count", "1", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let first = next();
    assert_eq!((&first["verdict"], &first["device"]), (&json!("done-before"), &json!("sn-1")));
    insert(&fleet, "s1", "b", &json!([]));
    let second = next();
    assert_eq!((&second["verdict"], &second["device"]), (&json!("pass"), &json!("sn-2")));
    assert!(child.wait().unwrap().success());
    fleet.run(&["station", "--programmer", "file:s1?"]).exits(7);
}

#[test]
fn a_scanned_label_says_which_device_the_unit_becomes() {
    let fleet = fleet(3);
    insert(&fleet, "s1", "a", &json!([]));
    let mut command = fleet.command(&["station", "--programmer", "file:s1?", "--scan", "--count", "1"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"nobody's\nC-3\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("PASS sn-3"), "{out}{err}");
    assert!(err.contains("no device of the fleet has the label \"nobody's\""), "{err}");
}

#[test]
fn what_cannot_be_a_slot_is_refused() {
    let fleet = fleet(1);
    fleet.run(&["station"]).exits(2);
    fleet.run(&["station", "--programmer", "file:chips/{id}"]).exits(2);
    fleet.run(&["station", "--programmer", "file:a", "--programmer", "file:a"]).exits(2).says(&["twice"]);
    let drive = ["station", "--to", "drive:port=1-1", "--accept-port", "1-2", "--max-size", "1GB"];
    fleet.run(&drive).exits(6).says(&["nobody agreed"]);
    let drive = ["station", "--to", "drive:port=1-1", "--accept-port", "1-1", "--max-size", "1GB"];
    fleet.run(&drive).exits(7);
    let words = ["station", "--plan", "--programmer", "file:a?"];
    assert!(fleet.run(&words).ok().stdout.contains("would make 1 device at 1 slot"));
}

#[test]
fn at_a_terminal_two_units_pass_one_fails_and_the_terminal_is_given_back() {
    let fleet = fleet(4);
    insert(&fleet, "s1", "a", &json!([]));
    insert(&fleet, "s2", "b", &json!([]));
    insert(&fleet, "s3", "c", &worn());
    let slots = ["--programmer", "file:s1?", "--programmer", "file:s2?", "--programmer", "file:s3?"];
    let arguments = [&["station"][..], &slots].concat();
    // Enter, as a foot switch sends it: the unit that failed is tried once more, and fails once more.
    let steps = [["passed 2   failed 1", "\r"], ["failed 2", "sn-4"], ["> sn-4", "\r"], ["becomes sn-4", "q"]];
    let ran = fleet.run_at_terminal(&arguments, &steps).exits(3);
    let screen = &ran.stdout;
    let (taken, given) = (screen.find("\x1b[?1049h").unwrap(), screen.rfind("\x1b[?1049l").unwrap());
    assert!(taken < given && screen[given..].contains("2 passed, 2 failed"), "{screen}");
    assert!(screen.contains("\x1b[?25h") && screen.contains("reject this unit"), "{screen}");
    fleet.ledger_is_true();
}
