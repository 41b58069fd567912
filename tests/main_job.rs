//! The main job beyond the README's first command: running again, other targets, plans, secrets, power cuts.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use common::TestFleet;

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

/// The states of the generations of a device's first credential.
fn generations(fleet: &TestFleet, device: &str) -> Vec<String> {
    let shown = fleet.show(device);
    shown["generations"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_second_run_changes_no_file_and_its_receipts_say_so() {
    let fleet = TestFleet::gateways();
    fleet.run(&WRITE).ok();
    let before = fleet.tree();
    let again = fleet.run(&[&WRITE[..], &["--json"]].concat()).ok();
    assert_eq!(fleet.tree(), before);
    let states: Vec<_> = again.receipts().iter().map(|receipt| receipt["state"].clone()).collect();
    assert_eq!(states, vec!["done-before"; 12]);
}

#[test]
fn a_file_that_holds_something_else_by_now_does_not_count_as_done() {
    let fleet = TestFleet::demo(3);
    fleet.run(&WRITE).ok();
    fs::copy(fleet.file("out/gw-0002.img"), fleet.file("out/gw-0001.img")).unwrap();
    fs::write(fleet.file("out/gw-0003.img"), "somebody's notes").unwrap();
    let ran = fleet.run(&WRITE).exits(3).says(&["--again copy", "1 done before, 2 failed"]);
    for device in ["gw-0001", "gw-0003"] {
        ran.stderr.find(&format!("out/{device}.img was written on")).unwrap_or_else(|| panic!("{}", ran.stderr));
    }
    assert_eq!(fleet.read("out/gw-0003.img"), "somebody's notes");
    fleet.run(&[&WRITE[..], &["--again", "copy"]].concat()).ok();
    fleet.run(&["media", "verify", "out/gw-0001.img"]).ok();
    fleet.run(&WRITE).ok().says(&["nothing is left to do"]);
}

#[test]
fn again_copy_keeps_the_identity_damaged_replaces_it_and_lost_revokes_it() {
    let fleet = TestFleet::demo(1);
    fleet.run(&WRITE).ok();
    assert_eq!(generations(&fleet, "gw-0001"), ["active"]);
    fleet.run(&[&WRITE[..], &["--again", "copy"]].concat()).ok();
    assert_eq!(generations(&fleet, "gw-0001"), ["active"], "a copy carries the same identity");
    fleet.run(&[&WRITE[..], &["--again", "damaged"]].concat()).ok();
    assert_eq!(generations(&fleet, "gw-0001"), ["active"], "a broken file in our hands gave nothing away");
    fleet.run(&[&WRITE[..], &["--again", "lost"]].concat()).ok();
    assert_eq!(generations(&fleet, "gw-0001"), ["revoked", "active"]);
    fleet.run(&["media", "verify", "out/gw-0001.img"]).ok();
    fleet.ledger_is_true();
}

#[test]
fn another_fleets_files_are_never_overwritten() {
    let (ours, theirs) = (TestFleet::demo(1), TestFleet::demo(1));
    theirs.edit("fleet.yaml", "fleet: test-fleet", "fleet: other-fleet");
    theirs.run(&WRITE).ok();
    theirs.run(&["render", "--all", "--out", "bundles"]).ok();
    let image = theirs.file("out/gw-0001.img");
    let before = theirs.tree();
    let to_image = format!("image:{}", image.display());
    ours.run(&["write", "gw-0001", "--to", &to_image]).exits(6).says(&["another fleet, \"other-fleet\""]);
    let bundles = theirs.file("bundles").display().to_string();
    ours.run(&["render", "--all", "--out", &bundles]).exits(6).says(&["another fleet, \"other-fleet\"", "hint:"]);
    assert_eq!(theirs.tree(), before);
}

#[test]
fn a_strangers_file_is_never_overwritten() {
    let fleet = TestFleet::demo(1);
    fleet.write("out/gw-0001.img", "somebody's notes");
    fleet.run(&WRITE).exits(6).says(&["refusing to write out/gw-0001.img", "hint:"]);
    assert_eq!(fleet.read("out/gw-0001.img"), "somebody's notes");
    fs::remove_file(fleet.file("out/gw-0001.img")).unwrap();
    fleet.run(&WRITE).ok();
}

#[test]
fn next_goes_through_the_inventory_and_ends_with_7() {
    let fleet = TestFleet::demo(2);
    let next = || fleet.run(&["write", "--next", "--to", "image:out/", "--json"]);
    assert_eq!(next().ok().receipts()[0]["device"], "gw-0001");
    assert_eq!(next().ok().receipts()[0]["device"], "gw-0002");
    next().exits(7);
}

#[test]
fn render_makes_a_folder_for_each_device_that_agrees_with_its_manifest() {
    let fleet = TestFleet::gateways();
    fleet.run(&["render", "--all", "--out", "deep/bundles"]).ok();
    assert_eq!(names(&fleet.file("deep/bundles")).len(), 12);
    let folder = fleet.file("deep/bundles/gw-0001");
    assert_eq!(names(&folder), ["firstlight-manifest.json", "meta-data", "network-config", "user-data"]);
    for name in ["user-data", "../gw-0002/user-data"] {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} holds a secret: {mode:o}");
    }
    fleet.run(&["media", "verify", "deep/bundles/gw-0001"]).ok();
    fleet.run(&["render", "--all", "--out", "deep/bundles"]).ok().says(&["nothing is left to do"]);
}

#[test]
fn a_folder_target_must_be_there_and_takes_one_device() {
    let fleet = TestFleet::demo(1);
    fleet
        .run(&["write", "gw-0001", "--to", "folder:stick"])
        .exits(1)
        .says(&["there is no folder at \"stick\"", "hint:"]);
    assert!(!fleet.file("stick").exists(), "an unmounted mount point must not become a folder");
    fs::create_dir(fleet.file("stick")).unwrap();
    fleet.run(&["write", "gw-0001", "--to", "folder:stick"]).ok();
    fleet.run(&["media", "verify", "stick"]).ok();
}

#[test]
fn a_pattern_may_name_the_device_anywhere() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "--all", "--to", "image:out/{id}/stick-{id}.img"]).ok();
    assert_eq!(names(&fleet.file("out")), ["gw-0001", "gw-0002"]);
    assert_eq!(names(&fleet.file("out/gw-0002")), ["stick-gw-0002.img"]);
}

