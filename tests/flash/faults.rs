//! Chips and links that fail: the right exit status, nothing claimed, and the next try completes.

use serde_json::json;

use super::line::Line;

/// Runs with a fault, checks that nothing is claimed, and then without it.
fn fails(line: &Line, device: &str, chip: &str, fault: serde_json::Value, statuses: &[i32]) {
    let what = fault.to_string();
    line.chip(chip);
    line.faults(chip, json!([fault]));
    let ran = line.flash(device, chip, &[]);
    assert!(statuses.contains(&ran.status), "{what}: exits {}: {}", ran.status, ran.stderr);
    if ran.status == 0 {
        return;
    }
    // All is done and proven when the chip is let go.
    assert!(!line.is_registered(device) || what.contains("reset"), "{what}");
    let why = line.fleet.run(&["devices", "why", device]);
    if why.status == 0
        && !line.is_registered(device)
        && !why.stdout.contains("nothing was begun")
        && !why.stdout.contains("never delivered")
    {
        assert!(why.stdout.contains("firstlight flash"), "{what}: {}", why.stdout);
    }
    line.faults(chip, json!([]));
    line.flash(device, chip, &[]).ok();
    assert!(line.is_registered(device), "{what}");
    assert_eq!(line.marks(chip).id, device);
}

/// The n-th operation of each kind, until there is no n-th any more.
#[test]
fn each_operation_may_fail_in_each_way_and_the_next_try_completes() {
    let line = Line::new(200);
    let mut device = 0;
    for (on, least) in [("connect", 2), ("read", 4), ("erase", 3), ("program", 3), ("reset", 1)] {
        let mut reached = 0;
        for nth in 1..40 {
            let does = ["fail", "silent", "gone", "stop-here"][nth % 4];
            device += 1;
            let (id, chip) = (format!("sn-{device}"), format!("{on}{nth}"));
            fails(&line, &id, &chip, json!({"at": {"on": on, "nth": nth, "does": does}}), &[0, 4]);
            let marks = line.marks(&chip);
            assert_eq!(marks.id, id);
            if line.fleet.show(&id)["deliveries"][0]["failure"].is_null() && nth > least {
                break;
            }
            reached = nth;
        }
        assert!(reached >= least, "{on}: only {reached} operations");
    }
    line.fleet.ledger_is_true();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for entry in std::fs::read_dir(line.fleet.file("chips")).unwrap() {
        keys.push(line.marks(entry.unwrap().file_name().to_str().unwrap()).key);
    }
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "no key twice");
}

#[test]
fn what_reads_back_differently_is_rejected_and_never_claimed() {
    let line = Line::new(4);
    for (index, fault) in [
        json!({"flip": {"address": 0x1080, "bit": 3}}),
        json!({"flip": {"address": 0x3FFF, "bit": 0}}),
        json!({"at": {"on": "program", "nth": 2, "does": "ignored"}}),
        json!({"at": {"on": "program", "nth": 0, "does": "ignored"}}),
    ]
    .into_iter()
    .enumerate()
    {
        fails(&line, &format!("sn-{}", index + 1), &format!("c{index}"), fault, &[5]);
    }
    line.fleet.ledger_is_true();
}

#[test]
fn a_wrong_chip_is_refused_before_anything_is_begun() {
    let line = Line::new(1);
    line.chip("a");
    line.faults("a", json!([{"says": {"name": "esp32s3"}}]));
    line.flash("sn-1", "a", &[]).exits(6).says(&["esp32s3", "esp32c3"]);
    line.chip_with("b", |chip| chip["name"] = json!("esp32"));
    line.flash("sn-1", "b", &[]).exits(6);
    let why = line.fleet.run(&["devices", "why", "sn-1"]).ok().stdout;
    assert!(why.contains("nothing was begun"), "{why}");
}

#[test]
fn memory_that_is_too_small_or_closed_is_refused_before_anything_is_begun() {
    let line = Line::new(1);
    line.chip_with("small", |chip| chip["memory"][0]["length"] = json!("0x2000"));
    line.chip_with("closed", |chip| chip["memory"][0]["writable"] = json!(false));
    line.chip_with("hole", |chip| {
        chip["memory"] = json!([{"start": 0, "length": "0x2000", "page": "0x1000"},
            {"start": "0x3000", "length": "0x2000", "page": "0x1000"}]);
    });
    for chip in ["small", "closed", "hole"] {
        let ran = line.flash("sn-1", chip, &[]);
        assert!([1, 6].contains(&ran.status), "{chip}: {}", ran.stderr);
        ran.says(&["not in the chip's memory"]);
        assert!(line.memory(chip, 0..0x80000).iter().all(|byte| *byte == 0xFF));
    }
    assert!(line.fleet.run(&["devices", "why", "sn-1"]).ok().stdout.contains("nothing was begun"));
}

#[test]
fn a_programmer_that_cannot_read_back_is_refused() {
    let line = Line::new(1);
    line.chip_with("a", |chip| chip["can"] = json!({"reads_back": false}));
    line.flash("sn-1", "a", &[]).exits(6).says(&["cannot read back"]);
    assert!(line.memory("a", 0..0x80000).iter().all(|byte| *byte == 0xFF));
}

#[test]
fn four_at_once_get_a_verdict_each() {
    let line = Line::new(4);
    for index in 1..=4 {
        line.chip(&format!("sn-{index}"));
    }
    line.faults("sn-2", json!([{"at": {"on": "program", "nth": 2, "does": "stop-here"}}]));
    line.faults("sn-3", json!([{"flip": {"address": 0x1000, "bit": 0}}]));
    line.faults("sn-4", json!([{"says": {"name": "esp32s3"}}]));
    let programmers: Vec<String> = (1..=4).map(|index| format!("--programmer=file:chips/sn-{index}")).collect();
    let mut words = vec!["flash", "--all"];
    words.extend(programmers.iter().map(String::as_str));
    line.fleet.run(&words).exits(3).says(&["sn-2", "sn-3", "sn-4", "1 written and read back", "3 failed"]);
    let done = (1..=4).filter(|index| line.is_registered(&format!("sn-{index}")));
    assert_eq!(done.collect::<Vec<_>>(), [1]);
    let pending = line.fleet.run(&["ledger", "pending"]).ok().stdout;
    assert!(pending.contains("sn-2") && pending.contains("sn-3"), "{pending}");
    for index in 2..=4 {
        line.faults(&format!("sn-{index}"), json!([]));
    }
    line.fleet.run(&words).ok();
    for index in 1..=4 {
        assert_eq!(line.marks(&format!("sn-{index}")).id, format!("sn-{index}"));
    }
    line.fleet.ledger_is_true();
}

#[test]
fn a_chip_that_another_process_holds_is_left_alone() {
    let line = Line::new(1);
    line.chip("a");
    let folder = std::fs::File::open(line.fleet.file("chips/a")).unwrap();
    rustix::fs::flock(&folder, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    line.flash("sn-1", "a", &[]).exits(4);
    drop(folder);
    line.flash("sn-1", "a", &[]).ok();
}
