//! How a batch ends: in part, interrupted, with nothing next, with an image that was changed since.
#![allow(clippy::unwrap_used)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use common::TestFleet;
use rustix::process::{Pid, Signal, kill_process};

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

#[test]
fn exits_3_when_some_devices_fail_and_the_others_are_done() {
    let fleet = TestFleet::demo(4);
    fleet.write("out/gw-0002.img", "somebody's own file");
    let ran = fleet.run(&WRITE).exits(3).says(&["gw-0002", "this fleet did not write it", "3 written", "1 failed"]);
    assert!(!ran.stderr.contains("gw-0003"), "what went well is not talked about");
    assert_eq!(fleet.read("out/gw-0002.img"), "somebody's own file");
    std::fs::remove_file(fleet.file("out/gw-0002.img")).unwrap();
    fleet.run(&WRITE).ok().says(&["1 written and read back", "3 done before"]);
}

#[test]
fn exits_5_on_an_image_that_was_changed_since() {
    let fleet = TestFleet::demo(1);
    fleet.run(&WRITE).ok();
    let image = fleet.file("out/gw-0001.img");
    let mut bytes = std::fs::read(&image).unwrap();
    let at = bytes
        .windows(9)
        .position(|window| window == b"\"clientId")
        .or_else(|| bytes.windows(5).position(|window| window == b"-----"));
    bytes[at.unwrap()] ^= 1;
    std::fs::write(&image, bytes).unwrap();
    fleet.run(&["media", "verify", "out/gw-0001.img"]).exits(5).says(&["does not hold its bundle"]);
}

#[test]
fn exits_7_when_next_finds_nothing() {
    let fleet = TestFleet::demo(2);
    for device in ["gw-0001", "gw-0002"] {
        let ran = fleet.run(&["write", "--next", "--to", "image:out/", "--json"]).ok();
        assert_eq!(ran.receipts()[0]["device"], device);
    }
    fleet.run(&["write", "--next", "--to", "image:out/"]).exits(7);
}

#[test]
fn a_signal_stops_a_batch_where_the_next_run_goes_on() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let fleet = TestFleet::demo(400);
        let mut command = fleet.command(&[&WRITE[..], &["--json", "--jobs", "2"]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(talk.any(|line| line.contains("\"finished\"")), "a device is finished");
        kill_process(Pid::from_child(&child), signal).unwrap();
        talk.for_each(drop);
        assert_eq!(child.wait().unwrap().code(), Some(status));
        let done = std::fs::read_dir(fleet.file("out")).unwrap().count();
        assert!(done < 400, "it stopped before the end");
        fleet.run(&WRITE).ok();
        assert_eq!(std::fs::read_dir(fleet.file("out")).unwrap().count(), 400);
        fleet.ledger_is_true();
    }
}

#[test]
fn every_report_is_json_when_asked() {
    let fleet = TestFleet::demo(2);
    fleet.run(&WRITE).ok();
    let document: [&[&str]; 8] = [
        &["check"],
        &["ca", "show"],
        &["devices", "show", "gw-0001"],
        &["devices", "why", "gw-0001"],
        &["ledger", "pending"],
        &["ledger", "verify"],
        &["media", "inspect", "out/gw-0001.img"],
        &["media", "verify", "out/gw-0001.img"],
    ];
    for command in document {
        fleet.run(&[command, &["--json"]].concat()).ok().json();
    }
    for command in [&["devices", "list"][..], &["ledger", "log"], &["media", "list"]] {
        fleet.run(&[command, &["--json"]].concat()).ok().json_lines();
    }
    let error = fleet.run(&["devices", "show", "gw-0009", "--json"]).exits(1);
    let error: serde_json::Value = serde_json::from_str(&error.stderr).unwrap();
    assert_eq!(error["error"]["exit"], 1);
}
