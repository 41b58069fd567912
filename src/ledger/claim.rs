//! The answer to "may I make this delivery?": fresh, resume, changed, or done.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;

use crate::delivery::Step;

use super::credentials;
use super::deliveries::{self, Delivery};
use super::devices::{self, Facts};
use super::generation::Generations;
use super::ticket::Asked;
use super::versions::{self, Version};
use super::work::Work;
use super::{
    Again, Claim, DeliveryState, FinishedDelivery, LedgerError, Ticket, again, chips, locks, steps, unfinished,
};

/// Answers without writing if there is nothing left to do and nothing to tidy up.
pub(super) fn nothing_left(conn: &Connection, asked: &Asked) -> Result<Option<FinishedDelivery>, LedgerError> {
    if asked.again.is_some() {
        return Ok(None);
    }
    let Some((device, record)) = devices::find(conn, &asked.device.folded())? else { return Ok(None) };
    devices::refuse_other_case(&asked.device, &record)?;
    devices::refuse_retired(&record)?;
    if deliveries::open_of(conn, device, &asked.delivery)?.is_some() {
        return Ok(None);
    }
    done(conn, device, asked)
}

fn done(conn: &Connection, device: i64, asked: &Asked) -> Result<Option<FinishedDelivery>, LedgerError> {
    let generations = credentials::wanted(conn, Some(device), &asked.shapes)?;
    let Some(version) = versions::matching(conn, device, asked, &generations)? else { return Ok(None) };
    let found = deliveries::done(conn, version.row, &asked.delivery, &asked.target)?;
    found.map(|delivery| delivery.into_finished(version.generations)).transpose()
}

/// Begins, resumes or declines a delivery; the rules are those of the design, section 2.
pub(super) fn begin(work: &mut Work<'_>, asked: &Asked) -> Result<Claim, LedgerError> {
    let device = admit(work, asked)?;
    if let Some(reason) = &asked.rework {
        chips::release(work, device, &asked.target, reason)?;
    }
    let open = deliveries::open_of(work.conn, device, &asked.delivery)?;
    unfinished::refuse_if_under_way(work, open.as_ref())?;
    let open = settle(work, device, open, asked)?;
    let again = asked.again.filter(|again| !continues(open.as_ref(), *again, asked));
    let open = match again {
        Some(again) => again::apply(work, device, open, again, asked)?,
        None => open,
    };
    let misfits = credentials::retire_misfits(work, device, &asked.shapes)?;
    let generations = credentials::wanted(work.conn, Some(device), &asked.shapes)?;
    let version = versions::matching(work.conn, device, asked, &generations)?;
    if let (Some(open), Some(version)) = (&open, &version)
        && open.version == version.row
        && open.target.is_same_target(&asked.target)
    {
        return resume(work, open, version);
    }
    if asked.again.is_none() {
        chips::refuse_second(work.conn, device, asked)?;
    }
    let replaced = open.map(|open| replace(work, open, asked)).transpose()?;
    let nothing_out = replaced.as_ref().is_none_or(|old| !old.is_out());
    if asked.again.is_none()
        && nothing_out
        && let Some(finished) = done(work.conn, device, asked)?
    {
        tidy(work, asked)?;
        return Ok(Claim::Done(Box::new(finished)));
    }
    let version = version.map_or_else(|| versions::insert(work, device, asked, &generations), Ok)?;
    let base = Base { device, again: asked.again, replaced, misfits };
    open_new(work, asked, &version, &base)
}

/// What a new delivery comes after.
struct Base {
    device: i64,
    again: Option<Again>,
    replaced: Option<Delivery>,
    misfits: Vec<String>,
}

fn admit(work: &mut Work<'_>, asked: &Asked) -> Result<i64, LedgerError> {
    let facts = Facts {
        id: &asked.device,
        serial: asked.serial.as_ref(),
        model: asked.model.as_ref(),
        profile: asked.profile.as_ref(),
    };
    devices::admit(work, &facts)
}

/// A delivery that was verified has only its paperwork left, which needs no target: it is finished here, unless the caller
/// is about to resume it.
fn settle(
    work: &mut Work<'_>,
    device: i64,
    open: Option<Delivery>,
    asked: &Asked,
) -> Result<Option<Delivery>, LedgerError> {
    let Some(open) = open else { return Ok(None) };
    if open.reached < Step::Verified || locks::first_open(work.conn, open.row)?.is_some() {
        return Ok(Some(open));
    }
    let generations = credentials::wanted(work.conn, Some(device), &asked.shapes)?;
    let version = versions::matching(work.conn, device, asked, &generations)?;
    let same_target = open.target.is_same_target(&asked.target);
    let same_wish = asked.again.is_none() || asked.again == open.again;
    if same_target && same_wish && version.is_some_and(|version| version.row == open.version) {
        return Ok(Some(open));
    }
    steps::complete(work, &open)?;
    Ok(None)
}

