//! A device as its objects: what it answers to a bootstrap server, and whether it could work with what it was told.

use firstlight::coap::{Request, Response};
use firstlight::fleet::lwm2m::{Content, Instance, Object, Path, Resource, SECURITY, SERVER, Value, data_type};
use firstlight::format::coap::Code;
use firstlight::format::payload::{PayloadFormat, decode, encode};

const DELETED: Code = Code(0x42);
const CHANGED: Code = Code(0x44);
const BAD_REQUEST: Code = Code(0x80);
const NOT_FOUND: Code = Code(0x84);
const BAD_FORMAT: Code = Code(0x8F);
const LINKS: u16 = 40;
const BOOTSTRAP_URI: &str = "coap://bootstrap.example:5683";

/// The objects of a device.
pub struct Device {
    /// The instance of its bootstrap account: 0 as some clients have it, 1 as others.
    account: u16,
    objects: Vec<Object>,
    /// True once the server said that it is done.
    pub finished: bool,
}

impl Device {
    pub fn new(number: u32) -> Self {
        let account = u16::try_from(number % 2).unwrap();
        let resource = |id, value| Resource { id, content: Content::Single(value) };
        let resources = vec![
            resource(0, Value::Text(BOOTSTRAP_URI.to_owned())),
            resource(1, Value::Boolean(true)),
            resource(2, Value::Integer(3)),
        ];
        let security = Object { id: SECURITY, instances: vec![Instance { id: account, resources }] };
        Self { account, objects: vec![security], finished: false }
    }

    pub fn answer(&mut self, request: &Request) -> Response {
        let path = match request.path.join("/").as_str() {
            "bs" if request.code == Code::POST => {
                self.finished = true;
                return Response::new(CHANGED);
            }
            path => match format!("/{path}").parse() {
                Ok(path) => path,
                Err(_) => return Response::new(BAD_REQUEST),
            },
        };
        match request.code {
            Code::GET if request.accept == Some(LINKS) => Response::new(Code::CONTENT).with(LINKS, self.links(path)),
            Code::GET => self.read(path, request.accept),
            Code::PUT => self.write(path, request),
            Code::DELETE => self.delete(path),
            _ => Response::new(BAD_REQUEST),
        }
    }

    /// Takes all objects of a pack.
    pub fn unpack(&mut self, response: &Response) -> Result<(), String> {
        let format = response.format.and_then(PayloadFormat::of).ok_or("a pack of no known format")?;
        let objects = decode(format, Path::Root, &response.payload, &data_type).map_err(|error| error.to_string())?;
        objects.into_iter().for_each(|object| self.take(object));
        self.finished = true;
        Ok(())
    }

    /// Returns why it could not work with what it was told: its own account, and a server's with the same number twice.
    pub fn judge(&self) -> Result<(), String> {
        let own = self.instance(SECURITY, self.account).ok_or("the bootstrap account is gone")?;
        if text(own, 0) != Some(BOOTSTRAP_URI) {
            return Err("the bootstrap account was overwritten".to_owned());
        }
        let numbers = |object, resource| -> Vec<i64> {
            let instances = self.object(object).map(|object| object.instances.as_slice()).unwrap_or_default();
            instances.iter().filter_map(|instance| integer(instance, resource)).collect()
        };
        let (secure, served) = (numbers(SECURITY, 10), numbers(SERVER, 0));
        if served.is_empty() || served.iter().any(|number| !secure.contains(number)) {
            return Err(format!("servers {served:?} with accounts {secure:?}"));
        }
        Ok(())
    }

    fn object(&self, id: u16) -> Option<&Object> {
        self.objects.iter().find(|object| object.id == id)
    }

    fn instance(&self, object: u16, id: u16) -> Option<&Instance> {
        self.object(object)?.instances.iter().find(|instance| instance.id == id)
    }

    fn links(&self, path: Path) -> Vec<u8> {
        let wanted = path.numbers().first().copied();
        let mut links = vec!["</>;lwm2m=1.1".to_owned()];
        for object in self.objects.iter().filter(|object| wanted.is_none_or(|id| id == object.id)) {
            for instance in &object.instances {
                let number = integer(instance, if object.id == SECURITY { 10 } else { 0 });
                let number = number.map(|number| format!(";ssid={number}")).unwrap_or_default();
                let uri = text(instance, 0).map(|uri| format!(";uri=\"{uri}\"")).unwrap_or_default();
                links.push(format!("</{}/{}>{number}{uri}", object.id, instance.id));
            }
        }
        links.push("</3/0>".to_owned());
        links.join(",").into_bytes()
    }

    fn read(&self, path: Path, accept: Option<u16>) -> Response {
        let Some(format) = PayloadFormat::of(accept.unwrap_or(112)) else { return Response::new(BAD_FORMAT) };
        match encode(format, path, &self.objects) {
            Ok(payload) => Response::new(Code::CONTENT).with(format.number(), payload.expose(<[u8]>::to_vec)),
            Err(_) => Response::new(NOT_FOUND),
        }
    }

    fn write(&mut self, path: Path, request: &Request) -> Response {
        let Some(format) = request.format.and_then(PayloadFormat::of) else { return Response::new(BAD_FORMAT) };
        let Ok(objects) = decode(format, path, &request.payload, &data_type) else { return Response::new(BAD_REQUEST) };
        objects.into_iter().for_each(|object| self.take(object));
        Response::new(CHANGED)
    }

    /// Merges an object into what is there.
    fn take(&mut self, object: Object) {
        if self.object(object.id).is_none() {
            self.objects.push(Object { id: object.id, instances: Vec::new() });
            self.objects.sort_by_key(|object| object.id);
        }
        let Some(known) = self.objects.iter_mut().find(|known| known.id == object.id) else { return };
        for instance in object.instances {
            match known.instances.iter_mut().find(|known| known.id == instance.id) {
                Some(known) => {
                    let written: Vec<u16> = instance.resources.iter().map(|resource| resource.id).collect();
                    known.resources.retain(|resource| !written.contains(&resource.id));
                    known.resources.extend(instance.resources);
                }
                None => known.instances.push(instance),
            }
        }
        known.instances.sort_by_key(|instance| instance.id);
    }

    fn delete(&mut self, path: Path) -> Response {
        let account = self.account;
        let at = path.numbers();
        for object in &mut self.objects {
            let is_meant = at.first().is_none_or(|id| *id == object.id);
            let is_kept = |instance: &Instance| object.id == SECURITY && instance.id == account && at.len() < 2;
            let is_other = |instance: &Instance| at.get(1).is_some_and(|id| *id != instance.id);
            object.instances.retain(|instance| !is_meant || is_kept(instance) || is_other(instance));
        }
        self.objects.retain(|object| !object.instances.is_empty());
        Response::new(DELETED)
    }
}

fn single(instance: &Instance, id: u16) -> Option<&Value> {
    match &instance.resources.iter().find(|resource| resource.id == id)?.content {
        Content::Single(value) => Some(value),
        Content::Multiple(_) => None,
    }
}

fn text(instance: &Instance, id: u16) -> Option<&str> {
    match single(instance, id)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn integer(instance: &Instance, id: u16) -> Option<i64> {
    match single(instance, id)? {
        Value::Integer(number) => Some(*number),
        _ => None,
    }
}
