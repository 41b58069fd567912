//! A device that fetches its bundle over HTTPS: changed details come as a new version, which it takes, proves, or takes back;
//! what came of it is in the audit chain.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod common;
mod registering;

use common::oracle;
use registering::{Proof, Scene};
use serde_json::Value;

/// What the registry says of the device's bundle: version, and events.
fn heard(scene: &Scene) -> (String, Vec<(String, Value)>) {
    let store = scene.fleet.file(".firstlight/registry.db");
    let ask = |text: &str| oracle("sqlite3", &["-separator", "|", store.to_str().unwrap(), text]);
    let version = ask("SELECT bundle FROM device WHERE folded = 'gw-0001'").trim().to_owned();
    let events = ask("SELECT what, detail FROM event WHERE device = 'gw-0001' AND what LIKE 'bundle-%' ORDER BY seq");
    let event = |line: &str| {
        let (what, detail) = line.split_once('|').unwrap();
        (what.to_owned(), serde_json::from_str(detail).unwrap())
    };
    (version, events.lines().map(event).collect())
}

fn changed(scene: &Scene, variables: &str) {
    let text = scene.fleet.read("fleet.yaml");
    let line = text.lines().find(|line| line.trim_start().starts_with("variables:")).unwrap().trim().to_owned();
    scene.fleet.edit("fleet.yaml", &line, variables);
    scene.server.reread(&scene.fleet);
}

#[test]
fn changed_details_come_as_a_new_version_and_the_key_stays_on_the_device() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    device.client(&["register"]).ok();
    let same = device.client(&["bootstrap", "--json"]).ok().json();
    assert_eq!((same["fetched"].as_bool(), same["version"].as_str()), (Some(false), Some("1")), "{same:#}");
    let key = device.text("etc/firstlight.d/private-key.pem");
    changed(&scene, "variables: {restart: [], keepalive: 77}");
    let taken = device.client(&["bootstrap", "--json"]).ok().json();
    assert_eq!(
        (taken["record"]["outcome"].as_str(), taken["version"].as_str()),
        (Some("applied"), Some("2")),
        "{taken:#}"
    );
    assert_eq!(taken["result"], "told");
    assert!(device.text("etc/firstlight.d/connection.json").contains("\"keepalive\": 77"));
    assert_eq!(device.text("etc/firstlight.d/private-key.pem"), key);
    let (version, events) = heard(&scene);
    let whats: Vec<&str> = events.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!((version.as_str(), whats), ("2", vec!["bundle-fetched", "bundle-taken"]));
    let again = device.client(&["bootstrap", "--json"]).ok().json();
    assert_eq!(again["fetched"], false);
    // A certificate that the server renewed outlives a version that brings the old one.
    device.client(&["renew", "--now"]).ok();
    let renewed = device.text("etc/firstlight.d/certificate.pem");
    changed(&scene, "variables: {restart: [], keepalive: 78}");
    assert_eq!(device.client(&["bootstrap", "--json"]).ok().json()["version"], "3");
    assert!(device.text("etc/firstlight.d/connection.json").contains("\"keepalive\": 78"));
    assert_eq!(device.text("etc/firstlight.d/certificate.pem"), renewed);
    scene.fleet.ledger_is_true();
}

