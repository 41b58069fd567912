//! What stations did while they were out of reach comes in: an unbroken chain of entries, each taken once.

use serde::{Deserialize, Serialize};

use crate::fleet::Digest;

use super::credentials::{self, CredentialState, NewCredential};
use super::devices::{self, DeviceState, ExpectedDevice};
use super::expecting;
use super::leases::{self, actor, refused};
use super::{Event, Registry, RegistryError, Value, Writing};

/// The most entries of one call.
const MOST: usize = 10_000;
/// The longest entry, in bytes.
const LONGEST: usize = 1024 * 1024;

/// An entry of a station's ledger on its way to the registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StationEntry {
    /// Its number, from 1, without gaps.
    pub seq: i64,
    /// What it says: JSON with a `kind`; see [`Told`] for what is acted upon.
    pub entry: String,
    /// The station's digest up to here: [`link`] of the one before.
    pub digest: Digest,
}

/// What of an entry is acted upon; everything else is only kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Told {
    /// A device was given its bundle.
    Delivered {
        /// The device.
        device: Box<ExpectedDevice>,
        /// What it was given: public parts, and private ones sealed.
        #[serde(default)]
        credentials: Vec<NewCredential>,
    },
    /// A device as the station's ledger holds it now.
    Device {
        /// The device.
        device: Box<ExpectedDevice>,
        /// All its credentials.
        #[serde(default)]
        credentials: Vec<HeldCredential>,
        /// Why it was taken out of service, where it was.
        #[serde(default)]
        retired: Option<String>,
    },
    /// Anything else.
    #[serde(other)]
    Other,
}

/// A credential and its state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldCredential {
    /// Its state.
    pub state: CredentialState,
    /// The credential.
    pub credential: NewCredential,
}

/// What came of a merge.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Merged {
    /// Entries taken.
    pub taken: u64,
    /// Entries that were there.
    pub known: u64,
    /// The last entry of the station that is here.
    pub head: i64,
    /// Entries that are kept but could not be acted upon: number and why.
    pub conflicts: Vec<(i64, String)>,
}

/// Returns the digest before a station's first entry.
pub fn beginning(station: &str) -> Digest {
    Digest::of_parts([b"firstlight station".as_slice(), station.as_bytes()])
}

/// Returns the digest of an entry after `before`.
pub fn link(before: Digest, seq: i64, entry: &str) -> Digest {
    Digest::of_parts([before.as_bytes().as_slice(), &seq.to_be_bytes(), entry.as_bytes()])
}

impl Registry {
    /// Takes entries of a station's ledger, all or none. What is here already must be the same and counts as known; what
    /// is new must follow without a gap, and every digest must fit.
    pub fn merge(&self, station: &str, entries: Vec<StationEntry>) -> Result<Merged, RegistryError> {
        leases::check_station(station)?;
        if entries.len() > MOST || entries.iter().any(|entry| entry.entry.len() > LONGEST || entry.entry.contains('\0'))
        {
            let reason = format!("at most {MOST} entries of {LONGEST} bytes without NUL are possible");
            return Err(refused(station, reason));
        }
        let station = station.to_owned();
        self.write(move |writing| {
            leases::make_known(writing, &station)?;
            let (mut head, mut digest) = head(writing, &station)?;
            let mut merged = Merged::default();
            for entry in &entries {
                if entry.seq <= head {
                    check_known(writing, &station, entry)?;
                    merged.known += 1;
                    continue;
                }
                check_next(&station, head, digest, entry)?;
                store(writing, &station, entry)?;
                if let Some(reason) = act(writing, &station, entry)? {
                    merged.conflicts.push((entry.seq, reason));
                }
                (head, digest) = (entry.seq, entry.digest);
                merged.taken += 1;
            }
            note_head(writing, &station, head, digest)?;
            merged.head = head;
            if merged.taken > 0 {
                let detail =
                    serde_json::json!({"station": station, "entries": merged.taken, "head": head, "digest": digest});
                writing.note(Event { what: "station-merged", device: None, actor: actor(&station), detail });
            }
            Ok(merged)
        })
    }

