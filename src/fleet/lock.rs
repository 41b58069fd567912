//! `fleet.lock`: which root certificate the fleet has, for good. It is committed with the fleet.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Digest, Faults, Place};

/// Version of the file's form that this program writes and reads.
const VERSION: u32 = 1;

/// The pinned authority of a fleet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetLock {
    /// Version of the file's form, 1.
    pub version: u32,
    /// Name of the fleet.
    pub fleet: String,
    /// SHA-256 of the root certificate (DER).
    pub root_sha256: Digest,
    /// The root certificate, PEM.
    pub root_certificate: String,
    /// The fleet's bundle keys that sign, as in the second line of a minisign public key file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bundle_keys: Vec<String>,
    /// When it was pinned.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
}

/// What every version has: looked at first, so that a newer form is called by its name.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl FleetLock {
    /// Makes the lock of a fleet.
    pub fn new(fleet: &str, root_sha256: Digest, root_certificate: String, created: OffsetDateTime) -> Self {
        Self {
            version: VERSION,
            fleet: fleet.to_owned(),
            root_sha256,
            root_certificate,
            bundle_keys: Vec::new(),
            created,
        }
    }

    /// Reads `fleet.lock`. A fault is placed where serde_yaml stopped.
    pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Self> {
        if let Ok(Versioned { version }) = serde_yaml::from_str(text)
            && version != VERSION
        {
            let message = format!("the lock has version {version}, this firstlight reads {VERSION}");
            faults.add_with_hint(Place::new(file, 1, 1), message, "use the firstlight that wrote it, or a newer one");
            return None;
        }
        let lock: Self = match serde_yaml::from_str(text) {
            Ok(lock) => lock,
            Err(error) => {
                let at = error.location().map_or((1, 1), |at| (at.line().max(1), at.column().max(1)));
                let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
                let message = format!("not a fleet lock: {}", without_place(&error.to_string()));
                faults.add_with_hint(Place::new(file, count(at.0), count(at.1)), message, RESTORE);
                return None;
            }
        };
        if !matches_certificate(&lock) {
            let message = format!("root_sha256 {} is not the digest of root_certificate", lock.root_sha256);
            faults.add_with_hint(Place::new(file, 1, 1), message, RESTORE);
            return None;
        }
        Some(lock)
    }

    /// Writes the lock as YAML, with a line for the person who meets it.
    pub fn to_yaml(&self) -> String {
        let body = serde_yaml::to_string(self).expect("a lock is plain data");
        format!("# Written by firstlight: pins the fleet's authority. Commit it; do not edit it.\n{body}")
    }
}

const RESTORE: &str = "restore fleet.lock from version control or from a backup";

/// The certificate's DER is the base64 between the PEM lines (RFC 7468).
fn matches_certificate(lock: &FleetLock) -> bool {
    use base64::Engine as _;
    let body: String = lock
        .root_certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(str::split_whitespace)
        .collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body);
    der.is_ok_and(|der| !der.is_empty() && Digest::of(&der) == lock.root_sha256)
}

/// The place is told apart from the words.
fn without_place(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |at| &message[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> FleetLock {
        let der = b"a certificate's bytes";
        let pem = "-----BEGIN CERTIFICATE-----\nYSBjZXJ0aWZpY2F0ZSdzIGJ5dGVz\n-----END CERTIFICATE-----\n";
        FleetLock::new("acme", Digest::of(der), pem.to_owned(), time::macros::datetime!(2026-11-21 10:00 UTC))
    }

    fn parsed(text: &str) -> Result<FleetLock, Vec<String>> {
        let mut faults = Faults::default();
        let lock = FleetLock::parse(&Arc::from("fleet.lock"), text, &mut faults);
        lock.ok_or_else(|| faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
    }

    #[test]
    fn a_lock_reads_back_as_it_was_written() {
        assert_eq!(parsed(&lock().to_yaml()), Ok(lock()));
    }

    #[test]
    fn another_certificate_under_the_same_digest_is_a_fault() {
        let text = lock().to_yaml().replace("YSBj", "YSBk");
        let digest = lock().root_sha256;
        let fault = format!("fleet.lock:1:1: root_sha256 {digest} is not the digest of root_certificate");
        assert_eq!(parsed(&text), Err(vec![fault]));
    }

    #[test]
    fn a_newer_version_and_an_unknown_key_are_faults() {
        let newer = lock().to_yaml().replace("version: 1", "version: 2\nnews: true");
        assert_eq!(
            parsed(&newer),
            Err(vec!["fleet.lock:1:1: the lock has version 2, this firstlight reads 1".to_owned()])
        );
        let unknown = format!("{}more: 1\n", lock().to_yaml());
        assert!(parsed(&unknown).is_err_and(|faults| faults[0].contains("unknown field `more`")));
        assert!(parsed("").is_err());
    }
}
