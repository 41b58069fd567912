//! Locks and other steps that cannot be taken back: noted before, applied, looked at, noted after.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::delivery::{Locks, Observation, Sink, TargetIdentity};
use crate::fleet::recipe::LockStep;
use crate::fleet::{DevicePlan, Digest, EndpointName};
use crate::ledger::{LockPlan, LockRecord, LockState, Ticket};

use super::error::StationError;
use super::flash_error::FlashError;
use super::open::Station;
use super::recipe::{self, RecipeError};

/// Asks a person to confirm the first article of a batch. Nothing but a person answers it.
pub trait ConfirmLock: Send + Sync {
    /// Returns `Ok` for yes.
    fn confirm(
        &self,
        device: &EndpointName,
        target: &TargetIdentity,
        locking: &Locking<'_>,
    ) -> Result<(), StationError>;
}

/// The recipes of a batch, each opened once: devices of different profiles have different ones, and some have none.
pub struct Recipes<'a> {
    batch: String,
    confirm: &'a dyn ConfirmLock,
    opened: Mutex<BTreeMap<Key, Arc<Locking<'a>>>>,
}

/// Path of the recipe, the chip, and whether a lock passes that nothing can show.
type Key = (Arc<str>, Arc<str>, bool);

impl<'a> Recipes<'a> {
    /// Opens none yet. `batch` is the one that is open, empty outside of one.
    pub fn new(batch: &str, confirm: &'a dyn ConfirmLock) -> Self {
        Self { batch: batch.to_owned(), confirm, opened: Mutex::default() }
    }

    /// Returns the locks of a plan's recipe, its signature and its chip checked; `None` where it names none.
    pub fn of(&self, station: &Station, plan: &DevicePlan) -> Result<Option<Arc<Locking<'a>>>, RecipeError> {
        let Some(factory) = plan.delivery.carrier.factory() else { return Ok(None) };
        let Some(lock) = &factory.lock else { return Ok(None) };
        let key = (Arc::clone(lock), Arc::clone(&factory.chip), factory.unobservable_passes);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(locking) = opened.get(&key) {
            return Ok(Some(Arc::clone(locking)));
        }
        let Some(locking) = open(station, plan, &self.batch, self.confirm)? else { return Ok(None) };
        let locking = Arc::new(locking);
        opened.insert(key, Arc::clone(&locking));
        Ok(Some(locking))
    }
}

fn open<'a>(
    station: &Station,
    plan: &DevicePlan,
    batch: &str,
    confirm: &'a dyn ConfirmLock,
) -> Result<Option<Locking<'a>>, RecipeError> {
    let Some(factory) = plan.delivery.carrier.factory() else { return Ok(None) };
    let Some(lock) = &factory.lock else { return Ok(None) };
    let keys = recipe::keys(station.folder(), Some(station))?;
    let signed = recipe::open(&station.folder().root.join(&**lock), &keys)?;
    signed.check_chip(&factory.chip)?;
    Ok(Some(Locking {
        name: signed.recipe.name,
        digest: signed.digest,
        steps: signed.recipe.steps,
        unobservable_passes: factory.unobservable_passes,
        batch: batch.to_owned(),
        confirm,
    }))
}

/// A signed recipe at work.
pub struct Locking<'a> {
    /// Name of the recipe, for a person.
    pub name: String,
    /// Digest of the recipe as it was signed.
    pub digest: Digest,
    /// Its steps.
    pub steps: Vec<LockStep>,
    /// True if a lock passes that nothing can show.
    pub unobservable_passes: bool,
    /// The batch whose first article is confirmed; empty outside of one.
    pub batch: String,
    /// Asks for that.
    pub confirm: &'a dyn ConfirmLock,
}

impl Locking<'_> {
    /// Returns what the ledger is told to expect.
    pub fn plan(&self) -> LockPlan {
        LockPlan { recipe: self.digest, steps: self.steps.iter().map(|step| step.name.clone()).collect() }
    }

    /// Refuses hardware that the recipe may not be applied to yet: before the first byte is written, not after.
    ///
    /// A recipe is applied to hardware only after it went well on a simulated chip.
    pub fn check(&self, station: &Station, target: &TargetIdentity) -> Result<(), StationError> {
        if !target.is_hardware() || station.ledger().is_rehearsed(self.digest)? {
            return Ok(());
        }
        Err(FlashError::NotRehearsed { recipe: self.name.clone() }.into())
    }

    /// Brings every lock of the delivery to its end. What holds already is not applied again.
    pub fn settle(
        &self,
        station: &Station,
        ticket: &Ticket,
        target: &TargetIdentity,
        sink: &mut dyn Sink,
    ) -> Result<(), StationError> {
        let ledger = station.ledger();
        let open: Vec<LockRecord> =
            ledger.locks(ticket)?.into_iter().filter(|lock| !lock.is_hook() && !lock.state.is_settled()).collect();
        if open.is_empty() {
            return Ok(());
        }
        let steps = open.iter().map(|lock| self.step(lock)).collect::<Result<Vec<_>, _>>()?;
        self.check(station, target)?;
        self.confirm_first(station, ticket, target)?;
        let locks = sink.locks().ok_or_else(|| FlashError::CannotLock { target: target.name.clone() })?;
        for (lock, step) in open.iter().zip(steps) {
            self.one(station, ticket, lock, step, locks)?;
        }
        Ok(())
    }

    /// Returns the step that the ledger noted: of the very recipe that the delivery was begun with.
    fn step(&self, lock: &LockRecord) -> Result<&LockStep, FlashError> {
        let own = self.steps.get(lock.step).filter(|step| lock.recipe == self.digest && step.name == lock.name);
        own.ok_or_else(|| FlashError::OtherRecipe { recipe: self.name.clone() })
    }

    fn confirm_first(&self, station: &Station, ticket: &Ticket, target: &TargetIdentity) -> Result<(), StationError> {
        let ledger = station.ledger();
        if !target.is_hardware() || ledger.is_confirmed(self.digest, &self.batch)? {
            return Ok(());
        }
        self.confirm.confirm(&ticket.device, target, self)?;
        Ok(ledger.confirm_recipe(ticket, self.digest, &self.batch)?)
    }

    fn one(
        &self,
        station: &Station,
        ticket: &Ticket,
        lock: &LockRecord,
        step: &LockStep,
        locks: &mut dyn Locks,
    ) -> Result<(), StationError> {
        let ledger = station.ledger();
        let before = locks.observe(step)?;
        let unseen_but_applied = before == Observation::Unobservable && lock.state == LockState::Applied;
        if before != Observation::Holds && !unseen_but_applied {
            locks.apply(step)?;
            ledger.lock(ticket, lock.step, LockState::Applied)?;
        }
        match locks.observe(step)? {
            Observation::Holds => Ok(ledger.lock(ticket, lock.step, LockState::Observed)?),
            Observation::Unobservable if self.unobservable_passes => {
                Ok(ledger.lock(ticket, lock.step, LockState::Unobservable)?)
            }
            Observation::Unobservable => Err(FlashError::Unobserved { lock: step.name.clone() }.into()),
            Observation::Open => Err(FlashError::NotLocked { lock: step.name.clone() }.into()),
        }
    }
}
