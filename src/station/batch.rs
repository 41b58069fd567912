//! Many devices: several at once, each through all steps, one's failure is no other's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::delivery::{Confirm, Event, Progress, Sink};
use crate::fleet::{Class, DevicePlan, Diagnose, EndpointName};
use crate::ledger::Again;

use super::deliver::{Delivered, Delivery};
use super::error::StationError;
use super::open::Station;

/// Opens the sink of the n-th device.
pub type OpenSink<'a> = dyn Fn(usize, &EndpointName) -> Result<Box<dyn Sink>, StationError> + Sync + 'a;
/// Makes the plan of a device.
pub type MakePlan<'a> = dyn Fn(&EndpointName) -> Result<DevicePlan, StationError> + Sync + 'a;

/// What came of one device of a batch.
#[derive(Debug)]
pub struct Outcome {
    /// The device's place in the batch, from 0.
    pub index: usize,
    /// The device.
    pub device: EndpointName,
    /// Its delivery's name.
    pub delivery: String,
    /// Done, or why not.
    pub result: Result<Delivered, StationError>,
}

/// The sum of a batch.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Deliveries made now.
    pub made: usize,
    /// Deliveries that were done before.
    pub before: usize,
    /// Devices that failed, one class each.
    pub failures: Vec<Class>,
    /// Devices not begun, because somebody asked us to stop.
    pub untouched: usize,
}

/// Devices to be delivered.
pub struct Batch<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// The devices, in order.
    pub devices: &'a [EndpointName],
    /// Makes each device's plan when its turn comes, so that a large fleet is never held in memory as plans.
    pub plan: &'a MakePlan<'a>,
    /// Opens each device's sink.
    pub open: &'a OpenSink<'a>,
    /// Gives the leave to write.
    pub confirm: &'a dyn Confirm,
    /// Repeat finished deliveries.
    pub again: Option<Again>,
    /// How many devices at once, at least 1.
    pub jobs: usize,
    /// Hears of every step.
    pub progress: &'a dyn Progress,
}

impl Batch<'_> {
    /// Takes every device through, `jobs` at once; `each` hears of every outcome, in the order they come, on this thread.
    pub fn run(&self, each: &mut dyn FnMut(Outcome)) -> Verdict {
        self.progress.event(Event::Batch { total: self.devices.len() });
        let next = AtomicUsize::new(0);
        let (sender, outcomes) = mpsc::channel();
        let mut verdict = Verdict::default();
        thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, self.devices.len().max(1)) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || self.work(next, &sender));
            }
            drop(sender);
            for outcome in outcomes {
                verdict.count(&outcome);
                each(outcome);
            }
        });
        verdict.untouched = self.devices.len() - verdict.made - verdict.before - verdict.failures.len();
        verdict
    }

    fn work(&self, next: &AtomicUsize, outcomes: &mpsc::Sender<Outcome>) {
        while self.station.check_interrupt().is_ok() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(device) = self.devices.get(index) else { return };
            let outcome = self.one(index, device);
            self.progress.event(Event::Device { device, ok: outcome.result.is_ok() });
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
    }

    fn one(&self, index: usize, device: &EndpointName) -> Outcome {
        let mut delivery = String::new();
        let result = (self.plan)(device).and_then(|plan| {
            delivery = plan.delivery.name.to_string();
            let mut sink = (self.open)(index, device)?;
            let work = Delivery {
                station: self.station,
                plan: &plan,
                again: self.again,
                rework: None,
                confirm: self.confirm,
                progress: self.progress,
                aftercare: None,
            };
            work.run(&mut *sink)
        });
        Outcome { index, device: device.clone(), delivery, result }
    }
}

impl Verdict {
    /// Counts outcomes, and hands each on.
    pub fn of(outcomes: Vec<Outcome>, each: &mut dyn FnMut(Outcome)) -> Self {
        let mut verdict = Self::default();
        for outcome in outcomes {
            verdict.count(&outcome);
            each(outcome);
        }
        verdict
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        match &outcome.result {
            Ok(Delivered::Now { .. }) => self.made += 1,
            Ok(Delivered::Before(_)) => self.before += 1,
            Err(error) => self.failures.push(error.class()),
        }
    }

    /// Returns the class of the whole: none if all is done; one way of failing keeps its class if it struck every device or
    /// is a request to stop; anything else is partial.
    pub fn class(&self, interrupted: Option<Class>) -> Option<Class> {
        if let Some(class) = interrupted.filter(|_| self.untouched > 0) {
            return Some(class);
        }
        let done = std::iter::repeat_n(None, self.made + self.before);
        super::deliver::merge(done.chain(self.failures.iter().copied().map(Some)))
    }
}
