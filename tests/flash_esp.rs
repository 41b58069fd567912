//! `firstlight flash` on chips of the ESP32 family, whole: a fleet with an authority of its own, simulated chips in their ROM loader
//! (tests/lab/esp_rom.py), and what Espressif's and OpenSSL's programs say of the chip afterwards.
#![cfg(feature = "station")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/esp_rom.rs"]
mod esp_rom;
#[path = "format/python.rs"]
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use common::{Ran, TestFleet, oracle};
use esp_rom::EspRom;
use firstlight::fleet::Secret;
use firstlight::format::nvs;
use serde_json::{Value, json};
use tempfile::TempDir;

const NVS: std::ops::Range<usize> = 0x9000..0xf000;
const SECURE_CERT: std::ops::Range<usize> = 0x1_0000..0x1_2000;
const TABLE: usize = 0x8000;
const PARTITIONS: &str = "nvs, data, nvs, 0x9000, 0x6000,\nphy_init, data, phy, 0xf000, 0x1000,\n\
                          esp_secure_cert, 0x3F, 0x06, 0x10000, 0x2000,\nfactory, app, factory, 0x20000, 1M,\n";
const FLEET: &str = r#"version: 1
fleet: sensors
inventory: devices.csv
authority: {common_name: Test CA, organization: Test}
servers:
  management: {protocol: lwm2m, uri: "coaps://lwm2m.test.example:5684", short_server_id: 101, lifetime: 1h, security: psk, credential: management}
  telemetry: {protocol: mqtt, uri: "mqtts://mqtt.test.example:8883", security: x509, credential: identity}
profiles:
  sensor:
    credentials:
      identity: {kind: x509, key: p256, profile: idevid, valid: forever}
      management: {kind: psk, bytes: 32}
    deliveries:
      flash:
        factory:
          chip: esp32c3
          partition_table: partitions.csv
          accept_plaintext: "a test"
          parts:
            - partition: nvs
              format: nvs
              entries:
                - {key: cert, credential: identity.certificate, as: pem, type: string}
                - {key: key, credential: identity.private_key, as: pem, type: string}
                - {key: serial, text: "{{ device.serial }}"}
                - {key: mac, text: "{{ chip.mac }}"}
                - {key: port, type: u16, variable: port}
                - {namespace: lwm2m, key: psk, credential: management.key, type: blob}
            - partition: esp_secure_cert
              format: esp_secure_cert
              entries:
                - {key: device_cert, credential: identity.certificate}
                - {key: priv_key, credential: identity.private_key}
                - {key: ca_cert, trust: telemetry}
"#;

fn fleet(devices: usize) -> TestFleet {
    let fleet = TestFleet::empty();
    fleet.write("fleet.yaml", FLEET);
    fleet.write("partitions.csv", PARTITIONS);
    let rows = (1..=devices).map(|number| format!("sn-{number},SN{number:06},{}\n", 5680 + number));
    fleet.write("devices.csv", &format!("id,serial,port\n{}", rows.collect::<String>()));
    fleet.run(&["ca", "init"]).ok();
    fleet
}

/// The partition table as Espressif's own program makes it.
fn table() -> &'static [u8] {
    const GENERATOR: &str = "
import json, sys
from esp_idf_defs.partitions import PartitionTable
json.dump(PartitionTable.from_csv(json.load(sys.stdin)).to_binary().hex(), sys.stdout)
";
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    TABLE.get_or_init(|| python::bytes(&python::ask(GENERATOR, &json!(PARTITIONS))))
}

/// A chip and the folder its flash lies in, which outlives the chip's sessions.
struct Unit {
    folder: TempDir,
    mac: String,
}

impl Unit {
    /// A chip with the fleet's partition table and firmware.
    fn new(number: u8) -> Self {
        Self::with(number, table())
    }

    fn with(number: u8, table: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut flash = vec![0xff; 4 << 20];
        flash[TABLE..TABLE + table.len()].copy_from_slice(table);
        flash[0x2_0000..0x2_4000].fill(0x5a);
        fs::write(folder.path().join("flash.bin"), flash).unwrap();
        Self { folder, mac: format!("7c:df:a1:00:00:{number:02x}") }
    }

    fn start(&self, arguments: &[&str]) -> EspRom {
        EspRom::start(self.folder.path(), &[&["--mac", &self.mac], arguments].concat())
    }

