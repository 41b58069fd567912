//! Several chips at once: each slot takes its device through all steps, one's failure is no other's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::delivery::{Event, Sink};
use crate::fleet::EndpointName;

use super::batch::{Outcome, Verdict};
use super::error::StationError;
use super::flash::{Flash, Flashed, Wish};

/// Opens the sink of the n-th job.
pub type OpenChip<'a> = dyn Fn(usize) -> Result<Box<dyn Sink>, StationError> + Sync + 'a;

/// Chips to be flashed side by side.
pub struct Gang<'a> {
    /// How each is flashed.
    pub flash: &'a Flash<'a>,
    /// One for each chip.
    pub wishes: &'a [Wish<'a>],
    /// Opens each chip.
    pub open: &'a OpenChip<'a>,
    /// Name of the delivery, for what is told.
    pub delivery: &'a str,
    /// How many at once, at least 1.
    pub jobs: usize,
}

impl Gang<'_> {
    /// Flashes all of them; `each` hears of every outcome, in the order they come, on this thread, with what was flashed where
    /// that went well. Chips for which nobody waited are left out.
    pub fn run(&self, each: &mut dyn FnMut(Outcome, Option<Flashed>)) -> Verdict {
        self.flash.progress.event(Event::Batch { total: self.wishes.len() });
        let next = AtomicUsize::new(0);
        let (sender, outcomes) = mpsc::channel();
        let mut verdict = Verdict::default();
        let mut idle = 0;
        thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, self.wishes.len().max(1)) {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || self.work(next, &sender));
            }
            drop(sender);
            for outcome in outcomes {
                match outcome {
                    Some((outcome, flashed)) => {
                        verdict.count(&outcome);
                        each(outcome, flashed);
                    }
                    None => idle += 1,
                }
            }
        });
        verdict.untouched = self.wishes.len() - idle - verdict.made - verdict.before - verdict.failures.len();
        verdict
    }

    fn work(&self, next: &AtomicUsize, outcomes: &mpsc::Sender<Option<(Outcome, Option<Flashed>)>>) {
        while self.flash.station.check_interrupt().is_ok() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(wish) = self.wishes.get(index) else { return };
            if outcomes.send(self.one(index, wish)).is_err() {
                return;
            }
        }
    }

    fn one(&self, index: usize, wish: &Wish<'_>) -> Option<(Outcome, Option<Flashed>)> {
        let flashed = (self.open)(index).and_then(|mut sink| self.flash.run(wish, &mut *sink));
        let (device, result, flashed) = match flashed {
            Ok(None) => return None,
            Ok(Some((flashed, delivered))) => (flashed.device.clone(), Ok(delivered), Some(flashed)),
            Err(error) => (name_of(index, wish), Err(error), None),
        };
        self.flash.progress.event(Event::Device { device: &device, ok: result.is_ok() });
        Some((Outcome { index, device, delivery: self.delivery.to_owned(), result }, flashed))
    }
}

/// A chip that failed before it was known whose it is goes by its slot.
fn name_of(index: usize, wish: &Wish<'_>) -> EndpointName {
    match wish {
        Wish::Device(device) => device.clone(),
        Wish::Next(_) => EndpointName::new(&format!("slot-{}", index + 1)).expect("a plain name"),
    }
}
