//! Device plans, made on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::file::GivenValue;
use super::super::inventory::Row;
use super::super::template::{SensitivityClass, TemplateVariable};
use super::super::{
    Class, DevicePlan, Diagnose, EndpointName, Protocol, Role, SerialNumber, Server, Variable, nearest,
};
use super::devices::compare_folded;
use super::fleet::Fleet;
use super::profile::{Delivery, Profile};
use super::variables::typed;

/// Why there is no plan.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanError {
    /// The inventory has no such device.
    #[error("there is no device {device:?} in fleet {fleet:?}")]
    UnknownDevice {
        /// As it was named.
        device: String,
        /// The fleet.
        fleet: Arc<str>,
        /// Devices with a similar name, the nearest first.
        near: Vec<String>,
    },
    /// The profile has several deliveries and none was named.
    #[error("device {device:?} has {} deliveries: {}", choices.len(), choices.join(", "))]
    AmbiguousDelivery {
        /// The device.
        device: String,
        /// Names of the deliveries.
        choices: Vec<String>,
    },
    /// The profile has no such delivery.
    #[error("profile {profile:?} of device {device:?} has no delivery {delivery:?}")]
    UnknownDelivery {
        /// As it was named.
        delivery: String,
        /// The device.
        device: String,
        /// Its profile.
        profile: Arc<str>,
        /// Names of the deliveries.
        choices: Vec<String>,
    },
}

impl Diagnose for PlanError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            PlanError::UnknownDevice { near, .. } => match near.as_slice() {
                [] => Some("see the devices with: firstlight devices list".to_owned()),
                near => Some(format!("did you mean {}?", near.join(" or "))),
            },
            PlanError::AmbiguousDelivery { choices, .. } => {
                Some(format!("choose one: --delivery {}", choices.first().map_or("NAME", String::as_str)))
            }
            PlanError::UnknownDelivery { choices, .. } => Some(format!("deliveries here: {}", choices.join(", "))),
        }
    }
}

impl Fleet {
    /// Makes the plan of a device for one of its deliveries; without a name, for its only one.
    ///
    /// Variables are those that the delivery's template knows, by precedence fleet < profile < inventory row < device, the
    /// template's default where nobody gives one.
    pub fn plan(&self, device: &EndpointName, delivery: Option<&str>) -> Result<DevicePlan, PlanError> {
        let unknown = || PlanError::UnknownDevice {
            device: device.to_string(),
            fleet: Arc::clone(&self.name),
            near: self.near_devices(device.as_str()),
        };
        let (index, row) = self.row_of(device.as_str()).ok_or_else(unknown)?;
        let (profile_name, profile) =
            self.profile_name(row).and_then(|name| self.profiles.get_key_value(name)).ok_or_else(unknown)?;
        let delivery = choose(device, (profile_name, profile), delivery)?;
        let spec = self.overrides.get(device.as_str());
        let serial = spec.and_then(|spec| spec.serial.as_ref().map(|serial| serial.value.clone()));
        let model = spec.and_then(|spec| spec.model.clone()).or_else(|| row.model.clone());
        Ok(DevicePlan {
            fleet: Arc::clone(&self.name),
            device: device.clone(),
            serial: serial.or_else(|| row.serial.clone()),
            model: model.or_else(|| profile.model.clone()),
            profile: Arc::clone(profile_name),
            group: profile.group.clone(),
            delivery: Arc::clone(&delivery.plan),
            credentials: Arc::clone(&delivery.credentials),
            servers: Arc::clone(&profile.servers),
            variables: self.merge(index, device, profile, delivery),
            addressee: self.addressee((index, row), profile, &delivery.plan.bundle.sealing).unwrap_or_default(),
        })
    }

    /// Makes a plan of a device for its credentials alone: those that any of its deliveries carries.
    pub fn plan_of_credentials(&self, device: &EndpointName) -> Result<DevicePlan, PlanError> {
        let deliveries = self.deliveries(device);
        let mut plan = self.plan(device, deliveries.first().map(|first| &**first))?;
        for delivery in deliveries.iter().skip(1) {
            let more = self.plan(device, Some(delivery))?.credentials;
            if more.keys().any(|name| !plan.credentials.contains_key(name)) {
                Arc::make_mut(&mut plan.credentials).extend((*more).clone());
            }
        }
        Ok(plan)
    }