/// Another program asks, by the certificate alone: it gets a tar archive that tar and minisign understand.
#[test]
fn curl_fetches_what_tar_unpacks_and_minisign_believes() {
    let scene = Scene::new(Proof::Certificate);
    let device = scene.device("gw-0001");
    let own = |name: &str| device.root().join("etc/firstlight.d").join(name).display().to_string();
    let (ca, certificate, key) = (own("registration-ca.pem"), own("certificate.pem"), own("private-key.pem"));
    let uri = format!("https://localhost:{}/v1/bootstrap", scene.server.port);
    let (archive, head) = (scene.fleet.file("bundle.tar"), scene.fleet.file("head"));
    let (archive, head) = (archive.to_str().unwrap(), head.to_str().unwrap());
    let curl = ["-sS", "--cacert", &ca, "--cert", &certificate, "--key", &key, "-D", head, "-o", archive];
    oracle("curl", &[&curl[..], &[&uri]].concat());
    let told = scene.fleet.read("head").to_lowercase();
    assert!(
        told.contains("200") && told.contains("content-type: application/x-tar") && told.contains("etag: \"1\""),
        "{told}"
    );
    let folder = scene.fleet.file("unpacked");
    std::fs::create_dir(&folder).unwrap();
    oracle("tar", &["-xf", archive, "-C", folder.to_str().unwrap()]);
    let manifest = folder.join("firstlight-manifest.json").display().to_string();
    let anchors = std::fs::read_dir(scene.fleet.file("image/anchors")).unwrap().map(|entry| entry.unwrap().path());
    let anchor = anchors.into_iter().find(|path| path.extension().is_some_and(|end| end == "pub")).unwrap();
    oracle("minisign", &["-V", "-p", anchor.to_str().unwrap(), "-m", &manifest]);
    oracle("curl", &[&curl[..], &["-H", "If-None-Match: \"1\"", &uri]].concat());
    assert!(scene.fleet.read("head").contains(" 304"));
    // Without a proof there is nothing.
    oracle("curl", &["-sS", "--cacert", &ca, "-D", head, "-o", archive, &uri]);
    assert!(scene.fleet.read("head").contains(" 401"));
}

#[test]
fn a_stranger_gets_no_bundle() {
    let scene = Scene::new(Proof::OwnKey);
    let device = scene.device("gw-0001");
    let order = device.text("etc/firstlight.d/registration.json");
    device.put("etc/firstlight.d/registration.json", order.replace("gw-0001", "gw-0002").as_bytes());
    let ran = device.client(&["bootstrap", "--json"]);
    assert!(ran.status != 0 && ran.stderr.contains("status 40"), "{}", ran.stderr);
    device.put("etc/firstlight.d/registration.json", order.as_bytes());
    let key = device.text("etc/firstlight.d/registration.key");
    device.put("etc/firstlight.d/registration.key", key.chars().rev().collect::<String>().as_bytes());
    let ran = device.client(&["bootstrap", "--json"]);
    assert!(ran.status != 0 && ran.stderr.contains("proof-invalid"), "{}", ran.stderr);
    device.put("etc/firstlight.d/registration.key", key.as_bytes());
    device.client(&["bootstrap", "--json"]).ok();
}

#[test]
fn a_version_that_cannot_connect_is_taken_back_and_reported() {
    let scene = Scene::new(Proof::DerivedKey);
    let device = scene.device("gw-0001");
    device.client(&["register"]).ok();
    let before = device.text("etc/firstlight.d/connection.json");
    scene.fleet.edit(
        "fleet.yaml",
        "connect: {server: registration, within: 5s}",
        "connect: {server: telemetry, within: 1s}",
    );
    scene.fleet.edit("fleet.yaml", "mqtts://mqtt.example:8883", "mqtts://localhost:1");
    scene.server.reread(&scene.fleet);
    let ran = device.client(&["bootstrap", "--json"]);
    assert_ne!(ran.status, 0);
    assert_eq!(ran.json()["record"]["outcome"], "rolled-back", "{}", ran.stdout);
    assert_eq!(device.text("etc/firstlight.d/connection.json"), before);
    let (version, events) = heard(&scene);
    assert_eq!(version, "1");
    let (what, detail) = events.last().unwrap();
    assert_eq!((what.as_str(), &detail["version"]), ("bundle-rolled-back", &2.into()));
    assert!(detail["words"].as_str().unwrap().contains("localhost:1"), "{detail}");
    let shown = scene.fleet.run(&["devices", "show", "gw-0001"]).ok().stdout;
    assert!(shown.contains("version 1 is in force") && shown.contains("version 2 was rolled back"), "{shown}");
    let shown = scene.fleet.run(&["devices", "show", "gw-0001", "--json"]).ok().json();
    let last = &shown["registry"]["last_bundle"];
    assert_eq!((&last["version"], &last["outcome"]), (&2.into(), &"rolled-back".into()), "{last}");
}
