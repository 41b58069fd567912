//! Opens the registry of a fleet: where the fleet file says it lies.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::{Class, Fleet, StoreSpec};
use crate::registry::Registry;
use crate::station::load::FleetFolder;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::Complaint;

use super::{Context, opened};

/// The file in the fleet's private folder.
const FILE: &str = "registry.db";

/// Loads the fleet and opens its registry, with the groups that the fleet file declares.
pub fn open(context: &Context) -> anyhow::Result<(FleetFolder, Registry)> {
    let (folder, _) = opened::folder(context, None)?;
    let registry = of_folder(context, &folder)?;
    Ok((folder, registry))
}

/// Opens the registry of a loaded fleet.
pub fn of_folder(context: &Context, folder: &FleetFolder) -> anyhow::Result<Registry> {
    let address = match folder.fleet.store() {
        StoreSpec::Folder => folder.root.join(PRIVATE_FOLDER).join(FILE).display().to_string(),
        StoreSpec::Address(address) => address.to_string(),
        StoreSpec::Env(name) => std::env::var(name.as_ref()).map_err(|_| {
            let words = format!("the environment variable {name:?}, which names the registry, is not set");
            Complaint::new(Class::Input, words)
        })?,
    };
    let registry = Registry::open(&address, folder.fleet.name(), Arc::clone(&context.clock))?;
    declare(&registry, &folder.fleet, &super::place::operator(&context.globals))?;
    Ok(registry)
}

/// Returns true if the fleet keeps its registry in its own folder and has one.
pub fn is_in_folder(folder: &FleetFolder) -> bool {
    matches!(folder.fleet.store(), StoreSpec::Folder) && folder.root.join(PRIVATE_FOLDER).join(FILE).exists()
}

/// Brings the groups of the fleet file into the registry; what did not change is left alone.
fn declare(registry: &Registry, fleet: &Fleet, operator: &str) -> anyhow::Result<()> {
    let groups: BTreeMap<String, _> =
        fleet.groups().iter().map(|(name, policy)| (name.to_string(), policy.clone())).collect();
    let actor = format!("operator {operator}");
    registry.declare_groups(&actor, &groups)?;
    registry.declare_rules(&actor, &fleet.models().rules)?;
    Ok(())
}
