//! Devices in another language, and curl as a device: every kind of proof, both notations.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, world};

/// Lets a Python program be the devices; returns what each was answered.
pub fn devices(world: &World, wishes: &Value) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("tests/.oracles/venv/bin/python");
    let mut child = Command::new(&python)
        .arg(root.join("tests/api/device.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} is missing (tests/run installs it): {error}", python.display()));
    let told = json!({"port": world.port(), "ca": world.path("server.pem"), "fleet": "acme",
        "jwt_key": world.path("jwt.key"), "wishes": wishes});
    child.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_python_program_registers_by_every_kind_of_proof() {
    let world = world();
    world.devices.issue(&world.folder, "py-4");
    let answers = devices(
        &world,
        &json!([
            {"proof": "claim", "id": "py-1", "group": "line", "key": "k1"},
            {"proof": "claim", "id": "py-1", "group": "line", "key": "k1"},
            {"proof": "challenge", "id": "PY-2", "group": "line"},
            {"proof": "jwt", "id": "py-3", "group": "line", "cbor": true},
            {"proof": "tls", "id": "py-4", "group": "line", "cbor": true, "certificate": world.path("py-4")},
        ]),
    );
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 201, 201, 201], "{answers:?}");
    assert_eq!(answers[0]["value"], answers[1]["value"]);
    assert_eq!((&answers[3]["kind"], &answers[3]["value"]["state"]), (&json!("application/cbor"), &json!("assigned")));
    assert_eq!(world.count("state=registered"), 4);
    // It comes back under its registration, reports, and ends it.
    let target = format!("/v1/registrations/{}", answers[0]["value"]["registration"].as_str().unwrap());
    let report = json!({"firmware": "1.2.3", "attributes": {"site": "ulm"}});
    let later = devices(
        &world,
        &json!([
            {"proof": "claim", "id": "py-1", "group": "line", "method": "GET", "target": target, "body": null},
            {"proof": "claim", "id": "py-1", "group": "line", "target": format!("{target}/report"), "body": report},
            {"proof": "claim", "id": "py-3", "group": "line", "method": "GET", "target": target, "body": null},
            {"proof": "claim", "id": "py-1", "group": "line", "method": "DELETE", "target": target, "body": null},
        ]),
    );
    let statuses: Vec<_> = later.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 403, 204], "{later:?}");
    assert_eq!(world.get("viewer", "/v1/devices/py-1").json()["firmware"], "1.2.3");
}

#[test]
fn a_token_made_for_one_device_fetches_its_bundle_and_one_for_a_group_none() {
    let world = world();
    let made = |fields: &Value| {
        let made = world.ask("admin", "POST", "/v1/tokens", fields).is(201).json();
        (made["token"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
    };
    let (own, name) = made(&json!({"group": "tokens", "id": "GW-1", "max_uses": 1, "days": 1}));
    world.get(&own, "/v1/bootstrap").is_problem(404, "not-registered");
    world.ask(&own, "POST", "/v1/register", &json!({"id": "gw-1", "group": "tokens"})).is(201);
    // Its one use is spent by the registration.
    assert_eq!(world.get(&own, "/v1/bootstrap").is(200).text(), "the bundle of gw-1");
    world.register("tokens", "gw-2").is(201);
    for (other, status, code) in [
        ("tokens", 403, "proof-not-accepted"),
        ("admin", 403, "proof-not-accepted"),
        ("flt_other", 401, "token-unknown"),
    ] {
        world.get(other, "/v1/bootstrap").is_problem(status, code);
    }
    let (wrong, _) = made(&json!({"group": "line", "id": "gw-1"}));
    world.get(&wrong, "/v1/bootstrap").is_problem(403, "proof-of-another-device");
    let (ended, _) = made(&json!({"group": "tokens", "id": "gw-1", "days": 1}));
    world.pass(86_401);
    world.get(&ended, "/v1/bootstrap").is_problem(401, "token-expired");
    world.get(&own, "/v1/bootstrap").is_problem(401, "token-expired");
    world.ask("admin", "DELETE", &format!("/v1/tokens/{name}"), &Value::Null).is(204);
}

#[test]
fn a_challenge_of_one_server_is_good_at_every_other_and_once() {
    let world = world();
    let other = world.another();
    let words = ["--connect-to".to_owned(), format!("::localhost:{}", other.address().port())];
    let told = world.curl("/v1/challenge", &[&words[0], &words[1]]).is(200).json();
    let wish = |id: &str| json!({"proof": "challenge", "id": id, "group": "line", "nonce": told["nonce"]});
    let answers = devices(&world, &json!([wish("gw-1"), wish("gw-1")]));
    assert_eq!(
        (&answers[0]["status"], &answers[1]["value"]["code"]),
        (&json!(201), &json!("nonce-replayed")),
        "{answers:?}"
    );
    world.pass(61);
    assert_eq!(devices(&world, &json!([wish("gw-2")]))[0]["value"]["code"], "claim-expired");
    other.shutdown(Duration::from_secs(1));
}

#[test]
fn curl_registers_by_a_token_and_by_a_certificate() {
    let world = world();
    let first = world.register("tokens", "gw-1").is(201);
    assert_eq!(
        first.header("location"),
        Some(format!("/v1/registrations/{}", first.json()["registration"].as_str().unwrap()).as_str())
    );
    assert_eq!(world.register("tokens", "gw-1").is(200).json(), first.json());
    world.devices.issue(&world.folder, "gw-2");
    let words = ["--cert", &world.path("gw-2.pem"), "--key", &world.path("gw-2.key")];
    let body = json!({"id": "gw-2", "group": "line", "endpoint": {"protocol": "mqtt", "address": "10.0.0.7"}});
    world.ask_with("", "POST", "/v1/register", &body, &words).is(201);
    assert_eq!(world.get("viewer", "/v1/devices/gw-2").json()["protocol"], "mqtt");
}
