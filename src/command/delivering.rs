//! What `write` and `render` share: devices paired with targets and delivered.

use std::collections::BTreeSet;

use anyhow::Context as _;

use crate::delivery::Confirm;
use crate::fleet::{DevicePlan, EndpointName, Recipient};
use crate::ledger::Again;
use crate::station::{self, Batch, Station, StationError, TargetSpec, Together, Verdict};
use crate::ui::Drawing;
use crate::ui::closing::Closing;
use crate::ui::measure::count;

use super::{Context, Status};

/// How many files of this station are written at once for each processor: they wait for the disk most of the time.
const JOBS_FOR_EACH_PROCESSOR: usize = 32;

/// Devices and where they go.
pub struct Work<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// The devices, in order.
    pub devices: &'a [EndpointName],
    /// One target that takes them all, or one for each.
    pub targets: &'a [TargetSpec],
    /// Which delivery, where a profile has several.
    pub delivery: Option<&'a str>,
    /// Repeat what is done, and why.
    pub again: Option<Again>,
    /// How many at a time, where that was said.
    pub jobs: Option<usize>,
    /// Eject drives when they are done.
    pub eject: bool,
    /// All devices on one medium.
    pub together: bool,
}

impl Work<'_> {
    /// Delivers, with progress, receipts and a closing table.
    pub fn run(&self, context: &Context, confirm: &dyn Confirm) -> anyhow::Result<Status> {
        pair(self.devices.len(), self.targets, self.together)?;
        self.resolve_secrets()?;
        if self.together { self.on_one(context, confirm) } else { self.on_each(context, confirm) }
    }

    /// All devices on one medium: a failure is that of the whole.
    fn on_one(&self, context: &Context, confirm: &dyn Confirm) -> anyhow::Result<Status> {
        let Some(first) = self.devices.first() else { return Err(StationError::NoDevice.into()) };
        let target = self.target(0);
        target.prepare(std::slice::from_ref(first))?;
        let slots = self.station.folder().fleet.slots();
        let mut sink = target.sink(first, &context.machine(), slots, self.eject)?;
        let drawing = Drawing::new(&context.printer);
        let together = Together {
            station: self.station,
            devices: self.devices,
            plan: &|device| self.plan(device),
            confirm,
            again: self.again,
            progress: &drawing,
        };
        let outcomes = together.run(&mut *sink);
        drop(drawing);
        let what = || format!("delivering {} on one medium", count(self.devices.len(), "device"));
        let mut closing = Closing::new(&context.printer, self.devices.len());
        let verdict = Verdict::of(outcomes.with_context(what)?, &mut |outcome| closing.outcome(outcome));
        closing.end(&verdict);
        Ok(Status::Done)
    }

    fn on_each(&self, context: &Context, confirm: &dyn Confirm) -> anyhow::Result<Status> {
        for (index, target) in self.targets.iter().enumerate() {
            target.prepare(if self.targets.len() == 1 { self.devices } else { &self.devices[index..=index] })?;
        }
        let machine = context.machine();
        let slots = self.station.folder().fleet.slots();
        let drawing = Drawing::new(&context.printer);
        let batch = Batch {
            station: self.station,
            devices: self.devices,
            plan: &|device| self.plan(device),
            open: &|index, device| self.target(index).sink(device, &machine, slots, self.eject),
            confirm,
            again: self.again,
            jobs: self.jobs(),
            progress: &drawing,
        };
        let mut closing = Closing::new(&context.printer, self.devices.len());
        let verdict = batch.run(&mut |outcome| closing.outcome(outcome));
        drop(drawing);
        closing.end(&verdict);
        if verdict.untouched > 0 {
            context.printer.warn("interrupted; the same command goes on from here");
        }
        Ok(verdict.class(context.interrupt.asked()).map_or(Status::Done, Status::Ended))
    }

    fn plan(&self, device: &EndpointName) -> Result<DevicePlan, StationError> {
        Ok(self.station.folder().fleet.plan(device, self.delivery)?)
    }

    /// Every plan is made once before the first device is begun, so that an unknown delivery or a secret that cannot be
    /// had stops the batch before anything is written.
    fn resolve_secrets(&self) -> Result<(), StationError> {
        let (mut wanted, mut recipients) = (BTreeSet::new(), BTreeSet::new());
        for device in self.devices {
            let plan = self.plan(device)?;
            wanted.extend(plan.secrets().cloned());
            let shared = plan.addressee.recipients.iter().filter(|recipient| !matches!(recipient, Recipient::Age(_)));
            recipients.extend(shared.cloned());
        }
        self.station.resolve_secrets(&wanted)?;
        station::seal::check(self.station, &recipients)
    }

    fn target(&self, index: usize) -> &TargetSpec {
        &self.targets[if self.targets.len() == 1 { 0 } else { index }]
    }

    fn jobs(&self) -> usize {
        if self.targets.iter().any(TargetSpec::is_drive) {
            return self.targets.len();
        }
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.unwrap_or(processors * JOBS_FOR_EACH_PROCESSOR)
    }
}

/// Fails unless there is one target for each device, or one for all; `together` wants one that is a single medium.
pub fn pair(devices: usize, targets: &[TargetSpec], together: bool) -> Result<(), StationError> {
    if together {
        return match targets {
            [one] if one.takes_many() => Err(StationError::NotOne { target: one.words() }),
            [_] => Ok(()),
            many => Err(StationError::Pairing { devices, targets: many.len() }),
        };
    }
    let one_for_all = targets.len() == 1 && (devices <= 1 || targets[0].takes_many());
    if one_for_all || (devices == targets.len() && !targets.iter().any(TargetSpec::takes_many)) {
        return Ok(());
    }
    Err(StationError::Pairing { devices, targets: targets.len() })
}
