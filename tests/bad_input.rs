//! What bad input gets at the command line: a place, a hint, the right status, and nothing half-written.
#![allow(clippy::unwrap_used)]

mod common;

use common::{TestFleet, devices_csv};

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

/// Both `check` and `write` refuse with status 1 and say `words`; nothing is written.
#[track_caller]
fn refused(fleet: &TestFleet, words: &[&str]) {
    fleet.run(&["check"]).exits(1).says(words);
    fleet.run(&WRITE).exits(1).says(words);
    let json = fleet.run(&["check", "--json"]).exits(1).json();
    assert_eq!(json["ok"], false);
    assert!(json["faults"][0]["place"]["line"].as_u64().unwrap() >= 1, "{json}");
    assert!(!fleet.file("out").exists() && !fleet.file(".firstlight").exists(), "nothing is written");
}

fn with_inventory(csv: &str) -> TestFleet {
    let fleet = TestFleet::demo(1);
    fleet.write("devices.csv", csv);
    fleet
}

#[test]
fn hostile_and_wrong_ids_are_named_with_their_places() {
    let long = "x".repeat(300);
    for id in ["a/b", "..", "a..b", "-rf", "gw\u{1F600}", "", &long, "a b", "gw\u{0}1"] {
        refused(
            &with_inventory(&format!("id,serial,profile\ngw-1,S1,gateway\n{id},S2,gateway\n")),
            &["devices.csv:3:"],
        );
    }
}

#[test]
fn every_fault_is_named_in_one_run() {
    let fleet =
        with_inventory("id,serial,profile\na,S1,gateway\nA,S2,gateway\nb,S1,gateway\nc,S3,nowhere\n,S4,gateway\n");
    fleet.edit("fleet.yaml", "kind: x509", "kind: x510");
    let ran = fleet.run(&["check"]).exits(1);
    for place in ["devices.csv:3:1", "devices.csv:4:3", "devices.csv:5:6", "devices.csv:6:1", "fleet.yaml:"] {
        assert!(ran.stderr.contains(place), "{place} is not named:\n{}", ran.stderr);
    }
}

#[test]
fn an_empty_inventory_and_a_header_alone_are_told_apart_from_a_fleet() {
    refused(&with_inventory(""), &["devices.csv"]);
    let fleet = with_inventory("id,serial,profile\n");
    let status = fleet.run(&["check"]).status;
    assert!([0, 1].contains(&status));
    assert!(!fleet.file("out").exists());
}

#[test]
fn byte_order_marks_and_carriage_returns_are_no_fault() {
    let csv = format!("\u{feff}{}", devices_csv(2).replace('\n', "\r\n"));
    with_inventory(&csv).run(&["check"]).ok().says(&["2 devices"]);
}

#[test]
fn a_hundred_megabytes_are_refused_or_read_without_strain() {
    let fleet = with_inventory(&format!("id,serial,profile\n{}\n", "x".repeat(100 << 20)));
    fleet.run(&["check"]).exits(1).says(&["devices.csv:2:"]);
}

#[test]
fn a_yaml_bomb_is_refused_at_its_place() {
    let fleet = TestFleet::demo(1);
    let bomb = "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n";
    fleet.write("fleet.yaml", &format!("{bomb}{}", fleet.read("fleet.yaml")));
    refused(&fleet, &["fleet.yaml:1:"]);
    fleet.write("fleet.yaml", &"[".repeat(100_000));
    refused(&fleet, &["fleet.yaml:1:"]);
}

#[test]
fn a_template_that_loops_for_ever_ends_with_its_place() {
    let fleet = TestFleet::demo(1);
    let description = "consumer: c\ndescription: d\nmedium: {table: mbr, filesystem: fat, label: LOOP, size: 8MiB}\n\
                       files:\n  - {path: a.txt, mode: \"0644\", template: a.txt.j2, syntax: text}\n";
    fleet.write("templates/endless/template.yaml", description);
    fleet.write(
        "templates/endless/a.txt.j2",
        "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
    );
    fleet.edit("fleet.yaml", "template: mqtt", "template: endless");
    fleet.run(&WRITE).exits(1).says(&["a.txt.j2"]);
    assert!(!fleet.file("out/gw-0001.img").exists());
}

