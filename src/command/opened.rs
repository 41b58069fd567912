//! Opens what a command works on: the fleet's folder, its ledger, or all of it with the keys.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{AskPassphrase, AuthorityError};
use crate::fleet::{Class, Secret};
use crate::host::files;
use crate::registry::Ledger;
use crate::station::load::{self, FleetFolder, InventoryInput};
use crate::station::open::{PRIVATE_FOLDER, open_ledger};
use crate::station::{Shelf, Station, Surroundings};
use crate::ui::{Complaint, Printer, Prompt};

use super::Context;
use super::place::{fleet_folder, operator};

/// The largest inventory read from standard input, in bytes: the same bound as for a file.
const LONGEST_INVENTORY: u64 = 256 << 20;
/// The longest passphrase, in bytes.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Asks for passphrases at the terminal, or takes the one of `--passphrase-fd`.
pub struct TerminalAsk {
    printer: Printer,
}

impl AskPassphrase for TerminalAsk {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        let instead = "run it at a terminal, or use a key file without a passphrase";
        Prompt::new(&self.printer)
            .secret(for_what, false, instead)
            .map_err(|refusal| AuthorityError::NotAsked { what: for_what.to_owned(), reason: refusal.to_string() })
    }
}

/// Returns what the procedures of the station find around them.
pub fn surroundings(context: &Context) -> Surroundings {
    Surroundings {
        clock: Arc::clone(&context.clock),
        random: Arc::clone(&context.random),
        ask: Arc::new(TerminalAsk { printer: context.printer.clone() }),
        operator: operator(&context.globals),
        interrupt: context.stop(),
    }
}

/// Loads the fleet's folder; `inventory` names another inventory, `-` standard input.
pub fn folder(context: &Context, inventory: Option<&Path>) -> anyhow::Result<(FleetFolder, Shelf)> {
    let root = fleet_folder(&context.globals)?;
    let input = inventory.map(inventory_input).transpose()?;
    let shelf = Shelf::default();
    let folder = load::load(&root, input, &shelf)?;
    Ok((folder, shelf))
}

/// Loads the fleet's folder and opens keys, authority and ledger.
pub fn station(context: &Context, inventory: Option<&Path>) -> anyhow::Result<Station> {
    let (folder, shelf) = folder(context, inventory)?;
    Ok(Station::open(folder, shelf, surroundings(context))?)
}

/// Opens the ledger alone: no key is needed to read what this station did.
pub fn ledger(context: &Context) -> anyhow::Result<Ledger> {
    let root = fleet_folder(&context.globals)?;
    let name = load::fleet_name(&root)?;
    let private = root.join(PRIVATE_FOLDER);
    let station = crate::authority::station_name(&private).unwrap_or_default();
    Ok(open_ledger(&private, &name, &station, &surroundings(context))?)
}

/// Reads a passphrase from the descriptor named, or asks for it at the terminal (twice if `again`).
pub fn passphrase(context: &Context, descriptor: Option<i32>, question: &str, again: bool) -> anyhow::Result<Secret> {
    let Some(descriptor) = descriptor else {
        let instead = "pass it with --passphrase-fd N";
        return Ok(Prompt::new(&context.printer).secret(question, again, instead)?);
    };
    let path = format!("/proc/self/fd/{descriptor}");
    let mut bytes = files::read_bounded(Path::new(&path), LONGEST_PASSPHRASE)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(Complaint::new(Class::Input, format!("descriptor {descriptor} gives no passphrase")).into());
    }
    Ok(Secret::new(bytes))
}

fn inventory_input(path: &Path) -> anyhow::Result<InventoryInput> {
    use std::io::Read as _;
    if path != Path::new("-") {
        return Ok(InventoryInput::Path(path.to_owned()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(LONGEST_INVENTORY + 1).read_to_end(&mut bytes)?;
    Ok(InventoryInput::Text { name: Arc::from("<stdin>"), bytes })
}
