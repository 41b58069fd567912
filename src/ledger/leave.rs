//! Whether a device is this station's to make, by what is known here.

use rusqlite::{Connection, OptionalExtension, params};

use crate::fleet::EndpointName;

use super::LedgerError;

/// Returns true if the registry is shared with other stations.
pub(super) fn is_shared(conn: &Connection) -> Result<bool, LedgerError> {
    Ok(conn.prepare_cached("SELECT shared FROM membership")?.query_row([], |row| row.get(0))?)
}

/// Returns true if the device is this station's to make: made here, or leased, or nobody else shares the registry.
pub(super) fn may_make(conn: &Connection, id: &EndpointName, now: &str) -> Result<bool, LedgerError> {
    let text = "SELECT NOT EXISTS (SELECT 1 FROM elsewhere WHERE folded = ?1) AND (
        EXISTS (SELECT 1 FROM membership WHERE shared = 0) OR EXISTS (SELECT 1 FROM devices WHERE folded = ?1)
        OR EXISTS (SELECT 1 FROM leases WHERE folded = ?1 AND until > ?2))";
    Ok(conn.prepare_cached(text)?.query_row(params![id.folded(), now], |row| row.get(0))?)
}

/// Refuses a device that somebody else made, and a new one that is not leased where the registry is shared.
pub(super) fn refuse(conn: &Connection, id: &EndpointName, is_known: bool, now: &str) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached("SELECT station FROM elsewhere WHERE folded = ?1")?;
    if let Some(station) = statement.query_row([id.folded()], |row| row.get(0)).optional()? {
        return Err(LedgerError::MadeElsewhere { device: id.clone(), station });
    }
    if is_known || !is_shared(conn)? {
        return Ok(());
    }
    let mut statement = conn.prepare_cached("SELECT until FROM leases WHERE folded = ?1")?;
    let until: Option<String> = statement.query_row([id.folded()], |row| row.get(0)).optional()?;
    match until {
        Some(until) if until.as_str() > now => Ok(()),
        until => {
            let since = until.map(|until| format!(" any more, since {until}")).unwrap_or_default();
            Err(LedgerError::NotLeased { device: id.clone(), since })
        }
    }
}

/// Refuses a certificate beyond the station's limit: X.509 itself knows no number of certificates of an issuer.
pub(super) fn refuse_beyond_limit(conn: &Connection, id: &EndpointName) -> Result<(), LedgerError> {
    let text = "SELECT certificates FROM membership WHERE shared = 1 AND certificates IS NOT NULL";
    let limit: Option<i64> = conn.prepare_cached(text)?.query_row([], |row| row.get(0)).optional()?;
    let Some(limit) = limit else { return Ok(()) };
    let made = issued(conn)?;
    if made < limit { Ok(()) } else { Err(LedgerError::Quota { device: id.clone(), made, limit }) }
}

/// Returns how many certificates were issued here.
pub(super) fn issued(conn: &Connection) -> Result<i64, LedgerError> {
    let text = "SELECT count(*) FROM generations WHERE certificate_serial IS NOT NULL";
    Ok(conn.prepare_cached(text)?.query_row([], |row| row.get(0))?)
}
