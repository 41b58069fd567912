//! A power cut, or a failing disk, at any change of a file leaves the old bundle or the new one, and the next run ends it.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use device::{Device, Key, manifest};
use firstlight::client::{Change, Client, ClientError, Disk, Gate, Open, Outcome, Record, Wish, forget, ingest};
use firstlight::delivery::Action;
use firstlight::host::Machine;
use firstlight::host::surroundings::{OsRandom, SystemClock};
use serde_json::json;

/// Lets the n-th change fail; all after it, too, where the power is cut.
struct Faulty {
    left: AtomicU64,
    power_cut: bool,
}

impl Gate for Faulty {
    fn before(&self, _change: Change, _path: &Path) -> io::Result<()> {
        let left = self.left.load(Ordering::SeqCst);
        if left > 0 {
            self.left.store(left - 1, Ordering::SeqCst);
        }
        match left {
            1 => Err(io::Error::other("planted")),
            0 if self.power_cut => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }
}

fn run(device: &Device, gate: Box<dyn Gate>, from: Option<&Path>) -> Result<Record, ClientError> {
    let disk = Disk::new(Machine::at(device.root()), gate);
    let client = Client { disk: &disk, clock: &SystemClock, random: &OsRandom };
    ingest(&client, Wish { from, now: from.is_some(), without_medium: from.is_none() })
}

fn good(device: &Device, from: Option<&Path>) -> Record {
    run(device, Box::new(Open), from).unwrap()
}

/// A device with version 1 in force, where `original` was there before, and a stick with version 2.
struct Scene {
    device: Device,
    stick: PathBuf,
}

const OLD: [(&str, &str); 4] = [
    ("etc/app/config", "one"),
    ("etc/app/only-old", "old"),
    ("etc/app/only-new", "image's"),
    ("etc/hostname", "before\n"),
];
const NEW: [(&str, &str); 4] =
    [("etc/app/config", "two"), ("etc/app/only-old", ""), ("etc/app/only-new", "new"), ("etc/hostname", "gw-7\n")];
const NONE: [(&str, &str); 4] = [
    ("etc/app/config", "image's"),
    ("etc/app/only-old", ""),
    ("etc/app/only-new", "image's"),
    ("etc/hostname", "before\n"),
];

impl Scene {
    fn new(with_old: bool, hook: &str) -> Self {
        let device = Device::new();
        device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "hooks": { "check": ["/hook"] } }));
        device.script("hook", "exit 0");
        device.put("etc/app/config", b"image's");
        device.put("etc/app/only-new", b"image's");
        device.put("etc/hostname", b"before\n");
        let old = [("config", b"one".as_slice(), "/etc/app/config"), ("o", b"old", "/etc/app/only-old")];
        let old = device.medium("old", &device.artifact(manifest(1), &old, &[&Key::new(1)]));
        if with_old {
            assert_eq!(good(&device, Some(&old)).outcome, Outcome::Applied);
        }
        let mut newer = manifest(2);
        newer.single_use = true;
        newer.actions = vec![Action::Hostname("gw-7".into()), Action::Hook("check".into())];
        let new = [("config", b"two".as_slice(), "/etc/app/config"), ("n", b"new", "/etc/app/only-new")];
        let stick = device.medium("new", &device.artifact(newer, &new, &[&Key::new(1)]));
        device.script("hook", hook);
        Self { device, stick }
    }

    fn holds(&self, wanted: &[(&str, &str)]) -> bool {
        wanted.iter().all(|(path, text)| self.device.text(path) == *text)
    }

    /// What the store says is in force lies there whole; the link agrees or is to be switched.
    fn assert_store_is_whole(&self, at: u64) {
        let state = self.device.state();
        if let Some(number) = state["current"].as_u64() {
            let file = format!("var/lib/firstlight/generations/{number}/device/files/config");
            assert!(["one", "two"].contains(&self.device.text(&file).as_str()), "change {at}: {state:#}");
        }
        if let Ok(link) = std::fs::read_link(self.device.file("var/lib/firstlight/current")) {
            let file = self.device.file("var/lib/firstlight").join(link).join("device/files/config");
            assert!(file.exists(), "change {at}: the link leads nowhere");
        }
    }

    /// Nothing is left beside the files, neither in the store nor at the destinations.
    fn assert_tidy(&self, at: u64) {
        let mut open = vec![self.device.file("etc"), self.device.file("var")];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.display().to_string();
                assert!(!name.ends_with("-new") || name.ends_with("/only-new"), "change {at}: {name}");
                assert!(path.extension().is_none_or(|end| end != "new"), "change {at}: {name}");
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                }
            }
        }
    }
}

