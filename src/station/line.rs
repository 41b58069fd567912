//! The technician's loop at one slot: a unit comes, becomes a device, is taken out; then the next. No terminal here.

use std::path::PathBuf;
use std::time::Duration;

use crate::delivery::{Event, Progress, Step, TargetIdentity};
use crate::fleet::{DevicePlan, Diagnose, EndpointName};
use crate::host::Machine;

use super::batch::MakePlan;
use super::bay::Bay;
use super::deliver::{Delivered, Delivery};
use super::error::StationError;
use super::flash::{Flash, Wish};
use super::flash_error::FlashError;
use super::hooks::Hooks;
use super::label;
use super::line_control::{Came, Control, Turn};
use super::locking::{ConfirmLock, Locking, Recipes};
use super::open::Station;
use super::trust::Trust;

/// What a slot has to say.
#[derive(Debug)]
pub enum News {
    /// It is empty; with `scan` a label is wanted first.
    Waiting {
        /// True if a label has to be scanned before a unit is taken.
        scan: bool,
    },
    /// A unit is there and becomes this device.
    Unit {
        /// The device.
        device: EndpointName,
        /// Its serial number, where it has one by now.
        serial: Option<String>,
    },
    /// The unit came through a step.
    Step(Step),
    /// So many of a hundred parts are written or compared.
    Percent(u8),
    /// A person has to confirm the first article.
    Ask {
        /// The device, whose name is to be typed or scanned.
        device: EndpointName,
        /// The recipe.
        recipe: String,
        /// Its steps.
        steps: Vec<String>,
    },
    /// The unit is done.
    Pass {
        /// The device.
        device: EndpointName,
        /// Its serial number.
        serial: Option<String>,
        /// The bundle version.
        version: u32,
        /// The target in a person's words.
        target: String,
        /// Why there is no label, where one was wanted and could not be made.
        unlabelled: Option<String>,
    },
    /// The unit is not done.
    Fail {
        /// The device, where it was known.
        device: Option<EndpointName>,
        /// Why.
        error: StationError,
    },
    /// The unit is not for this run: it was done before, or no device is left for it.
    Leave {
        /// The device it is, where it is one.
        device: Option<EndpointName>,
    },
    /// The unit was taken out; the verdict on it stays true.
    Empty,
    /// The slot works no more.
    Over,
}

/// Hears what slots have to say.
pub type Tell<'a> = dyn Fn(usize, News) + Sync + 'a;

/// A line of slots.
pub struct Line<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// The machine.
    pub machine: &'a Machine,
    /// Makes each device's plan.
    pub plan: &'a MakePlan<'a>,
    /// The slots.
    pub bays: Vec<Bay<'a>>,
    /// A device of the kind that comes when none is next: its chip is looked for.
    pub usual: EndpointName,
    /// True if a person is there to confirm a first article.
    pub attended: bool,
    /// Labels of units that passed go to this folder.
    pub labels: Option<PathBuf>,
    /// The home of hooks.
    pub home: PathBuf,
    /// The open batch, empty outside of one.
    pub batch: String,
    /// How long between two looks at a slot.
    pub pause: Duration,
}

/// What was in a slot when its unit's time was over.
enum Seen {
    Unit(Box<TargetIdentity>),
    Trouble(String),
}

