//! What can be asked of the ledger: devices, what is pending, what happened.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::Value;

use crate::delivery::TargetIdentity;
use crate::fleet::EndpointName;

use super::chain::{self, Stored};
use super::deliveries::{self, Delivery};
use super::{
    DeliveryState, DeviceRecord, DeviceState, FinishedDelivery, Ledger, LedgerError, Lying, PendingDelivery, devices,
    holder, membership, versions,
};

/// Which devices are wanted, in the order of their names without regard to case.
#[derive(Clone, Default, Debug)]
pub struct DeviceFilter {
    /// Only those in this state.
    pub state: Option<DeviceState>,
    /// Only those of this profile.
    pub profile: Option<String>,
    /// Only those after this one: the last of the page before.
    pub after: Option<EndpointName>,
    /// At most so many.
    pub limit: Option<u32>,
}

/// One row of the ledger.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Entry {
    /// Its number, from 1 without a gap.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub operator: String,
    /// Where.
    pub station: String,
    /// For which batch.
    pub batch: Option<String>,
    /// With which program.
    pub tool: String,
    /// What: `begin`, `bind`, `sealed`, `exposed`, `verified`, `registered`, `finished`, `failed`, `revoked` ...
    pub kind: String,
    /// The device.
    pub device: Option<String>,
    /// The delivery.
    pub delivery: Option<i64>,
    /// The particulars, without any secret.
    pub body: Value,
    /// SHA-256 of the row, hex: covers the row before.
    pub digest: String,
}

impl Ledger {
    /// Returns the devices that pass `filter`. For very many use `limit` and `after`, or [`Ledger::each_device`].
    pub fn devices(&self, filter: &DeviceFilter) -> Result<Vec<DeviceRecord>, LedgerError> {
        let mut found = Vec::new();
        self.each_device(filter, |record| found.push(record))?;
        Ok(found)
    }

