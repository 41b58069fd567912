//! A canonical model back into short YAML, and what that loses.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::fault::join;
use super::short;
use super::thing_model::{AFFORDANCES, FIRMWARE, INSTANCE, LWM2M, URN, optional};
use crate::fleet::{Faults, shape};

/// A model as short YAML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendered {
    /// The YAML.
    pub text: String,
    /// JSON pointers into the canonical form of what the YAML does not say; empty if reading it again gives the same model.
    pub lost: Vec<String>,
}

/// Terms of a data schema that short YAML has under the same name.
const SAME: [&str; 21] = [
    "title",
    "description",
    "type",
    "unit",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    "minItems",
    "maxItems",
    "enum",
    "const",
    "default",
    "items",
];

/// Writes a canonical model as short YAML. What is lost is found by reading the text again and comparing.
pub fn render(canonical: &Value) -> Rendered {
    let mut text = String::new();
    write_map(&short_form(canonical), 0, &mut text);
    let mut faults = Faults::default();
    let again = short::parse(&Arc::from("rendered"), &text, &mut faults);
    let mut lost = Vec::new();
    match again {
        Some(model) => compare("", canonical, model.canonical(), &mut lost),
        None => lost.push(String::new()),
    }
    Rendered { text, lost }
}

fn short_form(canonical: &Value) -> Map<String, Value> {
    let mut short = Map::new();
    let name = canonical.get("id").and_then(Value::as_str).and_then(|id| id.strip_prefix(URN)).unwrap_or_default();
    short.insert("model".to_owned(), json!(name));
    short.insert("version".to_owned(), canonical.pointer("/version/model").cloned().unwrap_or_default());
    texts(canonical, &mut short);
    links(canonical, &mut short);
    if let Some(instance) = canonical.get(INSTANCE) {
        short.extend(fields(instance).map(|fields| ("instance".to_owned(), fields)));
    }
    let absent: BTreeSet<&str> = optional(canonical).collect();
    for kind in AFFORDANCES {
        let Some(all) = canonical.get(kind).and_then(Value::as_object) else { continue };
        let all = all.iter().filter(|(name, value)| (shape::NAME.accepts)(name) && value.is_object());
        let written = all.map(|(name, value)| {
            let mut affordance = affordance(kind, value);
            if absent.contains(format!("/{kind}/{name}").as_str()) {
                affordance.insert("optional".to_owned(), json!(true));
            }
            (name.clone(), Value::Object(affordance))
        });
        let written: Map<String, Value> = written.collect();
        if !written.is_empty() {
            short.insert(kind.to_owned(), Value::Object(written));
        }
    }
    short
}

