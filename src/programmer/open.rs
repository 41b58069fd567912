//! From what was typed to a programmer.

use crate::host::Machine;

use super::dfu::Client;
use super::esp::Loader;
use super::file::SimulatedChip;
use super::{Programmer, ProgrammerError, ProgrammerSelector};

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
        ProgrammerSelector::Dfu(select) => Client::open(select, chip, machine),
        other => {
            Err(ProgrammerError::Unable { link: other.words(), what: "this build has no programmer of this kind" })
        }
    }
}
