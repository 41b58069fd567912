//! `doctor` finds what is wrong with a fleet's keys and ledger, and names the fix.

#![cfg(feature = "station")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs the program in `folder`; returns its status and what it printed.
fn firstlight(folder: &Path, arguments: &[&str], epoch: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstlight"));
    command.args(arguments).current_dir(folder).env_remove("FIRSTLIGHT_FLEET").env_remove("SOURCE_DATE_EPOCH");
    command.envs(epoch.map(|epoch| ("SOURCE_DATE_EPOCH", epoch))).stdin(Stdio::null());
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// A fleet with keys and a ledger of its own, and its private folder.
fn fleet() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let init = firstlight(folder.path(), &["init", "plant", "--template", "plain", "--devices", "1"], None);
    assert_eq!(init.0, Some(0), "{}", init.1);
    let root = folder.path().join("plant");
    (folder, root)
}

/// What `doctor --json` says of the check `name`, and its exit status.
fn check(root: &Path, name: &str, epoch: Option<&str>) -> (Option<i32>, Value) {
    let (status, text) = firstlight(root, &["doctor", "--json"], epoch);
    let document: Value = serde_json::from_str(&text).unwrap();
    let checks = document["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    (status, found.unwrap_or_else(|| panic!("no check {name:?} in {text}")).clone())
}

#[test]
fn a_new_fleet_has_no_fault_but_is_told_that_its_station_key_is_unprotected() {
    let (_folder, root) = fleet();
    for name in ["fleet", "private-modes", "ledger"] {
        assert_eq!(check(&root, name, None).1["state"], "ok", "{name}");
    }
    let (status, key) = check(&root, "station-key", None);
    assert_eq!((status, key["state"].as_str()), (Some(0), Some("warn")));
    assert!(key["facts"][0].as_str().unwrap().starts_with("unprotected"), "{key}");
}

#[test]
fn a_key_that_others_can_read_is_a_fault() {
    let (_folder, root) = fleet();
    let key = root.join(".firstlight/station.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (status, modes) = check(&root, "private-modes", None);
    assert_eq!((status, modes["state"].as_str()), (Some(4), Some("fail")));
    assert!(modes["facts"][0].as_str().unwrap().contains("station.key\" has mode 0644"), "{modes}");
    assert!(modes["fix"].as_str().unwrap().starts_with("chmod -R go= "), "{modes}");
}

#[test]
fn a_clock_before_the_ledgers_last_row_is_a_fault() {
    let (_folder, root) = fleet();
    assert_eq!(firstlight(&root, &["issue", "--all"], None).0, Some(0));
    let (status, ledger) = check(&root, "ledger", Some("1704100000"));
    assert_eq!((status, ledger["state"].as_str()), (Some(4), Some("fail")));
    assert!(ledger["facts"][0].as_str().unwrap().ends_with("the clock says 2024-01-01 09:06 UTC"), "{ledger}");
    let (status, clock) = check(&root, "clock", Some("0"));
    assert_eq!((status, clock["state"].as_str()), (Some(4), Some("fail")));
}

#[test]
fn a_lost_ledger_and_lost_keys_are_faults_whose_fix_is_restore() {
    let (_folder, root) = fleet();
    for entry in fs::read_dir(root.join(".firstlight")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("ledger") {
            fs::remove_file(path).unwrap();
        }
    }
    let (status, ledger) = check(&root, "ledger", None);
    assert_eq!(
        (status, &ledger["state"], &ledger["fix"]),
        (Some(4), &"fail".into(), &"move .firstlight aside, then bring both back: firstlight restore FILE".into())
    );

    fs::remove_dir_all(root.join(".firstlight")).unwrap();
    let (status, keys) = check(&root, "keys", None);
    assert_eq!((status, &keys["state"], &keys["fix"]), (Some(4), &"fail".into(), &"firstlight restore FILE".into()));
}

#[test]
fn a_demo_fleet_without_keys_yet_has_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let init = ["init", "plant", "--template", "plain", "--devices", "1", "--demo"];
    assert_eq!(firstlight(folder.path(), &init, None).0, Some(0));
    let (status, keys) = check(&folder.path().join("plant"), "keys", None);
    assert_eq!((status, keys["state"].as_str()), (Some(0), Some("ok")));
}