/// A run with `again` that was interrupted and is started once more goes on; it does not revoke a second time.
fn continues(open: Option<&Delivery>, again: Again, asked: &Asked) -> bool {
    open.is_some_and(|open| open.again == Some(again) && (!open.is_out() || open.target.is_same_target(&asked.target)))
}

/// Closes an open delivery that cannot be resumed as it is. Hardware that secrets went to is replaced by itself only.
fn replace(work: &mut Work<'_>, open: Delivery, asked: &Asked) -> Result<Delivery, LedgerError> {
    if open.is_out() && !open.target.is_same_target(&asked.target) {
        return Err(unfinished::elsewhere(&open));
    }
    let state = if open.is_out() { DeliveryState::Superseded } else { DeliveryState::Abandoned };
    unfinished::end(work, &open, state)?;
    Ok(open)
}

/// Facts about the device may have changed although nothing is left to deliver.
fn tidy(work: &mut Work<'_>, asked: &Asked) -> Result<(), LedgerError> {
    if work.has_touched() {
        work.record("device", asked.device.as_str(), None, json!({}))?;
    }
    Ok(())
}

fn resume(work: &mut Work<'_>, open: &Delivery, version: &Version) -> Result<Claim, LedgerError> {
    deliveries::take(work, open.row)?;
    let body = json!({ "reached": open.reached.name(), "version": version.number });
    work.record("resumed", open.id.as_str(), Some(open.row), body)?;
    let states = credentials::states(work.conn, Some(open.device), &version.generations)?;
    let ticket = Ticket {
        delivery: open.row,
        device: open.id.clone(),
        version: version.number,
        credentials: states,
        spool: deliveries::spool(work.conn, open.row)?,
        reached: open.reached,
        changes: Vec::new(),
        created: version.created,
        held: work.around.tickets.hold(open.row),
    };
    if ticket.spool.is_none() && ticket.reached < Step::Verified {
        refuse_without_material(&ticket)?;
    }
    Ok(Claim::Resume(ticket))
}

fn open_new(work: &mut Work<'_>, asked: &Asked, version: &Version, base: &Base) -> Result<Claim, LedgerError> {
    let changes = changes_since(work.conn, asked, version, base)?;
    let locked = base.replaced.as_ref().filter(|old| old.is_out()).and_then(|old| old.locked);
    let row = deliveries::insert(work, base.device, &asked.delivery, version.row, &asked.target, base.again, locked)?;
    let body = json!({
        "name": &*asked.delivery, "version": version.number, "plan": version.plan, "credentials": version.generations,
        "target": asked.target, "again": base.again, "changes": changes, "retired": base.misfits,
    });
    work.record("begin", asked.device.as_str(), Some(row), body)?;
    let ticket = Ticket {
        delivery: row,
        device: asked.device.clone(),
        version: version.number,
        credentials: credentials::states(work.conn, Some(base.device), &version.generations)?,
        spool: None,
        reached: Step::Begin,
        changes,
        created: version.created,
        held: work.around.tickets.hold(row),
    };
    refuse_without_material(&ticket)?;
    Ok(if ticket.changes.is_empty() { Claim::Fresh(ticket) } else { Claim::Changed(ticket) })
}

/// What differs from what the device has, or had begun to get, by way of this delivery.
fn changes_since(conn: &Connection, asked: &Asked, version: &Version, base: &Base) -> Result<Vec<String>, LedgerError> {
    let replaced = base.replaced.as_ref().filter(|old| old.is_out()).map(|old| old.version);
    let finished = || deliveries::last_finished(conn, base.device, &asked.delivery, None);
    let old = match replaced {
        Some(row) => Some(row),
        None => finished()?.map(|delivery| delivery.version),
    };
    match old {
        Some(row) if row != version.row => versions::differences(conn, row, &asked.summary, &version.generations),
        _ => Ok(Vec::new()),
    }
}

/// A bundle has to be rendered: every private part of it must still exist, or be about to be issued.
fn refuse_without_material(ticket: &Ticket) -> Result<(), LedgerError> {
    for credential in &ticket.credentials {
        if credential.issued.as_ref().is_some_and(|issued| issued.material.is_none()) {
            return Err(LedgerError::MaterialDestroyed {
                device: ticket.device.clone(),
                credential: credential.name.to_string(),
                generation: credential.generation,
            });
        }
    }
    Ok(())
}

/// Returns what `asked`'s device already has of a plan's credentials.
pub(super) fn wanted_states(
    conn: &Connection,
    plan: &crate::fleet::DevicePlan,
) -> Result<Vec<super::CredentialState>, LedgerError> {
    let device = devices::find(conn, &plan.device.folded())?;
    if let Some((_, record)) = &device {
        devices::refuse_other_case(&plan.device, record)?;
        devices::refuse_retired(record)?;
    }
    let device = device.map(|(row, _)| row);
    let generations: Generations = credentials::wanted(conn, device, &Arc::clone(&plan.credentials))?;
    credentials::states(conn, device, &generations)
}
