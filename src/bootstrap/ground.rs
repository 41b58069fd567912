//! What a session stands on: what is to be written, where on this client, and what must not be touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use zeroize::Zeroizing;

use crate::coap::Request;
use crate::fleet::bootstrap::{GivenResource, RawMethod, RawOperation};
use crate::fleet::lwm2m::{Content, Enabler, Instance, Object, Path, Resource, SECURITY, Value};
use crate::format::coap::Code;
use crate::format::payload::{PayloadFormat, encode};

use super::configuration::Configuration;
use super::formats::Formats;
use super::knowledge::Knowledge;
use super::operation::{Operation, code_of, discover, finish, shown};
use super::outcome::Failure;
use super::set::{Key, OSCORE, OSCORE_LINK, ObjectSet, copy_resource, is_core, is_of_1_1, mandatory};

/// What is known, wanted and done.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) configuration: Arc<Configuration>,
    pub(super) set: ObjectSet,
    pub(super) knowledge: Knowledge,
    /// The format the client asked for.
    preferred: Option<u16>,
    formats: Option<Formats>,
    /// Instance ids on this client.
    placed: BTreeMap<Key, u16>,
    /// What the client has deleted.
    pub(super) gone: BTreeSet<Path>,
    /// Objects of which something was to be deleted, whatever came of it.
    pub(super) cleared: BTreeSet<u16>,
    /// Instances whose writing was tried, whatever came of it.
    pub(super) attempted: BTreeSet<Key>,
    /// Instances that the client has taken; true if only what 1.0 wants of them.
    pub(super) written: BTreeMap<Key, bool>,
    /// Other writes to the accounts that failed.
    pub(super) broken: Vec<String>,
    pub(super) quirks: Vec<String>,
}

impl Ground {
    pub(super) fn new(configuration: Arc<Configuration>, preferred: Option<u16>) -> Self {
        Self {
            set: ObjectSet::of(&configuration.objects),
            knowledge: Knowledge::new(preferred.is_some(), configuration.limits.account),
            configuration,
            preferred,
            formats: None,
            placed: BTreeMap::new(),
            gone: BTreeSet::new(),
            cleared: BTreeSet::new(),
            attempted: BTreeSet::new(),
            written: BTreeMap::new(),
            broken: Vec::new(),
            quirks: Vec::new(),
        }
    }

    pub(super) fn formats(&mut self) -> &mut Formats {
        let (profile, enabler) = (self.configuration.limits.format, self.knowledge.enabler);
        self.formats.get_or_insert_with(|| Formats::of(profile, self.preferred, enabler))
    }

    pub(super) fn quirk(&mut self, words: impl Into<String>) {
        let words = words.into();
        if !self.quirks.contains(&words) {
            self.quirks.push(words);
        }
    }

    /// Makes the message of an operation, with its values as they may be told; an error if it must not be sent.
    pub(super) fn request(&mut self, operation: &Operation) -> Result<(Request, Map<String, Json>), Failure> {
        let plain = |request| Ok((request, Map::new()));
        match operation {
            Operation::Discover(path) | Operation::LookAgain(path) => plain(discover(*path)),
            Operation::Read(path) => plain(self.read(*path)),
            Operation::ReadAgain(object) => plain(self.read(Path::Object(*object))),
            Operation::Delete(path) => {
                self.guard_delete(*path)?;
                plain(Request::new(Code::DELETE, &path.to_string()))
            }
            Operation::Write { key, least } => self.write(*key, *least),
            Operation::WriteValue(given) => self.write_value(given),
            Operation::Raw(raw) => {
                self.guard_raw(raw)?;
                plain(raw_request(raw))
            }
            Operation::Finish => plain(finish()),
        }
    }

    fn read(&mut self, path: Path) -> Request {
        let format = self.formats().current().number();
        Request::new(Code::GET, &path.to_string()).accepting(format)
    }

