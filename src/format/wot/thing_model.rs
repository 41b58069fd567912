//! The rules of Thing Models (WoT TD 1.1, section 10).

use serde_json::Value;

use super::finding::{Fault, Warning};
use super::walk::{Kind, Members, Walk, kind_of};
use super::{THING_MODEL, document, language, name, placeholder, thing};

/// Checks a Thing Model: the schema of the Recommendation and the assertions that it cannot state.
///
/// Links are not followed: what a model extends is checked by itself.
///
/// # Errors
/// Every rule that is broken, at most 100, each with its place.
pub fn validate_thing_model(model: &Value) -> Result<Vec<Warning>, Vec<Fault>> {
    document::bounded(model).map_err(|fault| vec![fault])?;
    let mut walk = Walk::new(Kind::Model);
    if let Some(map) = walk.object(model) {
        declaration(&mut walk, map);
        version(&mut walk, map);
        optional(&mut walk, map);
        thing::check(&mut walk, map);
        placeholders(&mut walk, model);
    }
    walk.end()
}

fn declaration(walk: &mut Walk, model: &Members) {
    walk.required(model, "@type");
    if !walk.one_or_more(model, "@type", 0).contains(&THING_MODEL) && model.contains_key("@type") {
        walk.fault_at("@type", format!("\"{THING_MODEL}\" is missing"));
    }
}

fn version(walk: &mut Walk, model: &Members) {
    let Some(version) = model.get("version").filter(|value| !walk.stands_in(value)) else { return };
    walk.enter("version", |walk| {
        let Some(version) = walk.object(version) else { return };
        walk.texts(version, &["model"]);
        if version.get("instance").is_some_and(Value::is_string) {
            walk.fault_at("instance", "only a device has a version of its own, a model has none");
        }
        let known = |text: &&str| name::is_semantic_version(text) || placeholder::is_in(text);
        if let Some(text) = version.get("model").and_then(Value::as_str).filter(|text| !known(text)) {
            walk.warn_at("model", format!("\"{text}\" is no semantic version"));
        }
    });
}

/// Every pointer of `tm:optional` leads to an affordance (section 10.3.4).
fn optional(walk: &mut Walk, model: &Members) {
    walk.items(model, "tm:optional", 0, |walk, pointer| {
        let Some(text) = pointer.as_str() else {
            return walk.fault(format!("is {}, must be a text", kind_of(pointer)));
        };
        match text.strip_prefix('/').and_then(|rest| rest.split_once('/')) {
            Some((kind, name)) if language::AFFORDANCES.contains(&kind) && !name.is_empty() && !name.contains('/') => {
                let name = name.replace("~1", "/").replace("~0", "~");
                if model.get(kind).and_then(|map| map.get(&name)).is_none() {
                    walk.fault(format!("\"{text}\" leads to no affordance"));
                }
            }
            _ => walk.fault(format!("\"{text}\" is no pointer to a property, an action or an event")),
        }
    });
}

/// Warns of placeholders that are hard to name, and of braces that are probably meant to be one.
fn placeholders(walk: &mut Walk, model: &Value) {
    let mut pending = vec![model];
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(map) => pending.extend(map.values()),
            Value::String(text) => {
                for name in placeholder::names(text).into_iter().filter(|name| !is_plain(name)) {
                    walk.warn(format!("the placeholder \"{name}\" is not made of A to Z, 0 to 9 and _"));
                }
            }
            _ => {}
        }
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
