//! What a device asks for, read from the fields it sent: every name and length is checked here, once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::fleet::enrolment::Refusal;
use crate::fleet::{EndpointName, SerialNumber};

/// Most attributes, and bytes of a name and a value.
const MOST_ATTRIBUTES: usize = 32;
const LONGEST_NAME: usize = 64;
const LONGEST_VALUE: usize = 256;
/// Most objects a device lists.
const MOST_OBJECTS: usize = 128;
/// Longest certificate request, DER.
const LONGEST_REQUEST: usize = 4096;

/// Why a request is refused, and what is particular about it.
pub(super) type Refused = (Refusal, String);

/// A registration as a device asks for it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Request {
    pub(super) device: EndpointName,
    pub(super) group: Option<String>,
    pub(super) serial: Option<SerialNumber>,
    pub(super) vendor: Option<String>,
    pub(super) hardware: Option<String>,
    pub(super) firmware: Option<String>,
    pub(super) protocol: Option<String>,
    pub(super) address: Option<String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) objects: Vec<String>,
    pub(super) model: Option<AskedModel>,
    pub(super) values: Option<Value>,
    pub(super) csr: Option<Vec<u8>>,
}

/// The model a device says it is.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum AskedModel {
    /// One of the server's.
    Reference(String),
    /// One it brings.
    Inline(Value),
}

const KNOWN: [&str; 12] = [
    "id",
    "group",
    "serial",
    "vendor",
    "model",
    "hardware",
    "firmware",
    "endpoint",
    "attributes",
    "objects",
    "values",
    "csr",
];

impl Request {
    /// Reads the fields of `POST /v1/register`.
    pub(super) fn read(fields: &Value) -> Result<Self, Refused> {
        let fields = object(fields, "the request")?;
        known(fields, "", &KNOWN)?;
        let id = text(fields, "id")?.ok_or_else(|| malformed("\"id\" is missing"))?;
        let endpoint = match fields.get("endpoint") {
            None | Some(Value::Null) => Map::new(),
            Some(endpoint) => object(endpoint, "\"endpoint\"")?.clone(),
        };
        known(&endpoint, "endpoint.", &["protocol", "address"])?;
        Ok(Self {
            device: EndpointName::new(id).map_err(|error| (Refusal::InvalidIdentifier, error.to_string()))?,
            group: word(fields, "group")?,
            serial: serial(fields)?,
            vendor: word(fields, "vendor")?,
            hardware: word(fields, "hardware")?,
            firmware: word(fields, "firmware")?,
            protocol: word(&endpoint, "protocol")?,
            address: word(&endpoint, "address")?,
            attributes: attributes(fields)?,
            objects: objects(fields)?,
            model: model(fields)?,
            values: fields.get("values").filter(|values| !values.is_null()).cloned(),
            csr: csr(fields)?,
        })
    }
}

pub(super) fn malformed(words: impl Into<String>) -> Refused {
    (Refusal::MalformedRequest, words.into())
}

pub(super) fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Refused> {
    value.as_object().ok_or_else(|| malformed(format!("{what} is not an object")))
}

pub(super) fn known(fields: &Map<String, Value>, prefix: &str, names: &[&str]) -> Result<(), Refused> {
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(malformed(format!("\"{prefix}{}\" is no field of this request", shown(name)))),
        None => Ok(()),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refused> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed(format!("{name:?} is not a text"))),
    }
}

/// A short text without control characters.
pub(super) fn word(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    let Some(text) = text(fields, name)? else { return Ok(None) };
    check_word(name, text)?;
    Ok(Some(text.to_owned()))
}

fn check_word(name: &str, text: &str) -> Result<(), Refused> {
    if text.is_empty() || text.len() > LONGEST_VALUE {
        return Err(malformed(format!("{name:?} has {} bytes, 1 to {LONGEST_VALUE} are possible", text.len())));
    }
    if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err((Refusal::InvalidIdentifier, format!("{name:?} holds a control character")));
    }
    Ok(())
}

/// Characters that make two texts look alike: marks of direction and zero width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

pub(super) fn serial(fields: &Map<String, Value>) -> Result<Option<SerialNumber>, Refused> {
    let Some(text) = text(fields, "serial")? else { return Ok(None) };
    SerialNumber::new(text).map(Some).map_err(|error| (Refusal::InvalidIdentifier, error.to_string()))
}

/// Reads `attributes`: names to find a device by.
pub(super) fn attributes(fields: &Map<String, Value>) -> Result<BTreeMap<String, String>, Refused> {
    let given = match fields.get("attributes") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(given) => object(given, "\"attributes\"")?,
    };
    if given.len() > MOST_ATTRIBUTES {
        return Err(malformed(format!("there are {} attributes, at most {MOST_ATTRIBUTES} are possible", given.len())));
    }
    let mut read = BTreeMap::new();
    for (name, value) in given {
        let is_name = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if !is_name {
            return Err((Refusal::InvalidIdentifier, format!("{:?} is no name of an attribute", shown(name))));
        }
        let value = value.as_str().ok_or_else(|| malformed(format!("attribute {name:?} is not a text")))?;
        check_word(name, value)?;
        read.insert(name.clone(), value.to_owned());
    }
    Ok(read)
}

