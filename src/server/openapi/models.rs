//! Schemas of what is asked and told about models.

use serde_json::{Value, json};

use super::values::{at_least, exactly, id, maybe, moment, number, page, text};
use crate::fleet::model::{ModelName, ModelRef, ModelVersion};

/// Names and schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let cursor = maybe(&json!({"type": "string"}));
    let nothing = json!({"type": "null"});
    vec![
        ("Choices", choices()),
        ("Model", at_least(&ROW, row())),
        ("Models", page("Model", &cursor)),
        ("ModelShown", shown()),
        ("ModelNew", new()),
        ("ModelsMade", made()),
        ("ModelStateSet", exactly(&["state"], json!({"state": {"enum": ["published", "deprecated"]}}))),
        ("ModelDiff", diff()),
        ("ModelRuleNew", rule()),
        ("ModelRule", rule_told()),
        ("ModelRules", page("ModelRule", &nothing)),
        ("Instance", at_least(&INSTANCE, instance())),
        ("DeviceInstance", of_device()),
        ("DeviceInstances", page("DeviceInstance", &nothing)),
        ("ModelProposals", page("DeviceInstance", &cursor)),
        ("ModelGiven", exactly(&["model"], json!({"model": reference(), "values": {"type": "object"}}))),
        ("ModelDecision", decision()),
    ]
}

/// A reference to a model: `sensor`, `sensor@1`, `sensor@1.2.0`.
pub(super) fn reference() -> Value {
    json!({"type": "string", "pattern": ModelRef::PATTERN, "examples": ["sensor@1.2.0"]})
}

/// A name of a rule.
pub(super) fn rule_name() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[^/\\u0000-\\u001f\\u007f-\\u009f]+$"})
}

fn name() -> Value {
    json!({"type": "string", "pattern": ModelName::PATTERN})
}

fn version() -> Value {
    json!({"type": "string", "pattern": ModelVersion::PATTERN})
}

fn choices() -> Value {
    let word = maybe(&json!({"type": "string"}));
    let choice = at_least(
        &["ref", "name", "version", "title", "description", "values"],
        json!({
            "ref": reference(), "name": name(), "version": version(), "title": word, "description": word,
            "values": {"type": ["object", "null"], "description": "The JSON Schema of the values of an instance."},
        }),
    );
    at_least(
        &["items", "supplied"],
        json!({"items": {"type": "array", "items": choice},
            "supplied": {"type": "boolean", "description": "True if devices may bring a model."}}),
    )
}

const ROW: [&str; 6] = ["name", "version", "state", "digest", "format", "published"];

fn row() -> Value {
    json!({
        "name": name(), "version": version(), "state": {"enum": ["published", "deprecated", "quarantined"]},
        "digest": {"type": "string"}, "format": {"enum": ["short", "wot", "ddf"]}, "published": moment(),
    })
}

/// The built-in model has no row in the registry.
fn shown() -> Value {
    let mut members = row();
    let version_of = at_least(&["version", "state"], json!({"version": version(), "state": members["state"]}));
    members["versions"] = json!({"type": "array", "items": version_of});
    members["model"] = json!({"type": "object", "description": "The Thing Model, as it was published."});
    at_least(&["name", "version", "model", "versions"], members)
}

/// A text in one of three formats, or a Thing Model as it is.
fn new() -> Value {
    let nothing = json!({"type": "null"});
    let text = json!({"text": {"type": "string"}, "format": {"enum": ["short", "wot", "ddf"]}, "name": name(),
        "version": version(), "model": nothing});
    let thing = json!({"model": {"type": "object"}, "format": {"const": "wot"}, "name": name(), "version": version(), "text": nothing});
    json!({"oneOf": [exactly(&["text"], text), exactly(&["model"], thing)]})
}

fn made() -> Value {
    let one = at_least(
        &["model", "digest", "published"],
        json!({"model": reference(), "digest": {"type": "string"}, "published": {"enum": ["new", "same", "released"]}}),
    );
    at_least(
        &["items", "notes"],
        json!({"items": {"type": "array", "items": one}, "notes": {"type": "array", "items": {"type": "string"}}}),
    )
}

fn diff() -> Value {
    let change = at_least(
        &["path", "kind", "breaking", "words"],
        json!({
            "path": {"type": "string", "description": "A JSON pointer into the Thing Model."},
            "kind": {"enum": ["words", "added", "removed", "widened", "narrowed", "changed"]},
            "breaking": {"type": "boolean"}, "words": {"type": "string"},
        }),
    );
    let refused = json!({"type": "array", "items": {"type": "string"},
        "description": "Why the new one could not be published after the old one."});
    at_least(
        &["from", "to", "changes", "refused"],
        json!({"from": reference(), "to": reference(), "changes": {"type": "array", "items": change}, "refused": refused}),
    )
}

/// An object of these members only; none may be null.
fn only(required: &[&str], members: &Value) -> Value {
    json!({"type": "object", "required": required, "additionalProperties": false, "properties": members})
}

fn rule_members() -> Value {
    let words = json!({"type": "array", "maxItems": 64, "items": text()});
    let edge = maybe(&json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}));
    let mut serial = only(&[], &json!({"prefix": {"type": "string", "maxLength": 64}, "from": edge, "to": edge}));
    serial["minProperties"] = 1.into();
    let range = json!({"type": "string", "maxLength": 256});
    let objects = json!({"type": "array", "maxItems": 64,
        "items": {"type": "string", "pattern": "^[0-9]{1,5}(/[0-9]{1,3}\\.[0-9]{1,3})?$"}});
    let when = only(
        &[],
        &json!({"vendor": words, "model": words, "hardware": words, "firmware": maybe(&range), "serial": maybe(&serial),
            "objects": objects}),
    );
    let priority = json!({"type": "integer", "minimum": -1_000_000, "maximum": 1_000_000});
    json!({"name": rule_name(), "priority": priority, "when": when, "assign": reference()})
}

fn rule() -> Value {
    only(&["name", "assign"], &rule_members())
}

fn rule_told() -> Value {
    let mut members = rule_members();
    members["declared"] = json!({"type": "boolean", "description": "True if the fleet file declares it."});
    at_least(&["name", "priority", "when", "assign", "declared"], members)
}

const INSTANCE: [&str; 3] = ["model", "version", "values"];

fn instance() -> Value {
    json!({"model": name(), "version": version(), "values": {"type": "object"}})
}

fn of_device() -> Value {
    let mut members = instance();
    members["device"] = id();
    members["number"] = number(1);
    members["state"] = json!({"enum": ["current", "proposed", "former"]});
    members["chosen"] = json!({"enum": ["rule", "fallback", "device", "supplied", "hand"]});
    members["changed"] = moment();
    at_least(&[INSTANCE.as_slice(), &["device", "number", "state", "chosen", "changed"]].concat(), members)
}

/// Who dismisses says why.
fn decision() -> Value {
    let approved = json!({"decision": {"const": "approve"}, "reason": text(), "model": reference()});
    let dismissed = json!({"decision": {"const": "dismiss"}, "reason": text(), "model": reference()});
    let back = json!({"decision": {"const": "roll-back"}, "reason": text()});
    json!({"oneOf": [exactly(&["decision"], approved), exactly(&["decision", "reason"], dismissed),
        exactly(&["decision"], back)]})
}
