//! What a target holds of devices that are not written now.

use std::collections::BTreeSet;
use std::path::Path;

use crate::delivery::{SinkError, TargetIdentity};
use crate::fleet::EndpointName;
use crate::ledger::{DeliveryState, Ledger, LedgerError, Lying};

use super::error::StationError;

/// Most devices that are named; more are counted.
const MOST_NAMES: usize = 20;

/// A file of this station holds who was put there: other devices' bundles are not overwritten by a slip in a path.
pub(super) fn refuse_file_of_others(
    ledger: &Ledger,
    target: &TargetIdentity,
    written: &BTreeSet<&EndpointName>,
) -> Result<(), StationError> {
    if target.is_hardware() || !Path::new(&target.path).exists() {
        return Ok(());
    }
    let hint = if target.is_chip() {
        "to give it to another device say why: --rework REASON (revokes the credentials of the first)"
    } else {
        "remove it, or name another place"
    };
    let finished = ledger.finished_on(target)?;
    let Some(other) = finished.iter().find(|finished| !written.contains(&finished.device)) else { return Ok(()) };
    Err(SinkError::Refused {
        target: target.name.clone(),
        reason: format!("it holds the bundle of device {:?}", other.device.as_str()),
        hint: Some(hint.to_owned()),
    }
    .into())
}

/// Returns a line for each other device whose bundle lies on the target and is lost when it is written. Hardware may go
/// round: a delivery that was finished stays finished, one that was interrupted is resumed on this target only.
pub(super) fn losses(
    ledger: &Ledger,
    target: &TargetIdentity,
    written: &BTreeSet<&EndpointName>,
) -> Result<Vec<String>, LedgerError> {
    let mut lying = ledger.lying_on(target)?;
    lying.retain(|lying| !written.contains(&lying.device));
    lying.retain(|lying| matches!(lying.state, DeliveryState::Finished | DeliveryState::Open));
    let mut lines: Vec<String> = lying.iter().take(MOST_NAMES).map(words).collect();
    if lying.len() > MOST_NAMES {
        lines.push(format!("... and the bundles of {} more devices", lying.len() - MOST_NAMES));
    }
    Ok(lines)
}

fn words(lying: &Lying) -> String {
    let (device, since) = (lying.device.as_str(), lying.since.date());
    if lying.state == DeliveryState::Open {
        return format!("the interrupted delivery of {device:?}, which only this target resumes");
    }
    format!("the bundle of {device:?}, version {}, delivered {since} and not written again now", lying.version)
}
