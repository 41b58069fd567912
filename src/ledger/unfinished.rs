//! Open deliveries: who is at them, and how they end without being done.

use serde_json::json;

use super::deliveries::{self, Delivery};
use super::work::Work;
use super::{DeliveryState, LedgerError, times};

/// A delivery is under way if its process runs, and, in this process, if its ticket is out.
pub(super) fn refuse_if_under_way(work: &Work<'_>, open: Option<&Delivery>) -> Result<(), LedgerError> {
    let Some(open) = open else { return Ok(()) };
    if is_under_way(work, open)? {
        return Err(LedgerError::InProgress { device: open.id.clone(), delivery: open.row });
    }
    Ok(())
}

pub(super) fn is_under_way(work: &Work<'_>, delivery: &Delivery) -> Result<bool, LedgerError> {
    if work.around.tickets.is_held(delivery.row) {
        return Ok(true);
    }
    match delivery.holder.as_deref() {
        None => Ok(false),
        Some(name) if name == work.around.holder.name() => Ok(false),
        Some(name) => work.around.holder.is_alive(name),
    }
}

/// Makes the error for hardware that secrets went to already.
pub(super) fn elsewhere(open: &Delivery) -> LedgerError {
    LedgerError::ExposedElsewhere {
        device: open.id.clone(),
        target: open.target.name.clone(),
        since: open.locked.map(times::to_text).unwrap_or_default(),
    }
}

/// Closes a delivery and says so.
pub(super) fn end(work: &mut Work<'_>, open: &Delivery, state: DeliveryState) -> Result<(), LedgerError> {
    deliveries::close(work, open.row, state)?;
    let body = json!({ "reached": open.reached.name(), "target": open.target });
    work.record(state.name(), open.id.as_str(), Some(open.row), body)
}