    /// Notes what is about to be sent: from now on the device may have done it.
    pub(super) fn sending(&mut self, operation: &Operation) {
        match operation {
            Operation::Delete(Path::Root) => self.cleared.extend([0, 1, 2]),
            Operation::Delete(path) => self.cleared.extend(path.object()),
            Operation::Write { key, .. } => drop(self.attempted.insert(*key)),
            Operation::Raw(raw) if raw.method == RawMethod::Delete => self.cleared.extend(raw.path.object()),
            _ => {}
        }
    }

    /// Refuses what would take the bootstrap account away.
    fn guard_delete(&self, path: Path) -> Result<(), Failure> {
        let withheld = |reason: &str| Err(Failure::Withheld(format!("refusing to delete {path}: {reason}")));
        match (path, &self.knowledge.kept) {
            (Path::Resource(..) | Path::ResourceInstance(..), _) => {
                withheld("only objects and instances can be deleted")
            }
            (Path::Object(OSCORE) | Path::Instance(OSCORE, _), _) => withheld("the bootstrap account may link to it"),
            (Path::Root | Path::Object(SECURITY) | Path::Instance(SECURITY, _), None) => withheld(UNKNOWN_ACCOUNT),
            (Path::Instance(SECURITY, instance), Some(kept)) if kept.contains(&instance) => {
                withheld("it is the bootstrap account")
            }
            _ => Ok(()),
        }
    }

    fn guard_raw(&self, raw: &RawOperation) -> Result<(), Failure> {
        let withheld = |reason: &str| Err(Failure::Withheld(format!("refusing to write {}: {reason}", raw.path)));
        match (raw.method, raw.path.object(), raw.path.instance(), &self.knowledge.kept) {
            (RawMethod::Get, ..) => Ok(()),
            (RawMethod::Delete, ..) => self.guard_delete(raw.path),
            (_, None, ..) => withheld("everything at once would hold the bootstrap account"),
            (_, Some(SECURITY), None, _) => withheld("the whole object would hold the bootstrap account"),
            (_, Some(SECURITY), _, None) => withheld(UNKNOWN_ACCOUNT),
            (_, Some(SECURITY), Some(instance), Some(kept)) if kept.contains(&instance) => {
                withheld("it is the bootstrap account")
            }
            (_, Some(OSCORE), ..) => withheld("the bootstrap account may link to it"),
            _ => Ok(()),
        }
    }

    fn write_value(&mut self, given: &GivenResource) -> Result<(Request, Map<String, Json>), Failure> {
        let Path::Resource(object, instance, id) = given.path else {
            return Err(Failure::Unsound(format!("{} is no resource", given.path)));
        };
        if matches!(object, SECURITY | OSCORE) {
            let reason = format!("refusing to write {} alone: such an account is written whole", given.path);
            return Err(Failure::Withheld(reason));
        }
        let resource = Resource { id, content: given.content.content() };
        let objects = [Object { id: object, instances: vec![Instance { id: instance, resources: vec![resource] }] }];
        let values = shown(object, &objects[0].instances[0]);
        Ok((self.put(given.path, &objects)?, values))
    }

    fn write(&mut self, key: Key, least: bool) -> Result<(Request, Map<String, Json>), Failure> {
        let target = self.place(key)?;
        self.guard_write(key, target)?;
        let instance = self.content(key, least)?;
        let path = Path::Instance(key.0, target);
        let values = shown(key.0, &instance);
        Ok((self.put(path, &[Object { id: key.0, instances: vec![instance] }])?, values))
    }

    fn put(&mut self, path: Path, objects: &[Object]) -> Result<Request, Failure> {
        let format = self.formats().current();
        let payload = payload(format, path, objects)?;
        if let Some(limit) = self.configuration.limits.payload_bytes.filter(|limit| payload.len() > *limit) {
            let reason = format!("{path} takes {} bytes, the client takes at most {limit}", payload.len());
            return Err(Failure::Beyond(reason));
        }
        let mut request = Request::new(Code::PUT, &path.to_string());
        request.format = Some(format.number());
        request.payload = payload;
        Ok(request)
    }

