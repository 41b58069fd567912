//! One chip through every step: who it is decides which record it gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::authority::key_of_request;

use crate::delivery::{Confirm, Footprint, Progress, Sink, TargetIdentity};
use crate::fleet::factory::{HookStep, SerialSource};
use crate::fleet::{CredentialKind, DevicePlan, EndpointName, KeyOrigin, SerialNumber};
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

    fn take(&self) -> Option<EndpointName> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn give_back(&self, device: EndpointName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_front(device);
    }

    /// Returns how many wait.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
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
            Wish::Next(queue) => match queue.take() {
                Some(device) => device,
                None => return Ok(None),
            },
        };
        let decided = self.decide(wish, &candidate, sink);
        if let Wish::Next(queue) = wish
            && !decided.as_ref().is_ok_and(|(device, _)| *device == candidate)
        {
            queue.give_back(candidate);
        }
        let (device, target) = decided?;
        let mut plan = (self.plan)(&device)?;
        plan.serial = self.serial(&plan, &target)?;
        self.refuse_other_chip(&plan, &target)?;
        self.ask_for_keys(&mut plan, sink)?;
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
        Ok(Some((Flashed { device, plan: Box::new(plan), target }, delivered)))
    }

    /// Looks at the chip and says whose it is.
    fn decide(
        &self,
        wish: &Wish<'_>,
        candidate: &EndpointName,
        sink: &mut dyn Sink,
    ) -> Result<(EndpointName, TargetIdentity), StationError> {
        let plan = (self.plan)(candidate)?;
        if let Some(hooks) = &self.aftercare.hooks {
            hooks.run(HookStep::BeforeConnect, &plan, None)?;
        }
        let need = Footprint { carrier: plan.delivery.carrier.clone(), payload: None };
        let preflight = sink.preflight(&need)?;
        let target = preflight.target().clone();
        let owner = self.station.ledger().device_of_chip(&target)?;
        let device = match (owner, wish, self.rework) {
            (Some(owner), _, _) if owner == *candidate => owner,
            (Some(_), Wish::Device(_), Some(reason)) => {
                self.station.ledger().release_chip(&target, reason)?;
                candidate.clone()
            }
            (Some(owner), Wish::Next(_), _) => owner,
            (Some(owner), Wish::Device(_), None) => {
                let chip = target.chip_number().unwrap_or_default().to_owned();
                return Err(FlashError::ChipOfAnother {
                    chip,
                    owner: owner.to_string(),
                    device: candidate.to_string(),
                }
                .into());
            }
            (None, ..) => candidate.clone(),
        };
        Ok((device, target))
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
