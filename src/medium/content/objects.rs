//! LwM2M objects: they carry no mark and are read only when they are asked for by name.

use crate::fleet::lwm2m::{ACCESS_CONTROL, Content as Resources, Object, SECURITY, SERVER, Value};
use crate::format::{senml, tlv};

use super::found::{Content, Form, Sureness, ValueFound};
use super::mask::{self, Nature, Secrecy};

/// The Security object of OSCORE (OMA LwM2M TS Core, Appendix E; object 21).
const OSCORE: u16 = 21;

/// Reads SenML-CBOR.
pub(super) fn senml_cbor(bytes: &[u8]) -> Content {
    match senml::decode(bytes) {
        Ok(objects) => found(Form::SenmlCbor, bytes.len(), &objects),
        Err(error) => Content::damaged(Form::SenmlCbor, bytes.len(), &error),
    }
}

/// Reads the TLV of object `object`.
pub(super) fn lwm2m_tlv(bytes: &[u8], object: u16) -> Content {
    match tlv::decode(object, bytes) {
        Ok(read) => found(Form::Lwm2mTlv, bytes.len(), &[read]),
        Err(error) => Content::damaged(Form::Lwm2mTlv, bytes.len(), &error),
    }
}

fn found(form: Form, size: usize, objects: &[Object]) -> Content {
    let mut found = Content::new(form, Sureness::Told, size);
    for object in objects {
        for instance in &object.instances {
            for resource in &instance.resources {
                let place = format!("/{}/{}/{}", object.id, instance.id, resource.id);
                let secrecy = secrecy(object.id, resource.id);
                match &resource.content {
                    Resources::Single(only) => found.values.push(value(&place, only, secrecy)),
                    Resources::Multiple(several) => {
                        let several = several.iter().map(|(id, one)| value(&format!("{place}/{id}"), one, secrecy));
                        found.values.extend(several);
                    }
                }
            }
        }
    }
    found.fact("objects", objects.len())
}

/// Security object: 3 identity, 4 the server's public key, 5 secret key, 8 the SMS key.
fn secrecy(object: u16, resource: u16) -> Secrecy {
    match (object, resource) {
        (SECURITY, 5 | 8) | (OSCORE, _) => Secrecy::Secret,
        (SECURITY | SERVER | ACCESS_CONTROL, _) => Secrecy::Public,
        _ => Secrecy::ByName,
    }
}

fn value(place: &str, value: &Value, secrecy: Secrecy) -> ValueFound {
    let masked = |kind, bytes: &[u8], nature| mask::value(place, kind, bytes, nature, secrecy);
    if secrecy == Secrecy::Secret && !matches!(value, Value::Opaque(_) | Value::Text(_)) {
        return masked("number", &[0; 8], Nature::Binary);
    }
    match value {
        Value::Text(text) => masked("text", text.as_bytes(), Nature::Text),
        Value::Opaque(bytes) => bytes.expose(|bytes| masked("opaque", bytes, Nature::Binary)),
        Value::Integer(number) => mask::number(place, "integer", 8, number),
        Value::Unsigned(number) => mask::number(place, "integer", 8, number),
        Value::Float(number) => mask::number(place, "float", 8, number),
        Value::Boolean(yes) => mask::number(place, "boolean", 1, yes),
        Value::Link { object, instance } => mask::number(place, "link", 4, format!("{object}:{instance}")),
    }
}
