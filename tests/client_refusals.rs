//! Every reason for which a device takes no bundle, reached by the program itself; what was before stays as it was.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use device::{Device, Key, lay, manifest, site, trusted};
use firstlight::bundle::sealed::{Reason, Signature};
use firstlight::delivery::{Action, ClockRule, Connect, ConnectProtocol, Match, Property, SealedArtifact};
use firstlight::fleet::EndpointName;
use serde_json::{Value, json};

/// A device with version 5 in force.
fn device() -> Device {
    let device = Device::new();
    device.ingest(&device.stick(5, "in force")).came_to(0, "applied", "");
    device
}

/// Ingests what is refused: by its class, for this reason, in words that hold `words`; nothing else changes.
#[track_caller]
fn refused(device: &Device, medium: &Path, reason: Reason, words: &str) -> Value {
    let status = match reason {
        Reason::Altered | Reason::Truncated => 5,
        Reason::TooBig | Reason::UnsafePath | Reason::UnknownFormat => 1,
        Reason::ClockUntrusted => 4,
        _ => 6,
    };
    let before = device.state();
    let record = device.ingest(medium).came_to(status, "refused", reason.code());
    let what = record["what"].as_str().unwrap();
    assert!(what.contains(words), "{what}");
    let mut after = device.state();
    after["last"] = before["last"].clone();
    assert_eq!(after, before);
    if before["current"].is_number() {
        assert_eq!(device.text("etc/app/config"), "in force");
    }
    record
}

fn config(content: &[u8]) -> [device::File<'_>; 1] {
    [("config", content, "/etc/app/config")]
}

