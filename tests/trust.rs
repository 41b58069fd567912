//! `firstlight trust`: nothing of a fleet's own runs before a person agreed to its digest, and nothing that changed since.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::TestFleet;

/// A fleet with one programmer.
fn fleet() -> TestFleet {
    let fleet = TestFleet::demo(1);
    let yaml = fleet.read("fleet.yaml");
    fleet.write(
        "fleet.yaml",
        &format!(
            "{yaml}programmers:\n  vendor: {{command: [tools/vendor.sh, \"{{op}}\"], files: [tools/vendor.cfg]}}\n"
        ),
    );
    fs::create_dir(fleet.file("tools")).unwrap();
    fleet.write("tools/vendor.sh", "#!/bin/sh\n");
    fleet.write("tools/vendor.cfg", "speed 1000\n");
    fleet
}

fn listed(fleet: &TestFleet) -> serde_json::Value {
    fleet.run(&["trust", "--list", "--json"]).ok().json_lines().remove(0)
}

#[test]
fn without_a_terminal_only_the_exact_digest_agrees_and_yes_never_does() {
    let fleet = fleet();
    let digest = listed(&fleet)["digest"].as_str().unwrap().to_owned();
    for arguments in [&["trust"][..], &["trust", "--yes"]] {
        fleet.run(arguments).exits(6).says(&[&digest, "tools/vendor.sh", "--digest"]);
        assert_eq!(listed(&fleet)["trusted"], false);
    }
    fleet.run(&["trust", "--digest", &digest[..8]]).exits(1);
    fleet.run(&["trust", "--digest", &digest, "--plan"]).ok();
    assert_eq!(listed(&fleet)["trusted"], false);
    fleet.run(&["trust", "--digest", &digest]).ok();
    assert_eq!(listed(&fleet)["trusted"], true);
    let mode = fs::metadata(fleet.file(".firstlight/trusted.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_person_is_shown_what_runs_and_asked() {
    let fleet = fleet();
    fleet.run_at_terminal(&["trust"], &[["until it changes?", "n\r"]]).exits(6);
    assert_eq!(listed(&fleet)["trusted"], false);
    fleet.run_at_terminal(&["trust", "--yes"], &[["until it changes?", "y\r"]]).ok();
    assert_eq!(listed(&fleet)["trusted"], true);
    fleet.run(&["trust"]).ok();
}

#[test]
fn a_changed_file_is_untrusted_again() {
    for (name, from, to) in [
        ("tools/vendor.sh", "#!/bin/sh", "#!/bin/bash"),
        ("tools/vendor.cfg", "1000", "2000"),
        ("fleet.yaml", "\"{op}\"", "\"{op}\", more"),
    ] {
        let fleet = fleet();
        let digest = listed(&fleet)["digest"].as_str().unwrap().to_owned();
        fleet.run(&["trust", "--digest", &digest]).ok();
        fleet.edit(name, from, to);
        assert_eq!(listed(&fleet)["trusted"], false, "{name}");
        fleet.run(&["trust", "--digest", &digest]).exits(1);
    }
}

#[test]
fn trust_is_revoked() {
    let fleet = fleet();
    let digest = listed(&fleet)["digest"].as_str().unwrap().to_owned();
    fleet.run(&["trust", "--digest", &digest]).ok();
    fleet.run(&["trust", "--revoke", "ffffffffff"]).exits(1);
    fleet.run(&["trust", "--revoke", &digest[..10]]).ok();
    assert_eq!(listed(&fleet)["trusted"], false);
}

#[test]
fn a_real_fleet_is_founded_before_it_trusts() {
    let fleet = fleet();
    fleet.edit("fleet.yaml", "demo: true, ", "");
    let digest = listed(&fleet)["digest"].as_str().unwrap().to_owned();
    fleet.run(&["trust", "--digest", &digest]).exits(1).says(&["ca init"]);
    assert!(!fleet.file(".firstlight").exists());
    fleet.run(&["ca", "init"]).ok();
    fleet.run(&["trust", "--digest", &digest]).ok();
    fleet.run(&["check"]).ok();
    assert_eq!(listed(&fleet)["trusted"], true);
}

#[test]
fn faults_of_programmers_are_told_with_their_places() {
    let fleet = fleet();
    fleet.edit("fleet.yaml", "\"{op}\"", "\"{operation}\"");
    fleet.run(&["check", "--without-keys"]).exits(1).says(&["fleet.yaml:", "of braces only {op}"]);
}

#[test]
fn a_file_that_is_missing_is_the_input_s_fault() {
    let fleet = fleet();
    fs::remove_file(fleet.file("tools/vendor.cfg")).unwrap();
    fleet.run(&["trust", "--list"]).exits(1).says(&["tools/vendor.cfg"]);
}
