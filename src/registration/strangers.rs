//! Devices that proved who they are, and that nobody knows yet.

use std::net::SocketAddr;

use time::OffsetDateTime;

use crate::delivery::Random;
use crate::fleet::EndpointName;
use crate::registry::{Registry, RegistryError};

use super::found::discovery::{Found, Intake};

/// Notes a device that proved who it is and that nobody knows as one that waits for a person; says in words what came of it.
pub fn wait_for_person(
    registry: &Registry,
    group: &str,
    device: &EndpointName,
    from: SocketAddr,
    random: &dyn Random,
    now: OffsetDateTime,
) -> Result<String, RegistryError> {
    let found = Found { address: from, id: Some(device.as_str().to_owned()), links: Vec::new() };
    let taken = Intake::open(registry, group)?.take(&found, random, now)?;
    Ok(match taken.says {
        Some(says) => {
            format!("{:?} is not in the fleet, and group {group:?} does not take it: {says}", device.as_str())
        }
        None => format!("{:?} is not in the fleet; it waits for an approval in group {group:?}", device.as_str()),
    })
}