/// Cuts a run off at every change in turn and hands the device over to `after`; returns the number of changes.
fn at_every_change(power_cut: bool, scene: &dyn Fn() -> Scene, after: &dyn Fn(&Scene, u64)) -> u64 {
    for at in 1.. {
        let scene = scene();
        let gate = Faulty { left: AtomicU64::new(at), power_cut };
        let ran = run(&scene.device, Box::new(gate), Some(&scene.stick));
        scene.assert_store_is_whole(at);
        after(&scene, at);
        let untouched = ran.as_ref().is_ok_and(|record| record.outcome != Outcome::RolledBack);
        if untouched && at > 30 {
            return at;
        }
        assert!(at < 500, "{ran:?}");
    }
    unreachable!()
}

#[test]
fn after_a_power_cut_at_any_change_the_next_boot_has_the_old_or_the_new_and_the_stick_brings_the_new() {
    let mut seen = BTreeSet::new();
    for with_old in [true, false] {
        let before = if with_old { OLD } else { NONE };
        let after = |scene: &Scene, at: u64| {
            let booted = good(&scene.device, None);
            let is_new = scene.holds(&NEW);
            assert!(is_new || scene.holds(&before), "change {at}: {:?}", scene.device.state());
            assert_eq!(booted.bundles.iter().any(|part| part.version == 2), is_new, "change {at}");
            assert_eq!(booted.outcome.is_good(), is_new || with_old, "change {at}");
            let again = good(&scene.device, Some(&scene.stick));
            assert!(matches!(again.outcome, Outcome::Applied | Outcome::Unchanged), "change {at}: {again:?}");
            assert!(scene.holds(&NEW), "change {at}");
            scene.assert_tidy(at);
        };
        let changes = at_every_change(true, &|| Scene::new(with_old, "exit 0"), &after);
        seen.insert(changes);
    }
    assert!(seen.iter().all(|changes| *changes > 40), "{seen:?}");
}

#[test]
fn after_one_failing_change_the_device_has_the_old_or_the_new_at_once_or_by_the_next_run() {
    let after = |scene: &Scene, at: u64| {
        good(&scene.device, None);
        assert!(scene.holds(&NEW) || scene.holds(&OLD), "change {at}");
        good(&scene.device, Some(&scene.stick));
        assert!(scene.holds(&NEW), "change {at}");
        scene.assert_tidy(at);
    };
    at_every_change(false, &|| Scene::new(true, "exit 0"), &after);
}

#[test]
fn a_power_cut_at_any_change_of_a_roll_back_ends_with_the_old() {
    for at in 1.. {
        let scene = Scene::new(true, "exit 1");
        let gate = Faulty { left: AtomicU64::new(at), power_cut: true };
        let ran = run(&scene.device, Box::new(gate), Some(&scene.stick));
        scene.assert_store_is_whole(at);
        good(&scene.device, None);
        assert!(scene.holds(&OLD), "change {at}: {:?}", scene.device.state());
        assert_eq!(scene.device.state()["lanes"]["acme/device/gw-0007"]["version"], 1, "change {at}");
        scene.assert_tidy(at);
        if ran.is_ok_and(|record| record.what.is_some_and(|what| !what.contains("power"))) {
            assert!(at > 60, "{at}");
            break;
        }
    }
}

#[test]
fn a_power_cut_at_any_change_of_forgetting_ends_with_what_was_before_the_first_bundle() {
    for at in 1.. {
        let scene = Scene::new(true, "exit 0");
        let gate = Faulty { left: AtomicU64::new(at), power_cut: true };
        let forgotten = forget(&Disk::new(Machine::at(scene.device.root()), Box::new(gate)), false);
        let booted = good(&scene.device, None);
        let is_forgotten = booted.generation.is_none();
        assert!(scene.holds(if is_forgotten { &NONE } else { &OLD }), "change {at}");
        assert_eq!(scene.device.state()["lanes"]["acme/device/gw-0007"]["version"], 1, "change {at}");
        if forgotten.is_ok() {
            assert!(is_forgotten && at > 10, "{at}");
            break;
        }
    }
}

#[test]
fn a_bundle_that_lets_the_device_fall_over_is_taken_back_after_three_times() {
    let scene = Scene::new(true, "exit 0");
    // The power goes when the hook has run: the change that would commit is never made.
    let changes_to_commit = {
        let probe = Scene::new(true, "exit 1");
        let mut at = 1;
        while !run(&probe.device, Box::new(Faulty { left: AtomicU64::new(at), power_cut: true }), Some(&probe.stick))
            .is_err_and(|_| probe.holds(&NEW))
        {
            at += 1;
            assert!(at < 300);
        }
        at
    };
    let first = Faulty { left: AtomicU64::new(changes_to_commit), power_cut: true };
    assert!(run(&scene.device, Box::new(first), Some(&scene.stick)).is_err());
    for _ in 0..2 {
        // Six changes save that it was begun again; the next would be the commit.
        let gate = Faulty { left: AtomicU64::new(7), power_cut: true };
        assert!(run(&scene.device, Box::new(gate), None).is_err());
    }
    assert_eq!(scene.device.state()["attempt"]["begun"], 3);
    let record = good(&scene.device, None);
    assert!(scene.holds(&OLD), "{record:?}");
}
