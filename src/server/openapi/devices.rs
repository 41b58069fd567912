//! Schemas of what devices ask and are told.

use serde_json::{Value, json};

use super::values::{at_least, attributes, exactly, id, moment, number, text, texts};

/// Names and schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("Register", register()),
        ("Registered", registered()),
        ("Waiting", waiting()),
        ("Challenge", exactly(&["nonce", "expires"], json!({"nonce": {"type": "string"}, "expires": moment()}))),
        ("Renew", exactly(&["csr"], json!({"csr": csr()}))),
        ("Report", exactly(&[], json!({"firmware": text(), "objects": objects(), "attributes": attributes()}))),
        ("Result", json!({"type": "object", "description": "The result document that the device wrote."})),
        ("Status", exactly(&["status"], json!({"status": {"type": "string", "enum": ["ok", "ready"]}}))),
    ]
}

fn csr() -> Value {
    json!({"type": "string", "contentEncoding": "base64", "maxLength": 5465, "description": "A PKCS#10 request, DER."})
}

fn objects() -> Value {
    json!({"type": "array", "maxItems": 128, "items": {"type": "string", "pattern": "^[0-9]{1,5}(/[0-9]{1,3}\\.[0-9]{1,3})?$"}})
}

fn register() -> Value {
    let model = json!({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
        "properties": {"ref": text(), "inline": {"type": "object"}}});
    let endpoint = exactly(&[], json!({"protocol": text(), "address": text()}));
    exactly(
        &["id"],
        json!({
            "id": id(), "group": text(), "serial": {"type": "string", "pattern": "^[A-Za-z0-9_.:+@=-]{1,64}$"},
            "vendor": text(), "model": model, "hardware": text(), "firmware": text(), "endpoint": endpoint,
            "attributes": attributes(), "objects": objects(), "values": {"type": "object"}, "csr": csr(),
        }),
    )
}

fn registered() -> Value {
    let credential = at_least(
        &["name", "kind", "certificate", "chain"],
        json!({"name": {"type": "string"}, "kind": {"type": "string"}, "certificate": {"type": "string"}, "chain": {"type": "string"}}),
    );
    let resource = at_least(&["kind", "name"], json!({"kind": {"type": "string"}, "name": {"type": "string"}}));
    at_least(
        &["registration", "id", "group", "state", "servers", "credentials", "resources", "interval"],
        json!({
            "registration": {"type": "string"}, "id": id(), "group": {"type": "string"},
            "state": {"const": "assigned"}, "model": {"type": "object"},
            "servers": {"type": "array", "items": {"type": "object"}},
            "credentials": {"type": "array", "items": credential},
            "resources": {"type": "array", "items": resource},
            "interval": number(0), "lease_until": moment(), "bootstrap": {"type": "boolean"}, "attributes": texts(),
        }),
    )
}

fn waiting() -> Value {
    at_least(
        &["registration", "state", "status"],
        json!({"registration": {"type": "string"}, "state": {"enum": ["pending", "assigning"]}, "status": {"type": "string"}}),
    )
}
