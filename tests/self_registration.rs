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
