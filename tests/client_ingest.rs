//! `firstlight client ingest`, by the program itself: a bundle comes from a medium into force, stays, and what was before
//! comes back.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use device::{Device, Key, image, lay, manifest, site};
use firstlight::bundle::sealed::result::signed_by;
use firstlight::delivery::result::{Outcome, ResultBody, ResultRoom};
use firstlight::delivery::{Action, SealedArtifact};
use serde_json::{Value, json};

#[test]
fn a_sealed_bundle_comes_into_force_and_the_copy_serves_without_the_medium() {
    let device = Device::new();
    let stick = device.stick(3, "one");
    let record = device.ingest(&stick).came_to(0, "applied", "");
    assert_eq!(record["bundles"][0]["lane"], "acme/device/gw-0007");
    assert_eq!(record["bundles"][0]["version"], 3);
    assert_eq!(device.text("etc/app/config"), "one");
    assert_eq!(device.text("var/lib/firstlight/current/device/files/config"), "one");
    let mode = |path: &str| fs::metadata(device.file(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("etc/app/config"), 0o640);
    assert_eq!(mode("var/lib/firstlight/current/device/files/config"), 0o600);
    assert_eq!(mode("var/lib/firstlight"), 0o700);
    fs::remove_dir_all(&stick).unwrap();
    device.boot().came_to(0, "copy-serves", "");
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn running_again_writes_nothing() {
    let device = Device::new();
    let stick = device.stick(3, "one");
    device.ingest(&stick).came_to(0, "applied", "");
    device.ingest(&stick).came_to(0, "unchanged", "");
    let before = snapshot(&device);
    device.ingest(&stick).came_to(0, "unchanged", "");
    assert_eq!(snapshot(&device), before);
}

/// Inode, time and size of every file under /etc and /var.
fn snapshot(device: &Device) -> Vec<(String, u64, i64, i64, u64)> {
    let mut found = Vec::new();
    let mut open = vec![device.file("etc"), device.file("var")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                open.push(path);
            } else {
                let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
                found.push((path.display().to_string(), metadata.ino(), seconds, nanoseconds, metadata.len()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_that_got_lost_comes_back_from_the_copy() {
    let device = Device::new();
    device.ingest(&device.stick(3, "one")).came_to(0, "applied", "");
    fs::remove_file(device.file("etc/app/config")).unwrap();
    device.boot().came_to(0, "copy-serves", "");
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn a_new_version_replaces_the_files_of_the_old_and_the_old_is_kept() {
    let device = Device::new();
    device.put("etc/app/extra", b"image's");
    let files = [("config", b"one".as_slice(), "/etc/app/config"), ("extra", b"mine", "/etc/app/extra")];
    let first = device.medium("1", &device.artifact(manifest(1), &files, &[&Key::new(1)]));
    device.ingest(&first).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/extra"), "mine");
    device.ingest(&device.stick(2, "two")).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "two");
    assert_eq!(device.text("etc/app/extra"), "image's", "what no bundle places any more is as it was before");
    let state = device.state();
    assert_eq!((&state["current"], &state["previous"]), (&json!(2), &json!(1)));
    assert_eq!(device.text("var/lib/firstlight/generations/1/device/files/extra"), "mine");
}

#[test]
fn a_site_bundle_joins_the_devices_own_which_wins() {
    let device = Device::new();
    let place = |name: &'static str, bytes: &'static [u8], to: &'static str| (name, bytes, to);
    let hall = [place("a", b"site", "/etc/app/config"), place("b", b"hall", "/etc/app/hall")];
    let medium = device.file("media/many");
    lay(&medium.join("firstlight/hall-3"), &device.artifact(site("hall-3", 5), &hall, &[&Key::new(1)]));
    device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "site");
    let own = [place("config", b"own", "/etc/app/config")];
    lay(&medium.join("firstlight/gw-0007"), &device.artifact(manifest(1), &own, &[&Key::new(1)]));
    device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!((device.text("etc/app/config"), device.text("etc/app/hall")), ("own".into(), "hall".into()));
    // Each counts its own versions, and the other stays when one comes alone.
    let newer = [place("b", b"new hall", "/etc/app/hall")];
    let alone = device.medium("alone", &device.artifact(site("hall-3", 6), &newer, &[&Key::new(1)]));
    let record = device.ingest(&alone).came_to(0, "applied", "");
    assert_eq!(record["bundles"].as_array().unwrap().len(), 2);
    assert_eq!((device.text("etc/app/config"), device.text("etc/app/hall")), ("own".into(), "new hall".into()));
    device.ingest(&medium).came_to(6, "refused", "older-version");
}

#[test]
fn of_many_bundles_the_devices_own_of_the_highest_version_is_taken() {
    let device = Device::new();
    let medium = device.file("media/many");
    for number in 0..40_u32 {
        let mut other = manifest(9);
        other.device = firstlight::fleet::EndpointName::new(&format!("gw-1{number:03}")).unwrap();
        other.matching.0.insert(firstlight::delivery::Property::Serial, vec![format!("SN-1{number:03}")]);
        let files = [("config", b"other".as_slice(), "/etc/app/config")];
        lay(&medium.join(format!("firstlight/gw-1{number:03}")), &device.artifact(other, &files, &[&Key::new(1)]));
    }
    for version in [2, 4, 3] {
        let content = format!("v{version}");
        let files = [("config", content.as_bytes(), "/etc/app/config")];
        let artifact = device.artifact(manifest(version), &files, &[&Key::new(1)]);
        lay(&medium.join(format!("firstlight/mine-{version}")), &artifact);
    }
    let record = device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "v4");
    assert_eq!(record["passed_by"].as_array().unwrap().len(), 42);
    let number = |reason: &str| {
        let passed_by = record["passed_by"].as_array().unwrap().iter();
        passed_by.filter(|passed| passed["reason"] == reason).count()
    };
    assert_eq!((number("other-device"), number("older-version")), (40, 2));
}

#[test]
fn an_image_of_a_whole_medium_is_read_and_gets_its_result_where_the_room_is() {
    let device = Device::new();
    let artifact = device.artifact(manifest(3), &[("config", b"one", "/etc/app/config")], &[&Key::new(1)]);
    let medium = device.file("media/stick.img");
    image(&medium, &artifact, "FIRSTLIGHT");
    let before = fs::read(&medium).unwrap();
    let record = device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(record["result"], "written");
    let after = fs::read(&medium).unwrap();
    let changed: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert!(!changed.is_empty() && changed.last().unwrap() - changed[0] < 4096, "more than the room was written");
    // mtools read the volume as somebody else's program does.
    let offset = format!("{}@@1048576", medium.display());
    let copied = std::process::Command::new("mtype").args(["-i", &offset, "::firstlight-result.json"]).output();
    let copied = copied.expect("mtype is missing (package mtools)").stdout;
    let body = result(&copied);
    assert_eq!((body.outcome, body.version, body.device.as_str()), (Outcome::Ingested, 3, "gw-0007"));
    assert_eq!(body.serial.as_deref(), Some("SN-7"));
    assert_eq!(body.manifest, artifact.digest().to_string());
    assert!(body.recipient.unwrap().starts_with("age1"));
    let checked = std::process::Command::new("fsck.fat").args(["-n", "-V"]).arg(volume(&device, &after)).output();
    let checked = checked.expect("fsck.fat is missing (package dosfstools)");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

fn volume(device: &Device, disk: &[u8]) -> std::path::PathBuf {
    let path = device.file("media/volume.img");
    fs::write(&path, &disk[1 << 20..]).unwrap();
    path
}

/// Reads a result and checks its signature.
fn result(bytes: &[u8]) -> ResultBody {
    assert_eq!(bytes.len(), 4096);
    let ResultRoom::File(file, body) = ResultRoom::read(bytes) else { panic!("{}", String::from_utf8_lossy(bytes)) };
    assert!(signed_by(&file).is_some());
    body
}

/// Copies the files of a folder without folders in it.
fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn the_result_in_a_folder_says_what_came_of_the_bundle() {
    let device = Device::new();
    let read = |stick: &std::path::Path| result(&fs::read(stick.join("firstlight-result.json")).unwrap());
    let (one, two) = (device.stick(1, "one"), device.stick(2, "two"));
    let copy = device.file("media/copy");
    copy_folder(&two, &copy);
    device.ingest(&two).came_to(0, "applied", "");
    device.ingest(&one).came_to(6, "refused", "older-version");
    let body = read(&one);
    assert_eq!((body.outcome, body.reason.as_deref()), (Outcome::Refused, Some("older-version")));
    assert!(body.words.contains("version 1") && body.words.contains("version 2"), "{}", body.words);
    device.ingest(&copy).came_to(0, "unchanged", "");
    assert_eq!(read(&copy).outcome, Outcome::Unchanged);
    // The kernel looks anew at a medium that was written to, and a service runs again: what came of it stays to be read.
    let before = fs::read(two.join("firstlight-result.json")).unwrap();
    let record = device.ingest(&two).came_to(0, "unchanged", "");
    assert_eq!(record["result"], "written");
    assert_eq!(fs::read(two.join("firstlight-result.json")).unwrap(), before);
    assert_eq!(read(&two).outcome, Outcome::Ingested);
    // A medium without room, or with something else there, is left alone and nothing fails.
    let stick = device.stick(3, "three");
    fs::remove_file(stick.join("firstlight-result.json")).unwrap();
    std::os::unix::fs::symlink("/etc/app/config", stick.join("firstlight-result.json")).unwrap();
    let record = device.ingest(&stick).came_to(0, "applied", "");
    assert!(record["result"].as_str().unwrap().starts_with("not written"));
}

#[test]
fn a_medium_is_found_by_its_label_among_removable_drives() {
    let device = Device::new();
    let artifact = device.artifact(manifest(3), &[("config", b"one", "/etc/app/config")], &[&Key::new(1)]);
    let drive = |name: &str, removable: &str, label: &str| {
        image(&device.file(&format!("dev/{name}")), &artifact, label);
        for (file, text) in [("removable", removable), ("size", "16384"), ("dev", "8:0"), ("ro", "0")] {
            device.put(&format!("sys/devices/pci0/{name}/{file}"), text.as_bytes());
        }
        fs::create_dir_all(device.file("sys/block")).unwrap();
        let target = device.file(&format!("sys/devices/pci0/{name}"));
        std::os::unix::fs::symlink(target, device.file(&format!("sys/block/{name}"))).unwrap();
    };
    drive("sda", "0", "FIRSTLIGHT");
    drive("sdb", "1", "HOLIDAYS");
    device.run(&["ingest"]).came_to(4, "no-medium", "");
    drive("sdc", "1", "FIRSTLIGHT");
    let record = device.run(&["ingest"]).came_to(0, "applied", "");
    assert!(record["medium"].as_str().unwrap().ends_with("dev/sdc"));
}

#[test]
fn a_key_that_the_device_made_opens_what_was_sealed_to_its_recipient() {
    let device = Device::new();
    let status = device.run(&["status"]).exits(0).json();
    let recipient: age::x25519::Recipient = status["recipient"].as_str().unwrap().parse().unwrap();
    fs::remove_file(device.file("etc/firstlight/keys/batch.age")).unwrap();
    let mut file = device.sealed(("config", b"", "/etc/app/config"));
    file.bytes = firstlight::fleet::Secret::new(age::encrypt(&recipient, b"to me").unwrap());
    let artifact = SealedArtifact::seal(manifest(1), vec![file]).unwrap();
    let medium = device.medium("own", &device::sign(artifact, &[&Key::new(1)]));
    device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "to me");
    let mode = fs::metadata(device.file("var/lib/firstlight/key.age")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn actions_run_in_their_order_after_the_files_and_again_when_what_was_before_comes_back() {
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial",
        "hooks": { "log": ["/hook", "word"] }, "destinations": ["/etc"] }));
    let log = device.file("log");
    fs::create_dir_all(device.file("run/systemd/system")).unwrap();
    fs::create_dir_all(device.file("run/NetworkManager")).unwrap();
    device.script("usr/bin/systemctl", &format!("echo systemctl $* >> {}", log.display()));
    device.script("usr/bin/nmcli", &format!("echo nmcli $* >> {}", log.display()));
    device.script(
        "hook",
        &format!("echo hook $1 $(cat {}) >> {}", device.file("etc/app/config").display(), log.display()),
    );
    device.put("proc/sys/kernel/hostname", b"before");
    let mut manifest = manifest(1);
    manifest.actions = vec![
        Action::Hostname("gw-7".into()),
        Action::NetworkConnection("uplink".into()),
        Action::Restart(vec!["app.service".into(), "other@1".into()]),
        Action::Hook("log".into()),
    ];
    let files = [("config", b"one".as_slice(), "/etc/app/config"), ("uplink", b"[connection]", "")];
    device.ingest(&device.medium("1", &device.artifact(manifest, &files, &[&Key::new(1)]))).came_to(0, "applied", "");
    assert_eq!(
        device.text("log"),
        "nmcli connection reload\nsystemctl restart -- app.service\nsystemctl restart -- other@1\nhook word one\n"
    );
    assert_eq!(device.text("proc/sys/kernel/hostname"), "gw-7");
    assert_eq!(device.text("etc/hostname"), "gw-7\n");
    let keyfile = "etc/NetworkManager/system-connections/uplink.nmconnection";
    assert_eq!(device.text(keyfile), "[connection]");
    assert_eq!(fs::metadata(device.file(keyfile)).unwrap().permissions().mode() & 0o7777, 0o600);
    device.run(&["forget", "--yes"]).exits(0);
    assert_eq!((device.text("etc/hostname"), device.text(keyfile)), (String::new(), String::new()));
    assert!(device.text("log").ends_with("systemctl restart -- other@1\n"), "{}", device.text("log"));
}

#[test]
fn openrc_restarts_services_where_systemd_does_not_run() {
    let device = Device::new();
    let log = device.file("log");
    device.script("sbin/rc-service", &format!("echo $* >> {}", log.display()));
    let mut manifest = manifest(1);
    manifest.actions = vec![Action::Restart(vec!["app.service".into()])];
    device.ingest(&device.stick_of(manifest, "one")).came_to(0, "applied", "");
    assert_eq!(device.text("log"), "app restart\n");
}

#[test]
fn a_failing_action_restores_what_was_before_and_waits_longer_each_time() {
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "hooks": { "check": ["/hook"] } }));
    device.script("hook", "exit 1");
    device.ingest(&device.stick(1, "one")).came_to(0, "applied", "");
    let mut bad = manifest(2);
    bad.actions = vec![Action::Hook("check".into())];
    let stick = device.stick_of(bad, "two");
    let record = device.ingest_at(&stick, 1000).came_to(4, "rolled-back", "");
    assert_eq!(record["what"], "the hook \"check\" failed: exit status: 1");
    assert_eq!(record["next_try"], "1970-01-01T00:17:40Z");
    assert_eq!(device.text("etc/app/config"), "one");
    assert_eq!(device.state()["lanes"]["acme/device/gw-0007"]["version"], 1);
    device.ingest_at(&stick, 1059).came_to(4, "waiting", "");
    let record = device.ingest_at(&stick, 1060).came_to(4, "rolled-back", "");
    assert_eq!(record["next_try"], "1970-01-01T00:19:40Z", "twice as long");
    // Without the medium it is tried again, too; and --now does not wait.
    device.script("hook", "exit 0");
    device.run(&["ingest", "--no-medium", "--now"]).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "two");
}

