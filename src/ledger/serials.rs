//! Serial numbers that this station counts: given to a device once and for ever, never to a second one.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::fleet::factory::SerialPool;
use crate::fleet::{EndpointName, SerialNumber};

use super::devices::{self, Facts};
use super::rows::Table;
use super::work::Work;
use super::{Ledger, LedgerError};

impl Ledger {
    /// Returns the device's serial number; gives it the next one of `pool` if it has none. Durable on return. What a device
    /// got is its own, whatever becomes of its chips: a number may be engraved on its case. Numbers in `reserved` (lower case)
    /// are passed over: the inventory gave them, to devices that the ledger need not know yet.
    pub fn assign_serial(
        &self,
        device: &EndpointName,
        pool: &SerialPool,
        reserved: HashSet<String>,
    ) -> Result<SerialNumber, LedgerError> {
        if let Some(serial) = self.read(|conn| known(conn, device))? {
            return Ok(serial);
        }
        let (device, pool) = (device.clone(), pool.clone());
        self.write(move |work| assign(work, &device, &pool, &reserved))
    }

    /// Returns the serial number that a device has in the ledger.
    pub fn serial_of(&self, device: &EndpointName) -> Result<Option<SerialNumber>, LedgerError> {
        self.read(|conn| known(conn, device))
    }
}

fn known(conn: &Connection, device: &EndpointName) -> Result<Option<SerialNumber>, LedgerError> {
    let Some((_, record)) = devices::find(conn, &device.folded())? else { return Ok(None) };
    devices::refuse_other_case(device, &record)?;
    devices::refuse_retired(&record)?;
    record.serial.as_deref().map(read).transpose()
}

fn read(text: &str) -> Result<SerialNumber, LedgerError> {
    SerialNumber::new(text).map_err(|error| LedgerError::unreadable(error.to_string()))
}

fn assign(
    work: &mut Work<'_>,
    device: &EndpointName,
    pool: &SerialPool,
    reserved: &HashSet<String>,
) -> Result<SerialNumber, LedgerError> {
    if let Some(serial) = known(work.conn, device)? {
        return Ok(serial);
    }
    let (number, serial) = next(work.conn, pool, reserved)?;
    let facts = Facts { id: device, serial: Some(&serial), model: None, profile: None };
    let row = devices::admit(work, &facts)?;
    work.conn
        .prepare_cached("INSERT INTO serials (serial, number, prefix, device, given) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![serial.as_str(), stored(number), &*pool.prefix, row, work.now_text()])?;
    let given = work.conn.last_insert_rowid();
    work.touch(Table::Serials, given);
    work.record("serial", device.as_str(), None, json!({ "serial": serial.as_str() }))?;
    Ok(serial)
}

/// Returns the lowest number after all that were given, whose text nobody has and nobody is to get.
fn next(conn: &Connection, pool: &SerialPool, reserved: &HashSet<String>) -> Result<(u64, SerialNumber), LedgerError> {
    let last: Option<i64> = conn
        .prepare_cached("SELECT max(number) FROM serials WHERE prefix = ?1 AND number BETWEEN ?2 AND ?3")?
        .query_row(params![&*pool.prefix, stored(pool.first), stored(pool.last)], |row| row.get(0))?;
    let from = last.and_then(|last| u64::try_from(last).ok()).map_or(pool.first, |last| last + 1);
    for number in from..=pool.last {
        let text = pool.serial(number);
        let serial = SerialNumber::new(&text).map_err(|error| LedgerError::Misuse { what: error.to_string() })?;
        if !reserved.contains(&text.to_ascii_lowercase()) && !is_taken(conn, &text)? {
            return Ok((number, serial));
        }
    }
    let (first, last) = (pool.serial(pool.first), pool.serial(pool.last));
    Err(LedgerError::PoolEmpty { first, last })
}

fn is_taken(conn: &Connection, serial: &str) -> Result<bool, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT 1 FROM devices WHERE serial = ?1 UNION ALL SELECT 1 FROM serials WHERE serial = ?1
         UNION ALL SELECT 1 FROM elsewhere_serials WHERE serial = ?1 LIMIT 1",
    )?;
    Ok(statement.query_row([serial], |_| Ok(())).optional()?.is_some())
}

/// Numbers of a pool are at most 2^63 - 1: the fleet file says so.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
