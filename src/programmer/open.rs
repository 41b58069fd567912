//! From what was typed to a programmer.

use crate::host::Machine;

use super::dfu::Client;
use super::esp::Loader;
use super::file::SimulatedChip;
use super::{Programmer, ProgrammerError, ProgrammerSelector, swd};

/// Opens the programmer that `selector` names for a chip; nothing is connected yet. A slot must be turned into its port
/// before. Fails for a chip that the programmer does not know.
pub fn open(
    selector: &ProgrammerSelector,
    chip: Option<&str>,
    machine: &Machine,
) -> Result<Box<dyn Programmer>, ProgrammerError> {
    match selector {
        ProgrammerSelector::File(path) => SimulatedChip::open(path, chip),
        ProgrammerSelector::Esp(line) => Loader::open(line, chip, machine),
        ProgrammerSelector::Dfu(usb) => Client::open(usb, chip, machine),
        ProgrammerSelector::Swd(usb) => swd::Probe::open(usb, chip),
        other @ (ProgrammerSelector::Exec(_) | ProgrammerSelector::Slot(_) | ProgrammerSelector::Image(_)) => {
            let reason = "it reaches no chip by itself".to_owned();
            Err(ProgrammerError::Selector { text: other.words(), reason })
        }
    }
}
