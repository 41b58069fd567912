//! Several deliveries that go to one target at once: each keeps its own record, every step is one transaction for all.

use crate::delivery::{Receipt, TargetIdentity};

use super::ticket::Asked;
use super::work::Work;
use super::{Beginning, Claim, Ledger, LedgerError, Ticket, claim, load, steps};

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
        self.write(move |work| load::exposed(work, &rows))
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
            pairs.try_for_each(|(row, receipt)| steps::verified(work, *row, receipt, None))
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