/// Reads `objects`: LwM2M objects such as `3303` or `3303/1.1`.
pub(super) fn objects(fields: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    let given = match fields.get("objects") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(malformed("\"objects\" is not a list")),
    };
    if given.len() > MOST_OBJECTS {
        return Err(malformed(format!("there are {} objects, at most {MOST_OBJECTS} are possible", given.len())));
    }
    let is_object = |text: &str| {
        let (object, version) = text.split_once('/').unwrap_or((text, "1.0"));
        object.parse::<u16>().is_ok()
            && version.split_once('.').is_some_and(|(a, b)| a.parse::<u8>().is_ok() && b.parse::<u8>().is_ok())
    };
    given
        .iter()
        .map(|value| match value.as_str() {
            Some(text) if is_object(text) => Ok(text.to_owned()),
            _ => Err(malformed("an object is not written like \"3303\" or \"3303/1.1\"")),
        })
        .collect()
}

fn model(fields: &Map<String, Value>) -> Result<Option<AskedModel>, Refused> {
    let given = match fields.get("model") {
        None | Some(Value::Null) => return Ok(None),
        Some(given) => object(given, "\"model\"")?,
    };
    known(given, "model.", &["ref", "inline"])?;
    match (word(given, "ref")?, given.get("inline")) {
        (Some(reference), None) => Ok(Some(AskedModel::Reference(reference))),
        (None, Some(inline)) => Ok(Some(AskedModel::Inline(inline.clone()))),
        _ => Err(malformed("\"model\" has one of \"ref\" and \"inline\"")),
    }
}

/// Reads `csr`: a PKCS#10 request, DER in base64.
pub(super) fn csr(fields: &Map<String, Value>) -> Result<Option<Vec<u8>>, Refused> {
    let Some(text) = text(fields, "csr")? else { return Ok(None) };
    if text.len() > LONGEST_REQUEST * 4 / 3 + 4 {
        return Err((Refusal::RequestNotAcceptable, format!("the certificate request has {} characters", text.len())));
    }
    STANDARD.decode(text).map(Some).map_err(|_| malformed("\"csr\" is not base64"))
}

fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_request_is_read_whole() {
        let request = Request::read(&json!({
            "id": "gw-0007", "group": "line-a", "serial": "SN 1", "vendor": "ACME", "hardware": "rev-b",
            "firmware": "1.4.2", "endpoint": {"protocol": "mqtt", "address": "10.0.0.7"},
            "attributes": {"site": "berlin"}, "objects": ["3", "3303/1.1"], "model": {"ref": "sensor@1"},
            "values": {"a": 1}, "csr": "AAEC"
        }));
        // A space is no character of a serial number that goes into a certificate.
        assert_eq!(request.unwrap_err().0, Refusal::InvalidIdentifier);
        let request = Request::read(&json!({"id": "gw-0007", "csr": "AAEC", "objects": ["3303/1.1"]})).unwrap();
        assert_eq!((request.csr, request.objects), (Some(vec![0, 1, 2]), vec!["3303/1.1".to_owned()]));
    }

    #[test]
    fn each_fault_has_its_word() {
        for (fields, refusal) in [
            (json!([]), Refusal::MalformedRequest),
            (json!({}), Refusal::MalformedRequest),
            (json!({"id": 7}), Refusal::MalformedRequest),
            (json!({"id": "gw-7", "idd": "x"}), Refusal::MalformedRequest),
            (json!({"id": "gw 7"}), Refusal::InvalidIdentifier),
            (json!({"id": "gẅ-7"}), Refusal::InvalidIdentifier),
            (json!({"id": "../etc"}), Refusal::InvalidIdentifier),
            (json!({"id": "a", "vendor": "A\u{0}"}), Refusal::InvalidIdentifier),
            (json!({"id": "a", "vendor": "A\u{202e}B"}), Refusal::InvalidIdentifier),
            (json!({"id": "a", "vendor": ""}), Refusal::MalformedRequest),
            (json!({"id": "a", "attributes": {"a b": "x"}}), Refusal::InvalidIdentifier),
            (json!({"id": "a", "attributes": {"a": 1}}), Refusal::MalformedRequest),
            (json!({"id": "a", "objects": ["70000"]}), Refusal::MalformedRequest),
            (json!({"id": "a", "model": {"ref": "x", "inline": {}}}), Refusal::MalformedRequest),
            (json!({"id": "a", "csr": "%%"}), Refusal::MalformedRequest),
            (json!({"id": "a", "csr": "A".repeat(9000)}), Refusal::RequestNotAcceptable),
        ] {
            assert_eq!(Request::read(&fields).map_err(|(refusal, _)| refusal), Err(refusal), "{fields}");
        }
    }

    proptest! {
        #[test]
        fn no_fields_make_us_panic(id in ".{0,80}", name in ".{0,80}", value in ".{0,300}") {
            let _ = Request::read(&json!({"id": id, "attributes": {name.clone(): value.clone()}, "vendor": value}));
            let _ = Request::read(&json!({name: value}));
        }
    }
}
