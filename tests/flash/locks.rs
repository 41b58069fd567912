//! Locks: from a signed recipe only, rehearsed, confirmed by a person, and never a unit done without them.

use std::fs;

use serde_json::json;

use super::common::Ran;
use super::line::{CREDENTIALS, Line, MARKED, ids};

/// A lock that the chip shows: one word, written once.
const RECIPE: &str = "\
name: close
chip: esp32c3
irreversible: true
steps:
  - name: fuse
    apply:
      - write: {address: 0x60008000, value: 0x1}
    observe:
      - equals: {address: 0x60008000, mask: 0x1, value: 0x1}
";

fn locked() -> String {
    format!("{MARKED}          lock: lock.yaml\n")
}

/// A line with a signed recipe, and chips that have the word it writes.
fn line(devices: usize, factory: &str) -> Line {
    let line = Line::with(CREDENTIALS, factory, &ids(devices));
    line.fleet.write("lock.yaml", RECIPE);
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    line
}

fn chip(line: &Line, name: &str, hardware: bool) {
    line.chip_with(name, |chip| {
        chip["words"] = json!([{"address": 0x6000_8000, "value": 0, "one_way": true}]);
        chip["stands_for_hardware"] = json!(hardware);
    });
}

fn fuse(line: &Line, name: &str) -> String {
    let chip: serde_json::Value = serde_json::from_str(&line.fleet.read(&format!("chips/{name}/chip.json"))).unwrap();
    chip["words"][0]["value"].to_string()
}

const OPEN: &str = "\"0x0\"";
const CLOSED: &str = "\"0x1\"";

fn rehearse(line: &Line) {
    chip(line, "rehearsal", false);
    line.flash("sn-1", "rehearsal", &[]).ok();
    assert_eq!(fuse(line, "rehearsal"), CLOSED);
}

fn at_terminal(line: &Line, device: &str, chip: &str, answer: &str) -> Ran {
    let programmer = format!("file:chips/{chip}");
    line.fleet.run_at_terminal(&["flash", device, "--programmer", &programmer], &[["First article", answer]])
}

/// A line whose recipe was rehearsed and whose first article was confirmed.
fn ready(devices: usize) -> Line {
    let line = line(devices, &locked());
    rehearse(&line);
    chip(&line, "first", true);
    at_terminal(&line, "sn-1", "first", "sn-1\r").ok();
    line
}

#[test]
fn only_a_recipe_that_this_fleet_signed_for_this_chip_is_used() {
    let line = line(1, &locked());
    chip(&line, "a", false);
    let nothing_begun = || assert!(!line.flash_file("a").exists());
    line.fleet.write("lock.yaml", &RECIPE.replace("0x60008000", "0x60008004"));
    line.flash("sn-1", "a", &[]).exits(6).says(&["was changed after it was signed"]);
    nothing_begun();
    let other = self::line(1, &locked());
    fs::copy(other.fleet.file("lock.yaml.minisig"), line.fleet.file("lock.yaml.minisig")).unwrap();
    line.fleet.write("lock.yaml", RECIPE);
    line.flash("sn-1", "a", &[]).exits(6).says(&["none of this fleet's"]);
    nothing_begun();
    fs::remove_file(line.fleet.file("lock.yaml.minisig")).unwrap();
    line.flash("sn-1", "a", &[]).exits(6).says(&["is not signed", "recipe sign"]);
    nothing_begun();
    line.fleet.write("lock.yaml", &RECIPE.replace("chip: esp32c3", "chip: esp32s3"));
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    line.flash("sn-1", "a", &[]).exits(6).says(&["esp32s3", "esp32c3"]);
    nothing_begun();
    fs::remove_file(line.fleet.file("lock.yaml")).unwrap();
    line.flash("sn-1", "a", &[]).exits(1);
    nothing_begun();
}

#[test]
fn hardware_waits_for_the_rehearsal_and_nothing_is_written_before() {
    let line = line(1, &locked());
    chip(&line, "a", true);
    line.flash("sn-1", "a", &[]).exits(6).says(&["never run on a simulated chip", "file:"]);
    assert!(line.memory("a", 0..0x80000).iter().all(|byte| *byte == 0xFF));
    assert_eq!(fuse(&line, "a"), OPEN);
    rehearse(&line);
    // A recipe that was changed and signed anew is another one.
    line.fleet.write("lock.yaml", &RECIPE.replace("irreversible: true", "irreversible: false"));
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    line.flash("sn-1", "a", &[]).exits(6).says(&["never run on a simulated chip"]);
}

