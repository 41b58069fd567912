//! A fleet that is put together: what is known of its devices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::enrolment::GroupPolicy;
use super::super::file::{BootstrapSpec, DeviceSpec, EnrolmentSpec, Given, ServeSpec, StoreSpec};
use super::super::model::ModelsSpec;
use super::super::program::Programmers;
use super::super::{
    AuthoritySpec, EndpointName, FactoryPlan, Inventory, Recipient, Seal, SecretSource, SerialNumber, Server,
};
use super::profile::Profile;

/// A fleet: everything that is known about its devices before anything is made. Plans are built on demand and share what
/// devices have in common.
#[derive(Debug)]
pub struct Fleet {
    pub(super) name: Arc<str>,
    pub(super) authority: AuthoritySpec,
    pub(super) secrets: BTreeMap<Arc<str>, SecretSource>,
    pub(super) slots: BTreeMap<u32, Arc<str>>,
    pub(super) programmers: Programmers,
    pub(super) groups: BTreeMap<Arc<str>, GroupPolicy>,
    pub(super) enrolment: EnrolmentSpec,
    pub(super) store: StoreSpec,
    pub(super) serve: ServeSpec,
    pub(super) models: ModelsSpec,
    pub(super) bootstrap: BootstrapSpec,
    /// Bootstrap servers that a device may be sent to, by name, whether or not its profile has them.
    pub(super) accounts: BTreeMap<Arc<str>, Server>,
    pub(super) variables: BTreeMap<Arc<str>, Given>,
    pub(super) profiles: BTreeMap<Arc<str>, Profile>,
    pub(super) overrides: BTreeMap<Arc<str>, DeviceSpec>,
    pub(super) inventory: Inventory,
    /// Rows by folded endpoint name.
    pub(super) by_name: Vec<u32>,
}

impl Fleet {
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

    /// Returns the programs that drive programmers, by name.
    pub fn programmers(&self) -> &Programmers {
        &self.programmers
    }

    /// Returns the policies of the enrolment groups, by name.
    pub fn groups(&self) -> &BTreeMap<Arc<str>, GroupPolicy> {
        &self.groups
    }

    /// Returns what is said of enrolment beside the groups.
    pub fn enrolment(&self) -> &EnrolmentSpec {
        &self.enrolment
    }

    /// Returns the enrolment group in which devices of a profile register, where the profile names one.
    pub fn group_of_profile(&self, profile: &str) -> Option<&Arc<str>> {
        self.profiles.get(profile)?.group.as_ref()
    }

    /// Returns the servers that any device is told about, by name.
    pub fn servers(&self) -> BTreeMap<Arc<str>, Server> {
        let all = self.profiles.values().flat_map(|profile| profile.servers.iter());
        all.map(|(name, server)| (Arc::clone(name), server.clone())).collect()
    }

    /// Returns where the registry lies.
    pub fn store(&self) -> &StoreSpec {
        &self.store
    }

    /// Returns how the registry is served.
    pub fn serve(&self) -> &ServeSpec {
        &self.serve
    }

    /// Returns where models lie and which device gets which.
    pub fn models(&self) -> &ModelsSpec {
        &self.models
    }

    /// Returns how devices are bootstrapped over `LwM2M`.
    pub fn bootstrap(&self) -> &BootstrapSpec {
        &self.bootstrap
    }

    /// Returns what goes where in chips, of every delivery that is for one.
    pub fn factories(&self) -> impl Iterator<Item = &FactoryPlan> {
        let deliveries = self.profiles.values().flat_map(|profile| profile.deliveries.values());
        deliveries.filter_map(|delivery| delivery.plan.carrier.factory().map(|factory| &**factory))
    }

    /// Returns the devices in the order of the inventory.
    pub fn devices(&self) -> impl Iterator<Item = &EndpointName> {
        self.inventory.rows().iter().filter_map(|row| row.id.as_ref())
    }

    /// Returns the serial numbers that the inventory and the fleet file give, in no certain order.
    pub fn serials(&self) -> impl Iterator<Item = &SerialNumber> {
        let overriding =
            self.overrides.values().filter_map(|device| device.serial.as_ref().map(|serial| &serial.value));
        self.inventory.rows().iter().filter_map(|row| row.serial.as_ref()).chain(overriding)
    }

    /// Returns the number of devices.
    pub fn len(&self) -> usize {
        self.inventory.len()
    }

    /// Returns true if there is no device.
    pub fn is_empty(&self) -> bool {
        self.inventory.is_empty()
    }

    /// Returns the names of the batch keys that bundles are sealed to.
    pub fn batches(&self) -> BTreeSet<Arc<str>> {
        let deliveries = self.profiles.values().flat_map(|profile| profile.deliveries.values());
        let recipients = deliveries.flat_map(|delivery| &delivery.plan.bundle.sealing.recipients);
        let batches = recipients.filter_map(|recipient| match recipient {
            Recipient::Batch(name) => Some(Arc::clone(name)),
            _ => None,
        });
        batches.collect()
    }

    /// Returns true if a bundle is sealed in any way.
    pub fn seals(&self) -> bool {
        let mut deliveries = self.profiles.values().flat_map(|profile| profile.deliveries.values());
        deliveries.any(|delivery| delivery.plan.bundle.seal != Seal::None)
    }

    /// Returns the names of the profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &Arc<str>> {
        self.profiles.keys()
    }
}