    /// Returns the last entry of a station that is here, and its digest: where it goes on.
    pub fn station_head(&self, station: &str) -> Result<(i64, Digest), RegistryError> {
        self.read(|reading| {
            let text = "SELECT merged, head FROM station WHERE tenant = $1 AND id = $2";
            match reading.sql.maybe_row(text, &[reading.tenant.into(), station.into()])? {
                Some(row) => Ok((row.integer(0)?, digest_of(row.maybe_bytes(1)?, station)?)),
                None => Ok((0, beginning(station))),
            }
        })
    }
}

fn head(writing: &mut Writing<'_>, station: &str) -> Result<(i64, Digest), RegistryError> {
    let text = "SELECT merged, head FROM station WHERE tenant = $1 AND id = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into()])?;
    let row = row.ok_or_else(|| RegistryError::NotFound { what: "station", name: station.to_owned() })?;
    Ok((row.integer(0)?, digest_of(row.maybe_bytes(1)?, station)?))
}

pub(super) fn digest_of(bytes: Option<Vec<u8>>, station: &str) -> Result<Digest, RegistryError> {
    let Some(bytes) = bytes else { return Ok(beginning(station)) };
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| RegistryError::damaged("", "a digest is not 32 bytes long"))?;
    Ok(Digest::from_bytes(bytes))
}

/// Where a station's ledger was put back from a copy and went on another way, the same number says something else.
fn check_known(writing: &mut Writing<'_>, station: &str, entry: &StationEntry) -> Result<(), RegistryError> {
    let text = "SELECT entry, digest FROM station_event WHERE tenant = $1 AND station = $2 AND seq = $3";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into(), entry.seq.into()])?;
    let row = row.ok_or_else(|| refused(station, format!("there is no entry {}, entries count from 1", entry.seq)))?;
    if row.text(0)? == entry.entry && row.bytes(1)? == entry.digest.as_bytes() {
        return Ok(());
    }
    Err(refused(
        station,
        format!("its entry {} is not the one that came before: its ledger has gone two ways", entry.seq),
    ))
}

fn check_next(station: &str, head: i64, digest: Digest, entry: &StationEntry) -> Result<(), RegistryError> {
    if entry.seq != head + 1 {
        return Err(refused(station, format!("after entry {head} comes {}, entries are missing", entry.seq)));
    }
    if entry.digest != link(digest, entry.seq, &entry.entry) {
        return Err(refused(
            station,
            format!("the digest of its entry {} does not fit: the chain is broken", entry.seq),
        ));
    }
    Ok(())
}

fn store(writing: &mut Writing<'_>, station: &str, entry: &StationEntry) -> Result<(), RegistryError> {
    let text = "INSERT INTO station_event (tenant, station, seq, entry, digest) VALUES ($1, $2, $3, $4, $5)";
    let digest = Value::from(entry.digest.as_bytes().as_slice());
    let values = [writing.tenant.into(), station.into(), entry.seq.into(), Value::from(&entry.entry), digest];
    writing.sql.execute(text, &values).map(|_| ())
}

fn note_head(writing: &mut Writing<'_>, station: &str, head: i64, digest: Digest) -> Result<(), RegistryError> {
    let text = "UPDATE station SET merged = $1, head = $2, synchronized = $3 WHERE tenant = $4 AND id = $5";
    let now = writing.millis();
    let digest = digest.as_bytes().as_slice().into();
    writing.sql.execute(text, &[head.into(), digest, now.into(), writing.tenant.into(), station.into()]).map(|_| ())
}