#[test]
fn the_first_article_wants_a_person_and_no_flag_is_one() {
    let line = line(3, &locked());
    rehearse(&line);
    chip(&line, "a", true);
    for more in [&[][..], &["--yes"]] {
        line.flash("sn-2", "a", more).exits(6).says(&["there is no terminal", "--yes never does"]);
        assert_eq!(fuse(&line, "a"), OPEN);
        assert!(!line.is_registered("sn-2"));
    }
    let why = line.fleet.run(&["devices", "why", "sn-2"]).ok().stdout;
    assert!(why.contains("lock \"fuse\" is to be applied"), "{why}");
    assert!(why.contains("firstlight flash sn-2 --programmer file:chips/a"), "{why}");
    at_terminal(&line, "sn-2", "a", "sn-3\r").exits(6);
    at_terminal(&line, "sn-2", "a", "y\r").exits(6);
    assert_eq!(fuse(&line, "a"), OPEN);
    at_terminal(&line, "sn-2", "a", "sn-2\r").ok();
    assert_eq!(fuse(&line, "a"), CLOSED);
    assert!(line.is_registered("sn-2"));
    // The others follow without a question.
    chip(&line, "b", true);
    line.flash("sn-3", "b", &[]).ok();
    assert_eq!(fuse(&line, "b"), CLOSED);
    let shown = line.fleet.show("sn-3");
    assert_eq!(shown["deliveries"][0]["locks"][0]["state"], "observed");
    line.fleet.ledger_is_true();
}

#[test]
fn each_device_of_a_batch_gets_the_locks_of_its_own_profile() {
    let text = super::line::fleet_yaml(CREDENTIALS, MARKED);
    let profile = text.split("profiles:\n").nth(1).unwrap();
    let second = profile.replace("  sensor:", "  closed:") + "          lock: lock.yaml\n";
    let line = Line::loose(&format!("{text}{second}"), "id,profile\nsn-1,sensor\nsn-2,closed\n");
    line.fleet.run(&["ca", "init"]).ok();
    line.fleet.write("lock.yaml", RECIPE);
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    chip(&line, "sn-1", false);
    chip(&line, "sn-2", false);
    line.flash_all(&[]).ok();
    assert_eq!((fuse(&line, "sn-1"), fuse(&line, "sn-2")), (OPEN.into(), CLOSED.into()));
}

#[test]
fn a_lock_that_does_not_hold_is_no_pass() {
    let line = ready(2);
    chip(&line, "b", true);
    line.faults("b", json!([{"at": {"on": "write-word", "nth": 0, "does": "ignored"}}]));
    line.flash("sn-2", "b", &[]).exits(5).says(&["does not hold", "reject this unit"]);
    assert!(!line.is_registered("sn-2"));
    line.flash("sn-2", "b", &[]).exits(5);
    line.faults("b", json!([]));
    line.flash("sn-2", "b", &[]).ok();
    assert_eq!(fuse(&line, "b"), CLOSED);
}

#[test]
fn power_cut_at_each_use_of_a_word_never_leaves_an_open_unit_done() {
    let line = ready(12);
    let mut device = 2;
    for on in ["write-word", "read-word"] {
        for does in ["fail", "silent", "gone", "stop-here"] {
            let (id, name) = (format!("sn-{device}"), format!("{on}-{does}"));
            chip(&line, &name, true);
            // The first look comes before the lock is applied, the second after.
            let nth = if on == "read-word" { 2 } else { 1 };
            line.faults(&name, json!([{"at": {"on": on, "nth": nth, "does": does}}]));
            let ran = line.flash(&id, &name, &[]);
            assert_ne!(ran.status, 0, "{on} {does}: {}", ran.stderr);
            assert!(!line.is_registered(&id), "{on} {does}");
            line.faults(&name, json!([]));
            line.flash(&id, &name, &[]).ok();
            assert_eq!(fuse(&line, &name), CLOSED);
            assert!(line.is_registered(&id));
            device += 1;
        }
    }
    line.fleet.ledger_is_true();
}