    fn content(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("flash.bin")).unwrap()
    }
}

fn programmer(rom: &EspRom) -> String {
    format!("esp:{}", rom.url())
}

fn flash(fleet: &TestFleet, devices: &[&str], roms: &[&EspRom]) -> Ran {
    let mut arguments = vec!["flash", "--json"];
    arguments.extend(devices);
    let programmers: Vec<String> = roms.iter().map(|rom| programmer(rom)).collect();
    programmers.iter().for_each(|programmer| arguments.extend(["--programmer", programmer]));
    fleet.run(&arguments)
}

fn state(fleet: &TestFleet, device: &str) -> (String, String, Value) {
    let shown = fleet.run(&["devices", "show", device, "--json"]);
    let shown = if shown.status == 0 { shown.json() } else { Value::Null };
    let last = shown["deliveries"].as_array().and_then(|deliveries| deliveries.last()).cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (word(&last["state"]), word(&last["reached"]), last["target"]["chip"]["mac"].clone())
}

/// The values of the NVS partition, and the partition as Espressif's generator makes it of them.
struct Nvs(Vec<nvs::Item>);

impl Nvs {
    fn of(flash: &[u8]) -> Self {
        Self(nvs::decode(&flash[NVS]).unwrap().items)
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        let item = self.0.iter().find(|item| item.key == key).unwrap();
        let bytes = |secret: &Secret| secret.expose(<[u8]>::to_vec);
        match &item.value {
            nvs::Value::Integer { number, .. } => number.to_string().into_bytes(),
            nvs::Value::Text(text) => bytes(text),
            nvs::Value::Blob(blob) => bytes(blob),
        }
    }

    fn text(&self, key: &str) -> String {
        String::from_utf8(self.bytes(key)).unwrap()
    }

    fn by_the_generator(&self) -> Vec<u8> {
        const GENERATOR: &str = "
import contextlib, io, json, sys
from esp_idf_nvs_partition_gen import nvs_partition_gen as gen
out = io.BytesIO()
with contextlib.redirect_stdout(sys.stderr):
    nvs = gen.nvs_open(out, gen.check_size('0x6000')[0], gen.Page.VERSION2)
    for row in json.load(sys.stdin):
        gen.write_entry(nvs, *row)
    gen.nvs_close(nvs)
json.dump(out.getvalue().hex(), sys.stdout)
";
        let rows = json!([
            ["device", "namespace", "", ""],
            ["cert", "data", "string", self.text("cert")],
            ["key", "data", "string", self.text("key")],
            ["serial", "data", "string", self.text("serial")],
            ["mac", "data", "string", self.text("mac")],
            ["port", "data", "u16", self.text("port")],
            ["lwm2m", "namespace", "", ""],
            ["psk", "data", "hex2bin", hex::encode(self.bytes("psk"))],
        ]);
        python::bytes(&python::ask(GENERATOR, &rows))
    }
}