/// Every command that would write, with `--plan`.
const WOULD_WRITE: [&[&str]; 11] = [
    &["write", "--all", "--to", "image:out/"],
    &["write", "--next", "--to", "image:new/"],
    &["write", "gw-0001", "--to", "image:out/", "--again", "lost"],
    &["render", "--all", "--out", "bundles"],
    &["issue", "--all"],
    &["ca", "export", "--out", "root.pem"],
    &["backup", "backup.age"],
    &["restore", "backup.age"],
    &["init", "new", "--template", "mqtt"],
    &["completions", "--all", "completions"],
    &["man", "--all", "man"],
];

#[test]
fn a_plan_of_any_command_touches_nothing() {
    let fleet = TestFleet::demo(2);
    let check = || {
        let before = fleet.tree();
        for command in WOULD_WRITE {
            for format in [&["--plan"][..], &["--plan", "--json"]] {
                fleet.run(&[command, format].concat()).ok();
                assert_eq!(fleet.tree(), before, "{command:?}");
            }
        }
    };
    check();
    assert_eq!(names(fleet.path()), ["devices.csv", "fleet.yaml"], "a plan made the demo's keys");
    fleet.run(&["ca", "init", "--plan"]).ok();
    assert_eq!(names(fleet.path()), ["devices.csv", "fleet.yaml"], "a plan made the authority");
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    check();
    let before = fleet.tree();
    fleet.run(&["devices", "retire", "gw-0001", "--reason", "broken", "--yes", "--plan"]).ok();
    assert_eq!(fleet.tree(), before);
}

#[test]
fn a_plan_says_what_is_done_before() {
    let fleet = TestFleet::demo(2);
    fleet.run(&["write", "gw-0001", "--to", "image:out/"]).ok();
    let plan = |more: &[&str]| -> Vec<serde_json::Value> {
        let ran = fleet.run(&[&WRITE[..], &["--plan", "--json"], more].concat()).ok();
        ran.json_lines().iter().map(|line| line["done"].clone()).collect()
    };
    assert_eq!(plan(&[]), [true, false]);
    assert_eq!(plan(&["--again", "copy"]), [false, false]);
    fleet.edit("fleet.yaml", "accept_plaintext: \"a test\"", "accept_plaintext: \"another reason\"");
    fleet.run(&["check"]).ok();
}

const SECRET: &str = "hunter2-but-longer";

