//! Slots and queues of a line: which programmer a slot is, and which device comes next.

use std::sync::Arc;

use crate::fleet::check::Fleet;
use crate::fleet::{Carrier, EndpointName};
use crate::host::Machine;
use crate::host::usb::{self, ProgrammerKind};
use crate::ledger::Ledger;
use crate::programmer::{ProgrammerSelector, UsbSelector, selector::EspLine};

use super::error::StationError;
use super::flash_error::FlashError;
use super::open::Station;

/// Returns the programmer with `{id}` filled in, and a slot turned into the programmer at its port: the one that is plugged in
/// there; while there is none, by the chip's family an ESP32's line, else a debug probe.
pub fn resolve(
    selector: &ProgrammerSelector,
    station: &Station,
    device: &EndpointName,
    machine: &Machine,
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
            let is_esp = chip.is_some_and(|chip| chip.starts_with("esp"));
            match plugged_in(machine, port)? {
                Some(kind) => by_kind(kind, port).ok_or_else(|| StationError::Target {
                    text: format!("slot:{slot}"),
                    reason: format!("in its port {port} is what flash does not drive: {}", kind.words()),
                })?,
                None if is_esp => ProgrammerSelector::Esp(EspLine::Port(port.to_string())),
                None => ProgrammerSelector::Swd(UsbSelector::Port(port.to_string())),
            }
        }
        other => other.clone(),
    })
}

fn plugged_in(machine: &Machine, port: &str) -> Result<Option<ProgrammerKind>, StationError> {
    let seen = usb::programmers(machine)?;
    Ok(seen.into_iter().find(|seen| seen.port == port).map(|seen| seen.kind))
}

/// Returns how the programmer of a kind at a port is selected; none for a kind that there is no way to.
fn by_kind(kind: ProgrammerKind, port: &str) -> Option<ProgrammerSelector> {
    let at_port = || UsbSelector::Port(port.to_owned());
    match kind {
        ProgrammerKind::Swd => Some(ProgrammerSelector::Swd(at_port())),
        ProgrammerKind::Dfu | ProgrammerKind::DfuRuntime => Some(ProgrammerSelector::Dfu(at_port())),
        ProgrammerKind::Esp | ProgrammerKind::Serial => Some(ProgrammerSelector::Esp(EspLine::Port(port.to_owned()))),
        ProgrammerKind::Uf2 | ProgrammerKind::NordicSerialDfu | ProgrammerKind::SpiI2c => None,
    }
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
/// else on any chip. Those that have a chip already come last, for only it can take them up; fails with [`StationError::NothingNext`] if there is none.
pub fn waiting(
    fleet: &Fleet,
    ledger: &Ledger,
    delivery: Option<&str>,
    most: usize,
    hardware: bool,
) -> Result<Vec<EndpointName>, StationError> {
    let (mut waiting, mut begun) = (Vec::new(), Vec::new());
    for device in fleet.devices() {
        if waiting.len() == most {
            break;
        }
        let own = factory_delivery(fleet, device);
        let Some(name) = delivery.or(own.as_deref()) else { continue };
        if ledger.next_undelivered([device], name, hardware)?.is_none() {
            continue;
        }
        match ledger.has_chip(device, name, hardware)? {
            true if begun.len() < most => begun.push(device.clone()),
            true => {}
            false => waiting.push(device.clone()),
        }
    }
    waiting.extend(begun);
    waiting.truncate(most);
    if waiting.is_empty() { Err(StationError::NothingNext) } else { Ok(waiting) }
}
