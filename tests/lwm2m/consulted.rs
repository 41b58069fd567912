//! A step of a bootstrap asks an outside service: what it adds reaches the device, what it denies does not, and a yes holds for
//! as long as the fleet file says.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::bootstrap_serve::Scene;
use crate::common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
serve:
  lwm2m: {coap: \"127.0.0.1:0\", nosec: true}
bootstrap:
  default: {procedure: asks}
  procedures:
    asks:
      steps:
        - {discover: /}
        - {consult: {command: [tools/decide.sh], as_root: true, timeout: 30s, cache: 1h}}
        - {clear: true}
        - {write: /}
        - {finish: true}
servers:
  open: {protocol: lwm2m, role: bootstrap, uri: \"coap://127.0.0.1:5683\", security: none}
  main: {protocol: lwm2m, uri: \"coaps://lwm2m.example:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: main}
profiles:
  open:
    servers: [open, main]
    credentials: {main: {kind: psk, bytes: 16}}
    bundles: {site: {template: lwm2m, seal: none, accept_plaintext: \"a test\"}}
    deliveries: {stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}}
";

/// Notes what it is asked, and says what lies in the file `answer`.
const DECIDE: &str = "#!/bin/sh\nread -r question\necho \"$question\" >>calls\ncat answer\n";

fn scene() -> Scene {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    fleet.write("devices.csv", "id,serial,profile\nopen-1,S1,open\nopen-2,S2,open\nopen-3,S3,open\n");
    fleet.write("tools/decide.sh", DECIDE);
    std::fs::set_permissions(fleet.file("tools/decide.sh"), Permissions::from_mode(0o755)).unwrap();
    fleet.run(&["ca", "init"]).ok();
    let digest = fleet.run(&["trust", "--list", "--json"]).ok().json_lines().remove(0)["digest"].clone();
    fleet.run(&["trust", "--digest", digest.as_str().unwrap()]).ok();
    Scene::serving(fleet)
}

/// Whom the service was asked about, in the order of the questions.
fn asked_about(scene: &Scene) -> Vec<String> {
    let calls = scene.fleet.read("calls");
    let questions = calls.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about = questions.map(|question| {
        assert_eq!((&question["step"], &question["fleet"]), (&json!("consult"), &json!("test-fleet")), "{question}");
        assert!(question["discovered"].is_object() && question["lwm2m"].is_string(), "{question}");
        question["id"].as_str().unwrap().to_owned()
    });
    about.collect()
}

#[test]
fn a_yes_holds_for_its_time_and_neither_a_no_nor_an_answer_of_no_use_is_kept() {
    let scene = scene();
    let yes = r#"{"ok": true, "attributes": {"plan": "gold"}, "write": [{"path": "/3303/0/5601", "value": 5}]}"#;
    let comes = |device: &str| scene.client(&json!({ "endpoint": device, "patience": 6 }));
    let is_configured = |told: &Value| {
        assert_eq!(told["ended"], "finished", "{told}");
        assert_eq!(told["objects"]["/3303/0/5601"], 5, "{told}");
    };
    scene.fleet.write("answer", yes);
    is_configured(&comes("open-1"));
    assert_eq!(asked_about(&scene), ["open-1"]);
    // Whatever it would say now: the same question is answered.
    scene.fleet.write("answer", r#"{"ok": false, "message": "not paid"}"#);
    is_configured(&comes("OPEN-1"));
    assert_eq!(asked_about(&scene), ["open-1"]);
    // Another device is another question; and a no is asked again.
    assert_ne!(comes("open-2")["ended"], "finished");
    scene.says(&["bootstrap", "doctor", "open-2"], "not paid");
    scene.fleet.write("answer", yes);
    is_configured(&comes("open-2"));
    assert_eq!(asked_about(&scene), ["open-1", "open-2", "open-2"]);
    // A yes that would strand the device is refused, and forgotten.
    scene.fleet.write("answer", r#"{"ok": true, "write": [{"path": "/1/0/0", "value": 9}]}"#);
    let refused = comes("open-3");
    assert_eq!(refused["objects"], json!({ "/0/0/1": true }), "{refused}");
    scene.line("bootstrap", "ended", &|line| line["device"] == "open-3" && line["good"] == false);
    scene.fleet.write("answer", yes);
    is_configured(&comes("open-3"));
    assert_eq!(asked_about(&scene)[3..], ["open-3", "open-3"]);
}