fn written(folder: &Path, name: &str, content: &[u8]) -> String {
    let path: PathBuf = folder.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What others say of a chip that is to be device `number`: Espressif's generator, its parser, its loader, and OpenSSL.
#[track_caller]
fn is_whole(fleet: &TestFleet, unit: &Unit, number: usize) {
    let (flash, folder) = (unit.content(), tempfile::tempdir().unwrap());
    let nvs = Nvs::of(&flash);
    assert_eq!(nvs.text("serial"), format!("SN{number:06}"));
    assert_eq!(nvs.text("mac"), unit.mac);
    assert_eq!(nvs.text("port"), (5680 + number).to_string());
    let made = nvs.by_the_generator();
    assert!(flash[NVS] == made, "Espressif's generator makes another partition of these values");
    let rom = unit.start(&[]);
    rom.esptool(&["verify-flash", "0x9000", &written(folder.path(), "nvs.bin", &made)]);
    drop(rom);

    // The parser looks at all records and says of each whether it is valid.
    let tool = include_str!("format/secure_cert.py");
    let (certificate, key) = (nvs.text("cert"), nvs.text("key"));
    let case = json!({"records": [], "integrity": true, "ours": hex::encode(&flash[SECURE_CERT])});
    let said = python::ask(tool, &json!({"cases": [case], "certificate": certificate, "key": key}));
    let said = said["parsed"][0].as_str().unwrap().to_owned();
    assert!(said.matches("VALID").count() >= 3 && !said.contains("INVALID"), "{said}");

    let pem = written(folder.path(), "cert.pem", certificate.as_bytes());
    let key = written(folder.path(), "key.pem", key.as_bytes());
    let root = fleet.file(".firstlight/authority/root.pem");
    let between = fleet.file(".firstlight/authority/intermediate.pem");
    let (root, between) = (root.to_str().unwrap(), between.to_str().unwrap());
    oracle("openssl", &["verify", "-CAfile", root, "-untrusted", between, &pem]);
    let subject = oracle("openssl", &["x509", "-in", &pem, "-noout", "-subject"]);
    assert!(subject.contains(&format!("SN{number:06}")), "{subject}");
    let of_certificate = oracle("openssl", &["x509", "-in", &pem, "-noout", "-pubkey"]);
    assert_eq!(of_certificate, oracle("openssl", &["pkey", "-in", &key, "-pubout"]));

    assert!(flash[TABLE..NVS.start][..table().len()] == *table(), "the partition table was touched");
    let blank = |range: std::ops::Range<usize>| flash[range].iter().all(|byte| *byte == 0xff);
    assert!(blank(0..TABLE) && blank(0xf000..0x1_0000) && blank(0x1_2000..0x2_0000), "something else was touched");
    assert!(flash[0x2_0000..0x2_4000].iter().all(|byte| *byte == 0x5a), "the firmware was touched");
}

#[test]
fn a_chip_becomes_its_device_as_others_read_it_and_the_second_run_has_nothing_to_do() {
    let (fleet, unit) = (fleet(1), Unit::new(1));
    let rom = unit.start(&[]);
    let receipt = flash(&fleet, &["sn-1"], &[&rom]).ok().receipts().remove(0);
    assert_eq!(receipt["state"], "written");
    assert_eq!(receipt["target"]["chip"], json!({"name": "esp32c3", "mac": unit.mac}));
    let (to, from, _) = rom.count();
    drop(rom);
    is_whole(&fleet, &unit, 1);
    assert_eq!(fleet.show("sn-1")["device"]["state"], "registered");

    // Everything that the transaction costs on the wire, looks at the chip and the read-back included, beside esptool's bare writing.
    let (content, theirs) = (unit.content(), Unit::new(9));
    let other = theirs.start(&[]);
    let nvs = written(theirs.folder.path(), "nvs.bin", &content[NVS]);
    let secure_cert = written(theirs.folder.path(), "secure_cert.bin", &content[SECURE_CERT]);
    other.esptool(&["write-flash", "0x9000", &nvs, "0x10000", &secure_cert]);
    let (their_to, their_from, _) = other.count();
    println!("on the wire: flash {to} + {from}, esptool's writing {their_to} + {their_from}");
    assert!(to + from <= their_to + their_from, "{to} + {from}, esptool {their_to} + {their_from}");

    let rom = unit.start(&[]);
    let again = flash(&fleet, &["sn-1"], &[&rom]).ok().receipts().remove(0);
    assert_eq!(again["state"], "done-before");
    assert!(unit.content() == content);
    let (to, from, _) = rom.count();
    assert!(to + from < 5000, "{to} + {from} bytes for nothing");
    fleet.ledger_is_true();
}

#[test]
fn a_chip_with_another_partition_table_or_none_is_refused_before_a_byte_is_written() {
    let fleet = fleet(1);
    let mut shifted = table().to_vec();
    shifted[4..8].copy_from_slice(&0xa000_u32.to_le_bytes());
    for (table, said) in
        [(vec![], "it has no partition table yet"), (vec![0; 0xc00], "partition table"), (shifted, "partition table")]
    {
        let unit = Unit::with(1, &table);
        let before = unit.content();
        let rom = unit.start(&[]);
        flash(&fleet, &["sn-1"], &[&rom]).exits(6).says(&[said, "flash the firmware with its partition table first"]);
        assert!(unit.content() == before, "something was written");
    }
    let log = fleet.run(&["ledger", "log", "--json"]).ok();
    for record in log.json_lines() {
        assert!(!["issued", "sealed", "exposed"].contains(&record["kind"].as_str().unwrap()), "{record}");
    }
}

/// Of four at once one is killed in mid-write, one keeps a bit wrong, one is another chip, one is good; then all are finished.
#[test]
fn four_slots_come_to_four_verdicts_and_are_finished_by_the_next_run() {
    let fleet = fleet(4);
    let units: Vec<Unit> = (1..=4).map(Unit::new).collect();
    let dies = units[0].start(&["--die-after", "95"]);
    let flips = units[1].start(&["--flip", "0x9040"]);
    let wrong = units[2].start(&["--chip", "esp32s3"]);
    let good = units[3].start(&[]);
    let ran = flash(&fleet, &["--next"], &[&dies, &flips, &wrong, &good]).exits(3);
    let lines = ran.json_lines();
    let passed = ran.receipts();
    assert_eq!(passed.len(), 1, "{}", ran.stdout);
    assert_eq!(passed[0]["target"]["chip"]["mac"], units[3].mac.as_str());
    let failures: Vec<&Value> = lines.iter().filter(|line| line["event"] == "failure").collect();
    assert_eq!(failures.len(), 3, "{}", ran.stdout);
    let class = |words: &str| {
        let told = failures.iter().find(|failure| failure["error"].to_string().contains(words));
        told.unwrap_or_else(|| panic!("{words:?} is not in {}", ran.stdout))["error"]["class"].clone()
    };
    assert_eq!(class(&programmer(&dies)), "surroundings");
    assert_eq!(class(&programmer(&flips)), "differs");
    assert_eq!(class("esp32s3"), "refused");

    // The ledger says the same: whose each chip is, and how far it came.
    let states: Vec<_> = (1..=4).map(|number| state(&fleet, &format!("sn-{number}"))).collect();
    let of = |unit: &Unit| states.iter().position(|state| state.2 == unit.mac.as_str());
    let of_dead = of(&units[0]).unwrap();
    let of_flipped = of(&units[1]).unwrap();
    let of_good = of(&units[3]).unwrap();
    assert_eq!(of(&units[2]), None, "a chip that was refused is bound: {states:?}");
    assert_eq!(states[of_good].0, "finished", "{states:?}");
    for open in [of_dead, of_flipped] {
        assert_eq!((states[open].0.as_str(), states[open].1.as_str()), ("open", "exposed"), "{states:?}");
    }
    let blank = units[2].content();
    assert!(blank[NVS].iter().all(|byte| *byte == 0xff), "the wrong chip was written");
    drop((dies, flips, wrong, good));

    let roms: Vec<EspRom> = [0, 1, 2].map(|at| units[at].start(&[])).into();
    let ran = flash(&fleet, &["--next"], &[&roms[0], &roms[1], &roms[2]]).ok();
    let mut receipts = ran.receipts();
    receipts.sort_by_key(|receipt| receipt["target"]["chip"]["mac"].to_string());
    let how: Vec<_> = receipts.iter().map(|receipt| receipt["state"].as_str().unwrap()).collect();
    assert_eq!(how, ["resumed", "resumed", "written"]);
    drop(roms);
    for (at, unit) in units.iter().enumerate() {
        let device = (1..=4).find(|number| state(&fleet, &format!("sn-{number}")).2 == unit.mac.as_str()).unwrap();
        is_whole(&fleet, unit, device);
        let before = [Some(of_dead), Some(of_flipped), None, Some(of_good)][at];
        assert!(before.is_none_or(|before| before + 1 == device), "chip {at} was given another record");
    }
    fleet.ledger_is_true();
}

/// Two chips fail in mid-write and come back, each to the other's port.
#[test]
fn chips_that_come_back_to_other_ports_keep_their_records() {
    let fleet = fleet(3);
    let units = [Unit::new(1), Unit::new(2)];
    let roms: Vec<EspRom> = units.iter().map(|unit| unit.start(&["--die-after", "95"])).collect();
    flash(&fleet, &["sn-1", "sn-2"], &[&roms[0], &roms[1]]).exits(4);
    drop(roms);
    let halves = units.each_ref().map(Unit::content);

    let roms: Vec<EspRom> = units.iter().map(|unit| unit.start(&[])).collect();
    let ran = flash(&fleet, &["sn-1", "sn-2"], &[&roms[1], &roms[0]]).exits(6);
    ran.says(&["refusing to make chip", "--rework"]);
    assert!(units.each_ref().map(Unit::content) == halves, "a chip was given another's data");
    let ran = flash(&fleet, &["--next"], &[&roms[1], &roms[0]]).ok();
    assert!(ran.receipts().iter().all(|receipt| receipt["state"] == "resumed"), "{}", ran.stdout);
    drop(roms);
    is_whole(&fleet, &units[0], 1);
    is_whole(&fleet, &units[1], 2);
    fleet.ledger_is_true();
}

/// A board that failed for good is put aside: the next one gets the next record, not that one's.
#[test]
fn a_new_chip_is_not_given_a_record_that_went_out_to_another() {
    let fleet = fleet(2);
    let (dead, new) = (Unit::new(1), Unit::new(2));
    let rom = dead.start(&["--die-after", "95"]);
    flash(&fleet, &["--next"], &[&rom]).exits(4);
    drop(rom);
    let rom = new.start(&[]);
    let receipt = flash(&fleet, &["--next"], &[&rom]).ok().receipts().remove(0);
    assert_eq!(receipt["device"], "sn-2");
    drop(rom);
    is_whole(&fleet, &new, 2);
    let rom = dead.start(&[]);
    let receipt = flash(&fleet, &["--next"], &[&rom]).ok().receipts().remove(0);
    assert_eq!((receipt["device"].as_str(), receipt["state"].as_str()), (Some("sn-1"), Some("resumed")));
    drop(rom);
    is_whole(&fleet, &dead, 1);
}

/// A fuse, for good: from a signed recipe, rehearsed on a simulated chip, confirmed by a person, seen by Espressif's espefuse.
#[test]
fn a_fuse_is_burnt_when_recipe_rehearsal_and_person_agree_and_not_before() {
    let (fleet, unit) = (fleet(2), Unit::new(1));
    let recipe = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/recipes/esp32c3-jtag.yaml");
    fs::copy(recipe, fleet.file("lock.yaml")).unwrap();
    fleet.edit("fleet.yaml", "          accept_plaintext", "          lock: lock.yaml\n          accept_plaintext");
    let jtag = |rom: &EspRom| {
        let out = rom.foreign("espefuse", "esp32c3", &["summary"]);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let line = said.lines().find(|line| line.starts_with("DIS_PAD_JTAG"));
        line.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&out.stderr))).contains("= True")
    };
    let before = unit.content();
    let rom = unit.start(&[]);
    let programmer = programmer(&rom);
    let run = |more: &[&str]| fleet.run(&[&["flash", "sn-1", "--programmer", &programmer], more].concat());
    run(&[]).exits(6).says(&["is not signed"]);
    fleet.run(&["recipe", "sign", "lock.yaml"]).ok();
    run(&["--yes"]).exits(6).says(&["never run on a simulated chip"]);
    assert!(unit.content() == before, "data left for a chip that could not be locked");

    let chip = fleet.file("chips/sn-2");
    fs::create_dir_all(&chip).unwrap();
    fs::write(chip.join("flash.bin"), Unit::new(2).content()).unwrap();
    fleet.run(&["flash", "sn-2", "--programmer", "file:chips/{id}"]).ok();
    let simulated: Value = serde_json::from_slice(&fs::read(chip.join("chip.json")).unwrap()).unwrap();
    let shown = simulated["words"].as_array().unwrap().iter().find(|word| word["address"] == "0x60008830").unwrap();
    assert_eq!(shown["value"], "0x80000");

    // No person is there: written and verified, but neither locked nor done.
    run(&["--yes"]).exits(6).says(&["there is no terminal"]);
    assert!(!jtag(&rom), "a fuse was burnt without a person");
    assert_eq!(state(&fleet, "sn-1").0, "open");
    let typed = [["then type sn-1", "sn-1\n"]];
    let said = fleet.run_at_terminal(&["flash", "sn-1", "--programmer", &programmer], &typed).ok();
    assert!(said.stdout.contains("cannot be taken back"), "{}", said.stdout);
    assert_eq!(state(&fleet, "sn-1").0, "finished");
    assert!(jtag(&rom), "espefuse sees no burnt fuse");
    drop(rom);
    is_whole(&fleet, &unit, 1);
    fleet.ledger_is_true();
}
