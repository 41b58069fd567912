//! Bundles that a device fetches over HTTPS: which version it is, and its bytes, made once.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::delivery::SealedMaterial;
use crate::fleet::{DevicePlan, Digest, EndpointName};

use super::devices::{self, Facts};
use super::generation::Generations;
use super::ticket::Asked;
use super::{CredentialState, Ledger, LedgerError, credentials, versions};

/// The version that a device is served.
pub struct ServedVersion {
    row: i64,
    /// The device.
    pub device: EndpointName,
    /// The bundle version.
    pub version: u32,
    /// When it was made.
    pub created: OffsetDateTime,
    /// Its credentials.
    pub credentials: Vec<CredentialState>,
    /// The sealed artifact, where it was made before.
    pub spool: Option<SealedMaterial>,
}

impl Ledger {
    /// Returns the version that carries what `plan` wants; made here where the newest one carries something else. `summary`
    /// is the plan's ([`DevicePlan::summary`]). Every credential of the plan must have been issued.
    pub fn version_to_serve(&self, plan: &DevicePlan, summary: &Value) -> Result<ServedVersion, LedgerError> {
        let asked = Asked::over_the_network(plan, summary);
        let found = self.read(|conn| known(conn, &asked))?;
        if let Some(found) = found {
            return Ok(found);
        }
        self.write(move |work| {
            let facts = Facts {
                id: &asked.device,
                serial: asked.serial.as_ref(),
                model: asked.model.as_ref(),
                profile: asked.profile.as_ref(),
            };
            let device = devices::admit(work, &facts)?;
            let generations = credentials::wanted(work.conn, Some(device), &asked.shapes)?;
            let version = match versions::matching(work.conn, device, &asked, &generations)? {
                Some(version) => version,
                None => versions::insert(work, device, &asked, &generations)?,
            };
            if work.has_touched() {
                let body = json!({ "name": &*asked.delivery, "version": version.number, "plan": version.plan,
                    "credentials": version.generations });
                work.record("version", asked.device.as_str(), None, body)?;
            }
            told(work.conn, device, &asked.device, &version)
        })
    }

    /// Keeps the artifact of a version that is about to be served. Returns what counts: the one that was kept first.
    pub fn keep_served(
        &self,
        version: &ServedVersion,
        artifact: Digest,
        spool: SealedMaterial,
    ) -> Result<SealedMaterial, LedgerError> {
        let (row, number, device) = (version.row, version.version, version.device.clone());
        self.write(move |work| {
            if let Some(kept) = spool_of(work.conn, row)? {
                return Ok(kept);
            }
            let text = "INSERT INTO served (version, key, body) VALUES (?1, ?2, ?3)";
            work.conn.prepare_cached(text)?.execute(params![row, spool.key, spool.body])?;
            work.record("served", device.as_str(), None, json!({ "version": number, "artifact": artifact }))?;
            Ok(spool.clone())
        })
    }
}

fn known(conn: &Connection, asked: &Asked) -> Result<Option<ServedVersion>, LedgerError> {
    let Some((device, record)) = devices::find(conn, &asked.device.folded())? else { return Ok(None) };
    devices::refuse_other_case(&asked.device, &record)?;
    devices::refuse_retired(&record)?;
    let generations: Generations = credentials::wanted(conn, Some(device), &asked.shapes)?;
    let version = versions::matching(conn, device, asked, &generations)?;
    version.map(|version| told(conn, device, &asked.device, &version)).transpose()
}

fn told(
    conn: &Connection,
    device: i64,
    id: &EndpointName,
    version: &versions::Version,
) -> Result<ServedVersion, LedgerError> {
    Ok(ServedVersion {
        row: version.row,
        device: id.clone(),
        version: version.number,
        created: version.created,
        credentials: credentials::states(conn, Some(device), &version.generations)?,
        spool: spool_of(conn, version.row)?,
    })
}

fn spool_of(conn: &Connection, version: i64) -> Result<Option<SealedMaterial>, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT key, body FROM served WHERE version = ?1")?;
    let read = |row: &rusqlite::Row<'_>| Ok(SealedMaterial { key: row.get(0)?, body: row.get(1)? });
    Ok(statement.query_row([version], read).optional()?)
}
