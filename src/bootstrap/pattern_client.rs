//! A client as the standard describes it, in memory: what messages are explained by, and what the procedure is tested with.

use std::collections::BTreeMap;

use crate::coap::{Request, Response};
use crate::fleet::lwm2m::{Content, Enabler, Instance, Object, Path, Resource, SECURITY, SERVER, Value, data_type};
use crate::format::coap::Code;
use crate::format::payload::{PayloadFormat, decode, encode};

use super::set::copy_resource;

/// What clients do differently.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a peculiarity of its own")]
pub(super) struct Behaviour {
    /// The version.
    pub(super) version: Enabler,
    /// Content formats it takes.
    pub(super) formats: Vec<u16>,
    /// What it answers to a format that it does not take.
    pub(super) unknown_format: Code,
    /// What it answers to Delete of what is not there.
    pub(super) missing: Code,
    /// What it answers to a good Write.
    pub(super) written: Code,
    /// True if Discover of `/` is answered; else only of an object.
    pub(super) lists_root: bool,
    /// False if there is no Discover at all.
    pub(super) lists: bool,
    /// True if a Write with a resource that 1.0 does not have is refused whole (4.00).
    pub(super) is_strict: bool,
    /// True if objects cannot be deleted as such.
    pub(super) deletes_instances_only: bool,
    /// True if it looks at its accounts when it is told Finish.
    pub(super) judges: bool,
}

impl Behaviour {
    /// As the standard says.
    pub(super) fn of(version: Enabler) -> Self {
        let formats: &[u16] = match version {
            Enabler::V1_0 => &[11_542],
            Enabler::V1_1 => &[112, 110, 11_542],
            Enabler::V1_2 => &[112, 110, 11_542, 11_544],
        };
        Self {
            version,
            formats: formats.to_vec(),
            unknown_format: Code(4 << 5 | 15),
            missing: Code(4 << 5 | 4),
            written: CHANGED,
            lists_root: true,
            lists: true,
            is_strict: false,
            deletes_instances_only: false,
            judges: true,
        }
    }
}

/// A client.
#[derive(Debug)]
pub(super) struct PatternClient {
    pub(super) behaviour: Behaviour,
    pub(super) instances: BTreeMap<(u16, u16), Vec<Resource>>,
    /// Where its bootstrap account lies.
    account: Option<u16>,
    /// True if it was told to lose or to change its bootstrap account.
    pub(super) lost_account: bool,
    /// True if it was told a new bootstrap account.
    pub(super) has_new_account: bool,
    /// True as soon as Finish was answered with yes.
    pub(super) is_finished: bool,
}

const CHANGED: Code = Code(2 << 5 | 4);
const DELETED: Code = Code(2 << 5 | 2);
const BAD_REQUEST: Code = Code(4 << 5);
const NOT_ALLOWED: Code = Code(4 << 5 | 5);
const NOT_ACCEPTABLE: Code = Code(4 << 5 | 6);
const DEVICE: u16 = 3;

impl PatternClient {
    /// A client that knows its bootstrap server, whose account is this instance of /0.
    pub(super) fn new(behaviour: Behaviour, account: u16) -> Self {
        let text = |id, text: &str| Resource { id, content: Content::Single(Value::Text(text.into())) };
        let security = vec![
            text(0, "coap://bootstrap.example:5683"),
            Resource { id: 1, content: Content::Single(Value::Boolean(true)) },
            Resource { id: 2, content: Content::Single(Value::Integer(3)) },
        ];
        let instances = BTreeMap::from([((SECURITY, account), security), ((DEVICE, 0), vec![text(0, "a maker")])]);
        Self {
            behaviour,
            instances,
            account: Some(account),
            lost_account: false,
            has_new_account: false,
            is_finished: false,
        }
    }

    /// Answers a message of the bootstrap server.
    pub(super) fn answer(&mut self, request: &Request) -> Response {
        let path = format!("/{}", request.path.join("/"));
        if request.code == Code::POST && path == "/bs" {
            return self.finish();
        }
        let Ok(path) = path.parse::<Path>() else { return Response::new(BAD_REQUEST) };
        match request.code {
            Code::GET if request.accept == Some(40) => self.discover(path),
            Code::GET => self.read(path, request.accept),
            Code::PUT => self.write(path, request),
            Code::DELETE => Response::new(self.delete(path)),
            _ => Response::new(NOT_ALLOWED),
        }
    }

    fn finish(&mut self) -> Response {
        if self.behaviour.judges && !self.is_sound() {
            return Response::new(NOT_ACCEPTABLE);
        }
        self.is_finished = true;
        Response::new(CHANGED)
    }

    /// True if every server has an account in both objects, and there is one at all or a new bootstrap server.
    pub(super) fn is_sound(&self) -> bool {
        let servers = |object| {
            let keys = self.instances.keys().filter(move |key| key.0 == object);
            let mut servers: Vec<i64> = keys.filter_map(|key| self.server_of(*key)).collect();
            servers.sort_unstable();
            servers
        };
        let servers = (servers(SECURITY), servers(SERVER));
        servers.0 == servers.1 && (!servers.0.is_empty() || self.has_new_account)
    }

