//! Seals a device's bundle: for whom the plan says, by the keys that the station has.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::authority::{self, AuthorityError, BatchKey, BundleKeys};
use crate::bundle::sealed::{PublicKey, SealingKey};
use crate::bundle::{Composed, RenderError, Seals};
use crate::delivery::{SealedArtifact, Signer};
use crate::fleet::{DevicePlan, Recipient, Seal, Secret};
use crate::host::files;

use super::bundle_keys::{lasting, pinned, repin, trusted_keys};
use super::error::StationError;
use super::open::Station;
use super::post::PRIVATE_FOLDER;

/// Seals `composed` as the plan's bundle wants it.
pub fn seal(station: &Station, plan: &DevicePlan, composed: Composed) -> Result<SealedArtifact, StationError> {
    if plan.delivery.bundle.seal == Seal::None {
        return Ok(composed.plain()?);
    }
    let keys = station.bundle_keys()?;
    let key = match plan.delivery.bundle.seal {
        Seal::SignEncrypt => Some(sealing_key(station, &keys, &plan.addressee.recipients)?),
        Seal::None | Seal::Sign => None,
    };
    let random = &*station.surroundings().random;
    let signers = keys.signers().iter().map(|signer| signer as &dyn Signer).collect();
    Ok(composed.seal(&Seals { signers, trusted_keys: trusted_keys(&keys), key, random })?)
}

/// Fails if a batch key or pre-shared key of `recipients` is not there: looked at before anything is begun.
pub fn check(station: &Station, recipients: &BTreeSet<Recipient>) -> Result<(), StationError> {
    for recipient in recipients {
        match recipient {
            Recipient::Batch(name) => drop(station.bundle_keys()?.batch_recipient(name)?),
            Recipient::CoseKey(name) => drop(cose_key(station, name)?),
            Recipient::Age(_) | Recipient::Variable(_) => {}
        }
    }
    Ok(())
}

fn sealing_key(station: &Station, keys: &BundleKeys, recipients: &[Recipient]) -> Result<SealingKey, StationError> {
    if let [Recipient::CoseKey(name)] = recipients {
        return cose_key(station, name);
    }
    let mut texts = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        match recipient {
            Recipient::Age(text) => {
                authority::check_recipient(text)?;
                texts.push(&**text);
            }
            Recipient::Batch(name) => texts.push(keys.batch_recipient(name)?),
            Recipient::CoseKey(_) | Recipient::Variable(_) => return Err(unresolved().into()),
        }
    }
    let fault = |recipient| AuthorityError::Recipient { recipient };
    Ok(SealingKey::age(texts).map_err(fault)?)
}

fn cose_key(station: &Station, name: &str) -> Result<SealingKey, StationError> {
    let fault = |reason: String| RenderError::Seal { reason };
    let text = station.secrets().get(name).ok_or_else(|| fault(format!("secret {name:?} was not read")))?;
    let key = SealingKey::cose(name, text);
    Ok(key.ok_or_else(|| fault(format!("secret {name:?} is no key of 16 or 32 bytes in hex or base64")))?)
}

/// The check of the fleet lets no other list through.
fn unresolved() -> RenderError {
    RenderError::Seal { reason: "age recipients and keys for COSE do not go together".to_owned() }
}

/// Makes a new bundle key and pins it.
pub fn rotate(station: &Station, reason: &str) -> Result<BundleKeys, StationError> {
    station.bundle_keys()?;
    let mut keys = opened(station)?;
    let random = lasting(station.authority().is_demo(), station.surroundings());
    keys.rotate(station.keys(), reason, &*station.surroundings().clock, &*random)?;
    repin(station.folder(), &keys)?;
    Ok(keys)
}

/// Lets a bundle key sign no more, and unpins it.
pub fn retire(station: &Station, id: [u8; 8]) -> Result<BundleKeys, StationError> {
    let mut keys = opened(station)?;
    keys.retire(station.keys(), id, &*station.surroundings().clock)?;
    repin(station.folder(), &keys)?;
    Ok(keys)
}