    /// Calls `each` for the devices that pass `filter`, without holding all of them.
    pub fn each_device(&self, filter: &DeviceFilter, mut each: impl FnMut(DeviceRecord)) -> Result<(), LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {} FROM devices WHERE folded > ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR profile = ?3)
                 ORDER BY folded LIMIT ?4",
                devices::COLUMNS
            ))?;
            let after = filter.after.as_ref().map(EndpointName::folded).unwrap_or_default();
            let state = filter.state.map(DeviceState::name);
            let limit = filter.limit.map_or(-1, i64::from);
            let mut rows = statement.query(params![after, state, filter.profile, limit])?;
            while let Some(row) = rows.next()? {
                each(devices::read(row)?.1);
            }
            Ok(())
        })
    }

    /// Returns the deliveries that were begun and not ended, oldest first.
    pub fn pending(&self) -> Result<Vec<PendingDelivery>, LedgerError> {
        self.pending_where("WHERE d.state = 'open' ORDER BY d.row", [])
    }

    /// Returns the finished deliveries that a target carries: those whose secrets went to this very target last, as far as
    /// they were finished.
    pub fn finished_on(&self, target: &TargetIdentity) -> Result<Vec<FinishedDelivery>, LedgerError> {
        self.read(|conn| finished_on(conn, target))
    }

    /// Returns the newest finished delivery of a device under a name: of hardware only, of what is none only, or of any.
    pub fn last_finished(
        &self,
        device: &EndpointName,
        name: &str,
        hardware: Option<bool>,
    ) -> Result<Option<FinishedDelivery>, LedgerError> {
        self.read(|conn| {
            let Some((row, _)) = devices::find(conn, &device.folded())? else { return Ok(None) };
            let Some(delivery) = deliveries::last_finished(conn, row, name, hardware)? else { return Ok(None) };
            let generations = versions::by_row(conn, delivery.version)?.generations;
            delivery.into_finished(generations).map(Some)
        })
    }

    /// Returns the deliveries whose secrets went to this very target last, together, whatever has become of them since.
    pub fn lying_on(&self, target: &TargetIdentity) -> Result<Vec<Lying>, LedgerError> {
        let lying = |delivery: Delivery| {
            let since = delivery.exposed.unwrap_or(delivery.began);
            Lying { device: delivery.id, version: delivery.number, state: delivery.state, since }
        };
        self.read(|conn| Ok(deliveries::last_on(conn, target)?.into_iter().map(lying).collect()))
    }

    /// Returns the interrupted delivery whose secrets went last to this very target, if there is one.
    pub fn interrupted_on(&self, target: &TargetIdentity) -> Result<Option<PendingDelivery>, LedgerError> {
        let rest = "WHERE d.state = 'open' AND d.locked IS NOT NULL AND d.target_key = ?1 ORDER BY d.row DESC LIMIT 1";
        Ok(self.pending_where(rest, [deliveries::key_of(target)])?.pop())
    }

    pub(super) fn pending_where(
        &self,
        rest: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<PendingDelivery>, LedgerError> {
        self.read(|conn| {
            let mut found = Vec::new();
            deliveries::each(conn, rest, values, |delivery| {
                found.push(self.as_pending(delivery)?);
                Ok(())
            })?;
            Ok(found)
        })
    }

    fn as_pending(&self, delivery: Delivery) -> Result<PendingDelivery, LedgerError> {
        let under_way = match &delivery.holder {
            Some(name) => holder::is_alive(&self.holders(), name)?,
            None => false,
        };
        Ok(PendingDelivery {
            delivery: delivery.row,
            device: delivery.id,
            name: delivery.name,
            version: delivery.number,
            reached: delivery.reached.name(),
            target: delivery.target,
            exposed: delivery.locked,
            failure: delivery.failure,
            under_way,
            began: delivery.began,
        })
    }

    /// Returns the last `limit` rows of the ledger, of one device or of all, oldest first.
    pub fn log(&self, limit: u32, device: Option<&EndpointName>) -> Result<Vec<Entry>, LedgerError> {
        let mut entries = Vec::new();
        self.each_entry(limit, device, |entry| entries.push(entry))?;
        Ok(entries)
    }

    /// Calls `each` for the last `limit` rows of the ledger, of one device or of all, oldest first, without holding them.
    pub fn each_entry(
        &self,
        limit: u32,
        device: Option<&EndpointName>,
        mut each: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        self.read(|conn| {
            let wanted = if device.is_some() { "device = ?2" } else { "?2 IS NULL" };
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {} FROM events WHERE {wanted} AND seq >= coalesce((SELECT min(seq) FROM
                     (SELECT seq FROM events WHERE {wanted} ORDER BY seq DESC LIMIT ?1)), 0) ORDER BY seq",
                chain::COLUMNS
            ))?;
            let mut rows = statement.query(params![limit, device.map(EndpointName::as_str)])?;
            while let Some(row) = rows.next()? {
                each(entry(Stored::read(row)?));
            }
            Ok(())
        })
    }

    /// Returns the first of `ids` that has no finished delivery under this name yet (on hardware if `hardware`, else on any
    /// target), is not retired, and is this station's to make.
    pub fn next_undelivered<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a EndpointName>,
        delivery: &str,
        hardware: bool,
    ) -> Result<Option<&'a EndpointName>, LedgerError> {
        let now = self.now_text();
        self.read(|conn| {
            for id in ids {
                if is_undelivered(conn, id, delivery, hardware, &now)? {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        })
    }

    /// Writes a consistent copy of the whole ledger to a new file at `to` (0600), while others go on writing.
    pub fn snapshot(&self, to: &Path) -> Result<(), LedgerError> {
        let located = |error: rusqlite::Error| LedgerError::from(error).located(to);
        super::connection::create_new(to)?;
        let mut copy = Connection::open(to).map_err(located)?;
        let conn = super::connection::open_reader(self.path()).map_err(|error| error.located(self.path()))?;
        let backup = Backup::new(&conn, &mut copy).map_err(located)?;
        backup.run_to_completion(1_000, Duration::ZERO, None).map_err(located)?;
        drop(backup);
        copy.close().map_err(|(_, error)| located(error))?;
        std::fs::File::open(to)
            .and_then(|file| file.sync_all())
            .map_err(|source| LedgerError::file(to, "flushing", source))
    }
}

/// Makes what is shown of a stored row.
pub(super) fn entry(stored: Stored) -> Entry {
    Entry {
        seq: stored.seq,
        at: stored.at,
        operator: stored.operator,
        station: stored.station,
        batch: stored.batch,
        tool: stored.tool,
        kind: stored.kind,
        device: stored.device,
        delivery: stored.delivery,
        body: serde_json::from_str(&stored.body).unwrap_or(Value::String(stored.body)),
        digest: hex::encode(stored.digest),
    }
}

fn is_undelivered(
    conn: &Connection,
    id: &EndpointName,
    delivery: &str,
    hardware: bool,
    now: &str,
) -> Result<bool, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT NOT EXISTS (
             SELECT 1 FROM devices AS v WHERE v.folded = ?1 AND (v.state = 'retired' OR EXISTS (
                 SELECT 1 FROM deliveries AS d
                 WHERE d.device = v.row AND d.name = ?2 AND d.state = 'finished' AND d.hardware >= ?3)))",
    )?;
    let undelivered: bool = statement.query_row(params![id.folded(), delivery, hardware], |row| row.get(0))?;
    Ok(undelivered && membership::may_make(conn, id, now)?)
}

fn finished_on(conn: &Connection, target: &TargetIdentity) -> Result<Vec<FinishedDelivery>, LedgerError> {
    let mut found = Vec::new();
    for delivery in deliveries::last_on(conn, target)? {
        if delivery.state == DeliveryState::Finished {
            let generations = versions::by_row(conn, delivery.version)?.generations;
            found.push(delivery.into_finished(generations)?);
        }
    }
    Ok(found)
}
