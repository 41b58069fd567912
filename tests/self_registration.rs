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
