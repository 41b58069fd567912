//! What a batch came to: the devices whose deliveries ended in it, and how.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use serde::Serialize;

use crate::delivery::{PublicKind, TargetIdentity};
use crate::fleet::{Digest, EndpointName};

use super::deliveries::{self, Delivery};
use super::locks::{self, LockRecord};
use super::{Ledger, LedgerError, batches, credentials, devices, times, versions};

/// What a batch came to, by the rows of the ledger that carry its name.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Tally {
    /// Deliveries that were finished on hardware and still stand.
    pub finished: Vec<BatchDelivery>,
    /// Deliveries that were finished on files of the station: images, folders, simulated chips.
    pub rehearsed: Vec<BatchDelivery>,
    /// Devices that failed in it and were not finished in it afterwards.
    pub failed: Vec<BatchFailure>,
    /// Devices whose chip was taken away for another one.
    pub reworked: Vec<EndpointName>,
    /// Devices that were retired in it.
    pub retired: Vec<EndpointName>,
    /// Number of the last row of the ledger that is told of.
    #[serde(skip)]
    pub last: i64,
    /// Its digest, hex: binds what is told to the chain.
    #[serde(skip)]
    pub head: String,
}

/// A delivery that was finished.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BatchDelivery {
    /// The device.
    pub device: EndpointName,
    /// Its serial number.
    pub serial: Option<String>,
    /// The delivery's name.
    pub delivery: String,
    /// The chip's number, where it is a chip that says one.
    pub chip: Option<String>,
    /// The target.
    pub target: TargetIdentity,
    /// The bundle version.
    pub version: u32,
    /// The certificates it carries.
    pub certificates: Vec<BatchCertificate>,
    /// Its locks.
    pub locks: Vec<LockRecord>,
    /// When it was finished, RFC 3339.
    pub finished: String,
}

/// A certificate that went out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchCertificate {
    /// The credential's name.
    pub credential: String,
    /// Its generation.
    pub generation: u32,
    /// Its serial number, hex.
    pub serial: Option<String>,
    /// SHA-256 of the certificate (DER), hex.
    pub sha256: String,
}

/// A device that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BatchFailure {
    /// The device.
    pub device: EndpointName,
    /// How it failed last.
    pub reason: String,
}

impl Ledger {
    /// Returns what the batch `name` came to.
    pub fn tally(&self, name: &str) -> Result<Tally, LedgerError> {
        let name = name.to_owned();
        self.read(|conn| tally(conn, &name))
    }

    /// Returns those of `ids` that have no finished delivery on hardware and are not retired.
    pub fn missing<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a EndpointName>,
    ) -> Result<Vec<&'a EndpointName>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT 1 FROM devices WHERE folded = ?1 AND (state = 'retired' OR (state = 'registered' AND hardware))",
            )?;
            let mut missing = Vec::new();
            for id in ids {
                if !statement.exists([id.folded()])? {
                    missing.push(id);
                }
            }
            Ok(missing)
        })
    }
}

fn tally(conn: &Connection, name: &str) -> Result<Tally, LedgerError> {
    let mut tally = Tally { last: batches::last_row(conn, name)?, ..Tally::default() };
    tally.head = head(conn, tally.last)?;
    tally.retired = devices_of(conn, name, "device-retired")?;
    tally.reworked = devices_of(conn, name, "rework")?;
    for delivery in finished_in(conn, name)? {
        let hardware = delivery.target.is_hardware();
        let told = told(conn, delivery)?;
        if hardware { tally.finished.push(told) } else { tally.rehearsed.push(told) }
    }
    tally.failed = failed_in(conn, name)?;
    Ok(tally)
}

fn head(conn: &Connection, seq: i64) -> Result<String, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT lower(hex(digest)) FROM events WHERE seq = ?1")?;
    let mut rows = statement.query([seq])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or_default())
}

/// Returns the devices with a row of this kind, by name.
fn devices_of(conn: &Connection, name: &str, kind: &str) -> Result<Vec<EndpointName>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT device FROM events WHERE batch = ?1 AND kind = ?2 AND device IS NOT NULL ORDER BY device",
    )?;
    let mut rows = statement.query(params![name, kind])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(endpoint(row.get_ref(0)?.as_str().unwrap_or_default())?);
    }
    Ok(found)
}

/// Returns the last delivery of each name and device that was finished in the batch and still stands: a device that was
/// retired, or lost its chip, is not finished.
fn finished_in(conn: &Connection, name: &str) -> Result<Vec<Delivery>, LedgerError> {
    let mut last = BTreeMap::new();
    let rest = "WHERE d.state = 'finished' AND v.state = 'registered'
        AND d.row IN (SELECT delivery FROM events WHERE batch = ?1 AND kind = 'finished') ORDER BY d.row";
    deliveries::each(conn, rest, [name], |delivery| {
        let place = (delivery.id.folded(), delivery.name.clone(), delivery.target.is_hardware());
        last.insert(place, delivery);
        Ok(())
    })?;
    Ok(last.into_values().collect())
}

fn failed_in(conn: &Connection, name: &str) -> Result<Vec<BatchFailure>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT e.device, coalesce(e.body ->> 'message', '') FROM events AS e
         WHERE e.batch = ?1 AND e.kind = 'failed' AND NOT EXISTS (
             SELECT 1 FROM events AS later WHERE later.device = e.device AND later.batch = ?1 AND later.seq > e.seq
             AND later.kind IN ('failed', 'finished', 'device-retired')) ORDER BY e.device",
    )?;
    let mut rows = statement.query([name])?;
    let (mut failed, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(row) = rows.next()? {
        let device = endpoint(row.get_ref(0)?.as_str().unwrap_or_default())?;
        if seen.insert(device.clone()) {
            failed.push(BatchFailure { device, reason: row.get(1)? });
        }
    }
    Ok(failed)
}

fn told(conn: &Connection, delivery: Delivery) -> Result<BatchDelivery, LedgerError> {
    let generations = versions::by_row(conn, delivery.version)?.generations;
    let mut certificates = Vec::new();
    for (credential, generation) in &generations {
        certificates.extend(certificate(conn, delivery.device, credential, *generation)?);
    }
    let serial = devices::find(conn, &delivery.id.folded())?.and_then(|(_, record)| record.serial);
    Ok(BatchDelivery {
        chip: delivery.target.chip_number().map(str::to_owned),
        locks: locks::of(conn, delivery.row)?,
        finished: times::to_text(delivery.changed),
        device: delivery.id,
        serial,
        delivery: delivery.name,
        target: delivery.target,
        version: delivery.number,
        certificates,
    })
}

fn certificate(
    conn: &Connection,
    device: i64,
    credential: &str,
    generation: u32,
) -> Result<Option<BatchCertificate>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT public, certificate FROM generations WHERE device = ?1 AND name = ?2 AND generation = ?3",
    )?;
    let mut rows = statement.query(params![device, credential, generation])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let public = credentials::unfold_public(conn, &row.get::<_, String>(0)?, row.get(1)?)?;
    let serial = public.certificate_serial().map(str::to_owned);
    let PublicKind::X509 { certificate, .. } = &public.kind else { return Ok(None) };
    let sha256 = Digest::of(certificate).to_string();
    Ok(Some(BatchCertificate { credential: credential.to_owned(), generation, serial, sha256 }))
}

fn endpoint(text: &str) -> Result<EndpointName, LedgerError> {
    EndpointName::new(text).map_err(|error| LedgerError::unreadable(error.to_string()))
}
