//! A place of a line where units come and go: a programmer's socket, or the port that drives are plugged into.

use crate::delivery::{Confirm, Sink, TargetIdentity};
use crate::fleet::{Carrier, DevicePlan, EndpointName};
use crate::host::Machine;
use crate::ledger::DeliveryState;
use crate::medium::{DriveSelector, DriveSink};
use crate::programmer::{ProgrammerError, ProgrammerSelector};

use super::error::StationError;
use super::open::Station;
use super::programmers;

/// How a bay reaches its units.
pub enum Reach {
    /// Through a programmer.
    Programmer(ProgrammerSelector),
    /// As a drive in a port.
    Port(String),
}

/// A place where units come and go.
pub struct Bay<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// The machine.
    pub machine: Machine,
    /// As it was named.
    pub name: String,
    /// How it reaches its units.
    pub reach: Reach,
    /// Gives the leave to overwrite them.
    pub consent: Box<dyn Confirm + 'a>,
}

impl Bay<'_> {
    /// Returns who is there now; none if the place is empty. `plan` is that of the device likely to come: its chip is looked
    /// for. A chip may be reset by the look; nothing stored changes.
    pub fn look(&self, plan: &DevicePlan) -> Result<Option<TargetIdentity>, StationError> {
        match &self.reach {
            Reach::Programmer(selector) => self.look_for_chip(selector, plan),
            Reach::Port(port) => self.look_for_drive(port),
        }
    }

    fn look_for_chip(
        &self,
        selector: &ProgrammerSelector,
        plan: &DevicePlan,
    ) -> Result<Option<TargetIdentity>, StationError> {
        use ProgrammerError as E;
        let chip = chip_of(plan);
        let mut sink = programmers::chip_behind(self.station, selector, &plan.device, chip.as_deref(), &self.machine)?;
        let who = sink.who();
        // Whoever is there goes on with its own work until we have some for it.
        let _ = sink.release();
        match who {
            Ok(target) => Ok(Some(target)),
            Err(E::NoChip { .. } | E::Absent { .. } | E::Silent { .. } | E::Gone { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A reader without a card is a drive without a size.
    fn look_for_drive(&self, port: &str) -> Result<Option<TargetIdentity>, StationError> {
        let drives = self.machine.drives()?;
        let here = drives.into_iter().find(|drive| drive.port.as_deref() == Some(port) && drive.size > 0);
        Ok(here.map(|drive| drive.identity()))
    }

    /// Opens the way to the unit for a device.
    pub fn sink(&self, plan: &DevicePlan) -> Result<Box<dyn Sink>, StationError> {
        Ok(match &self.reach {
            Reach::Programmer(selector) => {
                let chip = chip_of(plan);
                Box::new(programmers::chip_behind(
                    self.station,
                    selector,
                    &plan.device,
                    chip.as_deref(),
                    &self.machine,
                )?)
            }
            Reach::Port(port) => {
                Box::new(DriveSink::new(self.machine.clone(), DriveSelector::Port(port.clone()), false))
            }
        })
    }

    /// Returns true if its units are chips.
    pub fn is_for_chips(&self) -> bool {
        matches!(self.reach, Reach::Programmer(_))
    }

    /// Returns whose the unit is already, and whether that is finished.
    pub fn owner(&self, target: &TargetIdentity) -> Result<Option<(EndpointName, bool)>, StationError> {
        let ledger = self.station.ledger();
        if let Some(device) = ledger.device_of_chip(target)? {
            let lying = ledger.lying_on(target)?;
            let done = lying.iter().any(|lying| lying.device == device && lying.state == DeliveryState::Finished);
            return Ok(Some((device, done)));
        }
        if let Some(open) = ledger.interrupted_on(target)? {
            return Ok(Some((open.device, false)));
        }
        if target.is_chip() && target.chip_number().is_none() {
            return Ok(None);
        }
        Ok(ledger.finished_on(target)?.into_iter().next().map(|finished| (finished.device, true)))
    }
}

fn chip_of(plan: &DevicePlan) -> Option<String> {
    match &plan.delivery.carrier {
        Carrier::Factory(factory) => Some(factory.chip.to_string()),
        Carrier::Medium(_) => None,
    }
}
