//! Deliveries that this process has in hand, and the order of their steps.

use crate::delivery::Step;

use super::deliveries::{self, Delivery};
use super::work::Work;
use super::{DeliveryState, LedgerError};

/// Returns the delivery if it is open and ours. After a failure it is nobody's until somebody begins again.
pub(super) fn held(work: &Work<'_>, row: i64) -> Result<Delivery, LedgerError> {
    let delivery = deliveries::by_row(work.conn, row)?;
    let ours = delivery.holder.as_deref() == Some(work.around.holder.name());
    if delivery.state != DeliveryState::Open || !ours {
        return Err(LedgerError::ClaimLost { delivery: row });
    }
    Ok(delivery)
}

/// Refuses a step out of order.
pub(super) fn expect(delivery: &Delivery, asked: Step, after: &[Step]) -> Result<(), LedgerError> {
    if after.contains(&delivery.reached) {
        return Ok(());
    }
    let what = format!("step {:?} after {:?} in delivery {}", asked.name(), delivery.reached.name(), delivery.row);
    Err(LedgerError::Misuse { what })
}
