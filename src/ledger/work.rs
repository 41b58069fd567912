//! One request at work inside the writer's transaction.

use std::collections::BTreeSet;

use rusqlite::Connection;
use serde_json::Value;
use time::OffsetDateTime;

use crate::delivery::Clock;

use super::chain::{self, Head, Said};
use super::holder::{Holder, Tickets};
use super::rows::Table;
use super::{LedgerError, Provenance, times};

/// What all requests of one writer share.
pub(super) struct Surroundings {
    pub(super) provenance: Provenance,
    pub(super) holder: Holder,
    pub(super) tickets: Tickets,
}

/// One request: its connection (inside a savepoint), its time, and the state rows it has changed so far.
pub(super) struct Work<'a> {
    pub(super) conn: &'a Connection,
    pub(super) around: &'a Surroundings,
    now: OffsetDateTime,
    head: Head,
    /// The batch that is open in the store: another process may have opened or closed it since we began.
    batch: Option<String>,
    touched: BTreeSet<(Table, i64)>,
}

impl<'a> Work<'a> {
    /// Begins a request; its time is the clock's, but never earlier than that of the row before.
    pub(super) fn begin(
        conn: &'a Connection,
        around: &'a Surroundings,
        clock: &dyn Clock,
    ) -> Result<Self, LedgerError> {
        let head = chain::head(conn)?;
        let now = times::from_text(&times::to_text(clock.now()))?;
        let now = head.at.map_or(now, |last| last.max(now));
        let batch = chain::name_of_open(conn)?.or_else(|| around.provenance.batch.clone());
        Ok(Self { conn, around, now, head, batch, touched: BTreeSet::new() })
    }

    /// Returns the request's time as the tables hold it.
    pub(super) fn now_text(&self) -> String {
        times::to_text(self.now)
    }

    /// Notes that a state row was made or changed; the next event vouches for it.
    pub(super) fn touch(&mut self, table: Table, row: i64) {
        self.touched.insert((table, row));
    }

    /// Returns true if a row was touched since the last event.
    pub(super) fn has_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// Appends an event that vouches for all rows touched since the last one.
    pub(super) fn record(
        &mut self,
        kind: &str,
        device: &str,
        delivery: Option<i64>,
        body: Value,
    ) -> Result<(), LedgerError> {
        self.append(Said { kind, device: Some(device), delivery, body })
    }

    /// Appends an event that is about no device.
    pub(super) fn note(&mut self, kind: &str, body: Value) -> Result<(), LedgerError> {
        self.append(Said { kind, device: None, delivery: None, body })
    }

    /// From now on the events of this request are the batch's.
    pub(super) fn set_batch(&mut self, name: &str) {
        self.batch = Some(name.to_owned());
    }

    fn append(&mut self, said: Said<'_>) -> Result<(), LedgerError> {
        let touched = std::mem::take(&mut self.touched);
        let provenance = Provenance { batch: self.batch.clone(), ..self.around.provenance.clone() };
        self.head = chain::append(self.conn, &self.head, self.now, &provenance, said, touched)?;
        Ok(())
    }

    /// Ends the request. A state that no event vouches for would be a fault of ours: it is refused, not stored.
    pub(super) fn end(self) -> Result<(), LedgerError> {
        if self.touched.is_empty() {
            return Ok(());
        }
        Err(LedgerError::Misuse { what: format!("no event vouches for {:?}", self.touched) })
    }
}
