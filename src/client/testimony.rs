//! What a device says of a bundle: the signed result file.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::clock::Time;
use super::facts::Facts;
use super::outcome::{Outcome, Record};
use crate::bundle::sealed::result;
use crate::delivery::result::{Outcome as Word, ResultBody};
use crate::delivery::{Manifest, Property, Signer};
use crate::fleet::{Digest, Secret};
use crate::host::machine::harmless;

/// The device's key that signs results.
pub struct ResultKey(Ed25519KeyPair);

impl ResultKey {
    /// Returns the key of a seed of 32 bytes; `None` if it is no seed.
    pub fn of(seed: &Secret) -> Option<Self> {
        seed.expose(Ed25519KeyPair::from_seed_unchecked).ok().map(Self)
    }
}

impl Signer for ResultKey {
    /// The first bytes of the public key's digest.
    fn key_id(&self) -> [u8; 8] {
        let digest = Digest::of(self.0.public_key().as_ref());
        *digest.as_bytes().first_chunk().expect("a digest has 32 bytes")
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        self.0.sign(message).as_ref().try_into().map_err(|_| "the signature has no 64 bytes".into())
    }
}

/// A bundle on a medium that a result speaks of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// Its folder; empty for the medium's root.
    pub folder: String,
    /// Its manifest's document; nobody may have signed it.
    pub document: Vec<u8>,
}

/// Returns the result file on a bundle, signed; `None` where there is nothing to say, or it does not fit.
pub fn testify(
    subject: &Subject,
    record: &Record,
    facts: &Facts,
    time: Time,
    recipient: Option<String>,
    key: &ResultKey,
) -> Option<Vec<u8>> {
    let outcome = match record.outcome {
        Outcome::Applied => Word::Ingested,
        Outcome::Unchanged => Word::Unchanged,
        Outcome::Refused => Word::Refused,
        Outcome::RolledBack => Word::RolledBack,
        Outcome::Waiting | Outcome::CopyServes | Outcome::NoMedium | Outcome::NoBundle => return None,
    };
    let manifest = Manifest::from_json(&subject.document).ok();
    let first = |property| facts.values(property).into_iter().next().map(|value| shown(&value));
    let text = |of: fn(&Manifest) -> &str| manifest.as_ref().map(|manifest| shown(of(manifest))).unwrap_or_default();
    let body = ResultBody {
        fleet: text(|manifest| &manifest.fleet),
        device: text(|manifest| manifest.device.as_str()),
        bundle: text(|manifest| &manifest.bundle),
        version: manifest.as_ref().map_or(0, |manifest| manifest.version),
        manifest: Digest::of(&subject.document).to_string(),
        outcome,
        reason: record.reason.map(|reason| reason.code().to_owned()),
        words: record.what.clone().unwrap_or_else(|| record.line()),
        at: time.trusted.map(super::clock::text),
        serial: first(Property::Serial),
        machine: first(Property::MachineId),
        recipient,
    };
    result::sign(&body, key).ok().and_then(|file| file.to_bytes())
}

/// Names may come from a stranger's manifest.
fn shown(text: &str) -> String {
    harmless(&text.chars().take(200).collect::<String>())
}