#[test]
fn every_reason_has_its_test_here() {
    let text = include_str!("client_refusals.rs");
    let untested: BTreeSet<_> = Reason::ALL
        .into_iter()
        .filter(|reason| {
            let by_variant = text.contains(&format!("Reason::{reason:?}, "));
            !by_variant && !text.contains(&format!("\"refused\", \"{}\"", reason.code()))
        })
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn unsigned() {
    let device = device();
    let stick = device.medium("x", &device.artifact(manifest(6), &config(b"x"), &[]));
    refused(&device, &stick, Reason::Unsigned, "no signature");
}

#[test]
fn not_ours() {
    let device = device();
    let stick = device.medium("x", &device.artifact(manifest(6), &config(b"x"), &[&Key::new(9)]));
    refused(&device, &stick, Reason::NotOurs, "no key that is trusted here");
    let mut other = manifest(6);
    other.fleet = "others".into();
    refused(&device, &device.stick_of(other, "x"), Reason::NotOurs, "this device belongs to \"acme\"");
}

#[test]
fn altered() {
    let device = device();
    let stick = device.stick(6, "x");
    let path = stick.join("firstlight-manifest.json");
    let document = fs::read_to_string(&path).unwrap();
    fs::write(&path, document.replace("\"version\": 6", "\"version\": 7")).unwrap();
    refused(&device, &stick, Reason::Altered, "does not fit");
    fs::write(&path, document).unwrap();
    let file = stick.join("config.age");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    refused(&device, &stick, Reason::Altered, "is not the file that was signed");
}

#[test]
fn truncated() {
    let device = device();
    let stick = device.stick(6, "x");
    let file = stick.join("config.age");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    refused(&device, &stick, Reason::Truncated, "the manifest says");
    fs::remove_file(&file).unwrap();
    refused(&device, &stick, Reason::Truncated, "is missing");
}

#[test]
fn expired_not_yet_valid_and_clock_untrusted() {
    let device = device();
    let mut limited = manifest(6);
    limited.not_before = Some("2026-03-01T00:00:00Z".into());
    limited.not_after = Some("2026-04-01T00:00:00Z".into());
    let stick = device.stick_of(limited.clone(), "x");
    refused(&device, &stick, Reason::ClockUntrusted, "no trusted time");
    limited.without_clock = ClockRule::Accept;
    let lenient = device.stick_of(Manifested::version(limited, 7), "y");
    device.put("run/systemd/timesync/synchronized", b"");
    let at = |stick: &Path, day: &str| {
        let time = time::OffsetDateTime::parse(day, &time::format_description::well_known::Rfc3339).unwrap();
        device.ingest_at(stick, time.unix_timestamp())
    };
    at(&stick, "2026-02-28T23:59:59Z").came_to(6, "refused", "not-yet-valid");
    at(&stick, "2026-04-01T00:00:01Z").came_to(6, "refused", "expired");
    at(&stick, "2026-03-15T00:00:00Z").came_to(0, "applied", "");
    fs::remove_file(device.file("run/systemd/timesync/synchronized")).unwrap();
    at(&lenient, "1970-01-01T00:00:00Z").came_to(0, "applied", "");
    let newest = device.stick_of(Manifested::created(manifest(8), "2026-05-01T00:00:00Z"), "z");
    at(&newest, "1970-01-01T00:00:00Z").came_to(0, "applied", "");
    let mut old = manifest(9);
    old.not_after = Some("2026-04-01T00:00:00Z".into());
    old.without_clock = ClockRule::Accept;
    let words = "it was good until 2026-04-01T00:00:00Z, it is 2026-05-01T00:00:00Z";
    let record = at(&device.stick_of(old, "w"), "1970-01-01T00:00:00Z").came_to(6, "refused", "expired");
    assert_eq!(record["what"], words, "the newest signed time is the floor");
}

struct Manifested;

impl Manifested {
    fn version(manifest: firstlight::delivery::Manifest, version: u32) -> firstlight::delivery::Manifest {
        firstlight::delivery::Manifest { version, ..manifest }
    }

    fn created(manifest: firstlight::delivery::Manifest, created: &str) -> firstlight::delivery::Manifest {
        firstlight::delivery::Manifest { created: created.into(), ..manifest }
    }
}

#[test]
fn older_version() {
    let device = device();
    refused(&device, &device.stick(4, "x"), Reason::OlderVersion, "version 4, this device took version 5");
}

#[test]
fn version_conflict() {
    let device = device();
    refused(&device, &device.stick(5, "other"), Reason::VersionConflict, "another bundle of version 5");
}

#[test]
fn used() {
    let device = Device::new();
    let mut once = manifest(1);
    once.single_use = true;
    let stick = device.stick_of(once, "once");
    device.ingest(&stick).came_to(0, "applied", "");
    device.ingest(&stick).came_to(0, "unchanged", "");
    device.run(&["forget", "--yes"]).exits(0);
    refused(&device, &stick, Reason::Used, "may be taken once");
    device.ingest(&device.stick(2, "in force")).came_to(0, "applied", "");
    refused(&device, &stick, Reason::Used, "may be taken once");
}

#[test]
fn other_device() {
    let device = device();
    let mut other = manifest(6);
    other.matching = Match([(Property::Serial, vec!["SN-8".into(), "SN-9".into()])].into());
    let record = refused(&device, &device.stick_of(other, "x"), Reason::OtherDevice, "with the serial SN-8 or SN-9");
    assert!(record["what"].as_str().unwrap().contains("this device has SN-7"));
    let mut renamed = manifest(6);
    renamed.device = EndpointName::new("gw-0008").unwrap();
    refused(&device, &device.stick_of(renamed, "x"), Reason::OtherDevice, "this device is gw-0007");
}

#[test]
fn cannot_decrypt() {
    let device = device();
    let stranger = Device::new();
    let stick = stranger.artifact(manifest(6), &config(b"x"), &[&Key::new(1)]);
    refused(&device, &device.medium("x", &stick), Reason::CannotDecrypt, "no key of this device opens");
}

#[test]
fn too_big() {
    let device = device();
    let limits = |limits: Value| {
        device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "limits": limits }));
    };
    let stick = device.stick(6, "x");
    limits(json!({ "bytes": 100 }));
    refused(&device, &stick, Reason::TooBig, "at most 100");
    limits(json!({ "files": 0 }));
    refused(&device, &stick, Reason::TooBig, "1 files, this device takes at most 0");
    limits(json!({ "bundles": 1 }));
    let many = device.file("media/many");
    for number in [1, 2] {
        let artifact = device.artifact(site(&format!("hall-{number}"), 1), &[], &[&Key::new(1)]);
        lay(&many.join(format!("firstlight/hall-{number}")), &artifact);
    }
    refused(&device, &many, Reason::TooBig, "holds 2 bundles, this device takes at most 1");
}

