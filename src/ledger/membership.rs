//! A station among others: what it agreed with the registry they share, which devices it may make, which others made.
//!
//! Everything here is a copy of what the registry knows, kept so that a station out of reach makes only what was given to it.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::{Digest, EndpointName};

use super::{Ledger, LedgerError, times};

/// Bytes of a mark.
type Mark = [u8; 16];

/// Where this station stands with the registry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Membership {
    /// True if the registry is shared: only leased devices are made.
    pub shared: bool,
    /// How often this ledger was reconciled with the registry.
    pub epoch: i64,
    /// What was agreed at the last contact; nobody else has it.
    #[serde(skip)]
    pub mark: Option<Mark>,
    /// What was proposed and not answered yet.
    #[serde(skip)]
    pub proposed: Option<Mark>,
    /// How many certificates this station may issue; none: as many as it likes.
    pub certificates: Option<i64>,
    /// How many it has issued.
    pub issued: i64,
    /// When the registry last heard all, RFC 3339.
    pub synchronized: Option<String>,
    /// Entries that the registry could not act upon.
    pub conflicts: i64,
    /// Devices leased now and not made yet.
    pub leased: i64,
    /// When the first of these leases ends, RFC 3339.
    pub until: Option<String>,
    /// Ledger rows that the registry has not heard of.
    pub unsent: i64,
}

/// What a contact with the registry brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taking {
    /// The mark agreed.
    pub mark: Mark,
    /// The station's epoch.
    pub epoch: i64,
    /// The limit of certificates.
    pub certificates: Option<i64>,
    /// All leases that are held: folded names and until when.
    pub leases: Vec<(String, OffsetDateTime)>,
}

/// A device that is not this ledger's to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elsewhere {
    /// Its folded name.
    pub folded: String,
    /// Who made it.
    pub station: String,
    /// Its serial number.
    pub serial: Option<String>,
}

/// What a reconciliation brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reconciliation {
    /// As at any contact; leases of the former epoch are gone.
    pub taking: Taking,
    /// The last entry that the registry has of this station, and its digest.
    pub head: (i64, Digest),
    /// Devices that exist and that this ledger does not know, or knows in an older state.
    pub elsewhere: Vec<Elsewhere>,
}

impl Ledger {
    /// Returns where this station stands with the registry.
    pub fn membership(&self) -> Result<Membership, LedgerError> {
        let now = self.now_text();
        self.read(|conn| read(conn, &now))
    }

    /// Says whether the registry is shared with other stations; only leased devices are made from then on.
    pub fn share(&self, shared: bool) -> Result<(), LedgerError> {
        if self.read(is_shared)? == shared {
            return Ok(());
        }
        self.write(move |work| {
            work.conn.execute("UPDATE membership SET shared = ?1", [shared])?;
            work.note("registry-shared", json!({ "shared": shared }))
        })
    }

    /// Returns the mark to present to the registry and the one to propose: `fresh`, or what was proposed and not answered.
    /// It is durable before it is sent, so that an answer that got lost is no riddle.
    pub fn propose(&self, fresh: Mark) -> Result<(Option<Mark>, Mark), LedgerError> {
        self.write(move |work| {
            let text = "UPDATE membership SET proposed = coalesce(proposed, ?1) RETURNING mark, proposed";
            Ok(work.conn.query_row(text, [fresh], |row| Ok((row.get(0)?, row.get(1)?)))?)
        })
    }

    /// Keeps what a contact with the registry brought.
    pub fn take(&self, taking: Taking) -> Result<(), LedgerError> {
        self.write(move |work| keep(work.conn, &taking))
    }

