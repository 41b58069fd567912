//! Which chip is which device's.

use super::line::{CREDENTIALS, Line, MARKED, ids};

#[test]
fn the_same_chip_again_leaves_nothing_to_do() {
    let line = Line::new(1);
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok().says(&["1 written and read back"]);
    let (before, memory) = (line.marks("a"), line.memory("a", 0..0x80000));
    assert_eq!((&*before.id, &*before.serial), ("sn-1", "SN-000001"));
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
    assert_eq!(line.memory("a", 0..0x80000), memory);
    line.fleet.ledger_is_true();
}

#[test]
fn a_known_chip_keeps_its_own_record_when_the_next_one_is_asked_for() {
    let line = Line::new(2);
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok();
    let ran = line.fleet.run(&["flash", "--next", "--programmer", "file:chips/a", "--json"]).ok();
    assert_eq!(ran.receipts()[0]["device"], "sn-1");
    assert_eq!(line.marks("a").id, "sn-1");
    line.chip("b");
    let ran = line.fleet.run(&["flash", "--next", "--programmer", "file:chips/b", "--json"]).ok();
    assert_eq!(ran.receipts()[0]["device"], "sn-2");
    line.fleet.run(&["flash", "--next", "--programmer", "file:chips/b"]).exits(7);
}

#[test]
fn another_device_gets_a_known_chip_only_with_a_reason() {
    let line = Line::new(2);
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok();
    let memory = line.memory("a", 0..0x80000);
    line.flash("sn-2", "a", &[]).exits(6).says(&["it is device \"sn-1\"", "--rework"]);
    line.flash("sn-2", "a", &["--yes"]).exits(6);
    assert_eq!(line.memory("a", 0..0x80000), memory);
    assert_eq!(line.states("sn-1", "management"), ["active"]);
    line.flash("sn-2", "a", &["--rework", "board swapped"]).ok();
    assert_eq!(line.marks("a").id, "sn-2");
    for credential in ["identity", "management"] {
        assert_eq!(line.states("sn-1", credential), ["revoked"]);
        assert_eq!(line.states("sn-2", credential), ["active"]);
    }
    assert!(!line.is_registered("sn-1") && line.is_registered("sn-2"));
    let log = line.fleet.run(&["ledger", "log", "--json"]).ok().stdout;
    assert!(log.contains("board swapped"), "the ledger says why");
    // The first device is open again: it gets another chip, fresh keys and its own serial number.
    line.chip("b");
    line.flash("sn-1", "b", &[]).ok();
    assert_eq!(line.states("sn-1", "management"), ["revoked", "active"]);
    let (one, two) = (line.marks("a"), line.marks("b"));
    assert_eq!((&*two.serial, &*one.serial), ("SN-000001", "SN-000002"));
    assert_ne!(one.key, two.key);
    line.fleet.ledger_is_true();
}

#[test]
fn a_rework_that_is_refused_changes_nothing() {
    let line = Line::new(2);
    for (device, chip) in [("sn-1", "a"), ("sn-2", "b")] {
        line.chip(chip);
        line.flash(device, chip, &[]).ok();
    }
    // sn-2 has its own chip: nobody said what became of it.
    line.flash("sn-2", "a", &["--rework", "why not"]).exits(6).says(&["a second chip", "--again"]);
    assert_eq!(line.states("sn-1", "management"), ["active"]);
    assert!(line.is_registered("sn-1") && line.is_registered("sn-2"));
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
    line.fleet.ledger_is_true();
}

#[test]
fn a_rework_is_no_leave_while_the_device_is_half_written_elsewhere() {
    let line = Line::new(2);
    line.chip("a");
    line.chip("b");
    line.flash("sn-1", "a", &[]).ok();
    line.faults("b", serde_json::json!([{"at": {"on": "program", "nth": 2, "does": "stop-here"}}]));
    line.flash("sn-2", "b", &[]).exits(4);
    line.flash("sn-2", "a", &["--rework", "test"]).exits(6);
    assert_eq!(line.states("sn-1", "management"), ["active"]);
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
}