#[test]
fn unsafe_path() {
    let device = device();
    let with = |destination: &str| {
        let files = [("config", b"x".as_slice(), destination)];
        device.medium("x", &device.artifact(manifest(6), &files, &[&Key::new(1)]))
    };
    for destination in ["/etc/../root/x", "etc/x", "/etc//x", "/etc/./x", "/"] {
        refused(&device, &with(destination), Reason::UnsafePath, "may not be followed");
    }
    let twice = [("a", b"x".as_slice(), "/etc/x"), ("b", b"x", "/etc/x")];
    let twice = device.medium("twice", &device.artifact(manifest(6), &twice, &[&Key::new(1)]));
    refused(&device, &twice, Reason::UnsafePath, "/etc/x");
    fs::create_dir_all(device.file("root")).unwrap();
    symlink(device.file("root"), device.file("etc/link")).unwrap();
    refused(&device, &with("/etc/link/x"), Reason::UnsafePath, "a link or a file lies in the way");
    symlink("../root/x", device.file("etc/x")).unwrap();
    refused(&device, &with("/etc/x"), Reason::UnsafePath, "a link lies in the way");
    fs::create_dir_all(device.file("etc/folder")).unwrap();
    refused(&device, &with("/etc/folder"), Reason::UnsafePath, "no regular file lies in the way");
    assert_eq!(fs::read_dir(device.file("root")).unwrap().count(), 0);
}

#[test]
fn unknown_format() {
    let device = device();
    let mut newer = manifest(6);
    newer.format = 2;
    refused(&device, &device.stick_of(newer, "x"), Reason::UnknownFormat, "format 2, this program reads 1");
    let mut odd = manifest(6);
    odd.not_after = Some("next week".into());
    refused(&device, &device.stick_of(odd, "y"), Reason::UnknownFormat, "\"next week\" is no time");
}

#[test]
fn ambiguous() {
    let device = device();
    let medium = device.file("media/many");
    for name in ["a", "b"] {
        let artifact = device.artifact(manifest(6), &config(name.as_bytes()), &[&Key::new(1)]);
        lay(&medium.join("firstlight").join(name), &artifact);
    }
    refused(&device, &medium, Reason::Ambiguous, "are both version 6");
    let same = device.artifact(manifest(6), &config(b"same"), &[&Key::new(1)]);
    for name in ["a", "b"] {
        fs::remove_dir_all(medium.join("firstlight").join(name)).unwrap();
        lay(&medium.join("firstlight").join(name), &same);
    }
    device.ingest(&medium).came_to(0, "applied", "");
}

#[test]
fn not_allowed() {
    let device = device();
    let mut number = 0;
    let mut medium = |change: &dyn Fn(&mut firstlight::delivery::Manifest), files: &[device::File<'_>]| {
        number += 1;
        let mut manifest = manifest(6);
        change(&mut manifest);
        device.medium(&number.to_string(), &device.artifact(manifest, files, &[&Key::new(1)]))
    };
    let places = [
        "/srv/x",
        "/etc/passwd",
        "/etc/sudoers.d/x",
        "/etc/firstlight/anchors/x.pub",
        "/var/lib/firstlight/state.json",
    ];
    for place in places {
        let stick = medium(&|_| {}, &[("config", b"x", place)]);
        refused(&device, &stick, Reason::NotAllowed, "may not be put at");
    }
    let hook = medium(&|manifest| manifest.actions = vec![Action::Hook("reboot".into())], &config(b"x"));
    refused(&device, &hook, Reason::NotAllowed, "allows no hook \"reboot\"");
}

