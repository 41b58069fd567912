//! `firstlight rollout pause|resume|back`.

use std::collections::BTreeMap;

use crate::command::{Context, Status, registry};
use crate::registry::{Registry, RegistryError, Rollout};
use crate::station::mark;

use super::status::tell;

/// Runs `firstlight rollout pause`.
pub(super) fn pause(context: &Context) -> anyhow::Result<Status> {
    act(context, "pause the rollout", Registry::pause_rollout)
}

/// Runs `firstlight rollout resume`.
pub(super) fn resume(context: &Context) -> anyhow::Result<Status> {
    act(context, "go on with the rollout", Registry::resume_rollout)
}

fn act(
    context: &Context,
    would: &str,
    work: impl FnOnce(&Registry, &str) -> Result<Rollout, RegistryError>,
) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would(would));
    }
    let registry = registry::existing(context)?;
    tell(&work(&registry, &registry::actor(context))?, context);
    Ok(Status::Done)
}

/// Runs `firstlight rollout back`.
pub(super) fn back(context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("bootstrap the devices of the rollout anew with what the fleet file says now"));
    }
    let (folder, registry) = registry::open(context)?;
    let mut marks = BTreeMap::new();
    for device in folder.fleet.devices() {
        marks.insert(device.folded(), mark::configuration(&folder.fleet, device)?);
    }
    tell(&registry.back_rollout(&marks, &registry::actor(context))?, context);
    Ok(Status::Done)
}