#[test]
fn the_older_stick_is_taken_again_while_the_newer_could_not_prove_itself() {
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "hooks": { "check": ["/hook"] } }));
    device.script("hook", "exit 1");
    let mut bad = manifest(2);
    bad.actions = vec![Action::Hook("check".into())];
    device.ingest(&device.stick_of(bad, "two")).came_to(4, "rolled-back", "");
    assert_eq!(device.text("etc/app/config"), "");
    device.ingest(&device.stick(1, "one")).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn without_medium_and_copy_the_run_says_so_and_tells_a_script_to_try_again() {
    let device = Device::new();
    device.boot().came_to(4, "no-medium", "");
    let empty = device.file("media/empty");
    fs::create_dir_all(&empty).unwrap();
    device.ingest(&empty).came_to(4, "no-bundle", "");
    let ran = device.ingest(&device.file("media/missing")).exits(4);
    assert!(ran.stderr.contains("there is no medium at"), "{}", ran.stderr);
    device.ingest(&device.stick(1, "one")).came_to(0, "applied", "");
    device.ingest(&empty).came_to(4, "no-bundle", "");
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn led_and_console_show_the_outcome() {
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial",
        "led": "/sys/class/leds/status", "console": "/dev/console" }));
    for file in ["trigger", "brightness", "delay_on", "delay_off"] {
        device.put(&format!("sys/class/leds/status/{file}"), b"");
    }
    device.put("sys/class/leds/status/max_brightness", b"255\n");
    device.put("dev/console", b"");
    let led = |file: &str| device.text(&format!("sys/class/leds/status/{file}"));
    device.ingest(&device.stick(2, "two")).came_to(0, "applied", "");
    assert_eq!(led("brightness"), "255");
    assert!(device.text("dev/console").starts_with("firstlight: in force: acme/device/gw-0007 version 2"));
    device.ingest(&device.stick(1, "one")).came_to(6, "refused", "older-version");
    assert_eq!(led("delay_on"), "125");
    assert!(device.text("dev/console").contains("refused, older-version: it has version 1"));
}