#[test]
fn orders_that_are_none() {
    let device = device();
    let refused = |change: &dyn Fn(&mut firstlight::delivery::Manifest), words: &str| {
        let mut manifest = manifest(6);
        change(&mut manifest);
        let stick = device.medium("x", &device.artifact(manifest, &config(b"x"), &[&Key::new(1)]));
        refused(&device, &stick, Reason::UnknownFormat, words);
    };
    let act = |action: Action, words: &str| refused(&|manifest| manifest.actions = vec![action.clone()], words);
    act(Action::Hostname("-x".into()), "\"-x\" is no host name");
    act(Action::Restart(vec!["--all".into()]), "\"--all\" is no name of a unit");
    act(Action::NetworkConnection("none".into()), "\"none\"");
    refused(&|manifest| manifest.trusted_keys = Some(trusted(1, &[])), "keys");
    let nowhere = Connect {
        protocol: ConnectProtocol::Tls,
        host: "localhost".into(),
        port: 1,
        within: 1,
        trust: Some("root.pem".into()),
        certificate: None,
        private_key: None,
        client_id: None,
    };
    refused(&|manifest| manifest.connect = Some(nowhere.clone()), "\"root.pem\"");
}

#[test]
fn owners_and_modes_that_a_device_does_not_give_away() {
    let device = device();
    let medium = |name: &str, owner: &str, mode: u32| {
        let mut file = device.sealed(("config", b"x", "/etc/app/config"));
        (file.owner, file.mode) = (Some(owner.to_owned()).filter(|owner| !owner.is_empty()), mode);
        let artifact = SealedArtifact::seal(manifest(6), vec![file]).unwrap();
        device.medium(name, &device::sign(artifact, &[&Key::new(1)]))
    };
    refused(&device, &medium("1", "nobody-here", 0o600), Reason::NotAllowed, "no user \"nobody-here\"");
    refused(&device, &medium("2", "", 0o4755), Reason::NotAllowed, "4755");
    let me = fs::metadata(device.root()).unwrap();
    let (user, group) = (std::os::unix::fs::MetadataExt::uid(&me), std::os::unix::fs::MetadataExt::gid(&me));
    device.put("etc/passwd", format!("app:x:{user}:{group}::/:/bin/sh\n").as_bytes());
    refused(&device, &medium("3", "app:crew", 0o600), Reason::NotAllowed, "no group \"crew\"");
    device.put("etc/group", format!("crew:x:{group}:\n").as_bytes());
    device.ingest(&medium("4", "app:crew", 0o644)).came_to(0, "applied", "");
}

/// Only root gives files away; whoever rehearses in a folder of his own gets them all the same.
#[test]
fn a_folder_that_plays_a_device_is_filled_by_anybody() {
    let device = device();
    let mut file = device.sealed(("config", b"x", "/etc/app/config"));
    file.owner = Some("root".to_owned());
    let artifact = SealedArtifact::seal(manifest(6), vec![file]).unwrap();
    let medium = device.medium("rehearsal", &device::sign(artifact, &[&Key::new(1)]));
    let mut command = device.command(&["ingest", "--from", medium.to_str().unwrap()]);
    let mut expected = std::os::unix::fs::MetadataExt::uid(&fs::metadata(device.root()).unwrap());
    if expected == 0 {
        expected = 65534;
        let given = std::process::Command::new("chown").args(["-R", "65534"]).arg(device.root()).status().unwrap();
        assert!(given.success());
        command = device::as_user(65534, &command);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let placed = fs::metadata(device.root().join("etc/app/config")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&placed), expected);
}

