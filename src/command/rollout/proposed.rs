//! Which devices are to take what the fleet file says now.

use crate::fleet::{EndpointName, Fleet};
use crate::registry::{DeviceState, NewMember, Registry};
use crate::station::mark;

/// Returns the devices in service whose configuration is not the one that they took last; all of them `again`.
pub(super) fn changed(
    fleet: &Fleet,
    registry: &Registry,
    ids: &[EndpointName],
    again: bool,
) -> anyhow::Result<Vec<NewMember>> {
    let all: Vec<EndpointName> = fleet.devices().cloned().collect();
    let mut members = Vec::new();
    for id in if ids.is_empty() { &all } else { ids } {
        let mark = mark::configuration(fleet, id)?;
        let row = registry.device(id.as_str())?.filter(|row| row.state != DeviceState::Retired);
        let Some(row) = row else { continue };
        if again || registry.configured(id.as_str())?.is_none_or(|(last, _)| last != mark) {
            members.push(NewMember { device: row.folded, mark, address: row.address });
        }
    }
    Ok(members)
}