impl Line<'_> {
    /// Works at one slot until the control says that it is over.
    pub fn work(&self, slot: usize, control: &Control, tell: &Tell<'_>) {
        let mut units = 0;
        while let Some(seen) = self.unit(slot, control, tell, &mut units) {
            if self.is_over(control, units) {
                break;
            }
            self.removal(slot, &seen, control, tell);
        }
        tell(slot, News::Over);
    }

    fn is_over(&self, control: &Control, units: usize) -> bool {
        control.is_over(units) || self.station.check_interrupt().is_err()
    }

    /// Waits for a unit and takes it through; none if there is nothing more to do.
    fn unit(&self, slot: usize, control: &Control, tell: &Tell<'_>, units: &mut usize) -> Option<Seen> {
        let mut trouble: Option<String> = None;
        let mut said = None;
        loop {
            if self.is_over(control, *units) {
                return None;
            }
            let scan = control.lacks_scan();
            if said != Some(scan) {
                tell(slot, News::Waiting { scan });
                said = Some(scan);
            }
            match if scan { Ok(None) } else { self.look(slot, control) } {
                Ok(Some(target)) => {
                    if let Some(seen) = self.take(slot, target, control, tell, units) {
                        return Some(seen);
                    }
                }
                Ok(None) => trouble = None,
                Err(error) => {
                    let words = error.to_string();
                    // A contact that bounces is no verdict: only what is said twice counts.
                    if trouble.as_ref() == Some(&words) {
                        *units += 1;
                        control.rejected(error.class());
                        tell(slot, News::Fail { device: None, error });
                        return Some(Seen::Trouble(words));
                    }
                    trouble = Some(words);
                }
            }
            control.wait(self.pause);
        }
    }

    fn look(&self, slot: usize, control: &Control) -> Result<Option<TargetIdentity>, StationError> {
        let likely = control.next().unwrap_or_else(|| self.usual.clone());
        self.bays[slot].look(&(self.plan)(&likely)?)
    }

    /// Decides on a unit that is there; none if nothing can be done with it yet.
    fn take(
        &self,
        slot: usize,
        target: TargetIdentity,
        control: &Control,
        tell: &Tell<'_>,
        units: &mut usize,
    ) -> Option<Seen> {
        let owner = match self.bays[slot].owner(&target) {
            Ok(Some((device, true))) => {
                tell(slot, News::Leave { device: Some(device) });
                return Some(Seen::Unit(Box::new(target)));
            }
            Ok(owner) => owner.map(|(device, _)| device),
            Err(error) => {
                control.rejected(error.class());
                tell(slot, News::Fail { device: None, error });
                return Some(Seen::Unit(Box::new(target)));
            }
        };
        match control.turn(owner) {
            Turn::Scan => None,
            Turn::None => {
                tell(slot, News::Leave { device: None });
                Some(Seen::Unit(Box::new(target)))
            }
            Turn::Make(device) => {
                *units += 1;
                self.make(slot, &device, control, tell);
                Some(Seen::Unit(Box::new(target)))
            }
        }
    }

    fn make(&self, slot: usize, device: &EndpointName, control: &Control, tell: &Tell<'_>) {
        let serial = self.station.ledger().serial_of(device).ok().flatten().map(|serial| serial.to_string());
        tell(slot, News::Unit { device: device.clone(), serial });
        match self.deliver(slot, device, control, tell) {
            Ok((plan, Delivered::Now { version, receipt, .. }, unlabelled)) => {
                let serial = plan.serial.as_ref().map(ToString::to_string);
                control.came(device, Came::Made);
                let target = receipt.target.name.clone();
                tell(slot, News::Pass { device: device.clone(), serial, version, target, unlabelled });
            }
            Ok((_, Delivered::Before(_), _)) => {
                control.came(device, Came::Before);
                tell(slot, News::Leave { device: Some(device.clone()) });
            }
            Err(error) => {
                let bound = self.is_bound(device);
                control.came(device, Came::Failed { class: error.class(), bound });
                tell(slot, News::Fail { device: Some(device.clone()), error });
            }
        }
    }

    /// A delivery that was begun belongs to its unit; a ledger that cannot be read gives nothing away.
    fn is_bound(&self, device: &EndpointName) -> bool {
        self.station.ledger().pending().map_or(true, |pending| pending.iter().any(|open| open.device == *device))
    }

    fn deliver(
        &self,
        slot: usize,
        device: &EndpointName,
        control: &Control,
        tell: &Tell<'_>,
    ) -> Result<(DevicePlan, Delivered, Option<String>), StationError> {
        let (bay, plan) = (&self.bays[slot], (self.plan)(device)?);
        let mut sink = bay.sink(&plan)?;
        let progress = SlotProgress { slot, tell, last: std::sync::atomic::AtomicU8::new(u8::MAX) };
        let (station, confirm) = (self.station, &*bay.consent);
        if !bay.is_for_chips() {
            let (progress, aftercare, again, rework) = (&progress, None, None, None);
            let delivered =
                Delivery { station, plan: &plan, again, rework, confirm, progress, aftercare }.run(&mut *sink)?;
            return Ok((plan, delivered, None));
        }
        let ask = AskAtLine { line: self, slot, control, tell };
        let recipes = Recipes::new(&self.batch, &ask);
        let hooks = Hooks {
            station,
            trust: Trust::new(&station.folder().root, self.machine)?,
            home: &self.home,
            batch: self.batch.clone(),
        };
        let flash = Flash {
            station,
            plan: self.plan,
            again: None,
            rework: None,
            confirm,
            recipes: &recipes,
            hooks: Some(&hooks),
            progress: &progress,
        };
        let flashed = flash.run(&Wish::Device(device.clone()), &mut *sink)?;
        let (flashed, delivered) = flashed.ok_or(StationError::NothingNext)?;
        let unlabelled = match (&self.labels, &delivered) {
            (Some(folder), Delivered::Now { .. }) => {
                let printed = label::print(station.ledger(), &flashed.plan, &flashed.target, folder);
                printed.err().map(|error| error.to_string())
            }
            _ => None,
        };
        Ok((*flashed.plan, delivered, unlabelled))
    }

    /// Waits until the unit is gone, another one is there, or a person says that it is.
    fn removal(&self, slot: usize, seen: &Seen, control: &Control, tell: &Tell<'_>) {
        control.is_pressed(slot);
        while !control.is_ending() && self.station.check_interrupt().is_ok() {
            control.wait(self.pause);
            if control.is_pressed(slot) {
                return;
            }
            let gone = match (self.look(slot, control), seen) {
                (Ok(None), _) | (Ok(Some(_)), Seen::Trouble(_)) => true,
                (Ok(Some(now)), Seen::Unit(before)) => !now.is_same_target(before) || now.diskseq != before.diskseq,
                (Err(error), Seen::Trouble(before)) => error.to_string() != *before,
                // A chip that was locked may not say any more who it is.
                (Err(_), Seen::Unit(_)) => false,
            };
            if gone {
                tell(slot, News::Empty);
                return;
            }
        }
    }
}

