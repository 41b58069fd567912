//! Several deliveries that go to one target at once: each keeps its own record, every step is one transaction for all.

use std::collections::BTreeSet;

use time::Duration;

use serde_json::json;

use crate::delivery::{Receipt, Step, TargetIdentity};

use super::deliveries::{self, Delivery};
use super::ticket::Asked;
use super::work::Work;
use super::{Beginning, Claim, Ledger, LedgerError, Ticket, claim, credentials, steps, times, versions};

impl Ledger {
    /// Asks to make several deliveries to one target (step 3 of the path): all of them are begun, or none is. The answers
    /// are in the order asked; each follows the rules of [`Ledger::begin`].
    pub fn begin_all(&self, beginnings: &[Beginning<'_>]) -> Result<Vec<Claim>, LedgerError> {
        let asked: Vec<Asked> = beginnings.iter().map(Asked::new).collect();
        self.write(move |work| asked.iter().map(|asked| claim::begin(work, asked)).collect())
    }

    /// Binds all of them to the target's own identity (step 4).
    pub fn bind_all(&self, tickets: &[Ticket], target: &TargetIdentity) -> Result<(), LedgerError> {
        let (rows, target) = (rows_of(tickets), target.clone());
        self.write(move |work| rows.iter().try_for_each(|row| steps::bind(work, *row, &target)))
    }

    /// Says that the first secret byte of all of them is about to leave (step 6); from now on the target holds these.
    pub fn exposed_all(&self, tickets: &[Ticket]) -> Result<(), LedgerError> {
        let rows = rows_of(tickets);
        self.write(move |work| exposed(work, &rows))
    }

    /// Takes the proof of each (step 7); `receipts` are in the order of the tickets.
    pub fn verified_all(&self, tickets: &[Ticket], receipts: Vec<Receipt>) -> Result<(), LedgerError> {
        if tickets.len() != receipts.len() {
            let what = format!("{} receipts for {} deliveries", receipts.len(), tickets.len());
            return Err(LedgerError::Misuse { what });
        }
        let rows = rows_of(tickets);
        let proven = move |work: &mut Work<'_>| {
            let mut pairs = rows.iter().zip(&receipts);
            pairs.try_for_each(|(row, receipt)| steps::verified(work, *row, receipt))
        };
        self.write(proven)
    }

    /// Records all devices and ends all deliveries (steps 8 and 9).
    pub fn conclude_all(&self, tickets: Vec<Ticket>) -> Result<(), LedgerError> {
        let rows = rows_of(&tickets);
        let concluded = self.write(move |work| rows.iter().try_for_each(|row| steps::conclude(work, *row)));
        drop(tickets);
        concluded
    }
}

fn rows_of(tickets: &[Ticket]) -> Vec<i64> {
    tickets.iter().map(|ticket| ticket.delivery).collect()
}

/// Notes that the secrets of these deliveries, and of no others, are on their target from now on.
///
/// All get the same time, later than that of whatever went to this target before: by it the ledger knows what lies on a
/// target together. Said again of the same deliveries it does nothing.
pub(super) fn exposed(work: &mut Work<'_>, rows: &[i64]) -> Result<(), LedgerError> {
    let held = rows.iter().map(|row| steps::held(work, *row)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = held.first() else { return Ok(()) };
    refuse_several_targets(first, &held)?;
    let before = deliveries::last_on(work.conn, &first.target)?;
    if is_said_already(&held, &before) {
        return Ok(());
    }
    let latest = before.iter().filter_map(|delivery| delivery.exposed).max();
    let now = times::from_text(&work.now_text())?;
    let at = times::to_text(latest.map_or(now, |latest| now.max(latest + Duration::MICROSECOND)));
    held.iter().try_for_each(|delivery| expose(work, delivery, &at))
}

fn expose(work: &mut Work<'_>, delivery: &Delivery, at: &str) -> Result<(), LedgerError> {
    steps::expect(delivery, Step::Exposed, &[Step::Sealed, Step::Exposed])?;
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
