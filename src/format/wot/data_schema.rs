//! Data schemas (WoT TD 1.1, section 5.3.2): what a value of an affordance looks like.

use serde_json::Value;

use super::language;
use super::name;
use super::walk::{Kind, Members, Walk, kind_of};

const TYPES: [&str; 7] = ["boolean", "integer", "number", "string", "object", "array", "null"];

/// Checks a value that must be a data schema.
pub(super) fn check(walk: &mut Walk, value: &Value) {
    if let Some(map) = walk.object(value) {
        members(walk, map);
    }
}

/// Checks the members of a data schema; a property affordance has them beside its own.
pub(super) fn members(walk: &mut Walk, map: &Members) {
    language::words(walk, map);
    type_declaration(walk, map);
    reference(walk, map);
    walk.texts(map, &["unit", "format", "contentEncoding", "contentMediaType"]);
    walk.flags(map, &["readOnly", "writeOnly"]);
    walk.numbers(map, &["minimum", "maximum"], true);
    walk.numbers(map, &["exclusiveMinimum", "exclusiveMaximum"], false);
    walk.counts(map, &["minItems", "maxItems", "minLength", "maxLength"]);
    steps(walk, map);
    kind(walk, map);
    enumeration(walk, map);
    bounds(walk, map);
    parts(walk, map);
    if is_true(map, "readOnly") && is_true(map, "writeOnly") {
        walk.warn("is both readOnly and writeOnly");
    }
}

/// Checks `@type`; only a Thing Model may call itself one.
pub(super) fn type_declaration(walk: &mut Walk, map: &Members) {
    let types = walk.one_or_more(map, "@type", 0);
    if walk.kind == Kind::Description && types.contains(&super::THING_MODEL) {
        walk.fault_at("@type", "a Thing Description is no tm:ThingModel");
    }
}

/// Checks `tm:ref`, which only a model may have: a file and a pointer into it.
pub(super) fn reference(walk: &mut Walk, map: &Members) {
    let Some(reference) = map.get("tm:ref") else { return };
    match reference.as_str() {
        _ if walk.kind == Kind::Description => walk.fault_at("tm:ref", "a Thing Description refers to no model's part"),
        Some(text) if !name::is_uri_reference(text) => walk.fault_at("tm:ref", format!("\"{text}\" is no address")),
        Some(text) if !text.contains('#') => walk.warn_at("tm:ref", "names no part (\"#/...\") of a model"),
        Some(_) => {}
        None => walk.fault_at("tm:ref", format!("is {}, must be a text", kind_of(reference))),
    }
}

fn is_true(map: &Members, name: &str) -> bool {
    map.get(name) == Some(&Value::Bool(true))
}

fn steps(walk: &mut Walk, map: &Members) {
    walk.numbers(map, &["multipleOf"], true);
    if map.get("multipleOf").and_then(Value::as_f64).is_some_and(|step| step <= 0.0) {
        walk.fault_at("multipleOf", "must be more than 0");
    }
}

fn kind(walk: &mut Walk, map: &Members) {
    let Some(value) = map.get("type") else { return };
    if walk.stands_in(value) {
        return;
    }
    match value.as_str() {
        Some("object") if !map.contains_key("properties") => walk.warn("is of type object and names no properties"),
        Some("array") if !map.contains_key("items") => walk.warn("is of type array and has no items"),
        Some(name) if TYPES.contains(&name) => misplaced(walk, map, name),
        Some(name) => walk.fault_at("type", format!("\"{name}\" is none of {}", TYPES.join(", "))),
        None => walk.fault_at("type", format!("is {}, must be a text", kind_of(value))),
    }
}

/// Warns of keywords that say nothing about values of the type.
fn misplaced(walk: &mut Walk, map: &Members, kind: &str) {
    let belongs: [(&[&str], &[&str]); 4] = [
        (&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"], &["integer", "number"]),
        (&["minLength", "maxLength", "contentEncoding", "contentMediaType"], &["string"]),
        (&["items", "minItems", "maxItems"], &["array"]),
        (&["properties", "required"], &["object"]),
    ];
    for (names, kinds) in belongs {
        for name in names.iter().filter(|name| map.contains_key(**name) && !kinds.contains(&kind)) {
            walk.warn_at(name, format!("says nothing about values of type {kind}"));
        }
    }
}

fn enumeration(walk: &mut Walk, map: &Members) {
    let of_type = |value: &Value| map.get("type").and_then(Value::as_str).is_none_or(|kind| is_of(value, kind));
    for name in ["const", "default"] {
        if map.get(name).is_some_and(|value| !of_type(value) && !walk.stands_in(value)) {
            walk.warn_at(name, "is not of the type");
        }
    }
    let Some(list) = map.get("enum") else { return };
    if walk.stands_in(list) {
        return;
    }
    let Some(values) = list.as_array() else {
        return walk.fault_at("enum", format!("is {}, must be an array", kind_of(list)));
    };
    if values.is_empty() {
        walk.fault_at("enum", "allows no value at all");
    }
    // Compared as written, so that a long list costs no more than its length.
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = values.iter().find(|value| !seen.insert(written(value))) {
        walk.fault_at("enum", format!("lists {twice} twice"));
    }
    if let Some(other) = values.iter().find(|value| !of_type(value) && !walk.stands_in(value)) {
        walk.warn_at("enum", format!("lists {other}, which is not of the type"));
    }
    if map.contains_key("const") {
        walk.warn("has both enum and const");
    }
}

/// Writes a value so that equal ones are written alike: 1 and 1.0, and members in any order.
fn written(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let mut members: Vec<String> =
                map.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), written(value))).collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// A schema that no value fits is a mistake, whatever the type.
fn bounds(walk: &mut Walk, map: &Members) {
    let number = |name: &str| map.get(name).and_then(Value::as_f64);
    for (least, most) in [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")] {
        if let Some((low, high)) = number(least).zip(number(most)).filter(|(low, high)| low > high) {
            walk.fault(format!("{least} {low} is more than {most} {high}: no value fits"));
        }
    }
    for (low_name, high_name) in
        [("exclusiveMinimum", "exclusiveMaximum"), ("exclusiveMinimum", "maximum"), ("minimum", "exclusiveMaximum")]
    {
        if let Some((low, high)) = number(low_name).zip(number(high_name)).filter(|(low, high)| low >= high) {
            walk.fault(format!("{low_name} {low} leaves nothing below {high_name} {high}: no value fits"));
        }
    }
    for name in ["const", "default"] {
        let Some(value) = number(name) else { continue };
        if number("minimum").is_some_and(|low| value < low) || number("maximum").is_some_and(|high| value > high) {
            walk.warn_at(name, "is out of the range");
        }
    }
}

fn parts(walk: &mut Walk, map: &Members) {
    walk.items(map, "oneOf", 0, check);
    match map.get("items") {
        Some(Value::Array(_)) => walk.items(map, "items", 0, check),
        Some(schema) => walk.enter("items", |walk| check(walk, schema)),
        None => {}
    }
    walk.each(map, "properties", |walk, _, schema| check(walk, schema));
    let Some(required) = map.get("required").filter(|value| !walk.stands_in(value)) else { return };
    if !required.is_array() {
        return walk.fault_at("required", format!("is {}, must be an array of texts", kind_of(required)));
    }
    let names = walk.one_or_more(map, "required", 0);
    let Some(known) = map.get("properties").and_then(Value::as_object) else { return };
    for name in names.iter().filter(|name| !known.contains_key(**name)) {
        walk.warn_at("required", format!("\"{name}\" is none of the properties"));
    }
}