#[test]
fn an_unknown_device_is_answered_with_the_nearest() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0003", "--to", "image:out/"]).exits(1).says(&["gw-0003", "did you mean gw-000"]);
    fleet.run(&["write", "gw-0001", "--to", "image:out/", "--delivery", "stik"]).exits(1).says(&["stick"]);
}

#[test]
fn a_ledger_of_a_newer_version_or_another_fleet_is_refused() {
    let fleet = TestFleet::demo(1);
    fleet.run(&WRITE).ok();
    let ledger = fleet.file(".firstlight/ledger.sqlite3");
    let before = std::fs::read(&ledger).unwrap();
    fleet.edit("fleet.yaml", "fleet: test-fleet", "fleet: other-fleet");
    fleet.run(&WRITE).exits(1).says(&["test-fleet", "other-fleet"]);
    fleet.edit("fleet.yaml", "fleet: other-fleet", "fleet: test-fleet");
    let connection = rusqlite::Connection::open(&ledger).unwrap();
    connection.pragma_update(None, "user_version", 9999).unwrap();
    drop(connection);
    fleet.run(&WRITE).exits(1).says(&["9999"]);
    fleet.run(&["devices", "list"]).exits(1).says(&["9999"]);
    std::fs::write(&ledger, before).unwrap();
    fleet.run(&WRITE).ok().says(&["nothing is left to do"]);
}

#[test]
fn a_clock_set_back_does_not_bring_the_ledger_out_of_order() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    let back = fleet.command(&WRITE).env("SOURCE_DATE_EPOCH", "1000000000").output().unwrap();
    assert!(back.status.success(), "{}", String::from_utf8_lossy(&back.stderr));
    let times: Vec<String> =
        fleet.run(&["ledger", "log", "--json"]).ok().json_lines().iter().map(|row| row["at"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");
    fleet.ledger_is_true();
}

#[test]
fn two_fleets_in_one_folder_are_refused() {
    let fleet = TestFleet::demo(1);
    fleet.write("fleet.yml", "version: 1\n");
    refused(&fleet, &["fleet.yml"]);
}

/// Runs a script as root of a user namespace with mounts of its own.
fn in_a_namespace(fleet: &TestFleet, script: &str) -> (i32, String) {
    let output = std::process::Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh", common::BINARY])
        .current_dir(fleet.path())
        .stdin(std::process::Stdio::null())
        .output()
        .expect("unshare is there (util-linux)");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(!said.contains("unshare:"), "this test needs user namespaces: {said}");
    (output.status.code().unwrap(), said)
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_the_next_run_finishes() {
    let fleet = TestFleet::demo(8);
    fleet.run(&["issue", "--all"]).ok();
    std::fs::create_dir(fleet.file("out")).unwrap();
    let script = "mount -t tmpfs -o size=150k none out && \"$1\" write --all --to image:out/; s=$?; ls -A out | grep -v '^gw-[0-9]*.img$'; exit $s";
    let (status, said) = in_a_namespace(&fleet, script);
    assert!([3, 4].contains(&status), "{status}: {said}");
    assert!(said.contains("failed") && !said.contains(".part"), "{said}");
    // What was written there is gone with the namespace; the ledger knows what it had finished.
    fleet.run(&[&WRITE[..], &["--again", "copy"]].concat()).ok();
    fleet.ledger_is_true();
}

#[test]
fn a_read_only_folder_is_said_so() {
    let fleet = TestFleet::demo(1);
    fleet.run(&["issue", "--all"]).ok();
    std::fs::create_dir(fleet.file("out")).unwrap();
    let script = "mount -t tmpfs -o ro none out && \"$1\" write --all --to image:out/";
    let (status, said) = in_a_namespace(&fleet, script);
    assert!([4, 6].contains(&status), "{status}: {said}");
    assert!(said.contains("out"), "{said}");
    let script = "mount --bind . . && mount -o remount,ro,bind . && cd \"$PWD\" && \"$1\" write --all --to image:/tmp/never-there.img";
    let (status, said) = in_a_namespace(&fleet, script);
    assert!([4, 6].contains(&status), "{status}: {said}");
    fleet.run(&WRITE).ok();
}
