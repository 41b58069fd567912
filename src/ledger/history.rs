//! Everything the ledger holds on one device.

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use crate::delivery::{PublicCredential, Receipt, TargetIdentity};
use crate::fleet::EndpointName;

use super::generation::Generations;
use super::{
    Again, DeliveryState, DeviceRecord, GenerationState, Ledger, LedgerError, LockRecord, credentials, deliveries,
    devices, locks, times, versions,
};

/// Everything the ledger holds on one device, but its private material.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DeviceHistory {
    /// The device.
    pub device: DeviceRecord,
    /// Its credential generations, by name and number.
    pub generations: Vec<GenerationRecord>,
    /// Its bundle versions.
    pub versions: Vec<VersionRecord>,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRecord>,
}

/// A credential generation.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GenerationRecord {
    /// Its public half.
    pub public: PublicCredential,
    /// Its state.
    pub state: GenerationState,
    /// Why it was retired or revoked.
    pub reason: Option<String>,
    /// How long its private half is kept.
    pub retain: String,
    /// True if the private half still exists, sealed.
    pub private: bool,
    /// Where it left to: `hardware`, `station` (files only) or nowhere.
    pub left_on: Option<String>,
    /// Servers it is wrapped to.
    pub wrapped_to: Vec<String>,
    /// When it was issued, RFC 3339.
    pub issued: String,
    /// When its record last changed, RFC 3339.
    pub changed: String,
}

/// A bundle version.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VersionRecord {
    /// Its number.
    pub version: u32,
    /// The delivery it was made for.
    pub delivery: String,
    /// Digest of the plan, hex.
    pub plan: String,
    /// The credentials it carries.
    pub credentials: Generations,
    /// What changed since the version before.
    pub changes: Vec<String>,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// A delivery.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DeliveryRecord {
    /// Its number in the ledger.
    pub delivery: i64,
    /// Its name in the profile.
    pub name: String,
    /// The bundle version.
    pub version: u32,
    /// Its state.
    pub state: DeliveryState,
    /// The last step that is durable.
    pub reached: &'static str,
    /// Why it was made once more.
    pub again: Option<Again>,
    /// Its target.
    pub target: TargetIdentity,
    /// The proof.
    pub receipt: Option<Receipt>,
    /// Its locks and how far they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<LockRecord>,
    /// Why it stopped.
    pub failure: Option<String>,
    /// When it was begun, RFC 3339.
    pub began: String,
    /// When its secrets began to leave, RFC 3339.
    pub exposed: Option<String>,
    /// When its record last changed, RFC 3339.
    pub changed: String,
}

impl Ledger {
    /// Returns everything the ledger holds on a device; the name's case does not matter.
    pub fn device(&self, id: &EndpointName) -> Result<Option<DeviceHistory>, LedgerError> {
        self.read(|conn| history(conn, id))
    }
}

pub(super) fn history(conn: &Connection, id: &EndpointName) -> Result<Option<DeviceHistory>, LedgerError> {
    let Some((row, device)) = devices::find(conn, &id.folded())? else { return Ok(None) };
    Ok(Some(DeviceHistory {
        device,
        generations: generations_of(conn, row)?,
        versions: versions_of(conn, row)?,
        deliveries: deliveries_of(conn, row)?,
    }))
}

fn generations_of(conn: &Connection, device: i64) -> Result<Vec<GenerationRecord>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT public, certificate, state, reason, retain, body IS NOT NULL, left_on, wraps, issued, changed
         FROM generations WHERE device = ?1 ORDER BY name, generation",
    )?;
    let mut rows = statement.query([device])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let wraps: Value = parse(row.get_ref(7)?.as_str().unwrap_or_default())?;
        found.push(GenerationRecord {
            public: credentials::unfold_public(conn, &row.get::<_, String>(0)?, row.get(1)?)?,
            state: GenerationState::parse(row.get_ref(2)?.as_str().unwrap_or_default())?,
            reason: row.get(3)?,
            retain: row.get(4)?,
            private: row.get(5)?,
            left_on: row.get(6)?,
            wrapped_to: wraps.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect(),
            issued: row.get(8)?,
            changed: row.get(9)?,
        });
    }
    Ok(found)
}

fn versions_of(conn: &Connection, device: i64) -> Result<Vec<VersionRecord>, LedgerError> {
    let mut statement =
        conn.prepare_cached("SELECT row, delivery, changes FROM versions WHERE device = ?1 ORDER BY version")?;
    let mut rows = statement.query([device])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let version = versions::by_row(conn, row.get(0)?)?;
        found.push(VersionRecord {
            version: version.number,
            delivery: row.get(1)?,
            plan: version.plan.to_string(),
            credentials: version.generations,
            changes: parse(row.get_ref(2)?.as_str().unwrap_or_default())?,
            created: times::to_text(version.created),
        });
    }
    Ok(found)
}

fn deliveries_of(conn: &Connection, device: i64) -> Result<Vec<DeliveryRecord>, LedgerError> {
    let mut found = Vec::new();
    deliveries::each(conn, "WHERE d.device = ?1 ORDER BY d.row", [device], |delivery| {
        found.push(DeliveryRecord {
            delivery: delivery.row,
            name: delivery.name,
            version: delivery.number,
            state: delivery.state,
            reached: delivery.reached.name(),
            again: delivery.again,
            target: delivery.target,
            receipt: delivery.receipt,
            locks: locks::of(conn, delivery.row)?,
            failure: delivery.failure,
            began: times::to_text(delivery.began),
            exposed: delivery.exposed.map(times::to_text),
            changed: times::to_text(delivery.changed),
        });
        Ok(())
    })?;
    Ok(found)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::unreadable(format!("stored JSON: {error}")))
}
