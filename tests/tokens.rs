//! A stick that carries a short-lived token and no private key; what a delivery carries is what its bundle names.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{TestFleet, oracle};
use sha2::{Digest as _, Sha256};

const CREDENTIALS: &str = "      identity: {kind: x509, key: p256, profile: idevid, valid: forever}";

/// Gateways that get a token by cloud-init; the identity is for another bundle.
fn with_token() -> TestFleet {
    let fleet = TestFleet::demo(2);
    let token = format!("{CREDENTIALS}\n      enrolment: {{kind: token, valid: 2d}}");
    fleet.edit("fleet.yaml", CREDENTIALS, &token);
    let bundle =
        "site: {template: cloud-init, seal: none, accept_plaintext: \"a token of two days\", credentials: [enrolment]}";
    fleet.edit("fleet.yaml", "site: {template: mqtt, seal: none, accept_plaintext: \"a test\"}", bundle);
    fleet.edit("fleet.yaml", "medium: {filesystem: fat, size: 8MiB}", "medium: {filesystem: fat, size: 16MiB}");
    fleet
}

#[test]
fn a_stick_with_a_token_holds_no_private_key_and_the_ledger_only_the_digest() {
    let fleet = with_token();
    fleet.run(&["write", "--all", "--to", "image:out/"]).ok();
    let user_data = oracle("mtype", &["-i", &image(&fleet), "::/user-data"]);
    assert!(!user_data.contains("PRIVATE KEY"), "{user_data}");
    let parsed: serde_yaml::Value = serde_yaml::from_str(&user_data).unwrap();
    let files = parsed["write_files"].as_sequence().unwrap();
    let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
    let token = &file("/etc/firstlight/credentials/enrolment/token");
    assert_eq!(token["permissions"], "0600");
    let text = token["content"].as_str().unwrap().trim_end();
    let shown = fleet.show("gw-0001");
    let generations = shown["generations"].as_array().unwrap();
    assert_eq!(generations.len(), 1, "the identity is not issued for a stick that does not carry it: {shown}");
    let public = &generations[0]["public"];
    assert_eq!(public["kind"], "token");
    assert_eq!(public["sha256"], hex::encode(Sha256::digest(text)));
    assert_eq!(
        public["not_after"].as_str(),
        file("/etc/firstlight/credentials/enrolment/not-after")["content"].as_str().map(str::trim_end)
    );
    assert!(!shown.to_string().contains(text), "the token itself is in no record");
}

fn image(fleet: &TestFleet) -> String {
    // The volume begins behind the partition table, as the table says.
    let path = fleet.file("out/gw-0001.img");
    let start = u32::from_le_bytes(fs::read(&path).unwrap()[454..458].try_into().unwrap());
    format!("{}@@{}", path.display(), u64::from(start) * 512)
}

#[test]
fn each_device_has_a_token_of_its_own_and_a_second_run_the_same() {
    let fleet = with_token();
    fleet.run(&["issue", "--all"]).ok();
    let digest = |id: &str| fleet.show(id)["generations"][0]["public"]["sha256"].clone();
    let first = (digest("gw-0001"), digest("gw-0002"));
    assert_ne!(first.0, first.1);
    fleet.run(&["write", "--all", "--to", "image:out/"]).ok();
    assert_eq!((digest("gw-0001"), digest("gw-0002")), first);
}

#[test]
fn what_a_bundle_leaves_out_is_checked() {
    let fleet = with_token();
    fleet.edit("fleet.yaml", "credentials: [enrolment]", "credentials: [enrollment]");
    fleet.run(&["check"]).exits(1).says(&["there is no credential \"enrollment\"", "did you mean \"enrolment\"?"]);
    fleet.edit("fleet.yaml", "credentials: [enrollment]", "credentials: [enrolment]");
    fleet.edit("fleet.yaml", "valid: 2d", "valid: 800d");
    fleet.run(&["check"]).exits(1).says(&["token \"enrolment\" is valid 800d, 1s to 366d are possible"]);
}

#[test]
fn a_token_in_clear_wants_its_word_of_consent() {
    let fleet = with_token();
    fleet.edit("fleet.yaml", "accept_plaintext: \"a token of two days\", ", "");
    fleet.run(&["check"]).exits(1).says(&["would leave in clear on the medium: the token of credential \"enrolment\""]);
}

#[test]
fn issue_makes_what_any_delivery_carries_and_no_more() {
    let fleet = with_token();
    let second = "      stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}\n      card: {bundle: keys}";
    fleet.edit("fleet.yaml", "      stick: {bundle: site, medium: {filesystem: fat, size: 16MiB}}", second);
    fleet.edit(
        "fleet.yaml",
        "    deliveries:",
        "      keys: {template: mqtt, seal: none, accept_plaintext: \"a test\"}\n    deliveries:",
    );
    fleet.run(&["issue", "--all"]).ok();
    let shown = fleet.show("gw-0001");
    assert_eq!(shown["generations"].as_array().unwrap().len(), 2, "{shown}");
}
