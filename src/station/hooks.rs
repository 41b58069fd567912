//! The hooks of a delivery at work on one device.

use std::path::Path;

use crate::delivery::TargetIdentity;
use crate::fleet::DevicePlan;
use crate::fleet::factory::HookStep;

use super::error::StationError;
use super::hook::{self, HookContext, HookPlace};
use super::open::Station;
use super::trust::Trust;

/// What every hook of a run is given.
pub struct Hooks<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// What this station trusts.
    pub trust: Trust,
    /// The folder that is the hooks' home.
    pub home: &'a Path,
    /// The open batch, empty outside of one.
    pub batch: String,
}

impl Hooks<'_> {
    /// Runs the hook of a step, where the device's delivery has one; a no is an error.
    pub fn run(&self, step: HookStep, plan: &DevicePlan, target: Option<&TargetIdentity>) -> Result<(), StationError> {
        let Some(spec) = plan.delivery.carrier.factory().and_then(|factory| factory.hook(step)) else { return Ok(()) };
        let place = HookPlace { root: &self.station.folder().root, home: self.home };
        hook::run(spec, &self.context(step, plan, target), &self.trust, place)?;
        Ok(())
    }

    fn context(&self, step: HookStep, plan: &DevicePlan, target: Option<&TargetIdentity>) -> HookContext {
        let chip = target.and_then(|target| target.chip.as_ref());
        let port = target.and_then(|target| target.port.as_deref());
        let slots = self.station.folder().fleet.slots();
        HookContext {
            step: step.name().to_owned(),
            device: plan.device.to_string(),
            serial: plan.serial.as_ref().map(ToString::to_string),
            uid: chip.and_then(|chip| chip.uid.clone()),
            mac: chip.and_then(|chip| chip.mac.clone()),
            chip: chip.map(|chip| chip.name.clone()),
            slot: slots.iter().find(|(_, own)| Some(&***own) == port).map(|(slot, _)| *slot),
            batch: Some(self.batch.clone()).filter(|batch| !batch.is_empty()),
        }
    }
}
