//! Fleet file, inventory and templates become one fleet.

use std::sync::Arc;

use super::super::{Faults, FleetFile, Inventory};
use super::fleet::Fleet;
use super::profile::Templates;
use super::{addressee, bootstrap, coverage, devices, enrolment, plaintext, profiles, servers};

impl Fleet {
    /// Brings file, inventory and templates together and notes every fault between them. With any fault in `faults` the
    /// fleet returned must not be used: what has a fault is left out of it.
    pub fn assemble(file: FleetFile, inventory: Inventory, templates: &Templates, faults: &mut Faults) -> Self {
        servers::check_all(&file, faults);
        enrolment::check_all(&file, faults);
        bootstrap::check_all(&file, faults);
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
            programmers: file.programmers.clone(),
            groups: file.groups.iter().map(|(name, group)| (Arc::clone(name), group.policy.clone())).collect(),
            enrolment: file.enrolment.clone(),
            store: file.store.clone(),
            models: file.models.clone(),
            bootstrap: file.bootstrap.clone(),
            accounts: bootstrap::accounts(&file),
            serve: file.serve.clone(),
            variables: file.variables.clone(),
            profiles,
            overrides: file.devices.clone(),
            inventory,
            by_name,
        };
        coverage::check(&fleet, &file, faults);
        devices::check(&fleet, &file, faults);
        addressee::check(&fleet, faults);
        plaintext::check(&fleet, &file, templates, faults);
        fleet
    }
}