#[test]
fn a_laptop_is_not_a_device() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["ingest"][..], &["status"], &["forget", "--yes"]] {
        let mut program = std::process::Command::new(device::BINARY);
        let output = program.arg("client").args(command).arg("--root").arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(6));
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains("this machine is no device (a laptop is none)"), "{words}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_device_file_that_cannot_be_used_is_named_with_its_fault() {
    let device = Device::new();
    for (text, words) in [
        (json!({ "format": 2 }), "it has format 2, this program reads 1"),
        (json!({ "format": 1, "lables": [] }), "unknown field"),
        (json!({ "format": 1, "require_signature": false }), "takes no unsigned bundle"),
        (json!({ "format": 1, "store": "var" }), "no absolute path"),
        (json!({ "format": 1, "destinations": ["/etc/../root"] }), "no absolute path"),
    ] {
        device.configure(&text);
        let ran = device.boot().exits(1);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn forgetting_restores_what_was_before_and_keeps_the_counters() {
    let device = Device::new();
    device.put("etc/app/config", b"image's");
    let stick = device.stick(2, "two");
    device.ingest(&stick).came_to(0, "applied", "");
    let refused = device.run(&["forget"]).exits(6);
    assert!(refused.stderr.contains("there is no terminal"), "{}", refused.stderr);
    assert_eq!(device.run(&["forget", "--yes"]).exits(0).json()["generation"], 1);
    assert_eq!(device.text("etc/app/config"), "image's");
    assert!(!device.file("var/lib/firstlight/current").is_symlink());
    device.ingest(&device.stick(1, "one")).came_to(6, "refused", "older-version");
    device.ingest(&stick).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "two");
}

