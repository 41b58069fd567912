//! What a chip still goes through after it was read back: hooks, locks, its first boot. Noted in the ledger with the proof, so
//! that no unit is done without them, however often the power fails.

use std::sync::Arc;

use crate::delivery::{Sink, TargetIdentity};
use crate::fleet::factory::HookStep;
use crate::fleet::{DevicePlan, Digest};
use crate::ledger::{LockPlan, LockState, Ticket};

use super::error::StationError;
use super::hooks::Hooks;
use super::locking::Locking;
use super::open::Station;

/// Everything after the read-back.
#[derive(Default)]
pub struct Aftercare<'a> {
    /// The locks of the delivery's recipe.
    pub locking: Option<Arc<Locking<'a>>>,
    /// The delivery's hooks.
    pub hooks: Option<&'a Hooks<'a>>,
}

impl Aftercare<'_> {
    /// Returns what the ledger is told to expect; nothing if there is nothing.
    pub fn plan(&self, plan: &DevicePlan) -> Option<LockPlan> {
        let hooks = self.steps(plan);
        let locks = self.locking.as_ref().map(|locking| locking.plan());
        if hooks.is_empty() && locks.is_none() {
            return None;
        }
        let mut all = locks.unwrap_or(LockPlan { recipe: Digest::of(b""), steps: Vec::new() });
        all.steps.extend(hooks.iter().map(|step| step.row_name()));
        Some(all)
    }

    /// Returns the hooks that come after the read-back.
    fn steps(&self, plan: &DevicePlan) -> Vec<HookStep> {
        let Some(factory) = plan.delivery.carrier.factory().filter(|_| self.hooks.is_some()) else { return Vec::new() };
        let after = [HookStep::AfterWrite, HookStep::AfterBoot];
        after.into_iter().filter(|step| factory.hook(*step).is_some()).collect()
    }

    /// Refuses what could not be carried through, before the first byte is written.
    pub fn check(&self, station: &Station, target: &TargetIdentity) -> Result<(), StationError> {
        self.locking.as_ref().map_or(Ok(()), |locking| locking.check(station, target))
    }

    /// Brings everything to its end that is not at it: the hook after the write, the locks, the chip's first boot.
    pub fn settle(
        &self,
        station: &Station,
        plan: &DevicePlan,
        ticket: &Ticket,
        target: &TargetIdentity,
        sink: &mut dyn Sink,
    ) -> Result<(), StationError> {
        self.hook(HookStep::AfterWrite, station, plan, ticket, target)?;
        if let Some(locking) = &self.locking {
            locking.settle(station, ticket, target, sink)?;
        }
        if Self::open_hook(HookStep::AfterBoot, station, ticket)?.is_some() {
            sink.release()?;
        }
        self.hook(HookStep::AfterBoot, station, plan, ticket, target)
    }

    fn open_hook(step: HookStep, station: &Station, ticket: &Ticket) -> Result<Option<usize>, StationError> {
        let name = step.row_name();
        let open = station.ledger().locks(ticket)?;
        Ok(open.into_iter().find(|row| row.name == name && !row.state.is_settled()).map(|row| row.step))
    }

    fn hook(
        &self,
        step: HookStep,
        station: &Station,
        plan: &DevicePlan,
        ticket: &Ticket,
        target: &TargetIdentity,
    ) -> Result<(), StationError> {
        let (Some(row), Some(hooks)) = (Self::open_hook(step, station, ticket)?, self.hooks) else { return Ok(()) };
        hooks.run(step, plan, Some(target))?;
        Ok(station.ledger().lock(ticket, row, LockState::Observed)?)
    }
}