/// Tells the steps of a slot's unit.
struct SlotProgress<'a> {
    slot: usize,
    tell: &'a Tell<'a>,
    last: std::sync::atomic::AtomicU8,
}

impl Progress for SlotProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Step { step, .. } => (self.tell)(self.slot, News::Step(step)),
            Event::Bytes { done, total, .. } => {
                let percent = (u128::from(done) * 100).checked_div(u128::from(total)).unwrap_or(100).min(100);
                let percent = u8::try_from(percent).unwrap_or(100);
                if self.last.swap(percent, std::sync::atomic::Ordering::Relaxed) != percent {
                    (self.tell)(self.slot, News::Percent(percent));
                }
            }
            Event::Batch { .. } | Event::Device { .. } => {}
        }
    }
}

/// Has the first article confirmed by whoever is at the line: the device's name, typed or scanned.
struct AskAtLine<'a> {
    line: &'a Line<'a>,
    slot: usize,
    control: &'a Control,
    tell: &'a Tell<'a>,
}

/// One question at a time: the second slot finds the batch confirmed when its turn comes.
static ASKING: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl ConfirmLock for AskAtLine<'_> {
    fn confirm(
        &self,
        device: &EndpointName,
        target: &TargetIdentity,
        locking: &Locking<'_>,
    ) -> Result<(), StationError> {
        let refused = |reason: &str| {
            let (recipe, target) = (locking.name.clone(), target.name.clone());
            Err(FlashError::NotConfirmed { recipe, target, reason: reason.to_owned() }.into())
        };
        if !self.line.attended {
            return refused("there is no terminal to ask on");
        }
        let _turn = ASKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.line.station.ledger().is_confirmed(locking.digest, &locking.batch)? {
            return Ok(());
        }
        let steps = locking.steps.iter().map(|step| step.name.clone()).collect();
        (self.tell)(self.slot, News::Ask { device: device.clone(), recipe: locking.name.clone(), steps });
        match self.control.ask(self.slot, &|| self.line.station.check_interrupt().is_err()) {
            Some(typed) if typed.trim() == device.as_str() => Ok(()),
            Some(_) => refused("the answer was another name; nothing was locked"),
            None => refused("nobody confirmed it"),
        }
    }
}
