//! One chip through every step: who it is decides which record it gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::authority::key_of_request;

use crate::delivery::{Confirm, Footprint, Progress, Sink, SinkError, TargetIdentity};
use crate::fleet::factory::{HookStep, SerialSource};
use crate::fleet::{CredentialKind, DevicePlan, Diagnose, EndpointName, KeyOrigin, SerialNumber};
use crate::ledger::Again;
use crate::programmer::ProgrammerError;

use super::aftercare::Aftercare;
use super::batch::MakePlan;
use super::deliver::{Delivered, Delivery};
use super::error::StationError;
use super::flash_error::FlashError;
use super::hooks::Hooks;
use super::locking::Recipes;
use super::open::Station;
use super::recipe::RecipeError;

/// Which record a chip is to get.
pub enum Wish<'a> {
    /// This device's.
    Device(EndpointName),
    /// The next one of a queue that several slots take from; a chip that is known keeps its own.
    Next(&'a Queue),
}

/// Devices that wait for a chip.
#[derive(Default)]
pub struct Queue(Mutex<VecDeque<EndpointName>>);

impl Queue {
    /// Takes devices in their order.
    pub fn of(devices: impl IntoIterator<Item = EndpointName>) -> Self {
        Self(Mutex::new(devices.into_iter().collect()))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<EndpointName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the one that waits longest; it stays.
    fn first(&self) -> Option<EndpointName> {
        self.waiting().front().cloned()
    }

    /// Takes a device out, if it waits.
    fn take(&self, device: &EndpointName) {
        self.waiting().retain(|waiting| waiting != device);
    }

    /// Takes the first device out that has no chip yet by `has_chip`; of a queue of others the first, which the ledger's rules
    /// for such a record answer.
    fn take_fresh(
        &self,
        has_chip: &dyn Fn(&EndpointName) -> Result<bool, StationError>,
    ) -> Result<Option<EndpointName>, StationError> {
        let mut waiting = self.waiting();
        for (at, device) in waiting.iter().enumerate() {
            if !has_chip(device)? {
                return Ok(waiting.remove(at));
            }
        }
        Ok(waiting.pop_front())
    }

    /// Returns how many wait.
    pub fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Returns true if none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Chips to be flashed.
pub struct Flash<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// Makes each device's plan when its turn comes.
    pub plan: &'a MakePlan<'a>,
    /// Repeat finished deliveries, and what becomes of the credentials that went out before.
    pub again: Option<Again>,
    /// Why a chip that is another device's is to get this record.
    pub rework: Option<&'a str>,
    /// Gives the leave to overwrite.
    pub confirm: &'a dyn Confirm,
    /// The locks of each delivery's recipe.
    pub recipes: &'a Recipes<'a>,
    /// What the hooks of all deliveries are given; without it none is run.
    pub hooks: Option<&'a Hooks<'a>>,
    /// Hears of every step.
    pub progress: &'a dyn Progress,
}

/// A chip that went through.
#[derive(Debug)]
pub struct Flashed {
    /// The device it is now.
    pub device: EndpointName,
    /// The plan that was followed: its serial number is there.
    pub plan: Box<DevicePlan>,
    /// The chip.
    pub target: TargetIdentity,
}

impl Flash<'_> {
    /// Takes the chip behind `sink` through every step; `None` if nobody waits for one. The chip is let go at the end, however
    /// that comes.
    pub fn run(&self, wish: &Wish<'_>, sink: &mut dyn Sink) -> Result<Option<(Flashed, Delivered)>, StationError> {
        let flashed = self.through(wish, sink);
        let released = sink.release();
        let flashed = flashed?;
        if flashed.is_some() {
            released?;
        }
        Ok(flashed)
    }

