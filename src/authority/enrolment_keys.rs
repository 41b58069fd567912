//! Keys of enrolment groups and of their devices: derived from the fleet key, so that nobody has to keep them.

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use zeroize::Zeroizing;

use crate::fleet::{EndpointName, Secret};

use super::sealing::{FleetKey, extract_unsalted};

/// Length of every derived key in bytes.
pub(super) const LENGTH: usize = 32;

impl FleetKey {
    /// Returns the key of an enrolment group: HKDF-SHA-256 (RFC 5869, without salt) of the fleet key. A higher
    /// `generation` makes another key.
    pub fn group_key(&self, fleet: &str, group: &str, generation: u32) -> Secret {
        let generation = generation.to_string();
        expand(self.enrolment(), &["firstlight group key 1", fleet, group, &generation])
    }

    /// Returns the key that a device of an enrolment group has from the group's key.
    pub fn device_key(&self, fleet: &str, group: &str, generation: u32, device: &EndpointName) -> Secret {
        device_key(&self.group_key(fleet, group, generation), fleet, group, device)
    }
}

/// Returns the key that a device has from its group's key: HKDF-SHA-256 (RFC 5869, without salt). Names that are equal but
/// for capitals are one device.
pub fn device_key(group_key: &Secret, fleet: &str, group: &str, device: &EndpointName) -> Secret {
    expand(&extract_unsalted(group_key), &["firstlight device key 1", fleet, group, &device.folded()])
}

/// Names hold no NUL: no two lists of words make one text.
fn expand(from: &Prk, words: &[&str]) -> Secret {
    let info = words.join("\0");
    let info = [info.as_bytes()];
    let mut key = Zeroizing::new(vec![0; LENGTH]);
    let derived = from.expand(&info, HKDF_SHA256).expect("one digest is short enough for HKDF");
    derived.fill(&mut key).expect("the key has the length of a digest");
    Secret::new(std::mem::take(&mut *key))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn key(byte: u8) -> FleetKey {
        FleetKey::from_secret(&Secret::new(vec![byte; LENGTH])).unwrap()
    }

    fn hex_of(secret: &Secret) -> String {
        secret.expose(|bytes| hex::encode(bytes))
    }

    /// The same derivation by OpenSSL.
    fn openssl(key: &str, info: &[u8]) -> String {
        let mut command = Command::new("openssl");
        command.args(["kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt"]);
        command.arg(format!("hexkey:{key}")).arg("-kdfopt").arg(format!("hexinfo:{}", hex::encode(info))).arg("HKDF");
        let output = command.output().expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().replace(':', "").to_lowercase()
    }

    #[test]
    fn openssl_derives_the_same_keys() {
        let device = EndpointName::new("GW-0007").unwrap();
        let group = key(7).group_key("acme", "gateways", 12);
        assert_eq!(hex_of(&group), openssl(&"07".repeat(32), b"firstlight group key 1\0acme\0gateways\x0012"));
        let own = device_key(&group, "acme", "gateways", &device);
        assert_eq!(hex_of(&own), openssl(&hex_of(&group), b"firstlight device key 1\0acme\0gateways\0gw-0007"));
        assert_eq!(hex_of(&key(7).device_key("acme", "gateways", 12, &device)), hex_of(&own));
    }

    #[test]
    fn every_word_makes_another_key_and_capitals_of_the_device_none() {
        let device = |name: &str| EndpointName::new(name).unwrap();
        let keys = [
            key(7).device_key("acme", "g", 1, &device("a")),
            key(8).device_key("acme", "g", 1, &device("a")),
            key(7).device_key("acmf", "g", 1, &device("a")),
            key(7).device_key("acme", "h", 1, &device("a")),
            key(7).device_key("acme", "g", 2, &device("a")),
            key(7).device_key("acme", "g", 1, &device("b")),
            key(7).group_key("acme", "g", 1),
        ];
        let different: std::collections::HashSet<String> = keys.iter().map(hex_of).collect();
        assert_eq!(different.len(), keys.len());
        assert_eq!(hex_of(&keys[0]), hex_of(&key(7).device_key("acme", "g", 1, &device("A"))));
    }
}
