//! From the fleet file to a device that is registered, with no step by hand: written by the station, taken by the device,
//! registered at the server, seen in the registry. Every program is the real one.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;
mod registering;

use common::oracle;
use registering::{Proof, Scene};

#[test]
fn a_device_registers_by_its_certificate_with_no_further_input() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    let registered = device.client(&["register", "--json"]).ok().json();
    assert_eq!((registered["id"].as_str(), registered["asked"].as_bool()), (Some("gw-0001"), Some(true)));
    let store = scene.fleet.file(".firstlight/registry.db");
    let seen = oracle("sqlite3", &[store.to_str().unwrap(), "SELECT id, state, serial FROM device"]);
    assert_eq!(seen.trim(), "gw-0001|registered|SN000001");
    let again = device.client(&["register", "--json"]).ok().json();
    assert_eq!((&again["registration"], again["asked"].as_bool()), (&registered["registration"], Some(false)));
}

#[test]
fn a_device_registers_by_the_key_derived_from_its_groups() {
    let scene = Scene::new(Proof::DerivedKey);
    let registered = scene.device("gw-0002").client(&["register", "--json"]).ok().json();
    assert_eq!(registered["id"], "gw-0002");
}

#[test]
fn a_device_registers_by_its_token() {
    let scene = Scene::new(Proof::Token);
    let registered = scene.device("gw-0001").client(&["register", "--json"]).ok().json();
    assert_eq!(registered["id"], "gw-0001");
}

#[test]
fn a_device_registers_by_a_key_of_its_own_that_a_station_made() {
    let scene = Scene::new(Proof::OwnKey);
    let registered = scene.device("gw-0001").client(&["register", "--json"]).ok().json();
    assert_eq!(registered["id"], "gw-0001");
}

/// The whole life: a certificate for a key of its own, a report, a renewal, the end.
#[test]
fn a_registered_device_reports_renews_and_ends() {
    let scene = Scene::new(Proof::DerivedKey);
    let device = scene.device("gw-0001");
    let folder = device.root().join("etc/firstlight.d");
    let (key, csr) = (folder.join("own.key"), folder.join("own.csr"));
    let made =
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gw-0001"];
    oracle("openssl", &[&made[..], &["-keyout", key.to_str().unwrap(), "-out", csr.to_str().unwrap()]].concat());
    device.client(&["report"]).exits(1).says(&["has not registered", "firstlight client register"]);
    let told = |more: &str| {
        let order = device.text("etc/firstlight.d/registration.json");
        device.put("etc/firstlight.d/registration.json", order.replacen('{', &format!("{{ {more}, "), 1).as_bytes());
    };
    told("\"request\": \"own.csr\"");
    device.client(&["register"]).ok();
    let certificate = || device.text("var/lib/firstlight/registration/registration.pem");
    let first = certificate();
    assert!(first.starts_with("-----BEGIN CERTIFICATE-----"), "{first}");
    assert_eq!(device.client(&["renew", "--json"]).ok().json()["done"], "not-due");
    assert_eq!(certificate(), first);
    assert_eq!(device.client(&["renew", "--now", "--json"]).ok().json()["done"], "renewed");
    assert_ne!(certificate(), first);
    told("\"firmware\": \"1.9.2\"");
    device.client(&["report"]).ok();
    let store = scene.fleet.file(".firstlight/registry.db");
    let ask = |text: &str| oracle("sqlite3", &[store.to_str().unwrap(), text]).trim().to_owned();
    assert_eq!(ask("SELECT firmware FROM device WHERE folded = 'gw-0001'"), "1.9.2");
    device.client(&["end"]).ok();
    assert_eq!(ask("SELECT state FROM device WHERE folded = 'gw-0001'"), "expected");
    assert_eq!(certificate(), "");
    device.client(&["register"]).ok();
    assert_eq!(ask("SELECT state FROM device WHERE folded = 'gw-0001'"), "registered");
}

/// The SHA-256 of a certificate's or a private key's public part, by openssl.
fn key_of(device: &registering::Device, kind: &str, path: &str) -> String {
    let file = device.root().join(path);
    let out = if kind == "x509" { "-noout" } else { "-pubout" };
    let pem = if kind == "x509" { vec!["x509", "-pubkey", out, "-in"] } else { vec!["pkey", out, "-in"] };
    oracle("openssl", &[&pem[..], &[file.to_str().unwrap()]].concat())
}