#[test]
fn another_chip_does_not_take_the_lock_of_the_first() {
    let line = ready(2);
    chip(&line, "b", true);
    line.faults("b", json!([{"at": {"on": "write-word", "nth": 1, "does": "gone"}}]));
    line.flash("sn-2", "b", &[]).exits(4);
    chip(&line, "c", true);
    line.flash("sn-2", "c", &[]).exits(6);
    assert!(line.memory("c", 0..0x80000).iter().all(|byte| *byte == 0xFF) && fuse(&line, "c") == OPEN);
    line.faults("b", json!([]));
    line.flash("sn-2", "b", &[]).ok();
    assert_eq!(fuse(&line, "b"), CLOSED);
}

#[test]
fn a_delivery_on_its_way_is_not_ended_with_another_recipe_of_the_same_name() {
    let line = ready(3);
    chip(&line, "b", true);
    line.faults("b", json!([{"at": {"on": "write-word", "nth": 1, "does": "gone"}}]));
    line.flash("sn-2", "b", &[]).exits(4);
    line.faults("b", json!([]));
    line.fleet.write("lock.yaml", &RECIPE.replace("value: 0x1}", "value: 0x3}").replace("mask: 0x1,", "mask: 0x3,"));
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    chip(&line, "again", false);
    line.flash("sn-3", "again", &[]).ok();
    line.flash("sn-2", "b", &[]).exits(6).says(&["another than the one"]);
    assert_eq!(fuse(&line, "b"), OPEN);
    line.fleet.write("lock.yaml", RECIPE);
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    line.flash("sn-2", "b", &[]).ok();
    assert_eq!(fuse(&line, "b"), CLOSED);
}

#[test]
fn what_nothing_can_show_passes_only_where_the_profile_says_so() {
    let unseen = RECIPE.split("    observe:").next().unwrap();
    for (factory, status) in [(locked(), 6), (format!("{}          lock_passes: applied\n", locked()), 0)] {
        let line = line(1, &factory);
        line.fleet.write("lock.yaml", unseen);
        line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
        chip(&line, "a", false);
        let ran = line.flash("sn-1", "a", &[]).exits(status);
        assert_eq!(line.is_registered("sn-1"), status == 0);
        if status != 0 {
            ran.says(&["cannot be seen to hold", "lock_passes: applied"]);
            line.flash("sn-1", "a", &[]).exits(6);
        }
    }
}

/// Power fails right after a lock that keeps even the number of the chip: nothing can show that this is the chip, so that it
/// is not taken for it, and the way out is named.
#[test]
fn a_chip_that_closed_before_it_was_noted_is_never_taken_on_trust() {
    let line = line(2, &locked());
    line.fleet.write(
        "lock.yaml",
        &RECIPE.replace(
            "      - equals: {address: 0x60008000, mask: 0x1, value: 0x1}",
            "      - refused: {address: 0x60008000}",
        ),
    );
    line.fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    let closing = |name: &str, hardware: bool| {
        chip(&line, name, hardware);
        line.alter(name, |chip| {
            chip["locks"] = json!([{"register": 0x6000_8000, "mask": 1, "value": 1, "protects": "debug"}]);
        });
    };
    closing("rehearsal", false);
    line.flash("sn-1", "rehearsal", &[]).ok();
    closing("first", true);
    at_terminal(&line, "sn-1", "first", "sn-1\r").ok();
    closing("b", true);
    // The word is written, and then the power goes: the chip is closed and the ledger says "intended".
    line.faults("b", json!([{"at": {"on": "read-word", "nth": 2, "does": "gone"}}]));
    line.flash("sn-2", "b", &[]).exits(4);
    assert_eq!(fuse(&line, "b"), CLOSED);
    line.faults("b", json!([]));
    line.flash("sn-2", "b", &[]).exits(6).says(&["does not say who it is", "being locked", "--again damaged"]);
    // A finished unit in its place looks the same.
    line.flash("sn-2", "first", &[]).exits(6).says(&["being locked"]);
    assert!(!line.is_registered("sn-2"));
    closing("c", true);
    line.flash("sn-2", "c", &["--again", "damaged"]).ok();
    assert_eq!(line.states("sn-2", "management"), ["revoked", "active"]);
    assert!(line.is_registered("sn-2"));
    line.fleet.ledger_is_true();
}
