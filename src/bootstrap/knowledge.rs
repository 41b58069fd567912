//! What a session knows of its client: version, instances, where the bootstrap account lies, values that were read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::fleet::bootstrap::{Condition, GivenValue};
use crate::fleet::lwm2m::{Content, Enabler, Object, Path, SECURITY, Value};
use crate::fleet::model::VersionRange;
use crate::format::discovered::{Discovered, DiscoveredInstance};

use super::configuration::Configuration;
use super::set::copy_value;

/// What is known by now.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// The version: as discovered, else guessed by what it asked.
    pub(super) enabler: Enabler,
    /// True if the client said its version.
    pub(super) said_version: bool,
    /// Instances of /0 that must not be touched: those that no management server has. None while it is not known.
    pub(super) kept: Option<BTreeSet<u16>>,
    discovered: Option<Discovered>,
    /// True if everything was listed, not one object only.
    listed_all: bool,
    reads: BTreeMap<Path, GivenValue>,
    consulted: Map<String, Json>,
}

impl Knowledge {
    pub(super) fn new(has_preference: bool, account: Option<u16>) -> Self {
        Self {
            enabler: if has_preference { Enabler::V1_1 } else { Enabler::V1_0 },
            said_version: false,
            kept: account.map(|account| BTreeSet::from([account])),
            discovered: None,
            listed_all: false,
            reads: BTreeMap::new(),
            consulted: Map::new(),
        }
    }

    /// Takes the answer to a Discover of `path`.
    pub(super) fn discovered(&mut self, path: Path, found: Discovered) {
        if let Some(enabler) = found.enabler {
            self.enabler = enabler;
            self.said_version = true;
        }
        if matches!(path, Path::Root | Path::Object(SECURITY)) {
            // Who asks to be bootstrapped has an account of ours: an answer that lists none says nothing of it.
            let candidates = found.bootstrap_candidates();
            if !candidates.is_empty() {
                self.kept.get_or_insert_default().extend(candidates);
            }
            self.listed_all = path == Path::Root;
            self.discovered = Some(found);
        }
    }

    /// Instances of an object as they were discovered; none where nothing was said of it.
    pub(super) fn instances(&self, object: u16) -> Option<&[DiscoveredInstance]> {
        match self.discovered.as_ref()?.find(object) {
            Some(found) => Some(&found.instances),
            None if self.listed_all => Some(&[]),
            None => None,
        }
    }

    /// Instances of management servers in /0, with their ids.
    pub(super) fn servers(&self) -> Vec<(u16, u16)> {
        let instances = self.instances(SECURITY).unwrap_or_default();
        let kept = |id: &u16| self.kept.as_ref().is_some_and(|kept| kept.contains(id));
        let servers = instances.iter().filter(|instance| !kept(&instance.id));
        servers.filter_map(|instance| Some((instance.id, instance.short_server_id?))).collect()
    }

    pub(super) fn read(&mut self, objects: &[Object]) {
        for object in objects {
            for instance in &object.instances {
                for resource in &instance.resources {
                    let path = Path::Resource(object.id, instance.id, resource.id);
                    match &resource.content {
                        Content::Single(value) => drop(self.reads.insert(path, given(value))),
                        Content::Multiple(values) => self.reads.extend(values.iter().map(|(number, value)| {
                            let path = Path::ResourceInstance(object.id, instance.id, resource.id, *number);
                            (path, given(value))
                        })),
                    }
                }
            }
        }
    }

    pub(super) fn consulted(&mut self, said: Map<String, Json>) {
        self.consulted.extend(said);
    }

    /// Returns true if a condition holds.
    pub(super) fn holds(&self, condition: &Condition, configuration: &Configuration) -> bool {
        match condition {
            Condition::Has(path) => self.has(*path),
            Condition::Lacks(path) => !self.has(*path),
            Condition::Reads(path, wanted) => self.reads.get(path) == Some(wanted),
            Condition::Since(version) => self.enabler >= *version,
            Condition::Before(version) => self.enabler < *version,
            Condition::Model(models) => configuration.model.as_ref().is_some_and(|model| models.contains(model)),
            Condition::Firmware(range) => {
                let range = range.parse::<VersionRange>();
                range.is_ok_and(|range| configuration.firmware.as_ref().is_some_and(|firmware| range.matches(firmware)))
            }
            Condition::Consulted(key, wanted) => self.consulted.get(key) == Some(wanted),
        }
    }

    fn has(&self, path: Path) -> bool {
        let Some(discovered) = &self.discovered else { return false };
        let numbers = path.numbers();
        let Some(object) = numbers.first() else { return true };
        let Some(found) = discovered.objects.iter().find(|found| found.id == *object) else { return false };
        let Some(instance) = numbers.get(1) else { return true };
        let Some(found) = found.instances.iter().find(|found| found.id == *instance) else { return false };
        numbers.get(2).is_none_or(|resource| found.resources.contains(resource))
    }

    /// What an outside service is told of the client.
    pub(super) fn document(&self) -> Json {
        let paths = self.discovered.iter().flat_map(|found| &found.objects).flat_map(|object| {
            object.instances.iter().map(move |instance| {
                let path = Path::Instance(object.id, instance.id).to_string();
                (path, instance.short_server_id.map_or(json!({}), |id| json!({ "short_server_id": id })))
            })
        });
        let reads = self.reads.iter().map(|(path, value)| (path.to_string(), value.json()));
        json!({
            "lwm2m": self.enabler.to_string(),
            "discovered": paths.collect::<Map<String, Json>>(),
            "read": reads.collect::<Map<String, Json>>(),
        })
    }
}

/// A value as conditions compare it.
pub(super) fn given(value: &Value) -> GivenValue {
    match copy_value(value) {
        Value::Text(text) => GivenValue::Text(text),
        Value::Integer(number) => GivenValue::Integer(number),
        Value::Unsigned(number) => i64::try_from(number).map_or(GivenValue::Unsigned(number), GivenValue::Integer),
        Value::Float(number) => GivenValue::Float(number),
        Value::Boolean(yes) => GivenValue::Boolean(yes),
        Value::Opaque(bytes) => GivenValue::Opaque(bytes.expose(<[u8]>::to_vec)),
        Value::Link { object, instance } => GivenValue::Link(object, instance),
    }
}
