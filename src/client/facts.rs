//! What a device is: the properties that bundles ask for, read from hardware and system.

use std::path::Path;

use super::device::Device;
use super::tpm;
use crate::delivery::Property;
use crate::fleet::Digest;
use crate::host::Machine;
use crate::host::files::read_bounded;

/// The TPM behind the kernel's resource manager.
const TPM: &str = "/dev/tpmrm0";
/// The longest property file that is read, in bytes.
const LONGEST: u64 = 4096;
/// Most network interfaces that are looked at.
const MOST_INTERFACES: usize = 256;

/// What a device is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    serial: Vec<String>,
    macs: Vec<String>,
    machine_id: Vec<String>,
    dmi_serial: Vec<String>,
    dt_serial: Vec<String>,
    tpm_ek: Vec<String>,
    model: Vec<String>,
}

impl Facts {
    /// Reads them. What cannot be read is not there: a bundle that asks for it does not match.
    pub fn read(machine: &Machine, device: &Device) -> Self {
        let text = |path: &str| text(&machine.path(path));
        let dmi_serial = text("/sys/class/dmi/id/product_serial").filter(|serial| !is_filler(serial));
        let dt_serial = text("/proc/device-tree/serial-number");
        let named = device.serial_file.as_deref().and_then(text);
        let model = device.model.clone();
        let model = model.or_else(|| text("/sys/class/dmi/id/product_name").filter(|model| !is_filler(model)));
        Self {
            serial: list(named.or_else(|| dmi_serial.clone()).or_else(|| dt_serial.clone())),
            macs: macs(machine),
            machine_id: list(text("/etc/machine-id").filter(|id| id.len() == 32)),
            tpm_ek: list(tpm_ek(machine, device)),
            model: list(model.or_else(|| text("/proc/device-tree/model"))),
            dmi_serial: list(dmi_serial),
            dt_serial: list(dt_serial),
        }
    }

    /// Returns the values of a property; none where the device has it not.
    pub fn values(&self, property: Property) -> Vec<String> {
        match property {
            Property::Serial => &self.serial,
            Property::Mac => &self.macs,
            Property::MachineId => &self.machine_id,
            Property::DmiSerial => &self.dmi_serial,
            Property::DtSerial => &self.dt_serial,
            Property::TpmEk => &self.tpm_ek,
            Property::Model => &self.model,
        }
        .clone()
    }
}

fn list(value: Option<String>) -> Vec<String> {
    value.into_iter().collect()
}

fn text(path: &Path) -> Option<String> {
    let bytes = read_bounded(path, LONGEST).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// What board makers leave in DMI where a value belongs; a bundle for it would fit every such board.
fn is_filler(value: &str) -> bool {
    let plain = value.to_lowercase();
    let fillers = ["to be filled by o.e.m.", "default string", "system serial number", "system product name", "none"];
    fillers.contains(&plain.as_str())
        || ["not specified", "not applicable", "n/a", "unknown", "o.e.m.", "0123456789"].contains(&plain.as_str())
        || plain.chars().all(|c| c == '0')
}

fn macs(machine: &Machine) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(machine.path("/sys/class/net")) else { return Vec::new() };
    let read = |path: &Path| text(&path.join("address")).map(|mac| mac.to_lowercase());
    let mut macs: Vec<String> = entries
        .filter_map(|entry| read(&entry.ok()?.path()))
        .filter(|mac| mac.len() == 17 && mac != "00:00:00:00:00:00")
        .take(MOST_INTERFACES)
        .collect();
    macs.sort();
    macs.dedup();
    macs
}

fn tpm_ek(machine: &Machine, device: &Device) -> Option<String> {
    let der = match device.tpm_ek_file.as_deref() {
        Some(path) => read_bounded(&machine.path(path), LONGEST).ok(),
        None => tpm::endorsement_key(&machine.path(TPM)),
    };
    der.map(|der| Digest::of(&der).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let machine = Machine::at(folder.path());
        (folder, machine)
    }

    fn device(json: &str) -> Device {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_property_is_read_from_its_place() {
        let (_folder, machine) = machine(&[
            ("sys/class/dmi/id/product_serial", b"DMI-1\n"),
            ("sys/class/dmi/id/product_name", b"Box 3\n"),
            ("proc/device-tree/serial-number", b"DT-1\0"),
            ("proc/device-tree/model", b"Board 2\0"),
            ("etc/machine-id", b"0123456789abcdef0123456789abcdef\n"),
            ("sys/class/net/eth0/address", b"02:00:00:00:00:0A\n"),
            ("sys/class/net/lo/address", b"00:00:00:00:00:00\n"),
            ("ek.der", b"der"),
        ]);
        let facts = Facts::read(&machine, &device(r#"{"format":1,"tpm_ek_file":"/ek.der"}"#));
        let value = |property| facts.values(property).join(",");
        assert_eq!(value(Property::Serial), "DMI-1");
        assert_eq!(value(Property::DmiSerial), "DMI-1");
        assert_eq!(value(Property::DtSerial), "DT-1");
        assert_eq!(value(Property::Model), "Box 3");
        assert_eq!(value(Property::MachineId), "0123456789abcdef0123456789abcdef");
        assert_eq!(value(Property::Mac), "02:00:00:00:00:0a");
        assert_eq!(value(Property::TpmEk), Digest::of(b"der").to_string());
    }

    #[test]
    fn the_images_word_goes_before_the_hardwares_and_fillers_are_nothing() {
        let (_folder, machine) = machine(&[
            ("sys/class/dmi/id/product_serial", b"Default string\n"),
            ("sys/class/dmi/id/product_name", b"To Be Filled By O.E.M.\n"),
            ("proc/device-tree/serial-number", b"DT-1\0"),
            ("proc/device-tree/model", b"Board 2\0"),
            ("run/serial", b" SN-7 \n"),
        ]);
        let plain = Facts::read(&machine, &device(r#"{"format":1}"#));
        assert_eq!(plain.values(Property::Serial), ["DT-1"]);
        assert_eq!(plain.values(Property::Model), ["Board 2"]);
        assert!(plain.values(Property::DmiSerial).is_empty() && plain.values(Property::TpmEk).is_empty());
        let named = Facts::read(&machine, &device(r#"{"format":1,"serial_file":"/run/serial","model":"M"}"#));
        assert_eq!(named.values(Property::Serial), ["SN-7"]);
        assert_eq!(named.values(Property::Model), ["M"]);
    }
}