#[test]
fn status_says_what_is_in_force_and_whom_the_device_trusts() {
    let device = Device::new();
    let status = device.run(&["status"]).exits(0).json();
    assert_eq!((&status["trust"], &status["generation"]), (&json!("image"), &Value::Null));
    assert_eq!(status["trusted"], json!([Key::new(1).public().name()]));
    assert_eq!(status["properties"]["serial"], json!(["SN-7"]));
    device.ingest(&device.stick(2, "two")).came_to(0, "applied", "");
    let status = device.run(&["status"]).exits(0).json();
    assert_eq!((&status["device"], &status["fleet"]), (&json!("gw-0007"), &json!("acme")));
    assert_eq!(status["bundles"][0]["version"], 2);
    assert_eq!(status["not_earlier_than"], "2026-01-02T00:00:00Z");
    assert_eq!(status["last"]["outcome"], "applied");
    assert_eq!(status["interrupted"], false);
}

#[test]
fn no_secret_reaches_output_or_the_memory() {
    let device = Device::new();
    let ran = device.ingest(&device.stick(1, "hunter2secret")).exits(0);
    let mut told = ran.stdout + &ran.stderr + &device.text("var/lib/firstlight/state.json");
    told.push_str(&device.run(&["status"]).exits(0).stdout);
    let own_key = device.text("var/lib/firstlight/key.age");
    let own_key = own_key.lines().nth(1).unwrap();
    assert!(own_key.starts_with("AGE-SECRET-KEY-1"));
    assert!(!told.contains(own_key) && !told.replace("gw-0007-1-hunter2secret", "").contains("hunter2secret"));
}