/// Acts upon an entry. What cannot be acted upon happened nevertheless: it is kept, told and noted, never dropped.
fn act(writing: &mut Writing<'_>, station: &str, entry: &StationEntry) -> Result<Option<String>, RegistryError> {
    let told = match serde_json::from_str::<Told>(&entry.entry) {
        Ok(told) => told,
        Err(error) => return Err(refused(station, format!("its entry {} cannot be read: {error}", entry.seq))),
    };
    let (device, credentials, retired) = match told {
        Told::Delivered { device, credentials } => {
            let active = |credential| HeldCredential { state: CredentialState::Active, credential };
            (device, credentials.into_iter().map(active).collect(), None)
        }
        Told::Device { device, credentials, retired } => (device, credentials, retired),
        Told::Other => return Ok(None),
    };
    let folded = device.id.folded();
    let reason = match leases::take(writing, station, &folded)? {
        Some(other) => Some(format!("the id is station {other:?}'s")),
        None => held(writing, station, &device, &credentials, retired.as_deref())?,
    };
    if let Some(reason) = &reason {
        let detail = serde_json::json!({"station": station, "entry": entry.seq, "reason": reason});
        writing.note(Event { what: "merge-conflict", device: Some(folded), actor: actor(station), detail });
    }
    Ok(reason)
}

/// Brings a device to where the station's ledger has it; returns what of it cannot be.
fn held(
    writing: &mut Writing<'_>,
    station: &str,
    device: &ExpectedDevice,
    list: &[HeldCredential],
    retired: Option<&str>,
) -> Result<Option<String>, RegistryError> {
    let (actor, folded) = (actor(station), device.id.folded());
    let found = devices::find(writing.sql, writing.tenant, &folded)?;
    let is_retired = found.is_some_and(|found| found.state == DeviceState::Retired);
    if is_retired && retired.is_some() {
        return Ok(None);
    }
    let put = expecting::put(writing, std::slice::from_ref(device), &actor, &actor)?;
    if let Some(Err(error)) = put.into_iter().next() {
        return Ok(Some(error.to_string()));
    }
    let mut reasons = Vec::new();
    for held in list {
        match credential(writing, station, &folded, held) {
            Ok(()) => {}
            Err(error @ (RegistryError::Conflict { .. } | RegistryError::Refused { .. })) => {
                reasons.push(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(reason) = retired {
        let row = devices::existing(writing.sql, writing.tenant, &folded)?;
        devices::retire(writing, row, reason, &actor)?;
    }
    Ok(Some(reasons.join("; ")).filter(|reasons| !reasons.is_empty()))
}

/// Adds a credential, or ends one that has ended at the station. One that nobody has seen and that has ended is not added.
fn credential(
    writing: &mut Writing<'_>,
    station: &str,
    folded: &str,
    held: &HeldCredential,
) -> Result<(), RegistryError> {
    let actor = actor(station);
    let fingerprint = held.credential.fingerprint;
    if held.state == CredentialState::Active {
        let text = "SELECT issued, certificates FROM station WHERE tenant = $1 AND id = $2";
        let row = writing.sql.maybe_row(text, &[writing.tenant.into(), station.into()])?;
        let (issued, limit) = row.map_or(Ok((0, None)), |row| Ok((row.integer(0)?, row.maybe_integer(1)?)))?;
        let counts = held.credential.kind == "x509";
        if counts && limit.is_some_and(|limit| issued >= limit) && !is_there(writing, fingerprint)? {
            return Err(refused(station, format!("it has issued {issued} certificates, which is its limit")));
        }
        if credentials::add(writing, folded, &held.credential, &actor)? && counts {
            let text = "UPDATE station SET issued = issued + 1 WHERE tenant = $1 AND id = $2";
            writing.sql.execute(text, &[writing.tenant.into(), station.into()])?;
        }
        return Ok(());
    }
    match credentials::end(writing, fingerprint, held.state, &actor) {
        Err(RegistryError::NotFound { .. }) => Ok(()),
        ended => ended,
    }
}

fn is_there(writing: &mut Writing<'_>, fingerprint: Digest) -> Result<bool, RegistryError> {
    let text = "SELECT 1 FROM credential WHERE tenant = $1 AND fingerprint = $2";
    let values = [writing.tenant.into(), fingerprint.as_bytes().as_slice().into()];
    Ok(writing.sql.maybe_row(text, &values)?.is_some())
}
