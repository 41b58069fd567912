//! Whom a device believes: the image's anchors, keys it learned, a transfer by the owner, first use where the image says so.

use serde::Deserialize;

use super::device::Device;
use super::error::ClientError;
use super::facts::Facts;
use super::state::{State, Taken};
use crate::bundle::sealed::{PublicKey, Reason, Refusal, Signature, signature};
use crate::delivery::manifest::LONGEST_MANIFEST;
use crate::delivery::{Manifest, Match, Shelf};
use crate::fleet::{Digest, Secret};
use crate::host::Machine;

/// The old owner's word that a device belongs to another, at the medium's root, with its signature beside.
pub const TRANSFER_NAME: &str = "firstlight-transfer.json";
/// The longest transfer, in bytes.
const LONGEST_TRANSFER: u64 = 64 << 10;

/// Whom a device believes now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trust {
    /// The keys whose bundles are taken.
    pub keys: Vec<PublicKey>,
    /// The fleet whose bundles are taken; any that the keys vouch for, when none.
    pub owner: Option<String>,
    /// Whether keys that a bundle itself brings are believed: nothing is trusted yet, and the image allows it.
    pub first_use: bool,
    /// The transfer that this rests on.
    pub transfer: Option<Taken>,
}

/// A transfer's document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    format: u32,
    from: String,
    to: String,
    keys: Vec<String>,
    #[serde(rename = "match", default)]
    matching: Match,
}

impl Trust {
    /// Returns whom a device believes before it looks at a medium.
    pub fn now(machine: &Machine, device: &Device, state: &State) -> Result<Self, ClientError> {
        let keys = match &state.learned {
            Some(learned) => parse_keys(&learned.keys),
            None => device.baked_anchors(machine)?,
        };
        let first_use = keys.is_empty() && state.learned.is_none() && device.trust_on_first_use;
        let owner = state.owner.clone().or_else(|| device.fleet.clone());
        Ok(Self { keys, owner, first_use, transfer: None })
    }

    /// Returns whom a device believes if it takes the transfer on this medium; itself where there is none, or one that was
    /// taken before.
    pub fn transferred(&self, shelf: &dyn Shelf, facts: &Facts, state: &State) -> Result<Self, Refusal> {
        let Some(document) = self.read_transfer(shelf)? else { return Ok(self.clone()) };
        let digest = Digest::of(&document);
        let unknown =
            |error: serde_json::Error| Refusal::new(Reason::UnknownFormat, format!("{TRANSFER_NAME}: {error}"));
        let transfer: Transfer = serde_json::from_slice(&document).map_err(unknown)?;
        if state.used.contains(&digest) {
            return Ok(self.clone());
        }
        self.check(&transfer, facts)?;
        let keys = parse_keys(&transfer.keys);
        let taken = Taken { digest, to: transfer.to.clone(), keys: transfer.keys };
        Ok(Self { keys, owner: Some(transfer.to), first_use: false, transfer: Some(taken) })
    }

    fn check(&self, transfer: &Transfer, facts: &Facts) -> Result<(), Refusal> {
        if transfer.format != 1 {
            let what = format!("the transfer has format {}, this program reads 1", transfer.format);
            return Err(Refusal::new(Reason::UnknownFormat, what));
        }
        if self.owner.as_deref().is_some_and(|owner| owner != transfer.from) {
            let owner = self.owner.as_deref().unwrap_or_default();
            let what = format!("the transfer is by {:?}, this device belongs to {owner:?}", transfer.from);
            return Err(Refusal::new(Reason::NotOurs, what));
        }
        if let Some(property) = transfer.matching.unmet(&|property| facts.values(property)) {
            let what = format!("the transfer is for a device with another {}", property.word());
            return Err(Refusal::new(Reason::OtherDevice, what));
        }
        if parse_keys(&transfer.keys).is_empty() {
            return Err(Refusal::new(Reason::NotAllowed, "the transfer names no key of the new owner"));
        }
        Ok(())
    }

    /// Returns the document of a transfer that a trusted key signed.
    fn read_transfer(&self, shelf: &dyn Shelf) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(document) = read(shelf, TRANSFER_NAME, LONGEST_TRANSFER)? else { return Ok(None) };
        let name = format!("{TRANSFER_NAME}.minisig");
        let file = read(shelf, &name, signature::LONGEST as u64)?;
        let refusal = |reason, what: &str| Refusal::new(reason, format!("{TRANSFER_NAME}: {what}"));
        let file = file.ok_or_else(|| refusal(Reason::Unsigned, "it has no signature"))?;
        let parsed =
            file.expose(Signature::parse).ok_or_else(|| refusal(Reason::Altered, "its signature is damaged"))?;
        let mut by_id = self.keys.iter().filter(|key| key.id == parsed.key_id).peekable();
        if by_id.peek().is_none() {
            return Err(refusal(Reason::NotOurs, "no key that is trusted here signed it"));
        }
        let document = document.expose(<[u8]>::to_vec);
        if by_id.any(|key| key.verifies(&document, &parsed)) {
            return Ok(Some(document));
        }
        Err(refusal(Reason::Altered, "its signature does not fit"))
    }

    /// Returns the keys to judge the bundle in `manifest_path` by: on first use those that it brings itself.
    pub fn keys_for(&self, shelf: &dyn Shelf, manifest_path: &str) -> Vec<PublicKey> {
        if !self.first_use {
            return self.keys.clone();
        }
        let document = read(shelf, manifest_path, LONGEST_MANIFEST as u64).ok().flatten();
        let manifest = document.and_then(|document| document.expose(|bytes| Manifest::from_json(bytes).ok()));
        manifest.and_then(|manifest| manifest.trusted_keys).map(|list| parse_keys(&list.keys)).unwrap_or_default()
    }
}

/// Reads key lines; what is none is left out.
pub fn parse_keys(lines: &[String]) -> Vec<PublicKey> {
    lines.iter().filter_map(|line| PublicKey::parse(line)).collect()
}

fn read(shelf: &dyn Shelf, wanted: &str, most: u64) -> Result<Option<Secret>, Refusal> {
    let truncated = |words: String| Refusal::new(Reason::Truncated, format!("{wanted:?}: {words}"));
    let there = shelf.list().map_err(truncated)?;
    let Some((path, _)) = there.iter().find(|(path, _)| path.eq_ignore_ascii_case(wanted)) else { return Ok(None) };
    shelf.read(path, most).map(Some).map_err(truncated)
}
