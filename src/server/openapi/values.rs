//! Values that many schemas have.

use serde_json::{Value, json};

/// A reference to a schema.
pub(super) fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A text of 1 to 256 bytes without control characters.
pub(super) fn text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 256})
}

/// As `schema`, or null.
pub(super) fn maybe(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

/// An id of a device.
pub(super) fn id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_.:+@=-]{1,64}$"})
}

/// A moment.
pub(super) fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// Texts by name.
pub(super) fn texts() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// Attributes as they come in.
pub(super) fn attributes() -> Value {
    json!({
        "type": "object",
        "maxProperties": 32,
        "propertyNames": {"pattern": "^[A-Za-z0-9_.-]{1,64}$"},
        "additionalProperties": text(),
    })
}

/// A whole number from `least`.
pub(super) fn number(least: i64) -> Value {
    json!({"type": "integer", "minimum": least})
}

/// An object that comes in, of exactly these members. Those that need not be there may be null, which says nothing.
pub(super) fn exactly(required: &[&str], mut members: Value) -> Value {
    for (name, schema) in members.as_object_mut().into_iter().flatten() {
        if !required.contains(&name.as_str()) {
            *schema = maybe(schema);
        }
    }
    json!({"type": "object", "required": required, "additionalProperties": false, "properties": members})
}

/// An object of at least these members: later versions may say more.
pub(super) fn at_least(required: &[&str], members: Value) -> Value {
    json!({"type": "object", "required": required, "properties": members})
}

/// A page of rows whose cursor is of this schema.
pub(super) fn page(row: &str, next: &Value) -> Value {
    at_least(&["items", "next"], json!({"items": {"type": "array", "items": of(row)}, "next": next}))
}