#[test]
fn what_is_altered_is_told_before_what_is_for_others_and_a_good_bundle_is_taken_beside_bad_ones() {
    let device = device();
    let medium = device.file("media/many");
    let mut other = manifest(6);
    other.matching = Match([(Property::Serial, vec!["SN-8".into()])].into());
    lay(&medium.join("firstlight/a"), &device.artifact(other, &config(b"x"), &[&Key::new(1)]));
    lay(&medium.join("firstlight/b"), &device.artifact(manifest(6), &config(b"x"), &[&Key::new(9)]));
    refused(&device, &medium, Reason::OtherDevice, "(and 1 more were passed by)");
    lay(&medium.join("firstlight/c"), &device.artifact(manifest(6), &config(b"x"), &[&Key::new(1)]));
    let path = medium.join("firstlight/c/firstlight-manifest.json");
    fs::write(&path, fs::read_to_string(&path).unwrap().replace("gw-0007", "gw-0009")).unwrap();
    refused(&device, &medium, Reason::Altered, "\"firstlight/c\"");
    lay(&medium.join("firstlight/d"), &device.artifact(manifest(6), &config(b"good"), &[&Key::new(1)]));
    let record = device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "good");
    assert_eq!(record["passed_by"].as_array().unwrap().len(), 3);
}

#[test]
fn a_volume_that_is_damaged_is_truncated_and_a_link_on_a_medium_is_not_followed() {
    let device = device();
    let artifact = device.artifact(manifest(6), &config(b"x"), &[&Key::new(1)]);
    let path = device.file("media/stick.img");
    device::image(&path, &artifact, "FIRSTLIGHT");
    let mut bytes = fs::read(&path).unwrap();
    // The first entries of both copies of the table: every chain leads nowhere.
    let volume = 1 << 20;
    let reserved = usize::from(u16::from_le_bytes([bytes[volume + 14], bytes[volume + 15]])) * 512;
    bytes[volume + reserved..volume + reserved + 2048].fill(0);
    fs::write(&path, bytes).unwrap();
    refused(&device, &path, Reason::Truncated, "");
    let stick = device.stick(6, "x");
    device.put("secret", b"not the medium's");
    fs::remove_file(stick.join("config.age")).unwrap();
    symlink(device.file("secret"), stick.join("config.age")).unwrap();
    let ran = device.ingest(&stick);
    assert!(ran.status == 5 && ran.json()["outcome"] == "refused", "{}", ran.stdout);
}

#[test]
fn a_rotation_is_learned_and_replaces_the_images_anchors() {
    let (old, new) = (Key::new(1), Key::new(2));
    let device = Device::new();
    let mut overlap = manifest(1);
    overlap.trusted_keys = Some(trusted(1, &[&old, &new]));
    let stick = device.medium("1", &device.artifact(overlap, &config(b"1"), &[&old, &new]));
    device.ingest(&stick).came_to(0, "applied", "");
    let mut retired = manifest(2);
    retired.trusted_keys = Some(trusted(2, &[&new]));
    device.ingest(&device.medium("2", &device.artifact(retired, &config(b"2"), &[&new]))).came_to(0, "applied", "");
    let by_old = device.medium("3", &device.artifact(manifest(3), &config(b"3"), &[&old]));
    device.ingest(&by_old).came_to(6, "refused", "not-ours");
    // A list with a lower number changes nothing.
    let mut earlier = manifest(4);
    earlier.trusted_keys = Some(trusted(1, &[&old, &new]));
    device.ingest(&device.medium("4", &device.artifact(earlier, &config(b"4"), &[&new]))).came_to(0, "applied", "");
    device.ingest(&by_old).came_to(6, "refused", "not-ours");
    let status = device.run(&["status"]).exits(0).json();
    assert_eq!((&status["trust"], &status["sequence"]), (&json!("learned"), &json!(2)));
}

#[test]
fn first_use_is_believed_only_where_the_image_says_so_and_only_once() {
    let (first, second) = (Key::new(5), Key::new(6));
    let bringing = |device: &Device, name: &str, key: &Key, version: u32| {
        let mut manifest = manifest(version);
        manifest.trusted_keys = Some(trusted(1, &[key]));
        device.medium(name, &device.artifact(manifest, &config(name.as_bytes()), &[key]))
    };
    for (allowed, status, outcome, reason) in [(false, 6, "refused", "not-ours"), (true, 0, "applied", "")] {
        let device = Device::new();
        fs::remove_dir_all(device.file("etc/firstlight/anchors")).unwrap();
        device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "trust_on_first_use": allowed }));
        device.ingest(&bringing(&device, "first", &first, 1)).came_to(status, outcome, reason);
        if allowed {
            device.ingest(&bringing(&device, "second", &second, 2)).came_to(6, "refused", "not-ours");
            device.ingest(&bringing(&device, "third", &first, 2)).came_to(0, "applied", "");
        }
    }
    // Where the image has anchors, first use means nothing.
    let device = Device::new();
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial", "trust_on_first_use": true }));
    device.ingest(&bringing(&device, "first", &first, 1)).came_to(6, "refused", "not-ours");
}

