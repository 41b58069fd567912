//! A card in a reader: our own program reads and writes it through PC/SC, with vpcd as the reader and a card that nobody
//! of firstlight wrote.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "card")]

#[path = "common/mod.rs"]
mod common;

use std::path::Path;
use std::process::Command;

use common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {root: own}
servers:
  manage: {protocol: lwm2m, short_server_id: 1, uri: \"coaps://lwm2m.test.example:5684\", security: psk, credential: key}
profiles:
  gateway:
    credentials:
      key: {kind: psk}
    bundles:
      card: {template: lwm2m, seal: none, accept_plaintext: \"nothing decrypts what is on a card\"}
    deliveries:
      card: {bundle: card}
";

#[test]
fn a_blank_card_in_a_reader_is_made_written_and_read() {
    let fleet = TestFleet::real(1);
    let authority = fleet.read("fleet.yaml").lines().find(|line| line.starts_with("authority:")).unwrap().to_owned();
    fleet.write("fleet.yaml", &FLEET.replace("authority: {root: own}", &authority));
    // The number 8999900000000000012, each pair of digits the other way round.
    let blank = "{\"card\": \"firstlight virtual card 1\", \"folders\": {\"3f00\": \"\"}, \
                 \"files\": {\"3f002fe2\": \"989909000000000010f2\"}}";
    fleet.write("blank.json", blank);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lwm2m/with_reader.sh");
    let reader = "reader:Virtual PCD 00 00";
    let program = env!("CARGO_BIN_EXE_firstlight");
    let steps = format!(
        "\"$P\" card write gw-0001 --to '{reader}' && \"$P\" card read '{reader}' && \"$P\" card verify gw-0001 '{reader}'"
    );
    let made = fleet.command(&[]);
    let mut command = Command::new(script);
    command.args([fleet.file("blank.json"), fleet.file("after.json")]).args(["sh", "-ec", &steps]);
    command.current_dir(fleet.path()).env("P", program).env_remove("PCSCLITE_CSOCK_NAME");
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("/0/0/0 = coaps://lwm2m.test.example:5684"), "{said}");
    assert!(said.contains("card 8999900000000000012"), "{said}");
}
