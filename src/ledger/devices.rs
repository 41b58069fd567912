//! Devices: who exists. One row each, found by the case-folded endpoint name.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::delivery::TargetIdentity;
use crate::fleet::{EndpointName, SerialNumber};

use super::rows::Table;
use super::work::Work;
use super::{DeviceState, LedgerError, membership};

/// What is known of a device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeviceRecord {
    /// Its endpoint name.
    pub id: EndpointName,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// The profile it follows.
    pub profile: Option<String>,
    /// Its state.
    pub state: DeviceState,
    /// Why it was retired.
    pub reason: Option<String>,
    /// The bundle version that was registered last.
    pub version: Option<u32>,
    /// What that was delivered on, in a person's words.
    pub target: Option<String>,
    /// When that was, RFC 3339.
    pub delivered: Option<String>,
    /// When it was first seen, RFC 3339.
    pub seen: String,
    /// When this record last changed, RFC 3339.
    pub changed: String,
}

/// What the ledger is told about a device when something is made for it.
pub(super) struct Facts<'a> {
    pub(super) id: &'a EndpointName,
    pub(super) serial: Option<&'a SerialNumber>,
    pub(super) model: Option<&'a Arc<str>>,
    pub(super) profile: Option<&'a Arc<str>>,
}

/// The columns [`read`] wants, in its order, after the row's number.
pub(super) const COLUMNS: &str =
    "row, id, serial, model, profile, state, reason, version, target, delivered, seen, changed";

/// Reads a row of [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> Result<(i64, DeviceRecord), LedgerError> {
    let id: String = row.get(1)?;
    let record = DeviceRecord {
        id: EndpointName::new(&id).map_err(|error| LedgerError::unreadable(error.to_string()))?,
        serial: row.get(2)?,
        model: row.get(3)?,
        profile: row.get(4)?,
        state: DeviceState::parse(row.get_ref(5)?.as_str().unwrap_or_default())?,
        reason: row.get(6)?,
        version: row.get(7)?,
        target: row.get(8)?,
        delivered: row.get(9)?,
        seen: row.get(10)?,
        changed: row.get(11)?,
    };
    Ok((row.get(0)?, record))
}

/// Finds a device by its name, without regard to case.
pub(super) fn find(conn: &Connection, folded: &str) -> Result<Option<(i64, DeviceRecord)>, LedgerError> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM devices WHERE folded = ?1"))?;
    let mut rows = statement.query([folded])?;
    rows.next()?.map(read).transpose()
}

/// Returns the row of a device that may be served: makes it, or brings it up to date.
///
/// Refuses a name that differs in case only, a serial number that another device has, and a retired device.
pub(super) fn admit(work: &mut Work<'_>, facts: &Facts<'_>) -> Result<i64, LedgerError> {
    let found = find(work.conn, &facts.id.folded())?;
    if let Some((_, record)) = &found {
        refuse_other_case(facts.id, record)?;
        refuse_retired(record)?;
    }
    membership::refuse(work.conn, facts.id, found.is_some(), &work.now_text())?;
    refuse_taken_serial(work.conn, facts)?;
    match found {
        None => insert(work, facts),
        Some((row, record)) => update(work, row, &record, facts).map(|()| row),
    }
}

/// Refuses a device that was retired.
pub(super) fn refuse_retired(record: &DeviceRecord) -> Result<(), LedgerError> {
    if record.state != DeviceState::Retired {
        return Ok(());
    }
    Err(LedgerError::Retired {
        device: record.id.clone(),
        since: record.changed.clone(),
        reason: record.reason.clone().unwrap_or_default(),
    })
}

/// Refuses a name under which another device goes, but for the case of its letters.
pub(super) fn refuse_other_case(id: &EndpointName, record: &DeviceRecord) -> Result<(), LedgerError> {
    if record.id == *id {
        return Ok(());
    }
    Err(LedgerError::Taken { what: "endpoint name", value: id.to_string(), holder: record.id.to_string() })
}

