//! The credentials of devices: public parts in clear, private parts sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::fleet::Digest;

use super::times::{millis, of_millis};
use super::{Event, Registry, RegistryError, Row, Value, Writing};

/// The largest sealed part, in bytes.
const LARGEST_SEALED: usize = 65_536;

/// The state of a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialState {
    /// In use.
    #[default]
    Active,
    /// Not used any more.
    Retired,
    /// Not to be trusted any more.
    Revoked,
}

impl CredentialState {
    /// Returns the word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }

    fn of(text: &str) -> Result<Self, RegistryError> {
        let found = [Self::Active, Self::Retired, Self::Revoked].into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| RegistryError::damaged("", format!("{text:?} is no state of a credential")))
    }
}

/// A private part, sealed to whoever may open it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(#[serde(with = "hex")] pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A credential that comes in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewCredential {
    /// What it is found by: the SHA-256 of the certificate, of the public key, or of the identity of a PSK.
    pub fingerprint: Digest,
    /// The name under which the profile asks for it.
    pub name: String,
    /// Its kind: `x509`, `psk`, `rpk` ...
    pub kind: String,
    /// Its public values.
    pub public: serde_json::Value,
    /// The sealed key of the private part.
    #[serde(default)]
    pub sealed_key: Option<Sealed>,
    /// The sealed private part.
    #[serde(default)]
    pub sealed_body: Option<Sealed>,
    /// From when it holds.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// Until when it holds.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
}

/// A credential as the registry holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CredentialRow {
    /// What it is found by.
    pub fingerprint: Digest,
    /// Whose, folded.
    pub device: String,
    /// The name under which the profile asks for it.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its state.
    pub state: CredentialState,
    /// Its public values.
    pub public: serde_json::Value,
    /// The sealed key of the private part.
    #[serde(skip)]
    pub sealed_key: Option<Sealed>,
    /// The sealed private part.
    #[serde(skip)]
    pub sealed_body: Option<Sealed>,
    /// From when it holds.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// Until when it holds.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

const COLUMNS: &str =
    "fingerprint, device, name, kind, state, public, sealed_key, sealed_body, not_before, not_after, changed";

impl CredentialRow {
    fn read(row: &Row) -> Result<Self, RegistryError> {
        let public = row.text(5)?;
        Ok(Self {
            fingerprint: <[u8; 32]>::try_from(row.bytes(0)?)
                .map(Digest::from_bytes)
                .map_err(|_| RegistryError::damaged("", "a fingerprint is not 32 bytes long"))?,
            device: row.text(1)?,
            name: row.text(2)?,
            kind: row.text(3)?,
            state: CredentialState::of(&row.text(4)?)?,
            public: serde_json::from_str(&public).unwrap_or(serde_json::Value::String(public)),
            sealed_key: row.maybe_bytes(6)?.map(Sealed),
            sealed_body: row.maybe_bytes(7)?.map(Sealed),
            not_before: row.maybe_integer(8)?.map(of_millis),
            not_after: row.maybe_integer(9)?.map(of_millis),
            changed: of_millis(row.integer(10)?),
        })
    }
}

impl Registry {
    /// Returns the credentials of a device, by name and the time of their last change.
    pub fn credentials(&self, id: &str) -> Result<Vec<CredentialRow>, RegistryError> {
        let folded = id.to_ascii_lowercase();
        self.read(|reading| {
            let text = format!(
                "SELECT {COLUMNS} FROM credential WHERE tenant = $1 AND device = $2 ORDER BY name, changed, fingerprint"
            );
            let rows = reading.sql.query(&text, &[reading.tenant.into(), Value::from(&folded)])?;
            rows.iter().map(CredentialRow::read).collect()
        })
    }

    /// Returns the credential of a fingerprint.
    pub fn credential(&self, fingerprint: Digest) -> Result<Option<CredentialRow>, RegistryError> {
        self.read(|reading| {
            let text = format!("SELECT {COLUMNS} FROM credential WHERE tenant = $1 AND fingerprint = $2");
            let values = [reading.tenant.into(), fingerprint.as_bytes().as_slice().into()];
            reading.sql.maybe_row(&text, &values)?.as_ref().map(CredentialRow::read).transpose()
        })
    }

    /// Returns the pre-shared keys of an identity, the newest last, each with its device's name as it is written. Several
    /// devices or names may have one, up to `limit`.
    pub fn keys_of_identity(&self, identity: &str, limit: u32) -> Result<Vec<(String, CredentialRow)>, RegistryError> {
        self.read(|reading| {
            // In one statement: a handshake waits for it.
            let text = format!(
                "SELECT {COLUMNS}, (SELECT device.id FROM device
                     WHERE device.tenant = credential.tenant AND device.folded = credential.device)
                 FROM credential WHERE tenant = $1 AND identity = $2 AND state = 'active'
                 ORDER BY changed, fingerprint LIMIT $3"
            );
            let rows = reading.sql.query(&text, &[reading.tenant.into(), identity.into(), i64::from(limit).into()])?;
            let mut keys = Vec::with_capacity(rows.len());
            for row in &rows {
                if let Some(device) = row.maybe_text(11)? {
                    keys.push((device, CredentialRow::read(row)?));
                }
            }
            Ok(keys)
        })
    }

    /// Takes a credential out of use; `revoke` if it is not to be trusted any more. What is revoked stays so.
    pub fn retire_credential(&self, fingerprint: Digest, revoke: bool, actor: &str) -> Result<(), RegistryError> {
        let actor = actor.to_owned();
        self.write(move |writing| {
            let wanted = if revoke { CredentialState::Revoked } else { CredentialState::Retired };
            end(writing, fingerprint, wanted, &actor)
        })
    }
}

