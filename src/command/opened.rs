//! Opens what a command works on: the fleet's folder, its ledger, or all of it with the keys.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{self, AskPassphrase, AuthorityError, Keys, State};
use crate::fleet::{Class, EndpointName, Secret};
use crate::host::{HostError, files};
use crate::ledger::Ledger;
use crate::station::load::{self, FleetFolder, Inputs};
use crate::station::open::open_ledger;
use crate::station::post::{PRIVATE_FOLDER, ledger_path};
use crate::station::{Selection, Shelf, Station, StationError, Surroundings};
use crate::ui::{Complaint, Printer, Prompt};

use super::Context;
use super::place::{fleet_folder, operator};

/// The longest passphrase, in bytes.
const LONGEST_PASSPHRASE: u64 = 4096;

/// Asks for passphrases and secrets at the terminal; takes the station key's from a descriptor, where one is named.
pub struct TerminalAsk {
    printer: Printer,
    descriptor: Option<i32>,
}

impl AskPassphrase for TerminalAsk {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        let given = match self.descriptor {
            Some(descriptor) => from_descriptor(descriptor),
            None => Prompt::new(&self.printer).secret(&format!("Passphrase of {for_what}"), false, ""),
        };
        given.map_err(|refusal| AuthorityError::NoPassphrase {
            for_what: for_what.to_owned(),
            reason: refusal.to_string(),
        })
    }

    fn secret(&self, name: &str) -> Result<Secret, AuthorityError> {
        let given = Prompt::new(&self.printer).secret(&format!("Secret {name:?}"), false, "");
        given.map_err(|refusal| AuthorityError::Untyped { name: name.to_owned(), reason: refusal.to_string() })
    }
}

/// Returns what the procedures of the station find around them.
pub fn surroundings(context: &Context) -> Surroundings {
    Surroundings {
        clock: Arc::clone(&context.clock),
        random: Arc::clone(&context.random),
        ask: Arc::new(TerminalAsk { printer: context.printer.clone(), descriptor: context.globals.passphrase_fd }),
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
    if folder.fleet.is_empty() {
        context.printer.warn("the inventory lists no device");
    }
    Ok((folder, shelf))
}

/// Loads the fleet's folder and opens keys, authority and ledger.
pub fn station(context: &Context, inventory: Option<&Path>) -> anyhow::Result<Station> {
    let (folder, shelf) = folder(context, inventory)?;
    Ok(Station::open(folder, shelf, surroundings(context))?)
}

/// A fleet that is looked at and not touched: opened, or a demo that has no keys yet, which only work makes.
pub enum Sight {
    /// With keys, authority and ledger.
    Opened(Box<Station>),
    /// Without any.
    Unfounded(Box<FleetFolder>, Shelf),
}

impl Sight {
    /// Returns the fleet folder.
    pub fn folder(&self) -> &FleetFolder {
        match self {
            Sight::Opened(station) => station.folder(),
            Sight::Unfounded(folder, _) => folder,
        }
    }

    /// Returns the templates.
    pub fn shelf(&self) -> &Shelf {
        match self {
            Sight::Opened(station) => station.shelf(),
            Sight::Unfounded(_, templates) => templates,
        }
    }

    /// Returns the station, if there is one yet.
    pub fn station(&self) -> Option<&Station> {
        match self {
            Sight::Opened(station) => Some(station),
            Sight::Unfounded(..) => None,
        }
    }

    /// Returns the chosen devices.
    pub fn devices(&self, chosen: &Selection, delivery: Option<&str>) -> Result<Vec<EndpointName>, StationError> {
        chosen.devices(&self.folder().fleet, self.station().map(Station::ledger), delivery)
    }
}

/// Opens a fleet for `--plan`: as [`station`], but a demo's keys are not made.
pub fn sight(context: &Context, inventory: Option<&Path>) -> anyhow::Result<Sight> {
    let (folder, shelf) = folder(context, inventory)?;
    let demo = folder.fleet.authority().demo;
    let pinned = folder.lock.as_ref().map(|lock| lock.root_sha256);
    if demo && authority::guard(&folder.root.join(PRIVATE_FOLDER), pinned, demo)? == State::Absent {
        return Ok(Sight::Unfounded(Box::new(folder), shelf));
    }
    Ok(Sight::Opened(Box::new(Station::open(folder, shelf, surroundings(context))?)))
}

/// Opens the ledger alone: no key is needed to read what this station did.
pub fn ledger(context: &Context) -> anyhow::Result<Ledger> {
    if let Some(ledger) = maybe_ledger(context)? {
        return Ok(ledger);
    }
    let root = fleet_folder(&context.globals)?;
    Err(match load::pinned(&root)? {
        Some(_) => AuthorityError::NoKeys { folder: root.join(PRIVATE_FOLDER) }.into(),
        None => StationError::NotBegun { fleet: load::fleet_name(&root)?.to_string() }.into(),
    })
}

/// As [`ledger`]; none where this machine is no station.
pub fn maybe_ledger(context: &Context) -> anyhow::Result<Option<Ledger>> {
    let root = fleet_folder(&context.globals)?;
    let name = load::fleet_name(&root)?;
    let private = root.join(PRIVATE_FOLDER);
    authority::look_into(&private)?;
    if !Keys::exist(&private) && !Ledger::exists(&ledger_path(&private)) {
        return Ok(None);
    }
    let surroundings = surroundings(context);
    let station = Keys::station_name_in(&private).unwrap_or_default();
    Ok(Some(open_ledger(&private, &name, &station, &surroundings)?))
}

/// Reads a passphrase from the descriptor named, or asks for it at the terminal (twice if `again`). `instead` is what a
/// script says.
pub fn passphrase(
    context: &Context,
    descriptor: Option<i32>,
    question: &str,
    again: bool,
    instead: &str,
) -> Result<Secret, Complaint> {
    match descriptor {
        Some(descriptor) => from_descriptor(descriptor),
        None => Prompt::new(&context.printer).secret(question, again, instead),
    }
}

/// Reads a passphrase from a descriptor that whoever started us has opened; line breaks at its end are not part of it.
fn from_descriptor(descriptor: i32) -> Result<Secret, Complaint> {
    let wrong = |words: String| {
        let hint = format!("open it for firstlight: firstlight ... {descriptor}< FILE");
        Complaint::new(Class::Input, words).with_hint(hint)
    };
    let path = format!("/proc/self/fd/{descriptor}");
    let read = files::read_bounded(Path::new(&path), LONGEST_PASSPHRASE);
    let mut bytes = read.map_err(|error| match error {
        HostError::TooLong { limit, .. } => wrong(format!("descriptor {descriptor} gives more than {limit} bytes")),
        HostError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            wrong(format!("descriptor {descriptor} is not open"))
        }
        other => wrong(format!("descriptor {descriptor} cannot be read: {}", with_cause(&other))),
    })?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(wrong(format!("descriptor {descriptor} gives no passphrase")));
    }
    Ok(Secret::new(bytes))
}

fn with_cause(error: &HostError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}
