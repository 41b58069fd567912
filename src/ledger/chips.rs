//! Which chip is which device's: a chip's number is bound to one record, until a person says otherwise.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::delivery::TargetIdentity;
use crate::fleet::EndpointName;

use super::deliveries::{self, Delivery};
use super::rows::Table;
use super::ticket::Asked;
use super::work::Work;
use super::{DeliveryState, GenerationState, LedgerError, credentials, devices, unfinished};

/// A chip and whose it is.
pub(super) struct Bound {
    row: i64,
    device_row: i64,
    pub(super) device: EndpointName,
}

/// Returns whose a chip is.
pub(super) fn bound(conn: &Connection, number: &str, hardware: bool) -> Result<Option<Bound>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT c.row, c.device, d.id FROM chips AS c JOIN devices AS d ON d.row = c.device
         WHERE c.number = ?1 AND c.hardware = ?2 AND c.state = 'bound'",
    )?;
    let found: Option<(i64, i64, String)> =
        statement.query_row(params![number, hardware], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((row, device_row, id)) = found else { return Ok(None) };
    let device = EndpointName::new(&id).map_err(|error| LedgerError::unreadable(error.to_string()))?;
    Ok(Some(Bound { row, device_row, device }))
}

/// Binds the delivery's chip to its device. A chip that is another's is refused; one that the device had before under this
/// delivery's name is replaced, which the rules for the delivery have allowed already.
pub(super) fn bind(work: &mut Work<'_>, delivery: &Delivery, target: &TargetIdentity) -> Result<(), LedgerError> {
    let Some(number) = target.chip_number() else { return Ok(()) };
    let hardware = target.is_hardware();
    if let Some(bound) = bound(work.conn, number, hardware)? {
        if bound.device_row == delivery.device {
            return Ok(());
        }
        let holder = bound.device.to_string();
        return Err(LedgerError::Taken { what: "chip", value: number.to_owned(), holder });
    }
    let mut before = Vec::new();
    {
        let mut statement = work.conn.prepare_cached(
            "SELECT row FROM chips WHERE device = ?1 AND delivery = ?2 AND hardware = ?3 AND state = 'bound'",
        )?;
        let mut rows = statement.query(params![delivery.device, delivery.name, hardware])?;
        while let Some(row) = rows.next()? {
            before.push(row.get(0)?);
        }
    }
    for row in before {
        replace(work, row, "the device got another chip")?;
    }
    work.conn
        .prepare_cached(
            "INSERT INTO chips (number, device, delivery, hardware, state, changed) VALUES (?1, ?2, ?3, ?4, 'bound', ?5)",
        )?
        .execute(params![number, delivery.device, delivery.name, hardware, work.now_text()])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Chips, row);
    Ok(())
}

/// Refuses a chip beside the one that the device's last delivery of this name went to, whatever has changed since: it would
/// have the same credentials. A chip that was given up in between is no obstacle.
pub(super) fn refuse_second(conn: &Connection, device: i64, asked: &Asked) -> Result<(), LedgerError> {
    if !asked.target.is_chip() || !asked.target.is_hardware() {
        return Ok(());
    }
    let mut statement = conn.prepare_cached(
        "SELECT number FROM chips WHERE device = ?1 AND delivery = ?2 AND hardware AND state = 'bound'",
    )?;
    let bound: Option<String> = statement.query_row(params![device, &*asked.delivery], |row| row.get(0)).optional()?;
    let Some(done) = bound.filter(|bound| asked.target.chip_number() != Some(bound)) else { return Ok(()) };
    let finished = deliveries::last_finished(conn, device, &asked.delivery, Some(true))?;
    if finished.is_none_or(|finished| finished.target.chip_number() != Some(&done)) {
        return Ok(());
    }
    let here = asked.target.chip_number().unwrap_or("without a number").to_owned();
    Err(LedgerError::OtherChip { device: asked.device.to_string(), done, here })
}

fn replace(work: &mut Work<'_>, row: i64, reason: &str) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("UPDATE chips SET state = 'replaced', reason = ?2, changed = ?3 WHERE row = ?1")?
        .execute(params![row, reason, work.now_text()])?;
    work.touch(Table::Chips, row);
    Ok(())
}

/// Takes a chip away from the device it is bound to, so that `to` may have it: the credentials of the first that left on
/// hardware are revoked, an open delivery to the chip is given up as damaged. Does nothing if the chip is nobody's, or `to`'s.
pub(super) fn release(work: &mut Work<'_>, to: i64, target: &TargetIdentity, reason: &str) -> Result<(), LedgerError> {
    let Some(number) = target.chip_number() else { return Ok(()) };
    let bound = bound(work.conn, number, target.is_hardware())?;
    let Some(bound) = bound.filter(|bound| bound.device_row != to) else { return Ok(()) };
    replace(work, bound.row, reason)?;
    let body = json!({ "target": target, "reason": reason });
    work.record("rework", bound.device.as_str(), None, body)?;
    for open in opened_on(work, bound.device_row, target)? {
        unfinished::refuse_if_under_way(work, Some(&open))?;
        unfinished::end(work, &open, DeliveryState::Damaged)?;
    }
    revoke(work, bound.device_row, &bound.device, &format!("its chip was reworked: {reason}"))?;
    devices::unregister(work, bound.device_row)?;
    if work.has_touched() {
        work.record("device", bound.device.as_str(), None, json!({ "state": "known" }))?;
    }
    Ok(())
}

fn opened_on(work: &Work<'_>, device: i64, target: &TargetIdentity) -> Result<Vec<Delivery>, LedgerError> {
    let mut open = Vec::new();
    deliveries::each(work.conn, "WHERE d.device = ?1 AND d.state = 'open'", [device], |delivery| {
        open.push(delivery);
        Ok(())
    })?;
    open.retain(|delivery| delivery.target.is_same_target(target));
    Ok(open)
}

/// Revokes every credential of a device that left on hardware.
pub(super) fn revoke(work: &mut Work<'_>, device: i64, id: &EndpointName, reason: &str) -> Result<(), LedgerError> {
    for generation in credentials::usable(work.conn, device)? {
        if generation.left_on.is_none() {
            continue;
        }
        credentials::close(work, &generation, GenerationState::Revoked, reason)?;
        let body = json!({ "credential": generation.name, "generation": generation.number, "reason": reason });
        work.record("revoked", id.as_str(), None, body)?;
    }
    Ok(())
}
