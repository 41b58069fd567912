//! A line of simulated chips that stand for hardware, and the binary run on it.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::common::{Ran, TestFleet};

/// Where the table of ESP-IDF lies.
pub const TABLE_AT: u64 = 0x8000;

/// Everything a test of the transaction itself needs of one unit: id, serial number, chip and key, each at its place.
pub const MARKED: &str = "          chip: esp32c3
          accept_plaintext: \"a test\"
          serials: pool
          serial_pool: {prefix: SN-, first: 1, last: 500, digits: 6}
          parts:
            - address: 0x1000
              size: 12KiB
              format: raw
              entries:
                - {offset: 0, length: 32, text: \"{{ device.id }}\"}
                - {offset: 32, length: 32, text: \"{{ device.serial }}\"}
                - {offset: 64, length: 64, text: \"{{ chip.uid }}\"}
                - {offset: 128, length: 32, credential: management.key}
                - {offset: 8192, length: 2048, credential: identity.certificate}
                - {offset: 10240, length: 2048, credential: identity.private_key}
";

pub const CREDENTIALS: &str = "      identity: {kind: x509, retain: until-delivered}
      management: {kind: psk, bytes: 32}
";

/// What a unit's flash says of it, as [`MARKED`] places it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marks {
    pub id: String,
    pub serial: String,
    pub uid: String,
    pub key: Vec<u8>,
    pub certificate: Vec<u8>,
}

pub struct Line {
    pub fleet: TestFleet,
}

/// Returns a fleet file: one profile `sensor` whose delivery `flash` is `factory`.
pub fn fleet_yaml(credentials: &str, factory: &str) -> String {
    format!(
        "\
version: 1
fleet: sensors
inventory: devices.csv
authority: {{common_name: Test CA, organization: Test}}
servers:
  management: {{protocol: lwm2m, uri: \"coaps://lwm2m.test.example:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: management}}
  telemetry: {{protocol: mqtt, uri: \"mqtts://mqtt.test.example:8883\", security: x509, credential: identity}}
profiles:
  sensor:
    credentials:
{credentials}    deliveries:
      flash:
        factory:
{factory}"
    )
}

impl Line {
    /// A line whose devices are sn-1 to sn-`devices`, with a real authority.
    pub fn new(devices: usize) -> Self {
        Self::with(CREDENTIALS, MARKED, &ids(devices))
    }

    /// A line of another factory section and inventory.
    pub fn with(credentials: &str, factory: &str, inventory: &str) -> Self {
        let line = Self::loose(&fleet_yaml(credentials, factory), inventory);
        line.fleet.run(&["ca", "init"]).ok();
        line
    }

    /// A line without an authority yet.
    pub fn loose(fleet_file: &str, inventory: &str) -> Self {
        let fleet = TestFleet::empty();
        fleet.write("fleet.yaml", fleet_file);
        fleet.write("devices.csv", inventory);
        Self { fleet }
    }

    /// Makes the chip `chips/NAME`, which stands for hardware; its number is made of the name.
    pub fn chip(&self, name: &str) {
        self.chip_with(name, |_| {});
    }

    pub fn chip_with(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let uid = format!("0102{}", hex::encode(name));
        let mut chip = json!({
            "name": "esp32c3", "uid": uid, "stands_for_hardware": true,
            "memory": [{"start": 0, "length": "0x80000", "page": "0x1000"}],
        });
        change(&mut chip);
        self.fleet.write(&format!("chips/{name}/chip.json"), &chip.to_string());
    }

    /// Changes the description of a chip that is there.
    pub fn alter(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let file = format!("chips/{name}/chip.json");
        let mut chip: Value = serde_json::from_str(&self.fleet.read(&file)).unwrap();
        change(&mut chip);
        self.fleet.write(&file, &chip.to_string());
    }

    pub fn faults(&self, name: &str, faults: Value) {
        self.alter(name, |chip| chip["faults"] = faults);
    }

    /// `flash DEVICE --programmer file:chips/CHIP` and more words.
    pub fn flash(&self, device: &str, chip: &str, more: &[&str]) -> Ran {
        let programmer = format!("file:chips/{chip}");
        self.fleet.run(&[&["flash", device, "--programmer", &programmer][..], more].concat())
    }

    /// `flash --all --programmer file:chips/{id}` and more words.
    pub fn flash_all(&self, more: &[&str]) -> Ran {
        self.fleet.run(&[&["flash", "--all", "--programmer", "file:chips/{id}"][..], more].concat())
    }

    pub fn flash_file(&self, chip: &str) -> PathBuf {
        self.fleet.file(&format!("chips/{chip}/flash.bin"))
    }

    /// What the chip's memory holds.
    pub fn memory(&self, chip: &str, range: Range<u64>) -> Vec<u8> {
        let mut bytes = fs::read(self.flash_file(chip)).unwrap_or_default();
        let (start, end) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
        if bytes.len() < end {
            bytes.resize(end, 0xFF);
        }
        bytes[start..end].to_vec()
    }

    /// Puts bytes into the chip's memory.
    pub fn put(&self, chip: &str, address: u64, bytes: &[u8]) {
        let mut memory = self.memory(chip, 0..0x80000);
        let start = usize::try_from(address).unwrap();
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        fs::write(self.flash_file(chip), memory).unwrap();
    }

    pub fn marks(&self, chip: &str) -> Marks {
        let field = |start: u64, length: u64| {
            let bytes = self.memory(chip, 0x1000 + start..0x1000 + start + length);
            let end = bytes.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
            bytes[..end].to_vec()
        };
        let text = |start, length| String::from_utf8(field(start, length)).unwrap();
        Marks {
            id: text(0, 32),
            serial: text(32, 32),
            uid: text(64, 64),
            key: self.memory(chip, 0x1080..0x10A0),
            certificate: field(8192, 2048),
        }
    }

    /// What the flash says, if the unit's id is there already.
    pub fn marks_or_less(&self, chip: &str) -> Option<Marks> {
        self.memory(chip, 0x1000..0x1003).starts_with(b"sn-").then(|| self.marks(chip))
    }

    /// States of the device's generations of a credential, oldest first.
    pub fn states(&self, device: &str, credential: &str) -> Vec<String> {
        let shown = self.fleet.show(device);
        let generations = shown["generations"].as_array().unwrap();
        let own = generations.iter().filter(|generation| generation["public"]["name"] == credential);
        own.map(|generation| generation["state"].as_str().unwrap().to_owned()).collect()
    }

    pub fn is_registered(&self, device: &str) -> bool {
        let shown = self.fleet.run(&["devices", "show", device, "--json"]);
        shown.status == 0 && shown.json()["device"]["state"] == "registered"
    }

    pub fn serial(&self, device: &str) -> String {
        self.fleet.show(device)["device"]["serial"].as_str().unwrap().to_owned()
    }
}

pub fn ids(devices: usize) -> String {
    let rows: Vec<String> = (1..=devices).map(|index| format!("sn-{index}")).collect();
    format!("id\n{}\n", rows.join("\n"))
}
