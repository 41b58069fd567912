//! Devices that come for their bundle, registered or only expected; and what they say came of it.

use serde_json::{Value as Json, json};

use crate::fleet::enrolment::Refusal;
use crate::registry::chain::Event;
use crate::registry::devices::{self, DeviceState};
use crate::registry::{Registry, RegistryError};

use super::asked::{Nonce, Proof};
use super::visit::{Visited, admitted};

/// A device that comes for its bundle, and how it proved itself.
#[derive(Clone, Debug)]
pub struct BundleVisit {
    /// The device, folded.
    pub device: String,
    /// The group by whose rules its proof was judged.
    pub group: String,
    /// True if the group lets nobody in whom no person has approved.
    pub must_be_registered: bool,
    /// The proof.
    pub proof: Proof,
    /// Its nonce.
    pub nonce: Option<Nonce>,
}

/// What came of a bundle on its device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BundleResult {
    /// What happened: `bundle-taken`, `bundle-rolled-back`, `bundle-refused`.
    pub what: &'static str,
    /// The version in force, where it is known.
    pub in_force: Option<i64>,
    /// More, for the audit chain.
    pub detail: Json,
}

impl Registry {
    /// Admits a device that comes for its bundle: what only the store knows of its proof is judged, its nonce used up.
    pub fn visit_for_bundle(&self, visit: BundleVisit) -> Result<Visited<()>, RegistryError> {
        self.write(move |writing| {
            let Some(row) = devices::find(writing.sql, writing.tenant, &visit.device)? else {
                return Ok(Err(Refusal::NotRegistered));
            };
            match row.state {
                DeviceState::Registered => {}
                DeviceState::Expected if !visit.must_be_registered => {}
                DeviceState::Retired => return Ok(Err(Refusal::DeviceRetired)),
                DeviceState::Expected | DeviceState::Pending | DeviceState::Assigning => {
                    return Ok(Err(Refusal::NotRegistered));
                }
            }
            admitted(writing, &visit.proof, visit.nonce.as_ref(), &visit.group, &visit.device)
        })
    }

    /// Notes that a device was given a version of its bundle; once for each.
    pub fn bundle_fetched(&self, device: &str, version: u32) -> Result<(), RegistryError> {
        self.note_bundle(device, "bundle-fetched", None, json!({ "version": version }))
    }

    /// Notes what came of a bundle.
    pub fn bundle_result(&self, device: &str, result: BundleResult) -> Result<(), RegistryError> {
        self.note_bundle(device, result.what, result.in_force, result.detail)
    }

    fn note_bundle(
        &self,
        device: &str,
        what: &'static str,
        in_force: Option<i64>,
        detail: Json,
    ) -> Result<(), RegistryError> {
        let device = device.to_owned();
        self.write(move |writing| {
            let mut row = devices::existing(writing.sql, writing.tenant, &device)?;
            let (folded, actor, detail) = (Some(device.clone()), "device".to_owned(), detail.clone());
            writing.note(Event { what, device: folded, actor, detail });
            if in_force.is_some_and(|version| row.bundle != Some(version)) {
                row.bundle = in_force;
                devices::save(writing, row)?;
            }
            Ok(())
        })
    }
}
