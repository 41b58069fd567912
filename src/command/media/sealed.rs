//! What `media` says of a bundle's signatures and of a device's result.

use serde::Serialize;
use serde_json::{Value, json};

use crate::bundle::sealed::{PublicKey, Signature, result};
use crate::command::Context;
use crate::delivery::{ResultRoom, key_name};
use crate::medium::{BundleFound, Inspection};

/// How a signature stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// By a bundle key of the fleet at hand, and it fits.
    Good,
    /// It names a bundle key of the fleet at hand and does not fit.
    Bad,
    /// By a key that is none of the fleet at hand.
    OtherKey,
    /// There is no fleet at hand to tell.
    Unchecked,
    /// It is no signature file.
    Damaged,
}

/// A signature of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SignatureFound {
    /// Its key's id, as minisign prints it.
    pub key: Option<String>,
    /// How it stands.
    pub state: SignatureState,
}

/// Judges the signatures of a bundle by the keys of the fleet at hand, if there is one.
pub fn signatures(bundle: &BundleFound, keys: Option<&[PublicKey]>) -> Vec<SignatureFound> {
    bundle.signatures.iter().map(|file| judge(file, &bundle.document, keys)).collect()
}

fn judge(file: &[u8], document: &[u8], keys: Option<&[PublicKey]>) -> SignatureFound {
    let Some(signature) = Signature::parse(file) else {
        return SignatureFound { key: None, state: SignatureState::Damaged };
    };
    let state = match keys.map(|keys| keys.iter().find(|key| key.id == signature.key_id)) {
        None => SignatureState::Unchecked,
        Some(None) => SignatureState::OtherKey,
        Some(Some(key)) if key.verifies(document, &signature) => SignatureState::Good,
        Some(Some(_)) => SignatureState::Bad,
    };
    SignatureFound { key: Some(key_name(signature.key_id)), state }
}

impl SignatureFound {
    /// Returns it in words.
    pub fn words(&self) -> String {
        let key = self.key.as_deref().unwrap_or("?");
        match self.state {
            SignatureState::Good => format!("bundle key {key} of this fleet"),
            SignatureState::Bad => format!("ALTERED: the signature of bundle key {key} does not fit"),
            SignatureState::OtherKey => format!("bundle key {key}, which is none of this fleet"),
            SignatureState::Unchecked => format!("bundle key {key}"),
            SignatureState::Damaged => "damaged".to_owned(),
        }
    }
}

/// Returns what a device said of a bundle, in words; `None` where none has.
pub fn result_words(bundle: &BundleFound) -> Option<String> {
    match bundle.result.as_ref()? {
        ResultRoom::Blank => None,
        ResultRoom::Unreadable => Some("there is one that cannot be read".to_owned()),
        ResultRoom::File(file, body) => {
            let reason = body.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            let when = body.at.as_ref().map(|at| format!(", {at}")).unwrap_or_default();
            let signed = match result::signed_by(file) {
                Some(key) => format!("signed by result key {}", key.name()),
                None => "its signature does not fit".to_owned(),
            };
            let of = if body.manifest == bundle.digest.to_string() { "" } else { " of ANOTHER bundle" };
            let words = if body.words.is_empty() { String::new() } else { format!(": {}", body.words) };
            Some(format!("{}{of}{reason}{words}{when}; {signed}", body.outcome.word()))
        }
    }
}

fn result_json(bundle: &BundleFound) -> Value {
    match &bundle.result {
        None | Some(ResultRoom::Blank) => Value::Null,
        Some(ResultRoom::Unreadable) => json!({ "readable": false }),
        Some(ResultRoom::File(file, body)) => {
            let key = result::signed_by(file).map(|key| key.name());
            let same = body.manifest == bundle.digest.to_string();
            json!({ "readable": true, "of_this_bundle": same, "signed_by": key, "body": body })
        }
    }
}

/// Returns an inspection as JSON, with signatures and result; `image` is for what is no medium.
pub fn document(found: &Inspection, keys: Option<&[PublicKey]>) -> Value {
    let mut value = serde_json::to_value(found).expect("an inspection is plain data");
    value["image"] = Value::Null;
    for (index, volume) in found.volumes.iter().enumerate() {
        let bundles = &volume.bundles.0;
        for (number, bundle) in bundles.iter().enumerate() {
            amend(&mut value["volumes"][index]["bundles"][number], bundle, keys);
        }
        if bundles.len() == 1 {
            value["volumes"][index]["bundle"] = value["volumes"][index]["bundles"][0].clone();
        }
    }
    value
}

fn amend(shown: &mut Value, bundle: &BundleFound, keys: Option<&[PublicKey]>) {
    shown["signatures"] = json!(signatures(bundle, keys));
    shown["result"] = result_json(bundle);
}

/// Returns the bundle keys that the fleet at hand pins; `None` where no fleet is at hand, or it pins none (a demo).
#[cfg(feature = "station")]
pub fn fleet_keys(context: &Context) -> anyhow::Result<Option<Vec<PublicKey>>> {
    let root = match super::super::place::fleet_folder(&context.globals) {
        Ok(root) => root,
        Err(complaint) if context.globals.fleet.is_some() => return Err(complaint.into()),
        Err(_) => return Ok(None),
    };
    let lines = crate::station::load::lock(&root)?.map(|lock| lock.bundle_keys).unwrap_or_default();
    let keys: Vec<PublicKey> = lines.iter().filter_map(|line| PublicKey::parse(line)).collect();
    Ok(Some(keys).filter(|keys| !keys.is_empty()))
}

/// A device has no fleet at hand; its reader judges by the keys that it trusts.
#[cfg(not(feature = "station"))]
#[allow(clippy::unnecessary_wraps, reason = "the station's has more to say")]
pub fn fleet_keys(_context: &Context) -> anyhow::Result<Option<Vec<PublicKey>>> {
    Ok(None)
}
