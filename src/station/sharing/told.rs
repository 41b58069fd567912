//! What an entry for the registry says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::delivery::PublicKind;
use crate::fleet::check::Fleet;
use crate::fleet::{Digest, SerialNumber};
use crate::ledger::{DeviceState, Entry, GenerationState, Outgoing, Snapshot, SnapshotCredential, Unsent};
use crate::registry::merge::{self, HeldCredential};
use crate::registry::{CredentialState, ExpectedDevice, NewCredential, Sealed};

/// Makes the entries of rows, in their order. A device is told of with the last of its rows, as it stands now.
pub(super) fn entries(station: &str, fleet: &Fleet, unsent: Unsent) -> Vec<Outgoing> {
    let (mut seq, mut before) = unsent.last.unwrap_or_else(|| (0, merge::beginning(station)));
    let mut outgoing = Vec::with_capacity(unsent.rows.len());
    for row in &unsent.rows {
        let snapshot = unsent.devices.iter().find(|snapshot| snapshot.event == row.seq);
        let entry = text(fleet, row, snapshot);
        seq += 1;
        before = merge::link(before, seq, &entry);
        outgoing.push(Outgoing { seq, event: row.seq, entry, digest: before });
    }
    outgoing
}

fn text(fleet: &Fleet, row: &Entry, snapshot: Option<&Snapshot>) -> String {
    let value = match snapshot {
        None => json!({ "kind": "row", "row": row }),
        Some(snapshot) => {
            let retired = (snapshot.record.state == DeviceState::Retired)
                .then(|| snapshot.record.reason.clone().unwrap_or_default());
            let credentials: Vec<HeldCredential> = snapshot.credentials.iter().map(credential).collect();
            json!({ "kind": "device", "row": row, "device": device(fleet, snapshot), "credentials": credentials,
                    "retired": retired })
        }
    };
    value.to_string()
}

fn device(fleet: &Fleet, snapshot: &Snapshot) -> ExpectedDevice {
    let record = &snapshot.record;
    let planned = fleet.plan_of_credentials(&record.id).ok();
    let profile = record.profile.clone().or_else(|| planned.as_ref().map(|plan| plan.profile.to_string()));
    let mut device = ExpectedDevice::named(record.id.clone());
    device.serial = record.serial.as_deref().and_then(|serial| SerialNumber::new(serial).ok());
    device.group = profile.as_deref().and_then(|profile| fleet.group_of_profile(profile)).map(ToString::to_string);
    device.bundle = record.version.map(i64::from);
    device.attributes.extend(profile.map(|profile| ("profile".to_owned(), profile)));
    device
}

fn credential(held: &SnapshotCredential) -> HeldCredential {
    let public = &held.public;
    let kept = held.kept.as_ref().filter(|_| matches!(public.kind, PublicKind::Psk { .. }));
    let state = match held.state {
        GenerationState::Pending | GenerationState::Active => CredentialState::Active,
        GenerationState::Retired => CredentialState::Retired,
        GenerationState::Revoked => CredentialState::Revoked,
    };
    let credential = NewCredential {
        fingerprint: public.registry_fingerprint(),
        name: public.name.to_string(),
        kind: public.word().to_owned(),
        public: in_public(held),
        sealed_key: kept.map(|kept| Sealed(kept.key.clone())),
        sealed_body: kept.map(|kept| Sealed(kept.body.clone())),
        not_before: None,
        not_after: None,
    };
    HeldCredential { state, credential }
}

/// Certificates and public keys as PEM, as those of devices that register themselves.
fn in_public(held: &SnapshotCredential) -> Value {
    let generation = held.public.generation;
    match &held.public.kind {
        PublicKind::X509 { certificate, .. } => pem("CERTIFICATE", certificate).into(),
        PublicKind::RawPublicKey { public_key, .. } => pem("PUBLIC KEY", public_key).into(),
        PublicKind::Psk { identity } => json!({ "identity": identity, "generation": generation }),
        PublicKind::Token { sha256, not_after } => {
            json!({ "sha256": sha256, "not_after": not_after, "generation": generation })
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

/// Returns the digest before any entry.
pub(super) fn beginning(station: &str) -> Digest {
    merge::beginning(station)
}
