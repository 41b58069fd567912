//! The chain of events: append-only, each row bound to the one before by its digest.

use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;

use crate::fleet::Digest;

use super::rows::{self, Table};
use super::{LedgerError, Provenance, schema, times};

/// The end of the chain.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) at: Option<OffsetDateTime>,
    pub(super) digest: Digest,
}

/// What an event says, before it has its place in the chain.
pub(super) struct Said<'a> {
    pub(super) kind: &'a str,
    pub(super) device: Option<&'a str>,
    pub(super) delivery: Option<i64>,
    pub(super) body: serde_json::Value,
}

/// A row of `events` as it is stored.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) at: String,
    pub(super) operator: String,
    pub(super) station: String,
    pub(super) batch: Option<String>,
    pub(super) tool: String,
    pub(super) kind: String,
    pub(super) device: Option<String>,
    pub(super) delivery: Option<i64>,
    pub(super) body: String,
    pub(super) states: String,
    pub(super) previous: Vec<u8>,
    pub(super) digest: Vec<u8>,
}

/// The columns [`Stored::read`] wants, in its order.
pub(super) const COLUMNS: &str =
    "seq, at, operator, station, batch, tool, kind, device, delivery, body, states, previous, digest";

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            at: row.get(1)?,
            operator: row.get(2)?,
            station: row.get(3)?,
            batch: row.get(4)?,
            tool: row.get(5)?,
            kind: row.get(6)?,
            device: row.get(7)?,
            delivery: row.get(8)?,
            body: row.get(9)?,
            states: row.get(10)?,
            previous: row.get(11)?,
            digest: row.get(12)?,
        })
    }

    /// Returns the digest this row must carry. An absent text differs from an empty one.
    pub(super) fn computed(&self) -> Digest {
        let optional = |text: Option<&str>| text.map_or(vec![0], |text| [&[1], text.as_bytes()].concat());
        let delivery = self.delivery.map(|number| number.to_string());
        Digest::of_parts([
            self.seq.to_be_bytes().as_slice(),
            self.at.as_bytes(),
            self.operator.as_bytes(),
            self.station.as_bytes(),
            &optional(self.batch.as_deref()),
            self.tool.as_bytes(),
            self.kind.as_bytes(),
            &optional(self.device.as_deref()),
            &optional(delivery.as_deref()),
            self.body.as_bytes(),
            self.states.as_bytes(),
            &self.previous,
        ])
    }
}

/// Returns the end of the chain.
pub(super) fn head(conn: &Connection) -> Result<Head, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT seq, at, digest FROM events ORDER BY seq DESC LIMIT 1")?;
    let last = statement
        .query_row([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, [u8; 32]>(2)?)))
        .optional()?;
    if let Some((seq, at, digest)) = last {
        return Ok(Head { seq, at: Some(times::from_text(&at)?), digest: Digest::from_bytes(digest) });
    }
    let fleet: String = conn.query_row("SELECT fleet FROM ledger", [], |row| row.get(0))?;
    Ok(Head { seq: 0, at: None, digest: schema::genesis(&fleet) })
}

/// Returns the name of the batch that is open.
pub(super) fn name_of_open(conn: &Connection) -> Result<Option<String>, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT name FROM batches WHERE state = 'open'")?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// Appends an event that vouches for the state rows it `touched`, and returns the new end.
pub(super) fn append(
    conn: &Connection,
    head: &Head,
    at: OffsetDateTime,
    provenance: &Provenance,
    said: Said<'_>,
    touched: impl IntoIterator<Item = (Table, i64)>,
) -> Result<Head, LedgerError> {
    let mut event = Stored {
        seq: head.seq + 1,
        at: times::to_text(at),
        operator: provenance.operator.clone(),
        station: provenance.station.clone(),
        batch: provenance.batch.clone(),
        tool: provenance.tool.clone(),
        kind: said.kind.to_owned(),
        device: said.device.map(str::to_owned),
        delivery: said.delivery,
        body: said.body.to_string(),
        states: vouch(conn, touched)?,
        previous: head.digest.as_bytes().to_vec(),
        digest: Vec::new(),
    };
    let digest = event.computed();
    event.digest = digest.as_bytes().to_vec();
    insert(conn, &event)?;
    Ok(Head { seq: event.seq, at: Some(at), digest })
}

/// One line a row: table, number, digest.
fn vouch(conn: &Connection, touched: impl IntoIterator<Item = (Table, i64)>) -> Result<String, LedgerError> {
    let mut lines = Vec::new();
    for (table, row) in touched {
        lines.push(format!("{} {row} {}", table.name(), rows::digest_of(conn, table, row)?));
    }
    Ok(lines.join("\n"))
}

fn insert(conn: &Connection, event: &Stored) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached(
        "INSERT INTO events (seq, at, operator, station, batch, tool, kind, device, delivery, body, states, previous, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        event.seq,
        event.at,
        event.operator,
        event.station,
        event.batch,
        event.tool,
        event.kind,
        event.device,
        event.delivery,
        event.body,
        event.states,
        event.previous,
        event.digest,
    ])?;
    conn.prepare_cached("UPDATE ledger SET events = ?1, head = ?2")?.execute(params![event.seq, event.digest])?;
    Ok(())
}