    /// The last thing between a mistake here and a device that is lost.
    fn guard_write(&self, key: Key, target: u16) -> Result<(), Failure> {
        if key.0 == OSCORE && self.knowledge.enabler == Enabler::V1_0 {
            return Err(Failure::Beyond("the client's version 1.0 has no OSCORE".into()));
        }
        let is_kept = self.knowledge.kept.as_ref().is_none_or(|kept| kept.contains(&target));
        let is_asked_for = self.set.is_account(key) && self.configuration.new_account;
        if key.0 == SECURITY && is_kept && !is_asked_for {
            return Err(Failure::Withheld(format!("refusing to write /0/{target}: it is the bootstrap account")));
        }
        Ok(())
    }

    /// Finds the instance id of an instance on this client, the same each time.
    pub(super) fn place(&mut self, key: Key) -> Result<u16, Failure> {
        if let Some(known) = self.placed.get(&key) {
            return Ok(*known);
        }
        let place = match key.0 {
            SECURITY => self.place_security(key)?,
            OSCORE => self.place_oscore()?,
            _ => key.1,
        };
        self.placed.insert(key, place);
        Ok(place)
    }

    fn place_security(&self, key: Key) -> Result<u16, Failure> {
        let kept = self.knowledge.kept.as_ref().ok_or_else(|| Failure::Withheld(UNKNOWN_ACCOUNT.into()))?;
        if self.set.is_account(key) {
            let mut kept = kept.iter();
            return match (kept.next(), kept.next()) {
                (Some(only), None) => Ok(*only),
                (None, _) => Ok(self.free(SECURITY)),
                _ => Err(Failure::Withheld("several instances of /0 may be the bootstrap account".into())),
            };
        }
        // An account of the same server that is still there is written over: two of one server would be against the rules.
        let same = self.set.short_server_id(key);
        let there = self.knowledge.servers().into_iter().find(|(id, server)| {
            Some(*server) == same && !self.is_gone(Path::Instance(SECURITY, *id)) && !self.is_placed(SECURITY, *id)
        });
        Ok(there.map_or_else(|| self.free(SECURITY), |(id, _)| id))
    }

    /// The bootstrap account may use an instance of OSCORE, and nobody says which: all that are there are kept.
    fn place_oscore(&self) -> Result<u16, Failure> {
        let unknown = "which instances of /21 are taken is not known, one may be the bootstrap account's";
        self.knowledge.instances(OSCORE).ok_or_else(|| Failure::Withheld(unknown.into()))?;
        Ok(self.free(OSCORE))
    }

    /// The lowest id that nothing has.
    fn free(&self, object: u16) -> u16 {
        let kept = self.knowledge.kept.as_ref().filter(|_| object == SECURITY);
        let there = self.knowledge.instances(object).unwrap_or_default();
        let is_taken = |id: &u16| {
            kept.is_some_and(|kept| kept.contains(id))
                || self.is_placed(object, *id)
                || there.iter().any(|found| found.id == *id && !self.is_gone(Path::Instance(object, *id)))
        };
        (0..u16::MAX).find(|id| !is_taken(id)).unwrap_or(u16::MAX - 1)
    }

    fn is_placed(&self, object: u16, id: u16) -> bool {
        self.placed.iter().any(|(key, placed)| key.0 == object && *placed == id)
    }

    pub(super) fn is_gone(&self, path: Path) -> bool {
        self.gone.iter().any(|gone| gone.covers(path))
    }