/// Makes a batch key.
pub fn make_batch(station: &Station, name: &str) -> Result<BatchKey, StationError> {
    if !is_name(name) {
        let reason = format!("{name:?} is no name of letters, digits, \"-\", \"_\" and \".\", at most 64");
        return Err(RenderError::Seal { reason }.into());
    }
    station.bundle_keys()?;
    Ok(opened(station)?.make_batch(station.keys(), name, &*station.surroundings().clock)?)
}

/// Returns the key that signs and is called `text`: its id in any case.
pub fn named(keys: &BundleKeys, text: &str) -> Result<PublicKey, StationError> {
    let mut signing = keys.signers().iter().map(|signer| PublicKey::of(signer));
    let found = signing.find(|key| key.name().eq_ignore_ascii_case(text.trim()));
    Ok(found.ok_or_else(|| AuthorityError::NoBundleKey { key: text.to_owned() })?)
}

fn opened(station: &Station) -> Result<BundleKeys, StationError> {
    let private = station.folder().root.join(PRIVATE_FOLDER);
    let pinned = pinned(station.folder().lock.as_ref());
    let random = lasting(station.authority().is_demo(), station.surroundings());
    let clock = &*station.surroundings().clock;
    Ok(BundleKeys::open_or_make(&private, station.keys(), &pinned, clock, &*random)?)
}

/// As the names in a fleet file.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// Writes what a device image needs into the folder `out`, which must be empty or absent: anchors, the private halves of
/// the batch keys named (or the pre-shared keys, by the name of their secret), and a device file. Returns the files' names.
pub fn export(station: &Station, out: &Path, batches: &[String]) -> Result<Vec<String>, StationError> {
    if !super::scaffold::is_free(out)? {
        return Err(AuthorityError::Exists { path: out.to_owned() }.into());
    }
    let keys = station.bundle_keys()?;
    let fleet = station.folder().fleet.name();
    let mut files: Vec<(String, Secret, u32)> = Vec::new();
    for key in keys.signers().iter().map(|signer| PublicKey::of(signer)) {
        let comment = format!("bundle key of {fleet}");
        files.push((format!("anchors/{}.pub", key.name()), text(key.to_file(&comment)), 0o644));
        files.push((format!("anchors/{}.pem", key.name()), text(key.to_pem()), 0o644));
    }
    let secrets = station.folder().fleet.secrets();
    let is_shared = |name: &&String| secrets.contains_key(name.as_str()) && keys.batch_recipient(name).is_err();
    let shared: BTreeSet<Arc<str>> = batches.iter().filter(is_shared).map(|name| Arc::from(name.as_str())).collect();
    station.resolve_secrets(&shared)?;
    for batch in batches {
        if shared.contains(batch.as_str()) {
            cose_key(station, batch)?;
            files.push((format!("keys/{batch}.cose"), station.secrets()[batch.as_str()].duplicate(), 0o600));
        } else {
            files.push((format!("keys/{batch}.age"), keys.batch_identity(batch)?, 0o600));
        }
    }
    files.push(("device".to_owned(), text(device_file(fleet)), 0o644));
    for (name, bytes, mode) in &files {
        let path = out.join(name);
        let folder = files::folder_of(&path);
        let made = std::fs::create_dir_all(folder);
        made.map_err(|source| StationError::File { doing: "creating", path: folder.to_owned(), source })?;
        bytes.expose(|bytes| files::write_atomically(&path, bytes, *mode))?;
    }
    Ok(files.into_iter().map(|(name, ..)| name).collect())
}

fn text(text: String) -> Secret {
    Secret::new(text.into_bytes())
}

/// The file without which `client` refuses to run: whose device it is. Everything else has its default.
fn device_file(fleet: &str) -> String {
    let value = serde_json::json!({
        "format": 1,
        "fleet": fleet,
        "anchors": "/etc/firstlight/anchors",
        "keys": "/etc/firstlight/keys",
    });
    format!("{value:#}\n")
}