    /// Makes a plan of a device for what a bootstrap server tells it: its credentials, and those of its `LwM2M` servers, whether
    /// or not a delivery carries them.
    pub fn plan_of_servers(&self, device: &EndpointName) -> Result<DevicePlan, PlanError> {
        let mut plan = self.plan_of_credentials(device)?;
        let servers = plan.servers.values().filter(|server| server.protocol == Protocol::Lwm2m);
        let named = servers.filter_map(|server| server.credential.clone());
        let lacking: Vec<_> = named.filter(|name| !plan.credentials.contains_key(name)).collect();
        if let Some(profile) = self.profiles.get(&plan.profile).filter(|_| !lacking.is_empty()) {
            let shapes = lacking.iter().filter_map(|name| profile.credentials.get_key_value(name));
            Arc::make_mut(&mut plan.credentials).extend(shapes.map(|(name, shape)| (Arc::clone(name), shape.clone())));
        }
        Ok(plan)
    }

    /// Returns the plan with the bootstrap server `account` in the place of the one that it has.
    pub fn with_account(&self, plan: &DevicePlan, account: &str) -> DevicePlan {
        let is_kept = |server: &Server| server.protocol != Protocol::Lwm2m || server.role != Role::Bootstrap;
        let kept = plan.servers.iter().filter(|(_, server)| is_kept(server));
        let named = self.accounts.get_key_value(account);
        let servers: BTreeMap<_, _> =
            kept.chain(named).map(|(name, server)| (Arc::clone(name), server.clone())).collect();
        let mut plan = DevicePlan { servers: Arc::new(servers), ..plan.clone() };
        let credential = named.and_then(|(_, server)| server.credential.as_ref());
        let profile = self.profiles.get(&plan.profile);
        if let Some((name, shape)) = credential.zip(profile).and_then(|(name, of)| of.credentials.get_key_value(name)) {
            Arc::make_mut(&mut plan.credentials).insert(Arc::clone(name), shape.clone());
        }
        plan
    }

    /// Returns a device's name as the inventory has it, whatever the case of its letters; none if two differ in case only.
    pub fn device_as_written(&self, device: &EndpointName) -> Option<EndpointName> {
        let rows = self.inventory.rows();
        let name = |index: &u32| rows[*index as usize].id.as_ref();
        let text = |index: &u32| name(index).map_or("", EndpointName::as_str);
        let first = self.by_name.partition_point(|index| compare_folded(text(index), device.as_str()).is_lt());
        let mut same =
            self.by_name[first..].iter().take_while(|index| compare_folded(text(index), device.as_str()).is_eq());
        let found = same.next().and_then(name).cloned();
        found.filter(|_| same.next().is_none())
    }

    /// Returns the device of a serial number; none if there is none, or several.
    pub fn device_of_serial(&self, serial: &str) -> Option<EndpointName> {
        let of = |id: &EndpointName, row: Option<&SerialNumber>| {
            let own = self.overrides.get(id.as_str()).and_then(|device| device.serial.as_ref());
            own.map(|own| &own.value).or(row).is_some_and(|found| found.as_str() == serial)
        };
        let rows = self.inventory.rows().iter();
        let mut found = rows.filter_map(|row| row.id.as_ref().filter(|id| of(id, row.serial.as_ref())));
        let first = found.next().cloned();
        first.filter(|_| found.next().is_none())
    }

    /// Returns the first device of each profile that has any: where all of a profile have the same fault, one shows it.
    pub fn examples(&self) -> Vec<&EndpointName> {
        let mut seen = std::collections::BTreeSet::new();
        let rows = self.inventory.rows().iter();
        rows.filter(|row| self.profile_name(row).is_some_and(|name| seen.insert(name)))
            .filter_map(|row| row.id.as_ref())
            .collect()
    }

