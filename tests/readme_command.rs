//! The README's first command, on a copy of the example fleet: twelve devices become twelve verified images.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{TestFleet, oracle};

/// Every file below the fleet's folder with its content.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.display().to_string(), fs::read(path).unwrap());
            }
        }
    }
    found
}

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

#[test]
fn twelve_devices_become_twelve_images_that_other_programs_accept() {
    let fleet = TestFleet::gateways();
    let ran = fleet.run(&[&WRITE[..], &["--json"]].concat()).ok();
    let receipts = ran.receipts();
    assert_eq!(receipts.len(), 12);
    let profiles: Vec<&str> = receipts.iter().map(|receipt| receipt["delivery"].as_str().unwrap()).collect();
    assert!(profiles.iter().all(|name| *name == "stick"));
    for receipt in &receipts {
        assert_eq!(receipt["image"], receipt["read_back"], "{receipt}");
        let device = receipt["device"].as_str().unwrap();
        let image = fleet.file(&format!("out/{device}.img"));
        let image = image.to_str().unwrap();
        fleet.run(&["media", "verify", image]).ok();
        let found = fleet.run(&["media", "inspect", image, "--json"]).ok().json();
        let volume = &found["volumes"][0];
        let at = format!("{image}@@{}", volume["offset"]);
        let label = if device.starts_with("gw") { "CIDATA" } else { "LWM2M" };
        assert!(oracle("mlabel", &["-s", "-i", &at, "::"]).contains(label), "{device}");
        for file in volume["bundle"]["manifest"]["files"].as_array().unwrap() {
            let copy = fleet.file(&format!("copy-{device}"));
            let path = file["path"].as_str().unwrap();
            oracle("mcopy", &["-n", "-o", "-i", &at, &format!("::{path}"), copy.to_str().unwrap()]);
            let digest = oracle("sha256sum", &[copy.to_str().unwrap()]);
            assert!(digest.starts_with(file["sha256"].as_str().unwrap()), "{device} {path}");
        }
        let alone = fleet.file(&format!("volume-{device}"));
        let bytes = fs::read(image).unwrap();
        let offset = usize::try_from(volume["offset"].as_u64().unwrap()).unwrap();
        let size = usize::try_from(volume["size"].as_u64().unwrap()).unwrap();
        fs::write(&alone, &bytes[offset..offset + size]).unwrap();
        oracle("fsck.fat", &["-n", alone.to_str().unwrap()]);
        fs::remove_file(alone).unwrap();
    }
    fleet.ledger_is_true();
}

#[test]
fn a_second_run_says_that_nothing_is_left_to_do_and_writes_nothing() {
    let fleet = TestFleet::gateways();
    let first = fleet.run(&WRITE).ok().says(&["12 devices: 12 written and read back"]);
    assert_eq!(first.stdout, "", "quiet in a pipe");
    let before = tree(fleet.path());
    fleet.run(&WRITE).ok().says(&["12 devices: nothing is left to do"]);
    assert_eq!(tree(fleet.path()), before);
}

#[test]
fn a_plan_touches_nothing_and_shows_no_secret() {
    let fleet = TestFleet::gateways();
    let before = tree(fleet.path());
    for command in [&WRITE[..], &["render", "--all", "--out", "bundles"], &["issue", "--all"]] {
        fleet.run(&[command, &["--plan"]].concat()).ok();
        fleet.run(&[command, &["--plan", "--json"]].concat()).ok();
        assert_eq!(tree(fleet.path()), before, "{command:?}");
    }
    fleet.run(&WRITE).ok();
    let before = tree(fleet.path());
    let ran = fleet.run(&[&WRITE[..], &["--plan", "--json"]].concat()).ok();
    assert_eq!(tree(fleet.path()), before);
    assert_eq!(ran.json_lines().len(), 12);
    assert!(!ran.stdout.contains("PRIVATE KEY"), "{}", ran.stdout);
}

#[test]
fn an_image_that_is_gone_is_asked_about_and_written_again_on_demand() {
    let fleet = TestFleet::gateways();
    fleet.run(&WRITE).ok();
    fs::remove_dir_all(fleet.file("out")).unwrap();
    fleet.run(&WRITE).exits(6).says(&["is not there any more", "--again copy"]);
    let serial = |fleet: &TestFleet| fleet.show("gw-0001")["generations"][0]["public"]["serial"].clone();
    let before = serial(&fleet);
    fleet.run(&[&WRITE[..], &["--again", "copy"]].concat()).ok();
    assert_eq!(serial(&fleet), before, "a copy carries the same identity");
    fleet.run(&["write", "gw-0001", "--to", "image:out/", "--again", "lost"]).ok();
    let generations = fleet.show("gw-0001")["generations"].clone();
    assert_eq!(generations[0]["state"], "revoked");
    assert_eq!(generations[1]["state"], "active");
    fleet.ledger_is_true();
}

#[test]
fn the_same_seed_and_time_make_the_same_bytes() {
    let images = |fleet: &TestFleet| -> BTreeMap<String, Vec<u8>> {
        let mut command = fleet.command(&[&WRITE[..], &["--seed", "nightly"]].concat());
        assert!(command.env("SOURCE_DATE_EPOCH", "1767225600").output().unwrap().status.success());
        let read = |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        fs::read_dir(fleet.file("out")).unwrap().map(Result::unwrap).map(read).collect()
    };
    let (one, two) = (TestFleet::gateways(), TestFleet::gateways());
    assert!(images(&one) == images(&two), "the images differ");
}

#[test]
fn two_runs_at_once_make_each_device_once() {
    let fleet = TestFleet::gateways();
    let quiet = || fleet.command(&[&WRITE[..], &["--quiet"]].concat()).stderr(std::process::Stdio::null()).spawn();
    let runs: Vec<_> = (0..2).map(|_| quiet().unwrap()).collect();
    let statuses: Vec<i32> = runs.into_iter().map(|mut run| run.wait().unwrap().code().unwrap()).collect();
    assert!(statuses.iter().all(|status| [0, 3, 4].contains(status)), "{statuses:?}");
    fleet.run(&WRITE).ok();
    for index in 1..=8 {
        let shown = fleet.show(&format!("gw-{index:04}"));
        assert_eq!(shown["generations"].as_array().unwrap().len(), 1, "{shown}");
        assert_eq!(shown["versions"].as_array().unwrap().len(), 1, "{shown}");
    }
    fleet.ledger_is_true();
}

#[test]
fn killed_at_any_moment_a_rerun_finishes_with_the_same_identities() {
    use std::io::BufRead as _;
    for events in [1, 3, 6, 10, 16, 24, 40, 70] {
        let fleet = TestFleet::gateways();
        let mut command = fleet.command(&[&WRITE[..], &["--json"]].concat());
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let talk = std::io::BufReader::new(child.stderr.take().unwrap());
        talk.lines().take(events).for_each(drop);
        child.kill().unwrap();
        child.wait().unwrap();
        fleet.run(&WRITE).ok();
        for index in 1..=8 {
            let shown = fleet.show(&format!("gw-{index:04}"));
            assert_eq!(shown["generations"].as_array().unwrap().len(), 1, "after {events} events: {shown}");
        }
        let images = fs::read_dir(fleet.file("out")).unwrap().count();
        assert_eq!(images, 12, "after {events} events: nothing but the images is left");
        fleet.ledger_is_true();
    }
}