#[test]
fn a_renewed_certificate_takes_the_place_of_the_bundles_and_stays_there() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    let place = "etc/firstlight.d/certificate.pem";
    let first = device.text(place);
    device.client(&["register"]).ok();
    assert_eq!(device.client(&["renew", "--json"]).ok().json()["done"], "not-due");
    assert_eq!(device.text(place), first);
    // A server that does not answer, or does not take it, changes nothing.
    let order = device.text("etc/firstlight.d/registration.json");
    let away = order.replacen(&format!(":{}", scene.server.port), ":1", 1);
    device.put("etc/firstlight.d/registration.json", away.as_bytes());
    device.client(&["renew", "--now", "--within", "1s"]).exits(4);
    assert_eq!(device.text(place), first);
    device.put("etc/firstlight.d/registration.json", order.as_bytes());
    assert_eq!(device.client(&["renew", "--now", "--json"]).ok().json()["done"], "renewed");
    let second = device.text(place);
    assert_ne!(second, first);
    assert_eq!(key_of(&device, "x509", place), key_of(&device, "pkey", "etc/firstlight.d/private-key.pem"));
    let root = scene.fleet.file(".firstlight/authority/root.pem");
    let (root, chain) = (root.to_str().unwrap(), device.root().join(place));
    oracle("openssl", &["verify", "-CAfile", root, "-untrusted", chain.to_str().unwrap(), chain.to_str().unwrap()]);
    // The device's start, which makes the files those of its bundle, leaves it; it serves.
    device.client(&["ingest", "--from", "/nowhere"]);
    assert_eq!(device.text(place), second);
    device.client(&["report"]).ok();
    // A later bundle with the same certificate leaves it, too.
    device.put(place, first.as_bytes());
    device.client(&["ingest"]);
    assert_eq!(device.text(place), second, "what something else changed is put right");
}

#[test]
fn a_server_follows_the_fleet_file_in_servers_models_and_hooks() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    let first = device.client(&["register", "--json"]).ok().json();
    let servers = |told: &serde_json::Value| told["servers"].as_array().unwrap().iter().any(|name| name == "late");
    assert!(!servers(&first));
    std::fs::create_dir(scene.fleet.file("models")).unwrap();
    scene
        .fleet
        .write("models/sensor.yaml", "model: sensor\nversion: 1.0.0\nproperties: {heat: {type: number, access: r}}\n");
    let late = "servers:\n  late: {protocol: https, uri: \"https://late.example\", security: none}";
    scene.fleet.edit("fleet.yaml", "servers:", late);
    scene.server.reread(&scene.fleet);
    // Who asked before is told the same again; who comes now is told by the fleet as it is now.
    assert!(servers(&scene.device("gw-0002").client(&["register", "--json"]).ok().json()));
    let models = scene.fleet.run(&["model", "list", "--json"]).ok().json_lines();
    assert_eq!(models[0]["name"], "sensor");
    // A hook that denies is asked, once it is trusted.
    std::fs::create_dir(scene.fleet.file("tools")).unwrap();
    scene.fleet.write("tools/hook", "#!/bin/sh\necho '{\"ok\": false, \"message\": \"full\"}'\n");
    std::fs::set_permissions(scene.fleet.file("tools/hook"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let hook = "gateway:\n      hooks: {validate: {command: [tools/hook], as_root: true}}\n      proofs";
    scene.fleet.edit("fleet.yaml", "gateway:\n      proofs", hook);
    let programs = scene.fleet.run(&["trust", "--list", "--json"]).ok().json_lines();
    scene.fleet.run(&["trust", "--digest", programs[0]["digest"].as_str().unwrap()]).ok();
    scene.server.reread(&scene.fleet);
    scene.device("gw-0003").client(&["register"]).exits(6).says(&["denied-by-hook"]);
}

#[test]
fn a_device_registers_reports_and_renews_by_jwts_of_its_own_key() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    let order = device.text("etc/firstlight.d/registration.json");
    let jwt = order.replacen("\"x509\"", "\"jwt\"", 1);
    assert_ne!(jwt, order);
    device.put("etc/firstlight.d/registration.json", jwt.as_bytes());
    assert_eq!(device.client(&["register", "--json"]).ok().json()["id"], "gw-0001");
    device.client(&["report"]).ok();
    assert_eq!(device.client(&["renew", "--now", "--json"]).ok().json()["done"], "renewed");
    // Another's key is refused.
    let other = scene.device("gw-0002");
    let theirs = other.text("etc/firstlight.d/private-key.pem");
    device.put("etc/firstlight.d/private-key.pem", theirs.as_bytes());
    device.client(&["report"]).exits(6).says(&["proof-of-another-device"]);
    // A clock that is wrong: the server's challenge says the time.
    let mut command = other.command(&["register", "--json"]);
    other.put(
        "etc/firstlight.d/registration.json",
        other.text("etc/firstlight.d/registration.json").replacen("\"x509\"", "\"jwt\"", 1).as_bytes(),
    );
    let ran = command.env("SOURCE_DATE_EPOCH", "1600000000").output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn what_was_written_before_the_server_first_ran_is_known_when_it_starts() {
    let mut scene = Scene::new(Proof::OwnKey);
    scene.without_server(|fleet| {
        for name in ["registry.db", "registry.db-wal", "registry.db-shm"] {
            let _ = std::fs::remove_file(fleet.file(".firstlight").join(name));
        }
        fleet.run(&["write", "gw-0003", "--to", "image:out/"]).ok();
        assert!(!fleet.file(".firstlight/registry.db").exists());
    });
    let registered = scene.device_with_stick("gw-0003").client(&["register", "--json"]).ok().json();
    assert_eq!(registered["id"], "gw-0003");
}
