//! What a device must be to take a bundle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A property of a device that a bundle may ask for. The device reads it from its own hardware and system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// The serial number, from whatever source the device image names, else DMI, else the device tree.
    Serial,
    /// The address of any of its network interfaces, `aa:bb:cc:dd:ee:ff`.
    Mac,
    /// systemd's machine id.
    MachineId,
    /// The DMI (SMBIOS type 1) serial number.
    DmiSerial,
    /// The device tree's `serial-number`.
    DtSerial,
    /// SHA-256 of the TPM's endorsement key, DER, in hex.
    TpmEk,
    /// The model that the device image names, else DMI's product name, else the device tree's `model`.
    Model,
}

impl Property {
    /// Every property.
    pub const ALL: [Property; 7] = [
        Property::Serial,
        Property::Mac,
        Property::MachineId,
        Property::DmiSerial,
        Property::DtSerial,
        Property::TpmEk,
        Property::Model,
    ];

    /// Returns its name in manifests and fleet files.
    pub fn word(self) -> &'static str {
        match self {
            Property::Serial => "serial",
            Property::Mac => "mac",
            Property::MachineId => "machine-id",
            Property::DmiSerial => "dmi-serial",
            Property::DtSerial => "dt-serial",
            Property::TpmEk => "tpm-ek",
            Property::Model => "model",
        }
    }
}

/// What a device must be: every property named, each with one of its values. Nothing named is met by every device.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Match(pub BTreeMap<Property, Vec<String>>);

impl Match {
    /// Returns true if nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the first property that a device with the given values does not meet; `None` if it meets all.
    pub fn unmet(&self, values_of: &dyn Fn(Property) -> Vec<String>) -> Option<Property> {
        let meets = |property: Property, wanted: &[String]| {
            let has = values_of(property);
            let fits = |wanted: String| !wanted.is_empty() && has.iter().any(|has| plain(has) == wanted);
            wanted.iter().any(|wanted| fits(plain(wanted)))
        };
        self.0.iter().find(|(property, wanted)| !meets(**property, wanted)).map(|(property, _)| *property)
    }
}

/// Values are compared without the case of ASCII letters and without blanks at the ends: labels and firmware differ in
/// both. Blanks alone are no value: a device without a serial number must not meet an empty cell of a table.
fn plain(value: &str) -> String {
    value.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(Property, &[&str])]) -> Match {
        Match(pairs.iter().map(|(p, values)| (*p, values.iter().map(|v| (*v).to_owned()).collect())).collect())
    }

    #[test]
    fn every_property_must_hold_and_one_value_is_enough() {
        let device = |property| match property {
            Property::Serial => vec![" SN-1\0".to_owned()],
            Property::Mac => vec!["02:00:00:00:00:01".into(), "02:00:00:00:00:0A".into()],
            _ => vec![],
        };
        assert_eq!(Match::default().unmet(&device), None);
        let both = wanted(&[(Property::Serial, &["sn-1"]), (Property::Mac, &["x", "02:00:00:00:00:0a"])]);
        assert_eq!(both.unmet(&device), None);
        assert_eq!(wanted(&[(Property::Serial, &["SN-2"])]).unmet(&device), Some(Property::Serial));
        assert_eq!(wanted(&[(Property::Model, &["any"])]).unmet(&device), Some(Property::Model));
        let blank = |property| if property == Property::Serial { vec![" \0".to_owned()] } else { vec![] };
        assert_eq!(
            wanted(&[(Property::Serial, &["", " "])]).unmet(&blank),
            Some(Property::Serial),
            "blanks are no value"
        );
        assert_eq!(wanted(&[(Property::Serial, &[])]).unmet(&device), Some(Property::Serial), "no value, no device");
    }

    #[test]
    fn a_property_is_written_as_it_is_called() {
        for property in Property::ALL {
            assert_eq!(serde_json::to_value(property).unwrap(), property.word());
        }
    }
}
