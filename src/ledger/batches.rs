//! Batches: a stretch of the ledger with a name, for which what goes into the devices is frozen.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

use crate::fleet::Digest;

use super::rows::Table;
use super::work::Work;
use super::{Ledger, LedgerError};

/// Whether a batch is worked on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchState {
    /// Every row of the ledger is its.
    Open,
    /// It has its report.
    Closed,
}

/// A batch.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BatchRecord {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: BatchState,
    /// What is frozen while it is open: names and digests.
    pub frozen: Value,
    /// SHA-256 of its closing report, hex.
    pub report: Option<String>,
    /// When it was opened, RFC 3339.
    pub opened: String,
    /// When this record last changed, RFC 3339.
    pub changed: String,
}

/// What became of an attempt to close a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// It is closed.
    Closed,
    /// The report is not of the batch as it is now: rows came meanwhile.
    Stale,
}

const COLUMNS: &str = "name, state, frozen, report, opened, changed";

impl Ledger {
    /// Returns the batch that is open.
    pub fn open_batch(&self) -> Result<Option<BatchRecord>, LedgerError> {
        self.read(|conn| one(conn, "WHERE state = 'open'", []))
    }

    /// Returns the batch `name`.
    pub fn batch(&self, name: &str) -> Result<Option<BatchRecord>, LedgerError> {
        let name = name.to_owned();
        self.read(|conn| one(conn, "WHERE name = ?1", [name]))
    }

    /// Returns all batches, oldest first.
    pub fn batches(&self) -> Result<Vec<BatchRecord>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM batches ORDER BY row"))?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(read(row)?);
            }
            Ok(found)
        })
    }

    /// Opens a batch: from now on every row of the ledger carries its name, whoever writes it. Returns the name of the batch
    /// that stands in the way, if one is open or was called so before.
    pub fn begin_batch(&self, name: &str, frozen: Value) -> Result<Option<BatchRecord>, LedgerError> {
        let name = name.to_owned();
        self.write(move |work| begin(work, &name, &frozen))
    }

    /// Closes the batch `name` with the digest of its report, if that tells of its rows up to number `last` and no later row
    /// of it exists.
    pub fn end_batch(&self, name: &str, report: Digest, last: i64) -> Result<Closing, LedgerError> {
        let name = name.to_owned();
        self.write(move |work| end(work, &name, report, last))
    }
}

/// Returns the number of the last row of a batch, 0 if it has none.
pub(super) fn last_row(conn: &Connection, name: &str) -> Result<i64, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM events WHERE batch = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0))?)
}

fn begin(work: &mut Work<'_>, name: &str, frozen: &Value) -> Result<Option<BatchRecord>, LedgerError> {
    let in_the_way = one(work.conn, "WHERE state = 'open' OR name = ?1 ORDER BY state DESC", [name])?;
    if in_the_way.is_some() {
        return Ok(in_the_way);
    }
    work.conn
        .prepare_cached("INSERT INTO batches (name, state, frozen, opened, changed) VALUES (?1, 'open', ?2, ?3, ?3)")?
        .execute(params![name, frozen.to_string(), work.now_text()])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Batches, row);
    work.set_batch(name);
    work.note("batch-opened", json!({ "batch": name, "frozen": frozen }))?;
    Ok(None)
}

fn end(work: &mut Work<'_>, name: &str, report: Digest, last: i64) -> Result<Closing, LedgerError> {
    let row: Option<i64> = work
        .conn
        .prepare_cached("SELECT row FROM batches WHERE name = ?1 AND state = 'open'")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let Some(row) = row.filter(|_| last_row(work.conn, name).is_ok_and(|now| now == last)) else {
        return Ok(Closing::Stale);
    };
    work.conn
        .prepare_cached("UPDATE batches SET state = 'closed', report = ?2, changed = ?3 WHERE row = ?1")?
        .execute(params![row, report.to_string(), work.now_text()])?;
    work.touch(Table::Batches, row);
    work.note("batch-closed", json!({ "batch": name, "report": report.to_string() }))?;
    Ok(Closing::Closed)
}

fn one(conn: &Connection, rest: &str, values: impl rusqlite::Params) -> Result<Option<BatchRecord>, LedgerError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM batches {rest}"))?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(read).transpose()
}

fn read(row: &Row<'_>) -> Result<BatchRecord, LedgerError> {
    let state = match row.get_ref(1)?.as_str().unwrap_or_default() {
        "open" => BatchState::Open,
        "closed" => BatchState::Closed,
        other => return Err(LedgerError::unreadable(format!("batch state {other:?}"))),
    };
    let frozen: String = row.get(2)?;
    let frozen =
        serde_json::from_str(&frozen).map_err(|error| LedgerError::unreadable(format!("stored JSON: {error}")))?;
    Ok(BatchRecord { name: row.get(0)?, state, frozen, report: row.get(3)?, opened: row.get(4)?, changed: row.get(5)? })
}
