//! The mark of what a device is told over the network: two that differ are two configurations.

use serde_json::json;

use crate::fleet::{Digest, EndpointName, Fleet};

use super::error::StationError;

/// Returns the mark of a device's configuration as the fleet file has it now. What is drawn for each device (keys,
/// certificates) is no part of it: a rotation is no other configuration.
pub fn configuration(fleet: &Fleet, device: &EndpointName) -> Result<String, StationError> {
    let plan = fleet.plan_of_servers(device)?;
    let text = json!({ "servers": plan.servers }).to_string();
    Ok(Digest::of(text.as_bytes()).to_string())
}
