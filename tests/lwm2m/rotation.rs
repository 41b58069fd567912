//! Keys of the management server that change at each bootstrap: the old one holds until the first registration with the new one.

use serde_json::{Value, json};

use crate::bootstrap_serve::Scene;
use crate::common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
serve:
  lwm2m: {coaps: \"127.0.0.1:0\", manager: main}
bootstrap:
  default: {rotate: each-bootstrap}
servers:
  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://127.0.0.1:5684\", security: psk, credential: boot}
  main: {protocol: lwm2m, uri: \"coaps://127.0.0.1:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: main}
profiles:
  meter:
    servers: [boot, main]
    credentials: {boot: {kind: psk, bytes: 16}, main: {kind: psk, bytes: 16, identity: \"{id}-main\"}}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
";

/// How registering with a key ends. While two keys are in question the second try succeeds at the latest.
fn registering(scene: &Scene, key: &Value) -> String {
    let wish = json!({ "endpoint": "meter-1", "registers": "only", "dtls": true, "identity": "meter-1-main", "key": key,
        "patience": 8 });
    let mut tries = (0..2).map(|_| scene.client(&wish)["ended"].as_str().unwrap().to_owned());
    tries.find(|ended| ended != "no handshake").unwrap_or_else(|| "no handshake".to_owned())
}

#[test]
fn the_old_key_holds_until_the_device_registers_with_the_new_one() {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    fleet.write("devices.csv", "id,serial,profile\nmeter-1,S1,meter\n");
    fleet.run(&["ca", "init"]).ok();
    let scene = Scene::serving(fleet);
    let file = scene.written("meter-1");
    let told = || {
        let told = scene.client(&json!({ "endpoint": "meter-1", "dtls": true, "file": file, "patience": 12 }));
        assert_eq!(told["ended"], "finished", "{told}");
        let objects = told["objects"].as_object().unwrap();
        let (place, _) = objects.iter().find(|(path, value)| path.ends_with("/10") && **value == 101).unwrap();
        objects[&format!("{}/5", place.strip_suffix("/10").unwrap())].clone()
    };
    let first = told();
    assert_eq!(registering(&scene, &first), "registered 2.01");
    let second = told();
    assert_ne!(second, first);
    // It has said yes to Finish, and lost what it was told: it is let in with what it had, and told the same again.
    assert_eq!(registering(&scene, &first), "registered 2.01");
    assert_eq!(told(), second);
    assert_eq!(registering(&scene, &second), "registered 2.01");
    let history = scene.says(&["devices", "show", "meter-1", "--json"], "retired");
    assert!(!history.contains("pending"), "{history}");
    assert_eq!(registering(&scene, &first), "no handshake");
    assert_eq!(registering(&scene, &second), "registered 2.01");
}