fn texts(value: &Value, short: &mut Map<String, Value>) {
    for term in ["title", "description"] {
        short.extend(value.get(term).filter(|text| is_text(text)).map(|text| (term.to_owned(), text.clone())));
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn links(canonical: &Value, short: &mut Map<String, Value>) {
    let mut parts = Map::new();
    for link in canonical.get("links").and_then(Value::as_array).into_iter().flatten() {
        let Some(reference) = super::thing_model::link_reference(link) else { continue };
        match (link.get("rel").and_then(Value::as_str), link.get("instanceName").and_then(Value::as_str)) {
            (Some("tm:extends"), _) => {
                short.insert("extends".to_owned(), json!(reference));
            }
            (Some("tm:submodel"), Some(name)) if (shape::NAME.accepts)(name) => {
                parts.insert(name.to_owned(), json!(reference));
            }
            _ => {}
        }
    }
    if !parts.is_empty() {
        short.insert("submodels".to_owned(), Value::Object(parts));
    }
}

fn affordance(kind: &str, value: &Value) -> Map<String, Value> {
    let mut short = if kind == "properties" { schema(value) } else { Map::new() };
    let is = |term: &str| value.get(term).and_then(Value::as_bool);
    match kind {
        "properties" => {
            let access = match (is("readOnly"), is("writeOnly")) {
                (Some(true), _) => Some("r"),
                (_, Some(true)) => Some("w"),
                (Some(false), Some(false)) => Some("rw"),
                _ => None,
            };
            short.extend(access.map(|access| ("access".to_owned(), json!(access))));
            short.extend(is("observable").map(|is| ("observe".to_owned(), json!(is))));
        }
        "actions" => {
            texts(value, &mut short);
            for term in ["safe", "idempotent"] {
                short.extend(is(term).map(|is| (term.to_owned(), json!(is))));
            }
        }
        _ => texts(value, &mut short),
    }
    let payloads: &[&str] = match kind {
        "actions" => &["input", "output"],
        "events" => &["data"],
        _ => &[],
    };
    for part in payloads {
        let payload = value.get(part).filter(|payload| payload.is_object());
        short.extend(payload.map(|payload| ((*part).to_owned(), Value::Object(schema(payload)))));
    }
    for (term, word) in [(LWM2M, "lwm2m"), (FIRMWARE, "firmware")] {
        short.extend(value.get(term).filter(|value| fits(word, value)).map(|value| (word.to_owned(), value.clone())));
    }
    short
}

fn schema(value: &Value) -> Map<String, Value> {
    let mut short = Map::new();
    for term in SAME {
        if let Some(value) = value.get(term).filter(|value| fits(term, value)) {
            let value = if term == "items" { Value::Object(schema(value)) } else { value.clone() };
            short.insert(term.to_owned(), value);
        }
    }
    short.extend(fields(value).map(|fields| ("properties".to_owned(), fields)));
    short
}

fn fields(value: &Value) -> Option<Value> {
    let fields = value.get("properties")?.as_object()?;
    let required: BTreeSet<&str> =
        value.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = fields.iter().filter(|(name, value)| (shape::NAME.accepts)(name) && value.is_object());
    let written = fields.map(|(name, value)| {
        let mut field = schema(value);
        if !required.contains(name.as_str()) {
            field.insert("optional".to_owned(), json!(true));
        }
        (name.clone(), Value::Object(field))
    });
    Some(Value::Object(written.collect()))
}

/// What the reader would refuse is left out, and so is found as lost, not the whole model.
fn fits(term: &str, value: &Value) -> bool {
    let reference = |value: &Value| value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("secret"));
    let placeholder = value.as_str().is_some_and(|text| text.starts_with("{{") && text.ends_with("}}"));
    match term {
        "type" => {
            matches!(value.as_str(), Some("boolean" | "integer" | "number" | "string" | "object" | "array" | "null"))
        }
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number() || placeholder,
        "multipleOf" => value.as_f64().is_some_and(|number| number > 0.0) || placeholder,
        "minLength" | "maxLength" | "minItems" | "maxItems" => {
            value.as_u64().is_some_and(|count| u32::try_from(count).is_ok())
        }
        "pattern" => {
            value.as_str().is_some_and(|text| text.contains("{{") || super::validate::pattern_of(text).is_some())
        }
        "enum" => value.as_array().is_some_and(|items| !items.is_empty() && !items.iter().any(reference)),
        "items" => value.is_object(),
        "const" | "default" => !reference(value),
        "lwm2m" => value.as_str().is_some_and(super::short_shape::is_lwm2m_path),
        "firmware" => value.as_str().is_some_and(|text| text.parse::<super::VersionRange>().is_ok()),
        _ => is_text(value),
    }
}

/// Notes where `again` differs from `canonical`; the order of keys and of `tm:optional` and `required` says nothing.
fn compare(pointer: &str, canonical: &Value, again: &Value, lost: &mut Vec<String>) {
    match (canonical, again) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => compare(&join(pointer, key), value, other, lost),
                    None => lost.push(join(pointer, key)),
                }
            }
            lost.extend(b.keys().filter(|key| !a.contains_key(*key)).map(|key| join(pointer, key)));
        }
        (Value::Array(a), Value::Array(b)) if pointer.ends_with("/required") || pointer == "/tm:optional" => {
            let set = |items: &[Value]| items.iter().map(Value::to_string).collect::<BTreeSet<_>>();
            if set(a) != set(b) {
                lost.push(pointer.to_owned());
            }
        }
        _ if canonical == again => {}
        _ => lost.push(pointer.to_owned()),
    }
}

/// Block style as far as names go, one line for what is a plain value.
fn write_map(map: &Map<String, Value>, depth: usize, text: &mut String) {
    for (key, value) in map {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(inner) if !inner.is_empty() && depth < 2 => {
                let _ = writeln!(text, "{indent}{}:", scalar(key));
                write_map(inner, depth + 1, text);
            }
            _ => {
                let _ = writeln!(text, "{indent}{}: {}", scalar(key), flow(value));
            }
        }
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text without quotes where every reader takes it for a text, else in double quotes (YAML 1.2.2, section 7.3.1).
fn scalar(text: &str) -> String {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let letter = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(letter)
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}