    fn through(&self, wish: &Wish<'_>, sink: &mut dyn Sink) -> Result<Option<(Flashed, Delivered)>, StationError> {
        let candidate = match wish {
            Wish::Device(device) => device.clone(),
            Wish::Next(queue) => match queue.first() {
                Some(device) => device,
                None => return Ok(None),
            },
        };
        let Some((device, target)) = self.decide(wish, &candidate, sink)? else { return Ok(None) };
        let mut plan = (self.plan)(&device)?;
        refuse_other_kind(&plan, &(self.plan)(&candidate)?)?;
        plan.serial = self.serial(&plan, &target)?;
        self.refuse_other_chip(&plan, &target)?;
        self.ask_for_keys(&mut plan, sink)?;
        let locking = self.recipes.of(self.station, &plan).map_err(unusable)?;
        let aftercare = Aftercare { locking, hooks: self.hooks };
        aftercare.check(self.station, &target)?;
        let delivery = Delivery {
            station: self.station,
            plan: &plan,
            again: self.again,
            rework: self.rework,
            confirm: self.confirm,
            progress: self.progress,
            aftercare: Some(&aftercare),
        };
        let delivered = delivery.run(sink)?;
        Ok(Some((Flashed { device, plan: Box::new(plan), target }, delivered)))
    }

    /// Looks at the chip and says whose it is; `None` if it is nobody's and nobody waits any more.
    fn decide(
        &self,
        wish: &Wish<'_>,
        candidate: &EndpointName,
        sink: &mut dyn Sink,
    ) -> Result<Option<(EndpointName, TargetIdentity)>, StationError> {
        let plan = (self.plan)(candidate)?;
        if let Some(hooks) = self.hooks {
            hooks.run(HookStep::BeforeConnect, &plan, None)?;
        }
        let need = Footprint { carrier: plan.delivery.carrier.clone(), payload: None };
        let preflight = sink.preflight(&need).map_err(|error| self.closed_midway(candidate, error))?;
        let target = preflight.target().clone();
        let owner = self.station.ledger().device_of_chip(&target)?;
        let device = match wish {
            Wish::Device(_) => self.asked_for(candidate.clone(), owner, &target)?,
            Wish::Next(queue) => match owner {
                Some(owner) => {
                    queue.take(&owner);
                    owner
                }
                None => match queue.take_fresh(&|device| self.has_chip(device, &target))? {
                    Some(device) => device,
                    None => return Ok(None),
                },
            },
        };
        Ok(Some((device, target)))
    }

    /// Returns the device that was asked for, if the chip is its own or nobody's, or a person says why it is to become its.
    fn asked_for(
        &self,
        device: EndpointName,
        owner: Option<EndpointName>,
        target: &TargetIdentity,
    ) -> Result<EndpointName, StationError> {
        let Some(owner) = owner.filter(|owner| *owner != device) else { return Ok(device) };
        if self.rework.is_some() {
            return Ok(device);
        }
        let chip = target.chip_number().unwrap_or_default().to_owned();
        Err(FlashError::ChipOfAnother { chip, owner: owner.to_string(), device: device.to_string() }.into())
    }

    /// Returns true if the device's data went out, or was about to, to a chip as real as `target`.
    fn has_chip(&self, device: &EndpointName, target: &TargetIdentity) -> Result<bool, StationError> {
        let plan = (self.plan)(device)?;
        Ok(self.station.ledger().has_chip(device, &plan.delivery.name, target.is_hardware())?)
    }

    /// A device that is done has its chip: another one gets its record only if a person says what became of the first.
    fn refuse_other_chip(&self, plan: &DevicePlan, target: &TargetIdentity) -> Result<(), StationError> {
        let ledger = self.station.ledger();
        let hardware = Some(target.is_hardware());
        let finished = ledger.last_finished(&plan.device, &plan.delivery.name, hardware)?;
        let Some(first) = finished.filter(|_| self.again.is_none()).map(|finished| finished.receipt.target) else {
            return Ok(());
        };
        let is_other = first.is_chip() && target.is_chip() && !first.is_same_target(target);
        let holds_it = first.chip_number().is_none() || ledger.device_of_chip(&first)?.as_ref() == Some(&plan.device);
        if !is_other || !holds_it {
            return Ok(());
        }
        let number = |target: &TargetIdentity| target.chip_number().unwrap_or("without a number").to_owned();
        let (done, here) = (number(&first), number(target));
        Err(FlashError::OtherChip { device: plan.device.to_string(), done, here }.into())
    }

