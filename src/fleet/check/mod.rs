//! The whole fleet: fleet file, inventory and templates brought together, checked against each other, and planned from.
//!
//! [`Fleet::assemble`] finds every fault in one run; a fleet without faults gives a plan for each of its devices.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::{DeviceSpec, Given};
use super::{
    AuthoritySpec, CredentialShape, DeliveryPlan, Digest, EndpointName, Faults, FleetFile, Inventory, SecretSource,
    Server, TemplateShape, TemplateVariable, file,
};

mod coverage;
mod devices;
mod medium;
mod plaintext;
mod planning;
mod profiles;
mod servers;
mod variables;

pub use planning::PlanError;

/// Templates by name, each with the digest over all its files.
pub type Templates = BTreeMap<Arc<str>, (TemplateShape, Digest)>;

/// A fleet: everything that is known about its devices before anything is made. Plans are built on demand and share what
/// devices have in common.
#[derive(Debug)]
pub struct Fleet {
    name: Arc<str>,
    authority: AuthoritySpec,
    secrets: BTreeMap<Arc<str>, SecretSource>,
    slots: BTreeMap<u32, Arc<str>>,
    variables: BTreeMap<Arc<str>, Given>,
    profiles: BTreeMap<Arc<str>, Profile>,
    overrides: BTreeMap<Arc<str>, DeviceSpec>,
    inventory: Inventory,
    /// Rows by folded endpoint name.
    by_name: Vec<u32>,
}

/// A profile with everything that its devices share.
#[derive(Debug)]
struct Profile {
    model: Option<Arc<str>>,
    variables: BTreeMap<Arc<str>, Given>,
    credentials: Arc<BTreeMap<Arc<str>, CredentialShape>>,
    servers: Arc<BTreeMap<Arc<str>, Server>>,
    deliveries: BTreeMap<Arc<str>, Delivery>,
    /// The templates of its bundles; those not known or with faults of their own are missing.
    templates: Vec<UsedTemplate>,
    /// True if every template is known, so that a variable none of them knows is a fault.
    complete: bool,
}

/// A delivery, ready to be planned.
#[derive(Debug)]
struct Delivery {
    plan: Arc<DeliveryPlan>,
    variables: Arc<BTreeMap<Arc<str>, TemplateVariable>>,
}

/// A template as a profile uses it.
#[derive(Debug)]
struct UsedTemplate {
    name: Arc<str>,
    /// Where a bundle names it.
    place: super::Place,
    variables: Arc<BTreeMap<Arc<str>, TemplateVariable>>,
}

impl Fleet {
    /// Brings file, inventory and templates together and notes every fault between them. With any fault in `faults` the
    /// fleet returned must not be used: what has a fault is left out of it.
    pub fn assemble(file: FleetFile, inventory: Inventory, templates: &Templates, faults: &mut Faults) -> Self {
        servers::check_all(&file, faults);
        let profiles = file
            .profiles
            .iter()
            .map(|(name, spec)| (Arc::clone(name), profiles::assemble(&file, name, spec, templates, faults)))
            .collect();
        let by_name = devices::by_name(&inventory, faults);
        let fleet = Self {
            name: Arc::clone(&file.name),
            authority: file.authority.clone(),
            secrets: file.secrets.iter().map(|(name, source)| (Arc::clone(name), source.value.clone())).collect(),
            slots: file.slots.iter().map(|(number, port)| (*number, Arc::clone(&port.value))).collect(),
            variables: file.variables.clone(),
            profiles,
            overrides: file.devices.clone(),
            inventory,
            by_name,
        };
        coverage::check(&fleet, &file, faults);
        devices::check(&fleet, &file, faults);
        plaintext::check(&fleet, &file, templates, faults);
        fleet
    }

    /// Returns the fleet's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns what the fleet file says of the authority.
    pub fn authority(&self) -> &AuthoritySpec {
        &self.authority
    }

    /// Returns where each secret comes from.
    pub fn secrets(&self) -> &BTreeMap<Arc<str>, SecretSource> {
        &self.secrets
    }

    /// Returns the USB port path of each of the station's slots.
    pub fn slots(&self) -> &BTreeMap<u32, Arc<str>> {
        &self.slots
    }

    /// Returns the devices in the order of the inventory.
    pub fn devices(&self) -> impl Iterator<Item = &EndpointName> {
        self.inventory.rows().iter().filter_map(|row| row.id.as_ref())
    }

    /// Returns the number of devices.
    pub fn len(&self) -> usize {
        self.inventory.len()
    }

    /// Returns true if there is no device.
    pub fn is_empty(&self) -> bool {
        self.inventory.is_empty()
    }

    /// Returns the names of the profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &Arc<str>> {
        self.profiles.keys()
    }
}

#[cfg(test)]
mod tests;
