//! A delivery made once more: what a lost, a damaged or a second medium means for the credentials.

use serde_json::json;

use super::credentials;
use super::deliveries::Delivery;
use super::ticket::Asked;
use super::work::Work;
use super::{Again, DeliveryState, GenerationState, LedgerError, chips, unfinished};

/// Applies `again` to the device's credentials and to its open delivery; returns the latter if it is still open.
pub(super) fn apply(
    work: &mut Work<'_>,
    device: i64,
    open: Option<Delivery>,
    again: Again,
    asked: &Asked,
) -> Result<Option<Delivery>, LedgerError> {
    match again {
        Again::Lost => {
            close(work, open, DeliveryState::Lost)?;
            revoke(work, device, asked)?;
            Ok(None)
        }
        Again::Damaged => {
            close(work, open, DeliveryState::Damaged)?;
            if asked.target.is_chip() {
                // What went into a chip stays in it: nobody wipes a broken one.
                chips::revoke(work, device, &asked.device, "its chip was damaged")?;
            }
            replace(work, device, asked)?;
            Ok(None)
        }
        Again::Copy => copy(open, asked),
    }
}

fn close(work: &mut Work<'_>, open: Option<Delivery>, state: DeliveryState) -> Result<(), LedgerError> {
    let Some(open) = open else { return Ok(()) };
    let state = if open.exposed.is_some() || open.is_out() { state } else { DeliveryState::Abandoned };
    unfinished::end(work, &open, state)
}

/// Whoever finds the medium has these secrets. What was only written to a file of the station counts too: that is what a
/// person copied to the medium that is reported lost. What never left serves on.
fn revoke(work: &mut Work<'_>, device: i64, asked: &Asked) -> Result<(), LedgerError> {
    for generation in credentials::usable(work.conn, device)? {
        if !asked.shapes.contains_key(generation.name.as_str()) || generation.left_on.is_none() {
            continue;
        }
        credentials::close(work, &generation, GenerationState::Revoked, "its medium was reported lost")?;
        let body = json!({ "credential": generation.name, "generation": generation.number, "reason": "lost" });
        work.record("revoked", asked.device.as_str(), None, body)?;
    }
    Ok(())
}

/// The broken medium is in our hands: the same generation goes once more, unless its private half is gone.
fn replace(work: &mut Work<'_>, device: i64, asked: &Asked) -> Result<(), LedgerError> {
    for generation in credentials::usable(work.conn, device)? {
        if !asked.shapes.contains_key(generation.name.as_str()) || generation.has_material {
            continue;
        }
        credentials::close(work, &generation, GenerationState::Retired, "superseded: its medium was damaged")?;
        let body = json!({ "credential": generation.name, "generation": generation.number, "reason": "damaged" });
        work.record("retired", asked.device.as_str(), None, body)?;
    }
    Ok(())
}

/// A copy comes after a first: one that is half written elsewhere must be finished, or given up as lost or damaged.
fn copy(open: Option<Delivery>, asked: &Asked) -> Result<Option<Delivery>, LedgerError> {
    match open {
        Some(open) if open.is_out() && !open.target.is_same_target(&asked.target) => Err(unfinished::elsewhere(&open)),
        other => Ok(other),
    }
}
