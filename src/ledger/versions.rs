//! Bundle versions: one number a device, counting up with every change of the plan or of its credentials.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::fleet::{CredentialKind, CredentialShape, DevicePlan, Digest};

use super::generation::Generations;
use super::rows::Table;
use super::ticket::Asked;
use super::work::Work;
use super::{LedgerError, contents, times};

/// A row of `versions`, without its summary.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) row: i64,
    pub(super) number: u32,
    pub(super) plan: Digest,
    pub(super) generations: Generations,
    pub(super) created: OffsetDateTime,
    exposed: bool,
}

/// Returns the bundle version that carries what is asked, or none if a new one is needed.
///
/// The newest one counts; older ones only while everything newer never left the station: a reader must never see the
/// number go back.
pub(super) fn matching(
    conn: &Connection,
    device: i64,
    asked: &Asked,
    generations: &Generations,
) -> Result<Option<Version>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT row, version, plan, credentials, created,
                EXISTS (SELECT 1 FROM deliveries AS d WHERE d.version = versions.row AND d.exposed IS NOT NULL)
                OR EXISTS (SELECT 1 FROM served AS s WHERE s.version = versions.row)
         FROM versions WHERE device = ?1 AND delivery = ?2 ORDER BY version DESC",
    )?;
    let mut rows = statement.query(params![device, &*asked.delivery])?;
    while let Some(row) = rows.next()? {
        let version = read(row)?;
        if version.plan == asked.plan && version.generations == *generations {
            return Ok(Some(version));
        }
        if version.exposed {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Returns a version by its row.
pub(super) fn by_row(conn: &Connection, row: i64) -> Result<Version, LedgerError> {
    let mut statement =
        conn.prepare_cached("SELECT row, version, plan, credentials, created, 0 FROM versions WHERE row = ?1")?;
    let mut rows = statement.query([row])?;
    let row = rows.next()?.ok_or_else(|| LedgerError::unreadable("a bundle version is missing"))?;
    read(row)
}

fn read(row: &rusqlite::Row<'_>) -> Result<Version, LedgerError> {
    let credentials: String = row.get(3)?;
    Ok(Version {
        row: row.get(0)?,
        number: row.get(1)?,
        plan: Digest::from_bytes(row.get(2)?),
        generations: serde_json::from_str(&credentials).map_err(|e| LedgerError::unreadable(e.to_string()))?,
        created: times::from_text(&row.get::<_, String>(4)?)?,
        exposed: row.get(5)?,
    })
}

/// Makes the next version, recording what changed since the one before of the same delivery.
pub(super) fn insert(
    work: &mut Work<'_>,
    device: i64,
    asked: &Asked,
    generations: &Generations,
) -> Result<Version, LedgerError> {
    let changes = match newest(work.conn, device, &asked.delivery)? {
        Some(row) => differences(work.conn, row, &asked.summary, generations)?,
        None => Vec::new(),
    };
    let next = "SELECT coalesce(max(version), 0) + 1 FROM versions WHERE device = ?1";
    let number: u32 = work.conn.prepare_cached(next)?.query_row([device], |row| row.get(0))?;
    let summary = contents::fold(work.conn, &asked.summary)?;
    work.conn
        .prepare_cached(
            "INSERT INTO versions (device, version, delivery, plan, summary, credentials, changes, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            device,
            number,
            &*asked.delivery,
            asked.plan.as_bytes(),
            summary,
            json!(generations).to_string(),
            json!(changes).to_string(),
            work.now_text()
        ])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Versions, row);
    by_row(work.conn, row)
}

fn newest(conn: &Connection, device: i64, delivery: &str) -> Result<Option<i64>, LedgerError> {
    let mut statement = conn
        .prepare_cached("SELECT row FROM versions WHERE device = ?1 AND delivery = ?2 ORDER BY version DESC LIMIT 1")?;
    let mut rows = statement.query(params![device, delivery])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

/// Says what differs between a recorded version and what is asked now, one line each.
pub(super) fn differences(
    conn: &Connection,
    old: i64,
    summary: &Value,
    generations: &Generations,
) -> Result<Vec<String>, LedgerError> {
    let text: String =
        conn.prepare_cached("SELECT summary FROM versions WHERE row = ?1")?.query_row([old], |row| row.get(0))?;
    let mut lines = DevicePlan::changes(&contents::unfold(conn, &text)?, summary);
    let before = by_row(conn, old)?.generations;
    for (name, generation) in generations {
        match before.get(name) {
            Some(old) if old != generation => {
                lines.push(format!("credential {name}: generation {old} -> {generation}"));
            }
            Some(_) => {}
            None => lines.push(format!("credential {name}: none -> generation {generation}")),
        }
    }
    let gone = before.keys().filter(|name| !generations.contains_key(*name));
    lines.extend(gone.map(|name| format!("credential {name}: dropped")));
    Ok(lines)
}

/// Returns the shape that a bundle version's plan gives a credential.
pub(super) fn shape(conn: &Connection, version: i64, name: &str) -> Result<Option<CredentialKind>, LedgerError> {
    let text: String =
        conn.prepare_cached("SELECT summary FROM versions WHERE row = ?1")?.query_row([version], |row| row.get(0))?;
    let mut summary = contents::unfold(conn, &text)?;
    let shape = summary.get_mut("credentials").and_then(|all| all.get_mut(name)).map(Value::take);
    let read = |shape| serde_json::from_value::<CredentialShape>(shape).map(|shape| shape.kind);
    shape.map(read).transpose().map_err(|error| LedgerError::unreadable(format!("credential shape: {error}")))
}
