//! The messages of a step, and how they are told without their secrets.

use serde_json::{Map, Value as Json, json};

use crate::coap::{Request, Response};
use crate::fleet::bootstrap::{GivenResource, RawMethod, RawOperation};
use crate::fleet::lwm2m::{ACCESS_CONTROL, Content, Instance, Path, SECURITY, SERVER, Value};
use crate::format::coap::Code;

use super::outcome::{Asking, StepResult};
use super::set::Key;

/// Content format of a list of links.
const LINKS: u16 = 40;

/// One message to the device.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Operation {
    /// Asks what is there.
    Discover(Path),
    /// Reads for conditions.
    Read(Path),
    /// Deletes.
    Delete(Path),
    /// Writes an instance of the set; only what 1.0 wants of it, if `least`.
    Write { key: Key, least: bool },
    /// Writes one resource.
    WriteValue(GivenResource),
    /// As the operator says.
    Raw(RawOperation),
    /// Discovers to compare.
    LookAgain(Path),
    /// Reads an object to compare.
    ReadAgain(u16),
    /// Ends.
    Finish,
}

pub(super) fn code_of(method: RawMethod) -> Code {
    match method {
        RawMethod::Get => Code::GET,
        RawMethod::Put => Code::PUT,
        RawMethod::Post => Code::POST,
        RawMethod::Delete => Code::DELETE,
    }
}

pub(super) fn discover(path: Path) -> Request {
    Request::new(Code::GET, &path.to_string()).accepting(LINKS)
}

pub(super) fn finish() -> Request {
    Request::new(Code::POST, "/bs")
}

/// Says a message without its secrets.
pub(super) fn asking(request: &Request, values: Map<String, Json>) -> Asking {
    let method = match request.code {
        Code::GET => "GET",
        Code::PUT => "PUT",
        Code::POST => "POST",
        _ => "DELETE",
    };
    Asking {
        method: method.into(),
        path: format!("/{}", request.path.join("/")),
        format: request.format,
        accept: request.accept,
        bytes: request.payload.len(),
        values,
    }
}

/// Says what came of a message. An answer that may hold a secret is left out.
pub(super) fn answered(operation: &Operation, response: &Response) -> StepResult {
    let (mut text, mut hex) = (None, None);
    match operation {
        Operation::Discover(_) | Operation::LookAgain(_) => {
            text = Some(String::from_utf8_lossy(&response.payload).into_owned());
        }
        Operation::Read(path) if is_open(*path) => hex = Some(hex::encode(&*response.payload)),
        Operation::ReadAgain(object) if is_open(Path::Object(*object)) => hex = Some(hex::encode(&*response.payload)),
        _ => {}
    }
    let code = response.code.to_string();
    let is_there = |told: &String| !told.is_empty();
    StepResult::Answered { code, format: response.format, text: text.filter(is_there), hex: hex.filter(is_there) }
}

/// Objects of which everything may be seen.
fn is_open(path: Path) -> bool {
    matches!(path.object(), Some(SERVER | ACCESS_CONTROL))
}

/// The values of an instance, as lengths where they may be secret.
pub(super) fn shown(object: u16, instance: &Instance) -> Map<String, Json> {
    let mut shown = Map::new();
    for resource in &instance.resources {
        let path = Path::Resource(object, instance.id, resource.id);
        let value = match &resource.content {
            Content::Single(value) => shown_value(object, value),
            Content::Multiple(values) => {
                let values = values.iter().map(|(number, value)| (number.to_string(), shown_value(object, value)));
                Json::Object(values.collect())
            }
        };
        shown.insert(path.to_string(), value);
    }
    shown
}

/// Keys lie in opaque resources; of objects that are not known here, texts may be passwords.
fn shown_value(object: u16, value: &Value) -> Json {
    let is_known = matches!(object, SECURITY | SERVER | ACCESS_CONTROL);
    match value {
        Value::Opaque(bytes) => json!(format!("<{} bytes>", bytes.len())),
        Value::Text(text) if !is_known => json!(format!("<{} characters>", text.chars().count())),
        Value::Integer(_) | Value::Unsigned(_) if !is_known => json!("<a number>"),
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Unsigned(number) => json!(number),
        Value::Float(_) => json!("<a number>"),
        Value::Boolean(yes) => json!(yes),
        Value::Link { object, instance } => json!(format!("{object}:{instance}")),
    }
}
