//! Credentials that change with each bootstrap: the new generation is made beside the old one and takes its place when the
//! device has it.

use std::sync::Arc;

use serde_json::json;

use crate::fleet::{DevicePlan, EndpointName};

use super::generation::Generations;
use super::{CredentialState, GenerationState, Ledger, LedgerError, claim, credentials, devices};

impl Ledger {
    /// Returns of the plan's credentials `names` the generations for the next bootstrap: the one that no device has confirmed
    /// yet, so that a device that begins anew is told the same; else the next one, to be issued. What is in force stays so.
    pub fn generations_to_rotate(
        &self,
        plan: &DevicePlan,
        names: &[Arc<str>],
    ) -> Result<Vec<CredentialState>, LedgerError> {
        self.read(|conn| {
            let device = devices::find(conn, &plan.device.folded())?.map(|(row, _)| row);
            let mut states = claim::wanted_states(conn, plan)?;
            states.retain(|state| names.contains(&state.name));
            for state in &mut states {
                let known = device.map(|device| credentials::of_name(conn, device, &state.name)).transpose()?;
                let known = known.unwrap_or_default();
                let is_in_force = known
                    .iter()
                    .any(|known| known.number == state.generation && known.state == GenerationState::Active);
                if is_in_force {
                    state.generation = known.first().map_or(1, |newest| newest.number + 1);
                    state.issued = None;
                }
            }
            Ok(states)
        })
    }

    /// Puts those generations of `names` in force that were told the device, which has confirmed them; what they replace is
    /// retired. Returns the names of what changed.
    pub fn confirm_rotation(&self, plan: &DevicePlan, names: &[Arc<str>]) -> Result<Vec<String>, LedgerError> {
        let (plan, names) = (plan.clone(), names.to_vec());
        self.write(move |work| {
            let Some((device, _)) = devices::find(work.conn, &plan.device.folded())? else { return Ok(Vec::new()) };
            let wanted: Generations = credentials::wanted(work.conn, Some(device), &plan.credentials)?;
            let told = wanted.into_iter().filter(|(name, _)| names.contains(name)).collect();
            let activated = credentials::activate(work, device, &told)?;
            if !activated.is_empty() {
                work.record("rotated", plan.device.as_str(), None, json!({ "activated": activated }))?;
            }
            Ok(activated)
        })
    }

    /// Puts one generation in force that a device was told and has shown since; what it replaces is retired. Returns true if
    /// it was not in force.
    pub fn confirm_generation(
        &self,
        device: &EndpointName,
        name: &Arc<str>,
        generation: u32,
    ) -> Result<bool, LedgerError> {
        let (id, shown) = (device.clone(), Generations::from([(Arc::clone(name), generation)]));
        self.write(move |work| {
            let Some((device, _)) = devices::find(work.conn, &id.folded())? else { return Ok(false) };
            let activated = credentials::activate(work, device, &shown)?;
            if !activated.is_empty() {
                work.record("rotated", id.as_str(), None, json!({ "activated": activated, "shown": true }))?;
            }
            Ok(!activated.is_empty())
        })
    }
}
