//! Opens the registry of a fleet: where the fleet file says it lies.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::fleet::{Class, Diagnose as _, Fleet, StoreSpec};
use crate::ledger::Ledger;
use crate::registry::{Registry, RegistryError};
use crate::station::load::{self, FleetFolder};
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::Complaint;

use super::place::{fleet_folder, operator};
use super::{Context, Status, opened};

/// The file in the fleet's private folder.
const FILE: &str = "registry.db";

/// Loads the fleet and opens its registry, with the groups that the fleet file declares.
pub fn open(context: &Context) -> anyhow::Result<(FleetFolder, Registry)> {
    let (folder, _) = opened::folder(context, None)?;
    found(context, &folder)?;
    let registry = of_folder(context, &folder)?;
    Ok((folder, registry))
}

/// Opens the registry of a loaded fleet.
pub fn of_folder(context: &Context, folder: &FleetFolder) -> anyhow::Result<Registry> {
    let address = address(&folder.root, folder.fleet.store())?;
    let registry = Registry::open(&address, folder.fleet.name(), Arc::clone(&context.clock))?;
    declare(&registry, &folder.fleet, &actor(context))?;
    Ok(registry)
}

/// Opens the registry if the fleet has one: its fleet file names a store, or one was begun in its folder. The inventory
/// is not read, and nothing is made.
pub fn beside(context: &Context) -> anyhow::Result<Option<Registry>> {
    let root = fleet_folder(&context.globals)?;
    let (fleet, store) = load::store(&root)?;
    let address = address(&root, &store)?;
    if store == StoreSpec::Folder && !Path::new(&address).exists() {
        return Ok(None);
    }
    Ok(Some(Registry::open(&address, &fleet, Arc::clone(&context.clock))?))
}

/// As [`beside`], for a command that is about the registry alone.
pub fn existing(context: &Context) -> anyhow::Result<Registry> {
    beside(context)?.ok_or_else(|| {
        Complaint::new(Class::Input, "this fleet has no registry yet")
            .with_hint("bring devices in: firstlight devices import FILE, or serve: firstlight serve")
            .into()
    })
}

/// Who acts, as the audit trail has it.
pub fn actor(context: &Context) -> String {
    format!("operator {}", operator(&context.globals))
}

/// What this station did and who exists, as far as the fleet has either.
pub struct Records {
    /// The station's ledger; none where this machine is no station.
    pub ledger: Option<Ledger>,
    /// The registry; none where the fleet has none.
    pub registry: Option<Registry>,
}

/// Opens both; a fleet that has neither is told what is missing.
pub fn records(context: &Context) -> anyhow::Result<Records> {
    let registry = beside(context)?;
    let ledger = match &registry {
        Some(_) => opened::maybe_ledger(context)?,
        None => Some(opened::ledger(context)?),
    };
    Ok(Records { ledger, registry })
}

/// As [`records`], for looking: where the registry cannot be reached, a station shows what it knows itself.
pub fn records_at_hand(context: &Context) -> anyhow::Result<Records> {
    let away = match records(context) {
        Err(error) if is_away(&error) => error,
        found => return found,
    };
    let Some(ledger) = opened::maybe_ledger(context)? else { return Err(away) };
    context.printer.warn(format_args!("{away:#}; only what this station knows is shown"));
    Ok(Records { ledger: Some(ledger), registry: None })
}

fn is_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<RegistryError>().is_some_and(|error| error.class() == Class::Surroundings)
}

/// A change of the registry: what it is, in the words of a plan and of a report.
pub struct Change<'a> {
    /// What would be done; goes on after "would".
    pub would: String,
    /// What was done, for a program.
    pub done: serde_json::Value,
    /// What was done, for a person; one line.
    pub said: &'a str,
}

/// Makes a change of the registry; with `--plan` it is only told.
pub fn change(
    context: &Context,
    change: Change<'_>,
    work: impl FnOnce(&Registry, &str) -> Result<(), RegistryError>,
) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(&change.would));
    }
    let (_, registry) = open(context)?;
    work(&registry, &actor(context))?;
    context.printer.report(&change.done, || format!("{}\n", change.said));
    Ok(Status::Done)
}

fn address(root: &Path, store: &StoreSpec) -> anyhow::Result<String> {
    Ok(match store {
        StoreSpec::Folder => root.join(PRIVATE_FOLDER).join(FILE).display().to_string(),
        StoreSpec::Address(address) => address.to_string(),
        StoreSpec::Env(name) => std::env::var(name.as_ref()).map_err(|_| {
            let words = format!("the environment variable {name:?}, which names the registry, is not set");
            Complaint::new(Class::Input, words)
        })?,
    })
}

/// A registry in the fleet's private folder comes after its keys, which are made with the folder, all at once. A demo's
/// keys are made now.
fn found(context: &Context, folder: &FleetFolder) -> anyhow::Result<()> {
    if *folder.fleet.store() != StoreSpec::Folder || folder.root.join(PRIVATE_FOLDER).exists() {
        return Ok(());
    }
    if folder.fleet.authority().demo {
        return opened::station(context, None).map(drop);
    }
    Err(Complaint::new(Class::Input, format!("fleet {:?} has no keys yet", folder.fleet.name()))
        .with_hint("make them with: firstlight ca init; or name a registry elsewhere: `store:` in the fleet file")
        .into())
}

/// Returns true if the fleet keeps its registry in its own folder and has one.
pub fn is_in_folder(folder: &FleetFolder) -> bool {
    matches!(folder.fleet.store(), StoreSpec::Folder) && folder.root.join(PRIVATE_FOLDER).join(FILE).exists()
}

/// Brings the groups of the fleet file into the registry; what did not change is left alone.
fn declare(registry: &Registry, fleet: &Fleet, actor: &str) -> anyhow::Result<()> {
    let groups: BTreeMap<String, _> =
        fleet.groups().iter().map(|(name, policy)| (name.to_string(), policy.clone())).collect();
    registry.declare_groups(actor, &groups)?;
    registry.declare_rules(actor, &fleet.models().rules)?;
    Ok(())
}
