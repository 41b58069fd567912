//! `bootstrap explain` and `bootstrap replay` beside a bootstrap that happened: what the one foretells and the other retells is
//! what a client that nobody here wrote was asked.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bootstrap_serve::{Scene, wait_for};

/// Method and path of each message, in order.
fn asked(messages: &Value, of: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    messages.as_array().unwrap().iter().filter_map(of).collect()
}

fn keys(told: &Value) -> Vec<String> {
    let objects = told["objects"].as_object().unwrap();
    let keys = objects.iter().filter(|(path, _)| path.starts_with("/0/") && path.ends_with("/5"));
    keys.map(|(_, key)| key.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_explained_is_what_a_client_is_asked_then() {
    let scene = Scene::new();
    let explain = |more: &[&str]| scene.fleet.run(&[&["bootstrap", "explain", "open-1"], more].concat());
    explain(&[]).exits(1).says(&["no credentials yet", "firstlight issue open-1"]);
    let told = scene.client(&json!({ "endpoint": "open-1" }));
    assert_eq!(told["ended"], "finished", "{told}");
    let explained = explain(&["--json"]).ok().json();
    let message = |message: &Value| {
        let asked = message["asked"].as_object().filter(|_| message["step"] != "request")?;
        Some(format!("{} {}", asked["method"].as_str()?, asked["path"].as_str()?))
    };
    let happened =
        asked(&told["messages"], |said| Some(said.as_str()?.to_owned()).filter(|said| !said.starts_with("answered")));
    assert_eq!(asked(&explained["messages"], message), happened, "{explained}");
    let shown = explain(&[]).ok().stdout;
    for words in ["open-1, a client of LwM2M 1.1", "coaps://lwm2m.example:5684", "datagrams, "] {
        assert!(shown.contains(words), "{shown}");
    }
    let old = explain(&["--client", "1.0"]).ok().stdout;
    // Their content formats: TLV, SenML CBOR.
    assert!(old.contains("LwM2M 1.0") && old.contains("[11542: ") && !old.contains("[112: "), "{old}");
    assert!(shown.contains("[112: ") && !shown.contains("[11542: "), "{shown}");
    for key in keys(&told) {
        assert!(![&shown, &old, &explained.to_string()].into_iter().any(|text| text.contains(&key)), "{shown}");
    }
}

#[test]
fn a_record_is_replayed_and_says_what_would_be_different_now() {
    let scene = Scene::new();
    let told = scene.client(&json!({ "endpoint": "open-1" }));
    assert_eq!(told["ended"], "finished", "{told}");
    let folder = scene.fleet.file("transcripts");
    let record = || fs::read_dir(&folder).into_iter().flatten().find_map(Result::ok);
    wait_for("\"ended\"", || record().map_or(String::new(), |file| fs::read_to_string(file.path()).unwrap()));
    let path = record().unwrap().path();
    let path = path.to_str().unwrap();
    let replayed = scene.fleet.run(&["bootstrap", "replay", path]).ok().stdout;
    assert!(replayed.starts_with("open-1\n") && replayed.ends_with("the same would be said now\n"), "{replayed}");
    for said in told["messages"].as_array().unwrap().iter().filter_map(Value::as_str) {
        assert!(said.starts_with("answered") || replayed.contains(said), "{said}: {replayed}");
    }
    let read = fs::read(path).unwrap();
    let piped = scene.fleet.run_with_input(&["bootstrap", "replay", "-", "--json"], &read).ok().json();
    assert_eq!((&piped["device"], &piped["same"]), (&json!("open-1"), &json!(true)), "{piped}");
    // The fleet file says something else now.
    scene.fleet.edit("fleet.yaml", "lifetime: 1h", "lifetime: 2h");
    let differs = scene.fleet.run(&["bootstrap", "replay", path]).exits(6).stdout;
    assert!(differs.contains("now: ") && differs.contains("something else would be said now"), "{differs}");
    for key in keys(&told) {
        assert!(![&replayed, &differs, &piped.to_string()].into_iter().any(|text| text.contains(&key)), "{replayed}");
    }
    // What is no record is refused.
    scene.fleet.write("none.jsonl", "{\"device\": \n");
    let refused = scene.fleet.run(&["bootstrap", "replay", scene.fleet.file("none.jsonl").to_str().unwrap()]);
    assert_ne!(refused.status, 0);
}

/// The program `openssl` shows the certificate that the server proves itself with.
#[test]
fn a_certificate_that_was_made_anew_is_shown_without_a_restart() {
    let scene = Scene::new();
    let shown = || {
        let folder = scene.fleet.path();
        let client = certified(folder, "client");
        let address = &scene.coaps;
        let arguments = ["s_client", "-dtls1_2", "-connect", address, "-cert", &client.0, "-key", &client.1];
        let cipher = ["-cipher", "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"];
        let output = Command::new("openssl").args(arguments).args(cipher).stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(!shown().contains("CN = anew") && shown().contains("BEGIN CERTIFICATE"));
    let (certificate, key) = certified(scene.fleet.path(), "anew");
    let file = |name: &str| scene.fleet.file(".firstlight").join(name);
    fs::copy(certificate, file("serve.pem")).unwrap();
    fs::copy(key, file("serve.key")).unwrap();
    wait_for("anew", shown);
}

fn certified(folder: &Path, name: &str) -> (String, String) {
    let file = |kind: &str| folder.join(format!("{name}.{kind}")).to_str().unwrap().to_owned();
    let (certificate, key) = (file("pem"), file("key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", &format!("/CN={name}"), "-keyout", &key, "-out", &certificate])
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl is needed (tests/run installs it)").success());
    (certificate, key)
}