    /// Returns an instance as this client gets it.
    pub(super) fn content(&mut self, key: Key, least: bool) -> Result<Instance, Failure> {
        let target = self.place(key)?;
        let link = self.oscore_link(key)?;
        let Some(instance) = self.set.get(key) else {
            return Err(Failure::Unsound(format!("/{}/{} is not configured", key.0, key.1)));
        };
        let (mut resources, mut left_out) = (Vec::new(), Vec::new());
        for resource in &instance.resources {
            if self.takes(key.0, resource.id, least) {
                resources.push(copy_resource(resource));
            } else {
                left_out.push(resource.id);
            }
        }
        if let (Some(instance), Some(resource)) =
            (link, resources.iter_mut().find(|resource| key.0 == SECURITY && resource.id == OSCORE_LINK))
        {
            resource.content = Content::Single(Value::Link { object: OSCORE, instance });
        }
        if !left_out.is_empty() {
            self.quirk(format!(
                "left out of /{}/{target}: resources {left_out:?}, which the client does not take",
                key.0
            ));
        }
        Ok(Instance { id: target, resources })
    }

    fn takes(&self, object: u16, resource: u16, least: bool) -> bool {
        let wanted = mandatory(object);
        if wanted.contains(&resource) || (object == 2 && resource == 2) {
            return true;
        }
        let is_too_new = self.knowledge.enabler == Enabler::V1_0 && is_of_1_1(object, resource);
        let is_unknown =
            self.configuration.limits.resources.get(&object).is_some_and(|known| !known.contains(&resource));
        let is_more_than_least = least && !wanted.is_empty();
        !is_too_new && !is_unknown && !is_more_than_least
    }

    fn oscore_link(&mut self, key: Key) -> Result<Option<u16>, Failure> {
        match self.set.value(key, OSCORE_LINK) {
            Some(Value::Link { object: OSCORE, instance }) if key.0 == SECURITY => {
                let linked = (OSCORE, *instance);
                self.place(linked).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Says what would be broken about the device if it took Finish now.
    pub(super) fn unsound(&self) -> Option<String> {
        if let Some(broken) = self.broken.first() {
            return Some(broken.clone());
        }
        let lost = |key: &Key| is_core(key.0) && !self.written.contains_key(key);
        let named = |key: Key, what: &str| Some(format!("/{}/{} was {what}", key.0, key.1));
        if let Some(key) = self.attempted.iter().copied().find(lost) {
            return named(key, "not taken by the device");
        }
        if let Some(key) = self.set.keys().find(|key| self.cleared.contains(&key.0) && lost(key)) {
            return named(key, "deleted and not written again");
        }
        self.without_partner(SECURITY, 1).or_else(|| self.without_partner(1, SECURITY))
    }

    /// A server that was written in one object and is not in the other, neither written nor there before.
    fn without_partner(&self, written: u16, other: u16) -> Option<String> {
        let servers = |object: u16| {
            let keys = self.written.keys().filter(move |key| key.0 == object);
            keys.filter_map(|key| self.set.short_server_id(*key)).collect::<BTreeSet<u16>>()
        };
        let before = self.knowledge.instances(other).unwrap_or_default().iter();
        let before = before.filter(|found| !self.is_gone(Path::Instance(other, found.id)));
        let mut partners = servers(other);
        partners.extend(before.filter_map(|found| found.short_server_id));
        let alone = servers(written).difference(&partners).next().copied()?;
        Some(format!("short server id {alone} would be in /{written} and not in /{other}"))
    }
}

/// Why the Security object is left alone.
const UNKNOWN_ACCOUNT: &str = "where the bootstrap account lies is not known (no answer to Discover tells it)";

fn payload(format: PayloadFormat, path: Path, objects: &[Object]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let encoded = encode(format, path, objects).map_err(|error| Failure::Unsound(format!("{path}: {error}")))?;
    Ok(encoded.expose(|bytes| Zeroizing::new(bytes.to_vec())))
}

fn raw_request(raw: &RawOperation) -> Request {
    let mut request = Request::new(code_of(raw.method), &raw.path.to_string());
    request.format = raw.format;
    request.accept = raw.accept;
    request.payload = Zeroizing::new(raw.payload.clone());
    request
}