/// Takes a credential out of use. What is revoked stays so, and nothing comes back.
pub(super) fn end(
    writing: &mut Writing<'_>,
    fingerprint: Digest,
    wanted: CredentialState,
    actor: &str,
) -> Result<(), RegistryError> {
    let text = "SELECT device, state FROM credential WHERE tenant = $1 AND fingerprint = $2";
    let key = Value::from(fingerprint.as_bytes().as_slice());
    let Some(row) = writing.sql.maybe_row(text, &[writing.tenant.into(), key.clone()])? else {
        return Err(RegistryError::NotFound { what: "credential", name: fingerprint.to_string() });
    };
    let (device, found) = (row.text(0)?, CredentialState::of(&row.text(1)?)?);
    if found == wanted || found == CredentialState::Revoked || wanted == CredentialState::Active {
        return Ok(());
    }
    let text = "UPDATE credential SET state = $1, changed = $2, sealed_key = NULL, sealed_body = NULL
        WHERE tenant = $3 AND fingerprint = $4";
    let now = writing.millis();
    writing.sql.execute(text, &[wanted.as_str().into(), now.into(), writing.tenant.into(), key])?;
    let what = if wanted == CredentialState::Revoked { "credential-revoked" } else { "credential-retired" };
    let detail = serde_json::json!({"fingerprint": fingerprint});
    writing.note(Event { what, device: Some(device), actor: actor.to_owned(), detail });
    Ok(())
}

/// Adds a credential; returns false if it was there. A retired or revoked one is not brought back.
pub(super) fn add(
    writing: &mut Writing<'_>,
    folded: &str,
    credential: &NewCredential,
    actor: &str,
) -> Result<bool, RegistryError> {
    check(credential)?;
    let key = Value::from(credential.fingerprint.as_bytes().as_slice());
    let text = "SELECT device FROM credential WHERE tenant = $1 AND fingerprint = $2";
    if let Some(row) = writing.sql.maybe_row(text, &[writing.tenant.into(), key.clone()])? {
        let owner = row.text(0)?;
        if owner == folded {
            return Ok(false);
        }
        let reason = format!("belongs to {owner:?}, not to {folded:?}");
        let name = credential.fingerprint.to_string();
        return Err(RegistryError::Conflict { what: "credential", name, reason });
    }
    let values = [
        writing.tenant.into(),
        key,
        folded.into(),
        Value::from(&credential.name),
        Value::from(&credential.kind),
        "active".into(),
        public_text(&credential.public).into(),
        credential.sealed_key.as_ref().map(|sealed| sealed.0.as_slice()).into(),
        credential.sealed_body.as_ref().map(|sealed| sealed.0.as_slice()).into(),
        credential.not_before.map(millis).into(),
        credential.not_after.map(millis).into(),
        writing.millis().into(),
        credential.public["identity"].as_str().into(),
    ];
    let text = format!(
        "INSERT INTO credential (tenant, {COLUMNS}, identity) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
    );
    writing.sql.execute(&text, &values)?;
    let detail =
        serde_json::json!({"fingerprint": credential.fingerprint, "name": credential.name, "kind": credential.kind});
    writing.note(Event { what: "credential-added", device: Some(folded.to_owned()), actor: actor.to_owned(), detail });
    Ok(true)
}

/// Takes all of a device's credentials out of use and returns how many there were.
pub(super) fn retire_all(writing: &mut Writing<'_>, folded: &str) -> Result<u64, RegistryError> {
    let text =
        "UPDATE credential SET state = 'retired', changed = $1 WHERE tenant = $2 AND device = $3 AND state = 'active'";
    let now = writing.millis();
    writing.sql.execute(text, &[now.into(), writing.tenant.into(), folded.into()])
}

/// A text is stored as it is, as those of registered devices are: proofs look for PEM there.
fn public_text(public: &serde_json::Value) -> String {
    public.as_str().map_or_else(|| public.to_string(), str::to_owned)
}

fn check(credential: &NewCredential) -> Result<(), RegistryError> {
    let refuse = |reason: String| {
        Err(RegistryError::Refused { what: "credential", name: credential.fingerprint.to_string(), reason })
    };
    let public = public_text(&credential.public);
    if public.contains('\0') {
        return refuse("its public part holds NUL".to_owned());
    }
    if credential.name.contains('\0') || credential.kind.contains('\0') {
        return refuse("its name or kind holds NUL".to_owned());
    }
    let sealed = [&credential.sealed_key, &credential.sealed_body].into_iter().flatten().map(|sealed| sealed.0.len());
    match sealed.chain([public.len()]).find(|length| *length > LARGEST_SEALED) {
        Some(length) => refuse(format!("a part has {length} bytes, at most {LARGEST_SEALED} are possible")),
        None => Ok(()),
    }
}
