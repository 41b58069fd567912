//! Serial numbers: where they come from, and that none is given twice.

use std::collections::BTreeSet;

use serde_json::json;

use super::line::{CREDENTIALS, Line, MARKED, ids};

fn small_pool() -> String {
    MARKED.replace("last: 500", "last: 3")
}

#[test]
fn a_number_survives_failed_attempts_and_damaged_chips() {
    let line = Line::new(2);
    line.chip("a");
    line.faults("a", json!([{"at": {"on": "program", "nth": 1, "does": "fail"}}]));
    line.flash("sn-1", "a", &[]).exits(4);
    line.chip("b");
    line.flash("sn-2", "b", &[]).ok();
    line.faults("a", json!([]));
    line.flash("sn-1", "a", &[]).ok();
    assert_eq!((line.marks("a").serial, line.marks("b").serial), ("SN-000001".into(), "SN-000002".into()));
    line.chip("c");
    line.flash("sn-1", "c", &["--again", "damaged"]).ok();
    assert_eq!(line.marks("c").serial, "SN-000001");
}

#[test]
fn an_empty_pool_is_said_and_nothing_is_written() {
    let line = Line::with(CREDENTIALS, &small_pool(), &ids(4));
    for index in 1..=4 {
        line.chip(&format!("sn-{index}"));
    }
    line.flash_all(&["--jobs", "1"]).exits(3).says(&["SN-000001", "SN-000003"]);
    let written = (1..=4).filter(|index| line.memory(&format!("sn-{index}"), 0..0x80000).iter().any(|b| *b != 0xFF));
    assert_eq!(written.count(), 3);
    line.fleet.ledger_is_true();
}

#[test]
fn a_number_of_a_retired_device_is_not_given_again() {
    let line = Line::with(CREDENTIALS, &small_pool(), &ids(3));
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok();
    line.fleet.run(&["devices", "retire", "sn-1", "--reason", "test", "--yes"]).ok();
    line.chip("b");
    line.flash("sn-2", "b", &[]).ok();
    assert_eq!(line.marks("b").serial, "SN-000002");
}

#[test]
fn a_number_that_the_inventory_gives_is_not_counted_out_to_another() {
    let line = Line::with(CREDENTIALS, MARKED, "id,serial\nsn-1,\nsn-2,SN-000001\nsn-3,sn-000002\n");
    for index in 1..=3 {
        line.chip(&format!("sn-{index}"));
    }
    line.flash_all(&["--jobs", "1"]).ok();
    let serials: Vec<String> = (1..=3).map(|index| line.marks(&format!("sn-{index}")).serial).collect();
    assert_eq!(serials, ["SN-000003", "SN-000001", "sn-000002"]);
}

#[test]
fn four_processes_at_once_never_give_one_twice() {
    let line = Line::new(12);
    for index in 1..=12 {
        line.chip(&format!("sn-{index}"));
    }
    let children: Vec<_> = (0..4)
        .map(|process| {
            let devices: Vec<String> = (0..3).map(|n| format!("sn-{}", process * 3 + n + 1)).collect();
            let mut words = vec!["flash"];
            words.extend(devices.iter().map(String::as_str));
            words.extend(["--programmer", "file:chips/{id}"]);
            line.fleet.command(&words).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let serials: BTreeSet<String> = (1..=12).map(|index| line.marks(&format!("sn-{index}")).serial).collect();
    assert_eq!(serials.len(), 12);
    assert_eq!(serials.last().unwrap(), "SN-000012", "none is left out");
    line.fleet.ledger_is_true();
}

#[test]
fn the_inventory_gives_them_where_nothing_else_is_said() {
    let inventory = MARKED
        .replace("          serials: pool\n", "")
        .replace("          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}\n", "");
    let line = Line::with(CREDENTIALS, &inventory, "id,serial\nsn-1,AB1\nsn-2,\n");
    line.chip("sn-1");
    line.chip("sn-2");
    line.flash_all(&[]).exits(1).says(&["sn-2", "no serial number", "nothing was begun"]);
    assert!(!line.flash_file("sn-1").exists());
    line.flash("sn-1", "sn-1", &[]).ok();
    assert_eq!(line.marks("sn-1").serial, "AB1");
}

#[test]
fn the_chip_gives_them_where_that_is_said() {
    let chip = MARKED
        .replace("serials: pool", "serials: chip")
        .replace("          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}\n", "");
    let line = Line::with(CREDENTIALS, &chip, &ids(1));
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok();
    let marks = line.marks("a");
    assert_eq!(marks.serial, marks.uid);
    assert_eq!(line.serial("sn-1"), marks.uid);
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
    // Another chip is another number: the old one went with its board.
    line.chip("b");
    line.flash("sn-1", "b", &[]).exits(6).says(&["a second chip"]);
    line.flash("sn-1", "b", &["--again", "damaged"]).ok();
    assert_eq!(line.serial("sn-1"), line.marks("b").uid);
}

#[test]
fn a_scanned_label_finds_its_device_by_id_and_by_serial_number() {
    let line = Line::new(3);
    line.chip("a");
    line.chip("b");
    line.flash("sn-2", "a", &[]).ok();
    line.fleet.run(&["flash", "--scan", "SN-000001", "--programmer", "file:chips/a"]).ok().says(&["nothing is left"]);
    line.fleet.run(&["flash", "--scan", " sn-3 ", "--programmer", "file:chips/b"]).ok();
    assert_eq!(line.marks("b").id, "sn-3");
    line.fleet.run(&["flash", "--scan", "SN-000009", "--programmer", "file:chips/b"]).exits(1).says(&["SN-000009"]);
}