    /// Keeps what a reconciliation brought: the ledger goes on after what the registry knows.
    pub fn reconcile(&self, reconciliation: Reconciliation) -> Result<(), LedgerError> {
        self.write(move |work| {
            let Reconciliation { taking, head, elsewhere } = &reconciliation;
            keep(work.conn, taking)?;
            for device in elsewhere {
                work.conn
                    .prepare_cached("INSERT OR REPLACE INTO elsewhere (folded, station) VALUES (?1, ?2)")?
                    .execute(params![device.folded, device.station])?;
                if let Some(serial) = &device.serial {
                    work.conn
                        .prepare_cached("INSERT OR IGNORE INTO elsewhere_serials (serial) VALUES (?1)")?
                        .execute([serial])?;
                }
            }
            super::outbox::go_on_after(work.conn, *head)?;
            work.conn.execute("UPDATE membership SET shared = 1, conflicts = 0", [])?;
            let body = json!({ "epoch": taking.epoch, "head": head.0, "elsewhere": elsewhere.len() });
            work.note("reconciled", body)
        })
    }

    /// Returns the devices leased to this station and not made yet, with the end of each lease, RFC 3339.
    pub fn leases(&self) -> Result<Vec<(String, String)>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT folded, until FROM leases ORDER BY folded")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Fails where the device is not this station's to make now.
    pub fn check_own(&self, id: &EndpointName) -> Result<(), LedgerError> {
        let now = self.now_text();
        self.read(|conn| refuse(conn, id, super::devices::find(conn, &id.folded())?.is_some(), &now))
    }

    /// Returns those of `ids` that this station has not made and may not make now.
    pub fn unleased(&self, ids: &[EndpointName]) -> Result<Vec<EndpointName>, LedgerError> {
        let now = self.now_text();
        self.read(|conn| {
            let mut unleased = Vec::new();
            for id in ids {
                if !may_make(conn, id, &now)? {
                    unleased.push(id.clone());
                }
            }
            Ok(unleased)
        })
    }
}

fn read(conn: &Connection, now: &str) -> Result<Membership, LedgerError> {
    let (leased, until) = conn
        .prepare_cached(
            "SELECT count(*), min(until) FROM leases WHERE until > ?1
             AND folded NOT IN (SELECT folded FROM devices)",
        )?
        .query_row([now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (issued, unsent) = (issued(conn)?, super::outbox::unsent(conn)?);
    let text = "SELECT shared, epoch, mark, proposed, certificates, synchronized, conflicts FROM membership";
    let mut statement = conn.prepare_cached(text)?;
    Ok(statement.query_row([], |row| {
        Ok(Membership {
            shared: row.get(0)?,
            epoch: row.get(1)?,
            mark: row.get(2)?,
            proposed: row.get(3)?,
            certificates: row.get(4)?,
            synchronized: row.get(5)?,
            conflicts: row.get(6)?,
            issued,
            leased,
            until,
            unsent,
        })
    })?)
}

/// The leases given are all there are: what is not among them was used, returned, or has ended.
fn keep(conn: &Connection, taking: &Taking) -> Result<(), LedgerError> {
    conn.execute(
        "UPDATE membership SET mark = ?1, proposed = NULL, epoch = ?2, certificates = ?3",
        params![taking.mark, taking.epoch, taking.certificates],
    )?;
    conn.execute("DELETE FROM leases", [])?;
    let mut statement = conn.prepare_cached("INSERT OR REPLACE INTO leases (folded, until) VALUES (?1, ?2)")?;
    for (folded, until) in &taking.leases {
        statement.execute(params![folded, times::to_text(*until)])?;
    }
    // What the registry gives is free: a person has found that it was not made after all.
    conn.execute("DELETE FROM elsewhere WHERE folded IN (SELECT folded FROM leases)", [])?;
    Ok(())
}

fn is_shared(conn: &Connection) -> Result<bool, LedgerError> {
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

fn issued(conn: &Connection) -> Result<i64, LedgerError> {
    let text = "SELECT count(*) FROM generations WHERE certificate_serial IS NOT NULL";
    Ok(conn.prepare_cached(text)?.query_row([], |row| row.get(0))?)
}
