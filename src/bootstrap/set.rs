//! The objects of one bootstrap as a set: copies of them, what is added, and whether a device could work with them.

use std::collections::BTreeMap;

use crate::fleet::bootstrap::GivenResource;
use crate::fleet::lwm2m::{
    ACCESS_CONTROL, AccessControl, Accounts, Content, Instance, Object, Opaque, Path, Resource, SECURITY, SERVER,
    SecurityAccount, SecurityMode, ServerAccount, Value,
};

/// Object id of the OSCORE object.
pub(super) const OSCORE: u16 = 21;
/// Resource of the Security object that links to the OSCORE object.
pub(super) const OSCORE_LINK: u16 = 17;
/// Resource of the Security object with the short server id.
const SECURITY_ID: u16 = 10;

/// An instance of the configuration: object and instance id as the configuration has them.
pub(super) type Key = (u16, u16);

/// The objects that decide whether a device finds its servers.
pub(super) fn is_core(object: u16) -> bool {
    matches!(object, SECURITY | SERVER | ACCESS_CONTROL | OSCORE)
}

/// Returns a copy of an instance.
pub(super) fn copy(instance: &Instance) -> Instance {
    Instance { id: instance.id, resources: instance.resources.iter().map(copy_resource).collect() }
}

pub(super) fn copy_resource(resource: &Resource) -> Resource {
    let content = match &resource.content {
        Content::Single(value) => Content::Single(copy_value(value)),
        Content::Multiple(values) => {
            Content::Multiple(values.iter().map(|(number, value)| (*number, copy_value(value))).collect())
        }
    };
    Resource { id: resource.id, content }
}

pub(super) fn copy_value(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.clone()),
        Value::Integer(number) => Value::Integer(*number),
        Value::Unsigned(number) => Value::Unsigned(*number),
        Value::Float(number) => Value::Float(*number),
        Value::Boolean(yes) => Value::Boolean(*yes),
        Value::Opaque(bytes) => Value::Opaque(bytes.expose(|bytes| Opaque::new(bytes.to_vec()))),
        Value::Link { object, instance } => Value::Link { object: *object, instance: *instance },
    }
}

/// What is to be on the device.
#[derive(Debug, Default)]
pub(super) struct ObjectSet {
    instances: BTreeMap<Key, Instance>,
}

impl ObjectSet {
    pub(super) fn of(objects: &[Object]) -> Self {
        let instances = objects
            .iter()
            .flat_map(|object| object.instances.iter().map(|instance| ((object.id, instance.id), copy(instance))));
        Self { instances: instances.collect() }
    }

    /// Puts one resource in the place of what is there.
    pub(super) fn put(&mut self, given: &GivenResource) {
        let Path::Resource(object, instance, id) = given.path else { return };
        self.put_resource((object, instance), Resource { id, content: given.content.content() });
    }

    /// Adds all of `other`, resource by resource.
    pub(super) fn merge(&mut self, other: Vec<Object>) {
        for object in other {
            for instance in object.instances {
                for resource in instance.resources {
                    self.put_resource((object.id, instance.id), resource);
                }
            }
        }
    }

    /// Adds a copy of all of `other`.
    pub(super) fn merge_set(&mut self, other: &Self) {
        self.instances.extend(other.instances.iter().map(|(key, instance)| (*key, copy(instance))));
    }

    fn put_resource(&mut self, key: Key, resource: Resource) {
        let instance = self.instances.entry(key).or_insert(Instance { id: key.1, resources: Vec::new() });
        instance.resources.retain(|known| known.id != resource.id);
        instance.resources.push(resource);
        instance.resources.sort_by_key(|resource| resource.id);
    }