    fn server_of(&self, key: (u16, u16)) -> Option<i64> {
        let wanted = if key.0 == SECURITY { 10 } else { 0 };
        let resource = self.instances.get(&key)?.iter().find(|resource| resource.id == wanted)?;
        match resource.content {
            Content::Single(Value::Integer(number)) => Some(number),
            _ => None,
        }
    }

    fn discover(&self, path: Path) -> Response {
        match path {
            _ if !self.behaviour.lists => return Response::new(NOT_ALLOWED),
            Path::Root if !self.behaviour.lists_root => return Response::new(BAD_REQUEST),
            Path::Root | Path::Object(_) => {}
            _ => return Response::new(BAD_REQUEST),
        }
        let mut links = vec![format!("</>;lwm2m={}", self.behaviour.version)];
        for key in self.instances.keys().filter(|key| path.covers(Path::Instance(key.0, key.1))) {
            let server = if matches!(key.0, SECURITY | SERVER) { self.server_of(*key) } else { None };
            let server = server.map_or(String::new(), |id| format!(";ssid={id}"));
            links.push(format!("</{}/{}>{server}", key.0, key.1));
        }
        Response::new(Code::CONTENT).with(40, links.join(",").into_bytes())
    }

    fn read(&self, path: Path, accept: Option<u16>) -> Response {
        let may_be_read = matches!(path.object(), Some(SERVER | 2)) && self.behaviour.version >= Enabler::V1_1;
        if !may_be_read {
            return Response::new(NOT_ALLOWED);
        }
        let format = accept.filter(|format| self.behaviour.formats.contains(format)).and_then(PayloadFormat::of);
        let Some(format) = format else { return Response::new(NOT_ACCEPTABLE) };
        match encode(format, path, &self.objects()) {
            Ok(payload) => Response::new(Code::CONTENT).with(format.number(), payload.expose(<[u8]>::to_vec)),
            Err(_) => Response::new(self.behaviour.missing),
        }
    }

    fn objects(&self) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::new();
        for ((object, id), resources) in &self.instances {
            let instance = Instance { id: *id, resources: resources.iter().map(copy_resource).collect() };
            match objects.last_mut().filter(|last| last.id == *object) {
                Some(last) => last.instances.push(instance),
                None => objects.push(Object { id: *object, instances: vec![instance] }),
            }
        }
        objects
    }

    fn write(&mut self, path: Path, request: &Request) -> Response {
        let format = request.format.filter(|format| self.behaviour.formats.contains(format) || *format < 100);
        let Some(format) = format.and_then(PayloadFormat::of) else {
            return Response::new(self.behaviour.unknown_format);
        };
        let Ok(objects) = decode(format, path, &request.payload, &data_type) else { return Response::new(BAD_REQUEST) };
        for object in &objects {
            for instance in &object.instances {
                if self.behaviour.is_strict && instance.resources.iter().any(|it| object.id == SECURITY && it.id > 12) {
                    return Response::new(BAD_REQUEST);
                }
            }
        }
        for object in objects {
            for instance in object.instances {
                self.take((object.id, instance.id), instance.resources);
            }
        }
        Response::new(self.behaviour.written)
    }

    fn take(&mut self, key: (u16, u16), resources: Vec<Resource>) {
        let is_bootstrap = resources.iter().any(|it| it.id == 1 && it.content == Content::Single(Value::Boolean(true)));
        if key.0 == SECURITY && is_bootstrap {
            self.has_new_account = true;
            self.lost_account |= self.account.is_some_and(|account| account != key.1);
        } else if key.0 == SECURITY && self.account == Some(key.1) {
            self.lost_account = true;
        }
        let known = self.instances.entry(key).or_default();
        for resource in resources {
            known.retain(|it| it.id != resource.id);
            known.push(resource);
        }
        known.sort_by_key(|it| it.id);
    }

    fn delete(&mut self, path: Path) -> Code {
        match path {
            Path::Resource(..) | Path::ResourceInstance(..) => return BAD_REQUEST,
            Path::Object(_) if self.behaviour.deletes_instances_only => return NOT_ALLOWED,
            _ if path.object() == Some(DEVICE) => return NOT_ALLOWED,
            _ => {}
        }
        let account = self.account;
        let is_kept = |key: &(u16, u16)| key.0 == DEVICE || (key.0 == SECURITY && account == Some(key.1));
        let below: Vec<_> =
            self.instances.keys().filter(|key| path.covers(Path::Instance(key.0, key.1))).copied().collect();
        if below.is_empty() {
            return self.behaviour.missing;
        }
        for key in below {
            if is_kept(&key) && matches!(path, Path::Instance(..)) {
                self.lost_account = true;
            } else if is_kept(&key) {
                continue;
            }
            self.instances.remove(&key);
        }
        DELETED
    }
}
