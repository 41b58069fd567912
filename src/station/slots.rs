//! Slots and queues of a line: which programmer a slot is, and which device comes next.

use std::sync::Arc;

use crate::fleet::check::Fleet;
use crate::fleet::{Carrier, EndpointName};
use crate::programmer::{ProgrammerSelector, UsbSelector, selector::EspLine};
use crate::registry::Ledger;

use super::error::StationError;
use super::flash_error::FlashError;
use super::open::Station;

/// Returns the programmer with `{id}` filled in, and a slot turned into the programmer at its port: by the chip's family an
/// ESP32's line, else a debug probe.
pub fn resolve(
    selector: &ProgrammerSelector,
    station: &Station,
    device: &EndpointName,
) -> Result<ProgrammerSelector, StationError> {
    Ok(match selector {
        ProgrammerSelector::File(path) => ProgrammerSelector::File(path.replace("{id}", device.as_str())),
        ProgrammerSelector::Image(path) => ProgrammerSelector::Image(path.replace("{id}", device.as_str())),
        ProgrammerSelector::Slot(slot) => {
            let fleet = &station.folder().fleet;
            let port = fleet.slots().get(slot).ok_or_else(|| StationError::Target {
                text: format!("slot:{slot}"),
                reason: "the fleet file's `slots:` does not name it".to_owned(),
            })?;
            let plan = fleet.plan(device, factory_delivery(fleet, device).as_deref())?;
            let chip = plan.delivery.carrier.factory().map(|factory| factory.chip.to_ascii_lowercase());
            if chip.is_some_and(|chip| chip.starts_with("esp")) {
                ProgrammerSelector::Esp(EspLine::Port(port.to_string()))
            } else {
                ProgrammerSelector::Swd(UsbSelector::Port(port.to_string()))
            }
        }
        other => other.clone(),
    })
}

/// Returns the device's delivery that goes into a chip, if there is exactly one; the others need no naming then.
pub fn factory_delivery(fleet: &Fleet, device: &EndpointName) -> Option<Arc<str>> {
    let is_factory = |name: &Arc<str>| {
        fleet.plan(device, Some(name)).is_ok_and(|plan| matches!(plan.delivery.carrier, Carrier::Factory(_)))
    };
    let mut factories = fleet.deliveries(device).into_iter().filter(is_factory);
    let first = factories.next()?;
    factories.next().is_none().then_some(first)
}

/// Returns the device whose label was scanned: its id, else its serial number.
pub fn scanned(fleet: &Fleet, ledger: &Ledger, code: &str) -> Result<EndpointName, StationError> {
    let code = code.trim();
    let folded = code.to_ascii_lowercase();
    let by_id = fleet.devices().find(|device| device.as_str().to_ascii_lowercase() == folded);
    if let Some(device) = by_id {
        return Ok(device.clone());
    }
    for device in fleet.devices() {
        let first = fleet.deliveries(device).first().cloned();
        let planned = fleet.plan(device, first.as_deref())?.serial;
        if planned.is_some_and(|serial| serial.as_str() == code)
            || ledger.serial_of(device)?.is_some_and(|serial| serial.as_str() == code)
        {
            return Ok(device.clone());
        }
    }
    Err(FlashError::UnknownCode { code: code.to_owned() }.into())
}

/// Returns the first `most` devices, in the inventory's order, whose delivery is not finished: on hardware if `hardware`,
/// else on any chip; fails with [`StationError::NothingNext`] if there is none.
pub fn waiting(
    fleet: &Fleet,
    ledger: &Ledger,
    delivery: Option<&str>,
    most: usize,
    hardware: bool,
) -> Result<Vec<EndpointName>, StationError> {
    let mut waiting = Vec::new();
    for device in fleet.devices() {
        if waiting.len() == most {
            break;
        }
        let own = factory_delivery(fleet, device);
        let Some(name) = delivery.or(own.as_deref()) else { continue };
        if ledger.next_undelivered([device], name, hardware)?.is_some() {
            waiting.push(device.clone());
        }
    }
    if waiting.is_empty() { Err(StationError::NothingNext) } else { Ok(waiting) }
}