    /// Returns copies of all, by object.
    pub(super) fn objects(&self) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::new();
        for (key, instance) in &self.instances {
            match objects.last_mut().filter(|last| last.id == key.0) {
                Some(last) => last.instances.push(copy(instance)),
                None => objects.push(Object { id: key.0, instances: vec![copy(instance)] }),
            }
        }
        objects
    }

    pub(super) fn get(&self, key: Key) -> Option<&Instance> {
        self.instances.get(&key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.instances.keys().copied()
    }

    pub(super) fn has(&self, object: u16) -> bool {
        self.keys().any(|key| key.0 == object)
    }

    /// Returns the instances at or below `path`, in the order in which they are written: what others link to first, a new
    /// bootstrap account last.
    pub(super) fn in_order(&self, path: Path) -> Vec<Key> {
        let place = |key: &Key| match key.0 {
            _ if self.is_account(*key) => 5,
            OSCORE => 0,
            SECURITY => 1,
            SERVER => 2,
            ACCESS_CONTROL => 3,
            _ => 4,
        };
        let mut keys: Vec<Key> = self.keys().filter(|key| path.covers(Path::Instance(key.0, key.1))).collect();
        keys.sort_by_key(|key| (place(key), *key));
        keys
    }

    /// True for a bootstrap account.
    pub(super) fn is_account(&self, key: Key) -> bool {
        key.0 == SECURITY && matches!(self.value(key, 1), Some(Value::Boolean(true)))
    }

    /// The short server id of an instance of /0 or /1.
    pub(super) fn short_server_id(&self, key: Key) -> Option<u16> {
        let resource = if key.0 == SECURITY { SECURITY_ID } else { 0 };
        if self.is_account(key) { None } else { self.number(key, resource) }
    }

    pub(super) fn value(&self, key: Key, resource: u16) -> Option<&Value> {
        match &self.get(key)?.resources.iter().find(|known| known.id == resource)?.content {
            Content::Single(value) => Some(value),
            Content::Multiple(_) => None,
        }
    }

    fn number(&self, key: Key, resource: u16) -> Option<u16> {
        match self.value(key, resource)? {
            Value::Integer(number) => u16::try_from(*number).ok(),
            Value::Unsigned(number) => u16::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Checks that a device could work with the accounts and would not lose its way back.
    pub(super) fn check(&self, new_account: bool) -> Result<(), String> {
        self.check_account(new_account)?;
        for key in self.keys() {
            self.check_instance(key)?;
        }
        self.accounts()?.check().map_err(|error| error.to_string())
    }

    fn check_account(&self, new_account: bool) -> Result<(), String> {
        let accounts = self.keys().filter(|key| self.is_account(*key)).count();
        match (accounts, new_account) {
            (1.., false) => Err("a bootstrap account is there that nobody asked for: the device has one".into()),
            (0, true) => Err("a new bootstrap account is asked for, but none is there".into()),
            (2.., true) => Err(format!("{accounts} bootstrap accounts, at most 1 is possible")),
            _ => Ok(()),
        }
    }

    /// What an instance of the accounts must have (LwM2M TS Core, Appendix E).
    fn check_instance(&self, key: Key) -> Result<(), String> {
        for wanted in mandatory(key.0) {
            let optional_here = key.0 == SECURITY && *wanted == SECURITY_ID && self.is_account(key);
            let is_there = self.get(key).is_some_and(|found| found.resources.iter().any(|known| known.id == *wanted));
            if !is_there && !optional_here {
                return Err(format!("/{}/{} lacks resource {wanted}", key.0, key.1));
            }
        }
        if key.0 == SECURITY
            && let Some(Value::Link { object, instance }) = self.value(key, OSCORE_LINK)
            && (*object != OSCORE || self.get((OSCORE, *instance)).is_none())
        {
            return Err(format!("/0/{} links to /{object}/{instance}, which is not there", key.1));
        }
        Ok(())
    }

    /// The accounts as values that know their rules; keys are left out.
    fn accounts(&self) -> Result<Accounts, String> {
        let mut accounts = Accounts::default();
        for key in self.keys() {
            match key.0 {
                SECURITY => accounts.security.push(self.security(key)?),
                SERVER => accounts.servers.push(self.server(key)?),
                ACCESS_CONTROL => accounts.access.push(self.access(key)?),
                _ => {}
            }
        }
        Ok(accounts)
    }

    fn security(&self, key: Key) -> Result<SecurityAccount, String> {
        let empty = || Opaque::new(Vec::new());
        let Some(Value::Text(uri)) = self.value(key, 0) else { return Err(wrong(key, 0, "text")) };
        let bootstrap = self.is_account(key);
        let short_server_id = self.short_server_id(key);
        if short_server_id.is_none() && !bootstrap {
            return Err(wrong(key, SECURITY_ID, "a short server id"));
        }
        Ok(SecurityAccount {
            uri: uri.clone(),
            bootstrap,
            mode: SecurityMode::NoSec,
            identity: empty(),
            server_key: empty(),
            secret_key: empty(),
            short_server_id,
            certificate_usage: None,
        })
    }

    fn server(&self, key: Key) -> Result<ServerAccount, String> {
        let short_server_id = self.number(key, 0).ok_or_else(|| wrong(key, 0, "a short server id"))?;
        let Some(Value::Text(binding)) = self.value(key, 7) else { return Err(wrong(key, 7, "text")) };
        Ok(ServerAccount { short_server_id, lifetime: 0, binding: binding.clone() })
    }

    fn access(&self, key: Key) -> Result<AccessControl, String> {
        let number = |resource| self.number(key, resource).ok_or_else(|| wrong(key, resource, "a number"));
        let (object, instance, owner) = (number(0)?, number(1)?, number(3)?);
        let resource = self.get(key).and_then(|found| found.resources.iter().find(|known| known.id == 2));
        let mut rights = BTreeMap::new();
        if let Some(Content::Multiple(values)) = resource.map(|resource| &resource.content) {
            for (server, value) in values {
                let Value::Integer(bits) = value else { return Err(wrong(key, 2, "a number")) };
                rights.insert(*server, u8::try_from(*bits).map_err(|_| wrong(key, 2, "a number below 256"))?);
            }
        }
        Ok(AccessControl { object, instance, rights, owner })
    }
}

fn wrong(key: Key, resource: u16, wanted: &str) -> String {
    format!("/{}/{}/{resource} is not {wanted}", key.0, key.1)
}

/// The resources that LwM2M 1.0 wants in every instance of an object: what a client takes that knows nothing else. Empty for
/// objects not known here.
pub(super) fn mandatory(object: u16) -> &'static [u16] {
    match object {
        SECURITY => &[0, 1, 2, 3, 4, 5, SECURITY_ID],
        SERVER => &[0, 1, 6, 7],
        ACCESS_CONTROL => &[0, 1, 3],
        OSCORE => &[0, 1, 2],
        _ => &[],
    }
}

/// Returns true for a resource that came with LwM2M 1.1.
pub(super) fn is_of_1_1(object: u16, resource: u16) -> bool {
    match object {
        SECURITY => resource >= 13,
        SERVER => resource >= 9,
        _ => false,
    }
}
