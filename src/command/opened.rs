//! Opens what a command works on: the fleet's folder, its ledger, or all of it with the keys.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{AskPassphrase, AuthorityError, Keys};
use crate::fleet::{Class, Secret};
use crate::host::files;
use crate::registry::Ledger;
use crate::station::load::{self, FleetFolder, Inputs};
use crate::station::open::open_ledger;
use crate::station::post::{PRIVATE_FOLDER, ledger_path};
use crate::station::{Shelf, Station, Surroundings};
use crate::ui::{Complaint, Printer, Prompt};

use super::Context;
use super::place::{fleet_folder, operator};

/// The longest passphrase, in bytes.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Asks for passphrases at the terminal, or takes the one of `--passphrase-fd`.
pub struct TerminalAsk {
    printer: Printer,
}

impl AskPassphrase for TerminalAsk {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        let instead = "run it at a terminal, or use a key file without a passphrase";
        Prompt::new(&self.printer).secret(for_what, false, instead).map_err(|refusal| AuthorityError::NoPassphrase {
            for_what: for_what.to_owned(),
            reason: refusal.to_string(),
        })
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
    let shelf = Shelf::default();
    let inputs = Inputs { inventory: inventory.map(Path::to_owned), stdin: &mut std::io::stdin().lock() };
    let folder = load::load(&root, inputs, &shelf)?;
    Ok((folder, shelf))
}

/// A fleet whose keys stay closed: for `--plan`, which touches nothing.
pub struct Unopened {
    /// The folder.
    pub folder: FleetFolder,
    /// Its templates.
    pub shelf: Shelf,
    /// What this station did, where it did anything yet.
    pub ledger: Option<Ledger>,
}

/// Loads the fleet's folder and, for reading, its ledger if there is one.
pub fn unopened(context: &Context, inventory: Option<&Path>) -> anyhow::Result<Unopened> {
    let (folder, shelf) = self::folder(context, inventory)?;
    let path = ledger_path(&folder.root.join(PRIVATE_FOLDER));
    let ledger = if Ledger::exists(&path) { Some(self::ledger(context)?) } else { None };
    Ok(Unopened { folder, shelf, ledger })
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
    let surroundings = surroundings(context);
    // Without keys there is no station: the ledger's own complaint says so, and how to restore both.
    let station = Keys::station_name_in(&private).unwrap_or_default();
    Ok(open_ledger(&private, &name, &station, &surroundings)?)
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