    /// Returns the deliveries of a device's profile.
    pub fn deliveries(&self, device: &EndpointName) -> Vec<Arc<str>> {
        let profile = self.row_of(device.as_str()).and_then(|(_, row)| self.profiles.get(self.profile_name(row)?));
        profile.map(|profile| profile.deliveries.keys().cloned().collect()).unwrap_or_default()
    }

    fn merge(
        &self,
        index: usize,
        device: &EndpointName,
        profile: &Profile,
        delivery: &Delivery,
    ) -> BTreeMap<Arc<str>, Variable> {
        let row: BTreeMap<&str, GivenValue> =
            self.inventory.variables(index).map(|cell| (&*cell.column.name, cell.value)).collect();
        let spec = self.overrides.get(device.as_str());
        let mut variables = BTreeMap::new();
        for (name, wanted) in delivery.variables.iter() {
            let given = spec
                .and_then(|spec| spec.variables.get(name))
                .map(|given| &given.value)
                .or_else(|| row.get(&**name))
                .or_else(|| Some(&profile.variables.get(name)?.value))
                .or_else(|| Some(&self.variables.get(name)?.value));
            let value = match given {
                Some(given) => typed(name, given, wanted).ok().flatten(),
                None => default(wanted),
            };
            variables.extend(value.map(|value| (Arc::clone(name), value)));
        }
        variables
    }

    /// Returns the name of a row's profile: the device's own, the row's, or the only one.
    pub(super) fn profile_name<'a>(&'a self, row: &'a Row) -> Option<&'a Arc<str>> {
        let overriding = row.id.as_ref().and_then(|id| self.overrides.get(id.as_str())?.profile.as_ref());
        let only = || if self.profiles.len() == 1 { self.profiles.keys().next() } else { None };
        overriding.map(|profile| &profile.value).or(row.profile.as_ref()).or_else(only)
    }

    /// Returns the row of a device by its exact name.
    pub(super) fn row_of(&self, device: &str) -> Option<(usize, &Row)> {
        let rows = self.inventory.rows();
        let name = |index: &u32| rows[*index as usize].id.as_ref().map_or("", EndpointName::as_str);
        let first = self.by_name.partition_point(|index| compare_folded(name(index), device).is_lt());
        let same = self.by_name[first..].iter().take_while(|index| compare_folded(name(index), device).is_eq());
        let index = same.filter(|index| name(index) == device).map(|index| *index as usize).next()?;
        Some((index, &rows[index]))
    }

    /// Returns up to three devices with a similar name, the nearest first.
    pub(super) fn near_devices(&self, device: &str) -> Vec<String> {
        let mut near: Vec<String> = Vec::new();
        while near.len() < 3 {
            let others =
                self.devices().map(EndpointName::as_str).filter(|name| !near.iter().any(|known| known == name));
            match nearest::nearest(device, others) {
                Some(name) => near.push(name.to_owned()),
                None => break,
            }
        }
        near
    }
}

fn choose<'a>(
    device: &EndpointName,
    (name, profile): (&Arc<str>, &'a Profile),
    delivery: Option<&str>,
) -> Result<&'a Delivery, PlanError> {
    let choices = || profile.deliveries.keys().map(ToString::to_string).collect();
    match delivery {
        Some(wanted) => profile.deliveries.get(wanted).ok_or_else(|| PlanError::UnknownDelivery {
            delivery: wanted.to_owned(),
            device: device.to_string(),
            profile: Arc::clone(name),
            choices: choices(),
        }),
        None => match profile.deliveries.values().next() {
            Some(only) if profile.deliveries.len() == 1 => Ok(only),
            _ => Err(PlanError::AmbiguousDelivery { device: device.to_string(), choices: choices() }),
        },
    }
}

/// Returns a template's default. A secret has none that could stand in a plan.
fn default(wanted: &TemplateVariable) -> Option<Variable> {
    let value = wanted.default.clone()?;
    match wanted.class {
        SensitivityClass::Plain => Some(Variable::Plain(value)),
        SensitivityClass::Pii => Some(Variable::Pii(value)),
        SensitivityClass::Secret => None,
    }
}
