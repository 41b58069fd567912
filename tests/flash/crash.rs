//! SIGKILL at every step of the transaction, and at any moment of a batch: nothing is given twice, nothing is claimed that is
//! not there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use super::line::{Line, Marks};

/// The steps before which secrets have not left, and those after.
const BEFORE: [&str; 5] = ["preflight", "consent", "begin", "bind", "sealed"];
const AFTER: [&str; 6] = ["exposed", "bytes", "written", "read-back", "verified", "registered"];

/// Runs one device and kills it when it tells of a step; returns true if the kill came before it ended by itself.
fn killed_at(line: &Line, device: &str, chip: &str, step: &str) -> bool {
    let programmer = format!("file:chips/{chip}");
    let mut command = line.fleet.command(&["flash", device, "--programmer", &programmer, "--json"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let told = |text: &String| {
        let told: Value = serde_json::from_str(text).unwrap();
        told["step"] == step || (step == "bytes" && told["event"] == "bytes")
    };
    let reached = talk.any(|text| told(&text));
    child.kill().unwrap();
    talk.for_each(drop);
    assert!(reached, "{step} is told of");
    child.wait().unwrap().code().is_none()
}

fn slow(line: &Line, chip: &str) {
    line.chip_with(chip, |chip| chip["bytes_per_second"] = json!(100_000));
}

fn key_is_on(line: &Line, chip: &str, key: &[u8]) -> bool {
    line.memory(chip, 0..0x80000).windows(key.len()).any(|window| window == key)
}

#[test]
fn killed_at_each_step_it_goes_on_with_the_same_chip_number_and_keys() {
    let steps: Vec<&str> = BEFORE.into_iter().chain(AFTER).collect();
    let line = Line::new(steps.len());
    let mut seen = BTreeSet::new();
    let mut kills = 0;
    for (index, step) in steps.iter().enumerate() {
        let (device, chip) = (format!("sn-{}", index + 1), format!("at-{step}"));
        slow(&line, &chip);
        kills += u32::from(killed_at(&line, &device, &chip, step));
        let serial = line.fleet.run(&["devices", "show", &device, "--json"]);
        let serial = if serial.status == 0 { serial.json()["device"]["serial"].clone() } else { Value::Null };
        let half = line.marks_or_less(&chip);
        line.flash(&device, &chip, &[]).ok();
        let marks = line.marks(&chip);
        assert_eq!(marks.id, device);
        assert!(serial.is_null() || serial == *marks.serial, "{step}: a serial number stays");
        if AFTER[2..].contains(step) {
            assert_eq!(half.as_ref(), Some(&marks), "{step}: what was written stays");
        }
        assert_eq!(line.states(&device, "management"), ["active"], "{step}: no generation is lost");
        assert!(seen.insert(marks.serial) & seen.insert(hex::encode(marks.key)), "{step}");
    }
    assert!(kills >= 8, "only {kills} of the kills came in time");
    line.fleet.ledger_is_true();
}

#[test]
fn another_chip_before_the_resume_gets_none_of_the_keys() {
    let line = Line::new(AFTER.len() + BEFORE.len());
    for (index, step) in AFTER.into_iter().take(4).chain(BEFORE).enumerate() {
        let device = format!("sn-{}", index + 1);
        let (first, second) = (format!("first-{step}"), format!("second-{step}"));
        slow(&line, &first);
        line.chip(&second);
        if !killed_at(&line, &device, &first, step) {
            continue;
        }
        let ran = line.flash(&device, &second, &[]);
        if BEFORE.contains(&step) {
            // Nothing has left: the device may have any chip. The first one is then nobody's.
            ran.ok();
            let key = line.marks(&second).key;
            assert!(!key_is_on(&line, &first, &key));
            continue;
        }
        ran.exits(6);
        assert!(line.memory(&second, 0..0x80000).iter().all(|byte| *byte == 0xFF), "{step}: nothing is written");
        line.flash(&device, &first, &[]).ok();
        let key = line.marks(&first).key;
        assert!(!key_is_on(&line, &second, &key));
    }
    line.fleet.ledger_is_true();
}

/// Kills a batch of `devices` again and again at moments all over its way, then lets it end; everything in the fleet is then as if
/// nothing had happened.
#[test]
fn a_batch_killed_at_any_moment_ends_with_nothing_given_twice() {
    const DEVICES: usize = 20;
    let line = Line::new(DEVICES);
    for index in 1..=DEVICES {
        line.chip_with(&format!("sn-{index}"), |chip| chip["bytes_per_second"] = json!(1_000_000));
    }
    let words = ["flash", "--all", "--programmer", "file:chips/{id}", "--jobs", "4"];
    let mut kills = 0;
    for round in 0..60_u64 {
        let mut child = line.fleet.command(&words).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1 + round * 157 % 401));
        child.kill().unwrap();
        let ended = child.wait().unwrap().code().is_some();
        kills += u32::from(!ended);
        check_claims(&line, DEVICES);
        if ended {
            break;
        }
    }
    assert!(kills >= 3, "only {kills} kills");
    line.flash_all(&[]).ok();
    check_claims(&line, DEVICES);
    let marks: Vec<Marks> = (1..=DEVICES).map(|index| line.marks(&format!("sn-{index}"))).collect();
    assert_eq!(distinct(marks.iter().map(|marks| marks.serial.clone())), DEVICES);
    assert_eq!(distinct(marks.iter().map(|marks| marks.uid.clone())), DEVICES);
    assert_eq!(distinct(marks.iter().map(|marks| marks.key.clone())), DEVICES);
    assert_eq!(distinct(marks.iter().map(|marks| marks.certificate.clone())), DEVICES);
    assert!(marks.iter().all(|marks| &*marks.serial <= "SN-000020"), "no number was burnt");
    line.fleet.ledger_is_true();
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<BTreeSet<T>>().len()
}

/// What the ledger calls finished is on its chip, and no fingerprint is two devices'.
fn check_claims(line: &Line, devices: usize) {
    let mut fingerprints: BTreeMap<String, String> = BTreeMap::new();
    for index in 1..=devices {
        let device = format!("sn-{index}");
        let shown = line.fleet.run(&["devices", "show", &device, "--json"]);
        if shown.status != 0 {
            continue;
        }
        let shown = shown.json();
        for generation in shown["generations"].as_array().unwrap() {
            let public = &generation["public"];
            if let Some(print) = public["key_fingerprint"].as_str() {
                let other = fingerprints.insert(print.to_owned(), device.clone());
                assert!(other.is_none_or(|other| other == device), "{print} is two devices'");
            }
        }
        if shown["device"]["state"] == "registered" {
            assert_eq!(line.marks(&device).id, device);
            assert_eq!(shown["device"]["serial"], *line.marks(&device).serial);
        }
    }
}
