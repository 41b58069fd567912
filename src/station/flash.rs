//! One chip through every step: who it is decides which record it gets.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::delivery::{Confirm, Footprint, Progress, Sink, TargetIdentity};
use crate::fleet::factory::{HookStep, SerialSource};
use crate::fleet::{DevicePlan, EndpointName, SerialNumber};
use crate::registry::Again;

use super::aftercare::Aftercare;
use super::batch::MakePlan;
use super::deliver::{Delivered, Delivery};
use super::error::StationError;
use super::flash_error::FlashError;
use super::open::Station;

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
    /// What comes after the read-back.
    pub aftercare: &'a Aftercare<'a>,
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
        let Some((device, target)) = self.decide(wish, candidate, sink)? else { return Ok(None) };
        let mut plan = (self.plan)(&device)?;
        plan.serial = self.serial(&plan, &target)?;
        self.aftercare.check(self.station, &target)?;
        let delivery = Delivery {
            station: self.station,
            plan: &plan,
            again: self.again,
            confirm: self.confirm,
            progress: self.progress,
            aftercare: Some(self.aftercare),
        };
        let delivered = delivery.run(sink)?;
        refuse_other_chip(&delivered, &target)?;
        Ok(Some((Flashed { device, plan: Box::new(plan), target }, delivered)))
    }

    /// Looks at the chip and says whose it is; `None` if it is nobody's and nobody waits any more.
    fn decide(
        &self,
        wish: &Wish<'_>,
        candidate: EndpointName,
        sink: &mut dyn Sink,
    ) -> Result<Option<(EndpointName, TargetIdentity)>, StationError> {
        let plan = (self.plan)(&candidate)?;
        if let Some(hooks) = &self.aftercare.hooks {
            hooks.run(HookStep::BeforeConnect, &plan, None)?;
        }
        let need = Footprint { carrier: plan.delivery.carrier.clone(), payload: None };
        let target = sink.preflight(&need)?.target().clone();
        let owner = self.station.ledger().device_of_chip(&target)?;
        let device = match wish {
            Wish::Device(_) => self.asked_for(candidate, owner, &target)?,
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
        let Some(reason) = self.rework else {
            let chip = target.chip_number().unwrap_or_default().to_owned();
            return Err(FlashError::ChipOfAnother { chip, owner: owner.to_string(), device: device.to_string() }.into());
        };
        self.station.ledger().release_chip(target, reason)?;
        Ok(device)
    }

    /// Returns true if the device's data went out, or was about to, to a chip as real as `target`.
    fn has_chip(&self, device: &EndpointName, target: &TargetIdentity) -> Result<bool, StationError> {
        let plan = (self.plan)(device)?;
        Ok(self.station.ledger().has_chip(device, &plan.delivery.name, target.is_hardware())?)
    }

    fn serial(&self, plan: &DevicePlan, target: &TargetIdentity) -> Result<Option<SerialNumber>, StationError> {
        let Some(factory) = plan.delivery.carrier.factory() else { return Ok(plan.serial.clone()) };
        match &factory.serials {
            SerialSource::Mes if plan.serial.is_none() => {
                Err(FlashError::NoSerial { device: plan.device.to_string() }.into())
            }
            SerialSource::Mes => Ok(plan.serial.clone()),
            SerialSource::Pool(_) if plan.serial.is_some() => Ok(plan.serial.clone()),
            SerialSource::Pool(pool) => Ok(Some(self.station.ledger().assign_serial(&plan.device, pool)?)),
            SerialSource::Chip => {
                let number = target.chip_number().unwrap_or_default().replace(':', "");
                SerialNumber::new(&number)
                    .map(Some)
                    .map_err(|_| FlashError::NoSerial { device: plan.device.to_string() }.into())
            }
        }
    }
}

/// A device that is done has its chip: another one gets its record only if a person says what became of the first.
fn refuse_other_chip(delivered: &Delivered, target: &TargetIdentity) -> Result<(), StationError> {
    match delivered {
        Delivered::Before(finished) if !finished.receipt.target.is_same_target(target) => Err(FlashError::OtherChip {
            device: finished.device.to_string(),
            done: finished.receipt.target.chip_number().unwrap_or("without a number").to_owned(),
            here: target.chip_number().unwrap_or("without a number").to_owned(),
        }
        .into()),
        _ => Ok(()),
    }
}