/// Writes a transfer of the device beside what is on the medium.
fn transfer(medium: &Path, signer: &Key, from: &str, to: &str, keys: &[&Key], serial: &str) {
    let keys: Vec<String> = keys.iter().map(|key| key.line()).collect();
    let document = json!({ "format": 1, "from": from, "to": to, "keys": keys, "match": { "serial": [serial] } });
    let document = document.to_string().into_bytes();
    let signature = Signature::make(signer, &document, "transfer").unwrap().to_file();
    fs::write(medium.join("firstlight-transfer.json"), document).unwrap();
    fs::write(medium.join("firstlight-transfer.json.minisig"), signature).unwrap();
}

#[test]
fn the_owner_changes_by_a_transfer_that_the_old_one_signed_and_by_nothing_less() {
    let (old, new) = (Key::new(1), Key::new(7));
    let device = device();
    let stick = |name: &str| {
        let mut manifest = manifest(1);
        (manifest.fleet, manifest.device) = ("zenith".into(), EndpointName::new("z-1").unwrap());
        device.medium(name, &device.artifact(manifest, &config(b"zenith's"), &[&new]))
    };
    let bad = [
        ("unsigned-by-old", &new, "acme", "SN-7"),
        ("for-another", &old, "acme", "SN-8"),
        ("from-another", &old, "beta", "SN-7"),
    ];
    for (name, signer, from, serial) in bad {
        let medium = stick(name);
        transfer(&medium, signer, from, "zenith", &[&new], serial);
        let ran = device.ingest(&medium);
        assert_eq!((ran.status, &ran.json()["outcome"]), (6, &json!("refused")), "{name}");
        assert_eq!(device.text("etc/app/config"), "in force");
    }
    let medium = stick("good");
    transfer(&medium, &old, "acme", "zenith", &[&new], "SN-7");
    device.ingest(&medium).came_to(0, "applied", "");
    assert_eq!(device.text("etc/app/config"), "zenith's");
    let status = device.run(&["status"]).exits(0).json();
    assert_eq!((&status["fleet"], &status["device"]), (&json!("zenith"), &json!("z-1")));
    device.ingest(&medium).came_to(0, "unchanged", "");
    device.ingest(&device.stick(6, "acme's")).came_to(6, "refused", "not-ours");
}

#[test]
fn the_owner_is_forgotten_only_in_the_presence_that_the_image_declares() {
    let device = device();
    let words = |status: i32| device.run(&["forget", "--owner", "--yes"]).exits(status).stderr;
    assert!(words(6).contains("no way to declare presence"));
    device.configure(&json!({ "format": 1, "serial_file": "/run/serial",
        "presence": { "file": "/sys/button", "equals": "1" } }));
    device.put("sys/button", b"0\n");
    assert!(words(6).contains("presence is"));
    assert_eq!(device.text("etc/app/config"), "in force");
    device.put("sys/button", b"1\n");
    words(0);
    assert_eq!((device.text("etc/app/config"), device.state()["owner"].clone()), (String::new(), Value::Null));
    device.ingest(&device.stick(4, "x")).came_to(6, "refused", "older-version");
    // A memory that is damaged is never guessed; presence replaces it.
    device.put("var/lib/firstlight/state.json", b"{");
    let ran = device.ingest(&device.stick(6, "x")).exits(6);
    assert!(ran.stderr.contains("refusing to guess"), "{}", ran.stderr);
    words(0);
    device.ingest(&device.stick(6, "y")).came_to(0, "applied", "");
}