fn refuse_taken_serial(conn: &Connection, facts: &Facts<'_>) -> Result<(), LedgerError> {
    let Some(serial) = facts.serial else { return Ok(()) };
    let mut statement =
        conn.prepare_cached("SELECT id FROM devices WHERE serial = ?1 AND state <> 'retired' AND folded <> ?2")?;
    let holder: Option<String> =
        statement.query_row(params![serial.as_str(), facts.id.folded()], |row| row.get(0)).optional()?;
    match holder {
        None => Ok(()),
        Some(holder) => Err(LedgerError::Taken { what: "serial number", value: serial.to_string(), holder }),
    }
}

fn insert(work: &mut Work<'_>, facts: &Facts<'_>) -> Result<i64, LedgerError> {
    work.conn
        .prepare_cached(
            "INSERT INTO devices (folded, id, serial, model, profile, state, seen, changed)
             VALUES (?1, ?2, ?3, ?4, ?5, 'known', ?6, ?6)",
        )?
        .execute(params![
            facts.id.folded(),
            facts.id.as_str(),
            facts.serial.map(SerialNumber::as_str),
            facts.model.map(|model| &**model),
            facts.profile.map(|profile| &**profile),
            work.now_text()
        ])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Devices, row);
    Ok(row)
}

/// A fact that is not told (by a CSR without a plan, say) does not erase what is known.
fn update(work: &mut Work<'_>, row: i64, record: &DeviceRecord, facts: &Facts<'_>) -> Result<(), LedgerError> {
    let differs = |told: Option<&str>, known: &Option<String>| told.is_some() && told != known.as_deref();
    if !differs(facts.serial.map(SerialNumber::as_str), &record.serial)
        && !differs(facts.model.map(|model| &**model), &record.model)
        && !differs(facts.profile.map(|profile| &**profile), &record.profile)
    {
        return Ok(());
    }
    work.conn
        .prepare_cached(
            "UPDATE devices SET serial = coalesce(?2, serial), model = coalesce(?3, model),
             profile = coalesce(?4, profile), changed = ?5 WHERE row = ?1",
        )?
        .execute(params![
            row,
            facts.serial.map(SerialNumber::as_str),
            facts.model.map(|model| &**model),
            facts.profile.map(|profile| &**profile),
            work.now_text()
        ])?;
    work.touch(Table::Devices, row);
    Ok(())
}

/// Records that a version was delivered. What was delivered on hardware is not overwritten by a rehearsal.
pub(super) fn register(
    work: &mut Work<'_>,
    row: i64,
    version: u32,
    target: &TargetIdentity,
) -> Result<(), LedgerError> {
    let now = work.now_text();
    let changed = work
        .conn
        .prepare_cached(
            "UPDATE devices SET state = 'registered', version = ?2, target = ?3, hardware = ?5, delivered = ?4,
             changed = ?4 WHERE row = ?1 AND state <> 'retired' AND (?5 OR hardware IS NOT TRUE)",
        )?
        .execute(params![row, version, target.name, now, target.is_hardware()])?;
    if changed > 0 {
        work.touch(Table::Devices, row);
    }
    Ok(())
}

/// Takes back that a version was delivered: its chip is another device's from now on.
pub(super) fn unregister(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    let changed = work
        .conn
        .prepare_cached(
            "UPDATE devices SET state = 'known', version = NULL, target = NULL, hardware = NULL, delivered = NULL,
             changed = ?2 WHERE row = ?1 AND state = 'registered'",
        )?
        .execute(params![row, work.now_text()])?;
    if changed > 0 {
        work.touch(Table::Devices, row);
    }
    Ok(())
}

/// Takes a device out of service.
pub(super) fn retire(work: &mut Work<'_>, row: i64, reason: &str) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("UPDATE devices SET state = 'retired', reason = ?2, changed = ?3 WHERE row = ?1")?
        .execute(params![row, reason, work.now_text()])?;
    work.touch(Table::Devices, row);
    Ok(())
}