#[test]
fn a_finished_device_gets_another_chip_only_if_a_person_says_what_became_of_the_first() {
    for (word, first) in [("lost", "revoked"), ("damaged", "revoked"), ("copy", "active")] {
        let line = Line::new(1);
        line.chip("a");
        line.chip("b");
        line.flash("sn-1", "a", &[]).ok();
        line.flash("sn-1", "b", &[]).exits(6).says(&["a second chip", "--again lost"]);
        assert_eq!(line.memory("b", 0..0x80000), vec![0xFF; 0x80000], "nothing was written");
        let ran = line.flash("sn-1", "b", &["--again", word]);
        if word == "copy" {
            // The private key was destroyed by its retain rule: there is nothing that could be copied.
            ran.exits(6);
            assert_eq!(line.states("sn-1", "management"), ["active"]);
            continue;
        }
        ran.ok();
        assert_eq!(line.states("sn-1", "management"), [first, "active"]);
        let (one, two) = (line.marks("a"), line.marks("b"));
        assert_eq!(one.serial, two.serial, "a serial number may be engraved on the case");
        assert_ne!((&one.key, &one.certificate), (&two.key, &two.certificate));
        line.fleet.ledger_is_true();
    }
}

/// Something in the fleet changed since: that is no leave to give the keys that are out to a second chip.
#[test]
fn a_device_whose_values_changed_is_written_anew_on_its_own_chip_only() {
    let kept = CREDENTIALS.replace("until-delivered", "keep");
    let line = Line::with(&kept, MARKED, &ids(1));
    line.chip("a");
    line.chip("b");
    line.flash("sn-1", "a", &[]).ok();
    let key = line.marks("a").key;
    line.fleet.edit("fleet.yaml", "offset: 64, length: 64", "offset: 64, length: 63");
    line.flash("sn-1", "b", &[]).exits(6).says(&["a second chip", "--again"]);
    assert_eq!(line.memory("b", 0..0x80000), vec![0xFF; 0x80000], "nothing was written");
    line.flash("sn-1", "a", &[]).ok().says(&["1 written and read back"]);
    assert_eq!(line.marks("a").key, key);
    line.flash("sn-1", "b", &["--again", "copy"]).ok();
    assert_eq!(line.marks("b").key, key);
    line.fleet.ledger_is_true();
}

#[test]
fn a_chip_that_does_not_say_who_it_is_is_taken_only_where_that_is_meant() {
    let line = Line::new(2);
    line.chip_with("a", |chip| chip["can"] = serde_json::json!({"knows_uid": false}));
    line.flash("sn-1", "a", &[]).exits(6).says(&["does not say who it is", "identity: none"]);
    let named = MARKED.replace("{{ chip.uid }}", "none");
    let open = format!("{named}          identity: none\n");
    let line = Line::with(CREDENTIALS, &open, &ids(2));
    line.chip_with("a", |chip| chip["can"] = serde_json::json!({"knows_uid": false}));
    line.flash("sn-1", "a", &[]).ok();
    line.flash("sn-1", "a", &[]).ok().says(&["nothing is left to do"]);
    // The unit in the slot is another one now, perhaps: what is on it is not lost without a word.
    line.flash("sn-2", "a", &[]).exits(6).says(&["is in use"]);
    assert_eq!(line.marks("a").id, "sn-1");
}

#[test]
fn chips_with_the_same_number_are_one_chip() {
    let line = Line::new(2);
    line.chip("a");
    line.flash("sn-1", "a", &[]).ok();
    let uid = line.marks("a").uid;
    line.chip_with("b", |chip| chip["uid"] = serde_json::json!(uid));
    line.flash("sn-2", "b", &[]).exits(6).says(&["it is device \"sn-1\""]);
    let ran = line.fleet.run(&["flash", "--next", "--programmer", "file:chips/b", "--json"]).ok();
    assert_eq!(ran.receipts()[0]["device"], "sn-1");
}

#[test]
fn two_slots_at_once_with_one_chip_number_bind_it_to_one_device() {
    let line = Line::new(2);
    line.chip("a");
    line.chip_with("b", |chip| chip["uid"] = serde_json::json!("010261"));
    let ran = line.fleet.run(&["flash", "--all", "--programmer", "file:chips/a", "--programmer", "file:chips/b"]);
    ran.exits(3);
    let registered = ["sn-1", "sn-2"].into_iter().filter(|device| line.is_registered(device));
    assert_eq!(registered.count(), 1);
    line.fleet.ledger_is_true();
}

#[test]
fn what_is_in_use_on_an_unknown_chip_is_lost_only_by_consent() {
    let line = Line::new(1);
    line.chip("a");
    line.put("a", 0x1800, b"somebody's");
    let ran = line.flash("sn-1", "a", &[]).exits(6).says(&["is in use", "--accept-target"]);
    assert_eq!(line.memory("a", 0x1800..0x180A), b"somebody's");
    let id = ran.stderr.split("--accept-target ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    line.chip_with("b", |_| {});
    line.put("b", 0x1800, b"somebody's");
    line.flash("sn-1", "b", &["--accept-target", &id]).exits(6);
    line.flash("sn-1", "a", &["--accept-target", &id]).ok();
    assert_eq!(line.marks("a").id, "sn-1");
}
