//! From what was typed to a chip behind a programmer: slots, names and programs of the fleet resolved.

use std::path::{Path, PathBuf};

use crate::delivery::Sink;
use crate::fleet::EndpointName;
use crate::host::Machine;
use crate::programmer::exec::{ExecPlace, Program};
use crate::programmer::file::SimulatedChip;
use crate::programmer::{self, ChipSink, ImageFile, Programmer, ProgrammerError, ProgrammerSelector};

use super::error::StationError;
use super::open::Station;
use super::post::PRIVATE_FOLDER;
use super::slots;
use super::trust::{self, Trust};

/// Opens the programmer that `selector` names for a device; nothing is connected yet. A program of the fleet is asked for its
/// trust before each run.
pub fn open(
    station: &Station,
    selector: &ProgrammerSelector,
    device: &EndpointName,
    chip: Option<&str>,
    machine: &Machine,
) -> Result<Box<dyn Sink>, StationError> {
    match slots::resolve(selector, station, device, machine)? {
        ProgrammerSelector::Image(path) => Ok(Box::new(ImageFile::new(Path::new(&path))?)),
        _ => Ok(Box::new(chip_behind(station, selector, device, chip, machine)?)),
    }
}

/// As [`open`], for what has a chip behind it: no image file.
pub fn chip_behind(
    station: &Station,
    selector: &ProgrammerSelector,
    device: &EndpointName,
    chip: Option<&str>,
    machine: &Machine,
) -> Result<ChipSink, StationError> {
    let programmer = match slots::resolve(selector, station, device, machine)? {
        ProgrammerSelector::Exec(name) => program(station, &name, device, chip, machine)?,
        other => programmer::open(&other, chip, machine)?,
    };
    Ok(ChipSink::new(programmer))
}

/// Returns true if looking at the chip would make it: a simulated one whose folder holds none yet.
pub fn makes_chip(
    station: &Station,
    selector: &ProgrammerSelector,
    device: &EndpointName,
    machine: &Machine,
) -> Result<bool, StationError> {
    match slots::resolve(selector, station, device, machine)? {
        ProgrammerSelector::File(path) => Ok(SimulatedChip::open(&path, None)?.makes_chip()),
        _ => Ok(false),
    }
}

fn program(
    station: &Station,
    name: &str,
    device: &EndpointName,
    chip: Option<&str>,
    machine: &Machine,
) -> Result<Box<dyn Programmer>, StationError> {
    let fleet = &station.folder().fleet;
    let Some(entry) = fleet.programmers().get(name) else {
        let reason = "the fleet file's `programmers:` does not name it".to_owned();
        return Err(ProgrammerError::Selector { text: format!("exec:{name}"), reason }.into());
    };
    let trust = Trust::new(&station.folder().root, machine)?;
    let allowed = trust.guard(&trust::programmer(name, &entry.program));
    let serial = station.ledger().serial_of(device)?.map(|serial| serial.to_string());
    let place = ExecPlace { root: station.folder().root.clone(), scratch: scratch(station, machine), serial };
    Ok(Program::open(name, &entry.program, chip, place, allowed)?)
}

/// Returns a folder for secrets that are handed to programs: in memory, where the machine has such a place.
fn scratch(station: &Station, machine: &Machine) -> PathBuf {
    let memory = machine.path("/dev/shm");
    if memory.is_dir() { memory } else { station.folder().root.join(PRIVATE_FOLDER) }
}