    /// Has the chip make the keys that are made on devices. A key that served another record, or one that was given up, is
    /// replaced by a fresh one.
    fn ask_for_keys(&self, plan: &mut DevicePlan, sink: &mut dyn Sink) -> Result<(), StationError> {
        let wanted: Vec<Arc<str>> = plan
            .credentials
            .iter()
            .filter(|(_, shape)| shape.kind.is_made_by_device())
            .map(|(name, _)| Arc::clone(name))
            .collect();
        for name in wanted {
            let of = |request: Vec<u8>| {
                let device = plan.device.to_string();
                key_of_request(&request).map_err(|reason| FlashError::Request { device, reason })
            };
            let (mut key, fingerprint) = of(sink.key_request(&name, false)?)?;
            if self.station.ledger().is_spent(fingerprint, &plan.device)? {
                (key, _) = of(sink.key_request(&name, true)?)?;
            }
            let shapes = Arc::make_mut(&mut plan.credentials);
            if let Some(CredentialKind::X509 { made, .. }) = shapes.get_mut(&name).map(|shape| &mut shape.kind) {
                *made = KeyOrigin::Device(Some(key));
            }
        }
        Ok(())
    }

    /// A lock that keeps even the chip's number from us, applied right before the power went, leaves a chip that cannot be
    /// told from any other locked one: it is never taken for the device's, and the way out is named.
    fn closed_midway(&self, device: &EndpointName, error: SinkError) -> StationError {
        let SinkError::Link { source, .. } = &error else { return error.into() };
        let Some(ProgrammerError::Locked { link, .. }) = source.downcast_ref() else { return error.into() };
        match self.station.ledger().open_lock(device) {
            Ok(Some(lock)) => {
                FlashError::ClosedMidway { device: device.to_string(), lock, target: link.clone() }.into()
            }
            Ok(None) => error.into(),
            Err(ledger) => ledger.into(),
        }
    }

    fn serial(&self, plan: &DevicePlan, target: &TargetIdentity) -> Result<Option<SerialNumber>, StationError> {
        let Some(factory) = plan.delivery.carrier.factory() else { return Ok(plan.serial.clone()) };
        match &factory.serials {
            SerialSource::Mes if plan.serial.is_none() => {
                Err(FlashError::NoSerial { device: plan.device.to_string() }.into())
            }
            SerialSource::Mes => Ok(plan.serial.clone()),
            SerialSource::Pool(_) if plan.serial.is_some() => Ok(plan.serial.clone()),
            SerialSource::Pool(pool) => {
                let reserved = self.station.folder().fleet.serials().map(folded).collect();
                Ok(Some(self.station.ledger().assign_serial(&plan.device, pool, reserved)?))
            }
            SerialSource::Chip => {
                let number = target.chip_number().unwrap_or_default().replace(':', "");
                SerialNumber::new(&number)
                    .map(Some)
                    .map_err(|_| FlashError::NoSerial { device: plan.device.to_string() }.into())
            }
        }
    }
}

fn folded(serial: &SerialNumber) -> String {
    serial.as_str().to_ascii_lowercase()
}

fn unusable(error: RecipeError) -> StationError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    FlashError::Recipe { reason: format!("{error}{cause}"), class: error.class(), hint: error.hint() }.into()
}

/// A chip that is known takes its own device's turn, which must be made for the chip that the programmer was told of.
fn refuse_other_kind(plan: &DevicePlan, candidate: &DevicePlan) -> Result<(), StationError> {
    let chip = |plan: &DevicePlan| plan.delivery.carrier.factory().map(|factory| factory.chip.to_string());
    let (wants, here) = (chip(plan), chip(candidate));
    if wants.as_deref().map(str::to_ascii_lowercase) == here.as_deref().map(str::to_ascii_lowercase) {
        return Ok(());
    }
    let (wants, here) = (wants.unwrap_or_default(), here.unwrap_or_default());
    Err(FlashError::OtherKind { device: plan.device.to_string(), wants, here }.into())
}
