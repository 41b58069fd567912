//! Pre-shared keys reach a server on another host, wrapped to it: pushed, or as a file where there is no network.

use std::process::{Command, Stdio};

use crate::common::{BINARY, Ran, TestFleet, oracle};

const TEMPLATE: &str = "consumer: a test
description: A test.
medium: {table: none, filesystem: fat, label: TEST, size: 8MiB}
credentials:
  management: {kinds: [psk]}
files:
  - {path: psk, mode: \"0600\", template: psk.j2, syntax: text}
";

fn fleet() -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.run(&["init", "--template", "linux", "--name", "acme", "."]).ok();
    let made = oracle("age-keygen", &[]);
    fleet.write("server/age.txt", &made);
    let recipient = made.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
    fleet.write("templates/psk/template.yaml", TEMPLATE);
    fleet.write("templates/psk/psk.j2", "{{ credentials.management.identity }}:{{ credentials.management.key|hex }}\n");
    fleet.write(
        "fleet.yaml",
        &format!(
            "version: 1
fleet: acme
inventory: devices.csv
authority: {{common_name: Test CA, organization: Test}}
servers:
  management: {{protocol: lwm2m, uri: \"coaps://10.77.0.2:5684\", short_server_id: 101, security: psk,
               credential: management, recipient: {recipient}}}
profiles:
  gateway:
    credentials: {{management: {{kind: psk, bytes: 16}}}}
    bundles: {{site: {{template: psk, seal: none, accept_plaintext: \"a test\"}}}}
    deliveries: {{stick: {{bundle: site}}}}
"
        ),
    );
    fleet.write("devices.csv", "id,serial\ngw-1,S1\ngw-2,S2\n");
    fleet.run(&["render", "--all", "--out", "rendered"]).ok();
    fleet.run(&["seal", "export", "--out", "image"]).ok();
    let anchors = std::fs::read_dir(fleet.file("image/anchors")).unwrap();
    let anchor =
        anchors.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|end| end == "pub"));
    std::fs::copy(anchor.expect("seal export writes an anchor"), fleet.file("server/fleet.pub")).unwrap();
    let psk = std::fs::read_to_string(fleet.file("rendered/gw-1/psk")).unwrap();
    fleet.write("device.psk", &psk);
    fleet
}

fn two_hosts(pushed: &str) {
    let fleet = fleet();
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lwm2m");
    let output = Command::new("unshare")
        .args(["-rmn", "--kill-child", "bash", &format!("{here}/two_hosts.sh")])
        .current_dir(fleet.path())
        .envs([("FIRSTLIGHT", BINARY), ("PUSHED", pushed), ("USER", "tester")])
        .env("TAKER", format!("{here}/key_taker.py"))
        .stdin(Stdio::null())
        .output()
        .expect("unshare is missing (package util-linux)");
    let ran = Ran::of(&output, "two hosts".to_owned()).ok();
    assert!(ran.stdout.contains("greeted"), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn a_server_on_another_host_gets_its_keys_over_the_network_and_believes_the_device() {
    two_hosts("yes");
}

#[test]
fn a_server_without_network_gets_its_keys_as_a_signed_file() {
    two_hosts("no");
}

#[test]
fn keys_are_opened_whole_and_signed_or_not_at_all() {
    let fleet = fleet();
    fleet.run(&["keys", "export", "management", "--out", "a.keys"]).ok();
    let open = |more: &[&str]| {
        let words = ["keys", "open", "a.keys", "--trusted", "server/fleet.pub", "--out", "opened"];
        fleet.run(&[&words, more].concat())
    };
    let ours = ["--identity", "server/age.txt"];
    open(&[&ours[..], &["--form", "lines"]].concat()).ok();
    let opened = std::fs::read_to_string(fleet.file("opened")).unwrap();
    let keys: Vec<serde_json::Value> = opened.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let psk = std::fs::read_to_string(fleet.file("device.psk")).unwrap();
    let told = format!("{}:{}\n", keys[0]["identity"].as_str().unwrap(), keys[0]["key"].as_str().unwrap());
    assert_eq!((keys.len(), told), (2, psk));
    // minisign agrees with what we sign; no key lies in clear.
    oracle(
        "minisign",
        &["-Vm", fleet.file("a.keys").to_str().unwrap(), "-p", fleet.file("server/fleet.pub").to_str().unwrap()],
    );
    let file = std::fs::read_to_string(fleet.file("a.keys")).unwrap();
    assert!(!file.contains(keys[0]["key"].as_str().unwrap()));
    open(&[&ours[..], &["--newer-than", "2999-01-01T00:00:00Z"]].concat()).exits(6);
    fleet.write("other.txt", &oracle("age-keygen", &[]));
    open(&["--identity", "other.txt"]).exits(6).says(&["wrapped to another server"]);
    std::fs::remove_file(fleet.file("opened")).unwrap();
    let cut = file.split_inclusive('\n').take(2).collect::<String>();
    for (altered, status) in [(cut, 5), (file.replace("gw-1", "gw-9"), 5)] {
        fleet.write("a.keys", &altered);
        open(&ours).exits(status);
    }
    fleet.write("a.keys", &file);
    fleet.write("a.keys.minisig", "no signature\n");
    open(&ours).exits(6).says(&["no trusted bundle key signed"]);
    assert!(!fleet.file("opened").exists(), "nothing was opened");
    // A device that is retired is in the next file no more.
    fleet.run(&["devices", "retire", "gw-2", "--reason", "scrapped", "--yes"]).ok();
    let keys = fleet.run(&["keys", "export", "management", "--out", "b.keys", "--json"]).ok().json();
    assert_eq!(keys["keys"], 1);
    fleet.run(&["keys", "export", "telemetry", "--out", "c.keys"]).exits(1).says(&["no server \"telemetry\""]);
}