/// A fleet whose gateways get a secret from the environment.
fn with_secret() -> TestFleet {
    let fleet = TestFleet::demo(1);
    let template = "consumer: a test\ndescription: A secret.\nmedium: {filesystem: fat, label: WIFI, size: 8MiB}\nvariables:\n  \
                    wifi_password: {type: string, class: secret, description: The secret.}\nfiles:\n  - {path: wifi.txt, \
                    mode: \"0600\", template: wifi.j2, syntax: text}\n";
    fleet.write("templates/own/template.yaml", template);
    fleet.write("templates/own/wifi.j2", "password={{ variables.wifi_password }}\n");
    fleet.edit("fleet.yaml", "template: mqtt", "template: own");
    fleet.edit("fleet.yaml", "servers:", "secrets:\n  wifi: {env: WIFI}\nservers:");
    let yaml = fleet.read("fleet.yaml") + "    variables: {wifi_password: {secret: wifi}}\n";
    fleet.write("fleet.yaml", &yaml);
    fleet
}

#[test]
fn a_secret_is_on_the_medium_and_nowhere_else() {
    let fleet = with_secret();
    let run = |arguments: &[&str]| {
        fleet.run_with(arguments, |command| {
            command.env("WIFI", SECRET);
        })
    };
    let mut said = String::new();
    for arguments in [
        &["write", "--all", "--to", "image:out/", "--plan", "--json"][..],
        &["write", "--all", "--to", "image:out/", "--json", "--verbose"],
        &["write", "--all", "--to", "image:out/", "--plan"],
        &["devices", "show", "gw-0001", "--json"],
        &["devices", "why", "gw-0001"],
        &["ledger", "log", "--json"],
        &["check", "--json"],
    ] {
        let ran = run(arguments).ok();
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    }
    assert!(!said.contains(SECRET), "{said}");
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    };
    let holding: Vec<_> = fleet.tree().into_keys().filter(|path| path.is_file() && holds(path)).collect();
    assert_eq!(holding, [fleet.file("out/gw-0001.img")]);
}

#[test]
fn a_secret_that_cannot_be_had_stops_the_batch_before_anything_is_written() {
    let fleet = with_secret();
    fleet.run(&WRITE).exits(1).says(&["secret \"wifi\"", "$WIFI"]);
    assert!(!fleet.file("out").exists());
    fleet.edit("fleet.yaml", "{env: WIFI}", "{prompt: true}");
    fleet.run(&WRITE).exits(6).says(&["secret \"wifi\" is to be typed in", "hint:"]);
    let ran = fleet.run_at_terminal(&WRITE, &[["Secret \"wifi\"", &format!("{SECRET}\r")]]).ok();
    assert!(!ran.stdout.contains(SECRET), "{}", ran.stdout);
}

#[test]
fn a_run_at_a_terminal_ends_with_a_table_that_fits_it() {
    let fleet = TestFleet::gateways();
    let shown = fleet.run_at_terminal(&WRITE, &[]).ok().stdout;
    let table = shown.find("DEVICE").unwrap_or_else(|| panic!("{shown}"));
    let lines: Vec<&str> = shown[table..].lines().collect();
    assert_eq!(lines.len(), 14, "{shown}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(lines[1].starts_with("gw-0001") && lines[12].starts_with("sensor-0004"), "{shown}");
    assert!(lines[13].starts_with("12 devices: 12 written and read back in "), "{shown}");
}

#[test]
fn killed_while_it_writes_folders_it_goes_on_with_the_same_identities() {
    const RENDER: [&str; 5] = ["render", "--all", "--out", "bundles", "--json"];
    for events in [4, 20, 32, 44] {
        let fleet = TestFleet::demo(4);
        let mut child = fleet.command(&RENDER).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        BufReader::new(child.stderr.take().unwrap()).lines().take(events).for_each(drop);
        child.kill().unwrap();
        child.wait().unwrap();
        fleet.run(&RENDER).ok();
        for device in ["gw-0001", "gw-0002", "gw-0003", "gw-0004"] {
            assert_eq!(generations(&fleet, device), ["active"], "after {events} events");
            let folder = fleet.file("bundles").join(device);
            let parts = names(&folder).into_iter().filter(|name| name.contains(".part")).count();
            assert_eq!(parts, 0, "after {events} events: {:?}", names(&folder));
            fleet.run(&["media", "verify", folder.to_str().unwrap()]).ok();
        }
        fleet.ledger_is_true();
    }
}
