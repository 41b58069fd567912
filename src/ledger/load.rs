//! What lies on a target together: deliveries whose secrets left at one time.

use std::collections::BTreeSet;

use serde_json::json;
use time::Duration;

use crate::delivery::Step;

use super::deliveries::{self, Delivery};
use super::work::Work;
use super::{LedgerError, credentials, held, times, versions};

/// Notes that the secrets of these deliveries, and of no others, are on their target from now on.
///
/// All get the same time, later than that of whatever went to this target before: by it the ledger knows what lies on a
/// target together. Said again of the same deliveries it does nothing.
pub(super) fn exposed(work: &mut Work<'_>, rows: &[i64]) -> Result<(), LedgerError> {
    let all = rows.iter().map(|row| held::held(work, *row)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = all.first() else { return Ok(()) };
    refuse_several_targets(first, &all)?;
    let before = deliveries::last_on(work.conn, &first.target)?;
    if is_said_already(&all, &before) {
        return Ok(());
    }
    let latest = before.iter().filter_map(|delivery| delivery.exposed).max();
    let now = times::from_text(&work.now_text())?;
    let at = times::to_text(latest.map_or(now, |latest| now.max(latest + Duration::MICROSECOND)));
    all.iter().try_for_each(|delivery| expose(work, delivery, &at))
}

fn expose(work: &mut Work<'_>, delivery: &Delivery, at: &str) -> Result<(), LedgerError> {
    held::expect(delivery, Step::Exposed, &[Step::Sealed, Step::Exposed])?;
    let version = versions::by_row(work.conn, delivery.version)?;
    credentials::leave(work, delivery.device, &version.generations, delivery.target.is_hardware())?;
    deliveries::expose(work, delivery.row, at)?;
    work.record("exposed", delivery.id.as_str(), Some(delivery.row), json!({ "target": delivery.target }))
}

fn refuse_several_targets(first: &Delivery, all: &[Delivery]) -> Result<(), LedgerError> {
    match all.iter().find(|other| !other.target.is_same_target(&first.target)) {
        None => Ok(()),
        Some(other) => {
            let what = format!("deliveries {} and {} have two targets", first.row, other.row);
            Err(LedgerError::Misuse { what })
        }
    }
}

fn is_said_already(held: &[Delivery], last: &[Delivery]) -> bool {
    let rows = |deliveries: &[Delivery]| deliveries.iter().map(|delivery| delivery.row).collect::<BTreeSet<_>>();
    held.iter().all(|delivery| delivery.reached == Step::Exposed) && rows(held) == rows(last)
}
