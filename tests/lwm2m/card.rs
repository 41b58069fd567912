//! Smartcards: OpenSC reads through a real reader's software what we wrote, and a card that nobody here wrote takes our
//! list of commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use firstlight::card::{CardPlace, Channel, look, open};
use firstlight::fleet::lwm2m::{Content, Value};
use firstlight::format::pkcs15::read_bootstrap_file;

use crate::common::TestFleet;

const FLEET: &str = "\
version: 1
fleet: test-fleet
inventory: devices.csv
authority: {demo: true}
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

fn fleet() -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    fleet.write("devices.csv", "id,serial,profile\ngw-0001,SN000001,gateway\ngw-0002,SN000002,gateway\n");
    fleet
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lwm2m").join(name)
}

/// Runs a command beside a card in a reader of its own; the card is kept in `saved` as it is afterwards.
fn beside(card: &Path, saved: &Path, command: &[&str]) -> String {
    let settings = saved.with_extension("conf");
    // Cards nobody knows are left alone by default.
    fs::write(&settings, "app default { enable_default_driver = true; card_drivers = default; }\n").unwrap();
    let output = Command::new(here("with_reader.sh"))
        .args([card, saved])
        .args(command)
        .env("OPENSC_CONF", &settings)
        .output()
        .unwrap();
    let said = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{said}");
    said
}

fn content(card: &Path) -> Vec<u8> {
    let mut card = open(&CardPlace::File(card.to_owned()), None).unwrap();
    look(&mut Channel(&mut *card)).unwrap().content.to_vec()
}

fn hex_of_dump(said: &str) -> String {
    let dump = said.split_once("): <").expect(said).1.split_once('>').unwrap().0;
    dump.split_whitespace().collect::<String>().to_lowercase()
}

#[test]
fn opensc_lists_and_reads_what_was_written() {
    let fleet = fleet();
    let to = format!("file:{}", fleet.file("card.json").display());
    fleet.run(&["card", "write", "gw-0001", "--to", &to]).ok();
    let card = fleet.file("card.json");
    let list = "pkcs15-tool --list-data-objects; pkcs15-tool --read-data-object 'LwM2M Bootstrap'";
    let said = beside(&card, &fleet.file("after.json"), &["sh", "-ec", list]);
    assert!(said.contains("applicationOID:  2.23.43.9.1"), "{said}");
    assert!(said.contains("Path:            3f007f506432"), "{said}");
    assert_eq!(hex_of_dump(&said), hex::encode(content(&card)));

    let objects = read_bootstrap_file(&content(&card)).unwrap();
    let uri = &objects[0].instances[0].resources[0].content;
    assert_eq!(uri, &Content::Single(Value::Text("coaps://lwm2m.test.example:5684".into())));
    let Content::Single(Value::Opaque(key)) = &objects[0].instances[0].resources[5].content else { panic!("no key") };
    let key = key.expose(|bytes| hex::encode(bytes));

    // What is shown and told holds no key; the ledger knows the card.
    let read = fleet.run(&["card", "read", &to]).ok();
    assert!(!format!("{}{}", read.stdout, read.stderr).contains(&key));
    assert!(read.stdout.contains("/0/0/0 = coaps://lwm2m.test.example:5684\n"), "{}", read.stdout);
    assert!(read.stdout.contains("/0/0/5 = <"), "{}", read.stdout);
    fleet.run(&["card", "verify", "gw-0001", &to]).ok();
    fleet.ledger_is_true();
}

#[test]
fn a_foreign_card_takes_the_list_of_commands() {
    let fleet = fleet();
    let script = fleet.file("gw-0001.apdu");
    fleet.run(&["card", "write", "gw-0001", "--to", &format!("script:{}", script.display())]).ok();
    let text = fs::read_to_string(&script).unwrap();
    let commands: Vec<&str> =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(" 9000").unwrap().0).collect();

    let blank = fleet.file("blank.json");
    let master = "{\"card\": \"firstlight virtual card 1\", \"folders\": {\"3f00\": \"\"}, \"files\": {}}";
    fs::write(&blank, master).unwrap();
    let mut arguments = vec!["opensc-tool"];
    commands.iter().for_each(|command| arguments.extend(["-s", command]));
    let after = fleet.file("after.json");
    beside(&blank, &after, &arguments);
    let to = format!("file:{}", fleet.file("card.json").display());
    fleet.run(&["card", "write", "gw-0001", "--to", &to, "--again", "copy"]).ok();
    assert_eq!(content(&after), content(&fleet.file("card.json")));
}

#[test]
fn a_card_of_another_device_and_a_wrong_pin_are_refused() {
    let fleet = fleet();
    let to = format!("file:{}", fleet.file("card.json").display());
    fleet.run(&["card", "write", "gw-0001", "--to", &to]).ok();
    let before = content(&fleet.file("card.json"));
    fleet.run(&["card", "write", "gw-0002", "--to", &to]).exits(6).says(&["--rework REASON"]);
    assert_eq!(content(&fleet.file("card.json")), before);
    fleet.run(&["card", "verify", "gw-0002", &to]).exits(5);
    let script = format!("script:{}", fleet.file("one.apdu").display());
    fleet.run(&["card", "write", "gw-0001", "--to", &script]).ok();
    let reworked = ["card", "write", "gw-0002", "--to", &script, "--rework", "the unit was swapped"];
    fleet.run(&reworked).exits(6).says(&["name another place"]);

    fleet.edit("card.json", "\"card\":", "\"pin\": \"1234\",\n  \"card\":");
    let pinned = ["card", "write", "gw-0001", "--to", &to, "--again", "copy"];
    fleet.run(&pinned).exits(6).says(&["6982"]);
    fleet.write("pin", "4321\n");
    let pin = fleet.file("pin").display().to_string();
    fleet.run(&[&pinned[..], &["--pin-file", &pin]].concat()).exits(6).says(&["2 tries are left"]);
    fleet.write("pin", "1234\n");
    fleet.run(&[&pinned[..], &["--pin-file", &pin]].concat()).ok();
    assert_eq!(content(&fleet.file("card.json")), before);
    // With a reason it changes hands.
    let reworked = ["card", "write", "gw-0002", "--to", &to, "--rework", "the unit was swapped", "--pin-file", &pin];
    fleet.run(&reworked).ok();
    fleet.run(&["card", "verify", "gw-0002", &to]).ok();
    fleet.ledger_is_true();
}
