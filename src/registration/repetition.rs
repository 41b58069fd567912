//! What makes two requests the same one.

use serde_json::Value;

use crate::fleet::Digest;

use super::exchange::Incoming;
use super::request::Request;

/// The device's own key, else one that stands for what it asks: asking the same again is the same request.
pub(super) fn idempotency(incoming: &Incoming, request: &Request) -> String {
    let device = request.device.folded();
    match &incoming.idempotency_key {
        Some(key) => format!("key/{device}/{key}"),
        None => format!("asked/{device}/{}", hex::encode(digest(&incoming.fields).as_bytes())),
    }
}

/// Digest of what is asked, whatever the order of its fields.
pub(super) fn digest(fields: &Value) -> Digest {
    let mut text = String::new();
    write_sorted(fields, &mut text);
    Digest::of(text.as_bytes())
}

fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in fields {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_sorted(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_sorted(item, text);
                text.push(',');
            }
            text.push(']');
        }
        other => text.push_str(&other.to_string()),
    }
}