#[test]
fn two_runs_at_once_take_turns() {
    let device = Device::new();
    let stick = device.stick(1, "one");
    let spawn = || {
        let mut command = device.command(&["ingest", "--from", stick.to_str().unwrap()]);
        command.stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..4).map(|_| spawn()).collect();
    let outcomes = children.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["outcome"].as_str().unwrap().to_owned()
    });
    let mut outcomes: Vec<String> = outcomes.collect();
    outcomes.sort();
    assert_eq!(outcomes, ["applied", "unchanged", "unchanged", "unchanged"]);
}

#[test]
fn a_bundle_that_expires_while_it_waits_is_not_tried_again() {
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "hooks": { "check": ["/hook"] } }));
    device.put("run/systemd/timesync/synchronized", b"");
    device.script("hook", "exit 1");
    device.ingest_at(&device.stick(1, "one"), 0).came_to(0, "applied", "");
    let mut bad = manifest(2);
    bad.actions = vec![Action::Hook("check".into())];
    bad.not_after = Some("2026-02-01T00:00:00Z".into());
    let stick = device.stick_of(bad, "two");
    device.ingest_at(&stick, 1_767_225_600).came_to(4, "rolled-back", "");
    device.script("hook", "exit 0");
    for _ in 0..2 {
        let late = device.command(&["ingest", "--no-medium", "--now"]).env("SOURCE_DATE_EPOCH", "1777000000").output();
        let record: Value = serde_json::from_slice(&late.unwrap().stdout).unwrap();
        assert_eq!(record["outcome"], "copy-serves");
        assert!(device.state()["waiting"].is_null());
    }
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn a_copy_that_is_damaged_is_said_and_can_be_forgotten() {
    let device = Device::new();
    let stick = device.stick(1, "one");
    device.put("etc/app/config", b"image's");
    device.ingest(&stick).came_to(0, "applied", "");
    fs::remove_dir_all(device.file("var/lib/firstlight/generations/1")).unwrap();
    assert!(device.boot().status != 0);
    device.run(&["forget", "--yes"]).exits(0);
    assert_eq!(device.text("etc/app/config"), "image's");
    device.ingest(&stick).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "one");
}

#[test]
fn a_person_reads_one_line_and_a_refusal_as_an_error() {
    let device = Device::new();
    let run = |stick: &std::path::Path| {
        let mut command = std::process::Command::new(device::BINARY);
        let output = command.args(["client", "ingest", "--root"]).arg(device.root()).arg("--from").arg(stick).output();
        let output = output.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (one, two) = (device.stick(1, "one"), device.stick(2, "two"));
    assert_eq!(run(&two), (Some(0), "in force: acme/device/gw-0007 version 2\n".into(), String::new()));
    let words = "error: refused, older-version: it has version 1, this device took version 2\n";
    assert_eq!(run(&one), (Some(6), String::new(), words.into()));
}
