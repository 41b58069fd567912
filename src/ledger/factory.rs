//! What a factory line asks the ledger: whose a chip is, how far its locks are, what a person confirmed.

use rusqlite::{OptionalExtension, params};

use crate::delivery::TargetIdentity;
use crate::fleet::{Digest, EndpointName};

use super::locks::{LockRecord, LockState};
use super::{Ledger, LedgerError, Ticket, chips, devices, locks};

impl Ledger {
    /// Returns the device that a chip is bound to; none for a chip without a number of its own.
    pub fn device_of_chip(&self, target: &TargetIdentity) -> Result<Option<EndpointName>, LedgerError> {
        let Some(number) = target.chip_number().map(ToOwned::to_owned) else { return Ok(None) };
        let hardware = target.is_hardware();
        self.read(|conn| Ok(chips::bound(conn, &number, hardware)?.map(|bound| bound.device)))
    }

    /// Returns true if a chip, on hardware or simulated, is bound to the device by this delivery.
    pub fn has_chip(&self, device: &EndpointName, delivery: &str, hardware: bool) -> Result<bool, LedgerError> {
        let (device, delivery) = (device.folded(), delivery.to_owned());
        self.read(|conn| {
            let Some((device, _)) = devices::find(conn, &device)? else { return Ok(false) };
            let mut statement = conn.prepare_cached(
                "SELECT 1 FROM chips WHERE device = ?1 AND delivery = ?2 AND hardware = ?3 AND state = 'bound'",
            )?;
            Ok(statement.exists(params![device, delivery, hardware])?)
        })
    }

    /// Returns true if a key may not serve `device` (any more): it is another's, or its credential was retired or revoked.
    pub fn is_spent(&self, fingerprint: Digest, device: &EndpointName) -> Result<bool, LedgerError> {
        let folded = device.folded();
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT 1 FROM generations AS g JOIN devices AS d ON d.row = g.device WHERE g.key_fingerprint = ?1
                 AND (d.folded <> ?2 OR g.state NOT IN ('pending', 'active'))",
            )?;
            Ok(statement.exists(params![fingerprint.as_bytes(), folded])?)
        })
    }

    /// Returns the locks of a delivery, in order.
    pub fn locks(&self, ticket: &Ticket) -> Result<Vec<LockRecord>, LedgerError> {
        let row = ticket.delivery;
        self.read(|conn| locks::of(conn, row))
    }

    /// Returns the first lock of a device's open delivery that is neither seen to hold nor known to be unobservable.
    pub fn open_lock(&self, device: &EndpointName) -> Result<Option<String>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT l.name FROM locks AS l JOIN deliveries AS d ON d.row = l.delivery
                 JOIN devices AS v ON v.row = d.device WHERE v.folded = ?1 AND d.state = 'open'
                 AND l.state IN ('intended', 'applied') ORDER BY d.row DESC, l.step LIMIT 1",
            )?;
            Ok(statement.query_row([device.folded()], |row| row.get(0)).optional()?)
        })
    }

    /// Notes how far a lock is, durably: before it is applied, after, and what was seen.
    pub fn lock(&self, ticket: &Ticket, step: usize, state: LockState) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| locks::note(work, row, step, state))
    }

    /// Returns true if every step of a recipe was applied to a simulated chip and seen there, or could not be seen.
    pub fn is_rehearsed(&self, recipe: Digest) -> Result<bool, LedgerError> {
        self.read(|conn| locks::is_rehearsed(conn, &recipe.to_string()))
    }

    /// Returns true if a person confirmed the first article of `batch` for this recipe.
    pub fn is_confirmed(&self, recipe: Digest, batch: &str) -> Result<bool, LedgerError> {
        let recipe = recipe.to_string();
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT 1 FROM confirmations WHERE recipe = ?1 AND batch = ?2")?;
            Ok(statement.exists(params![recipe, batch])?)
        })
    }

    /// Notes that a person confirmed the first article of `batch`: the recipe may be applied to the others.
    pub fn confirm_recipe(&self, ticket: &Ticket, recipe: Digest, batch: &str) -> Result<(), LedgerError> {
        let (row, recipe, batch) = (ticket.delivery, recipe.to_string(), batch.to_owned());
        self.write(move |work| locks::confirm(work, row, &recipe, &batch))
    }
}
