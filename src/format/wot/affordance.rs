//! Properties, actions and events (WoT TD 1.1, section 5.3.1).

use serde_json::Value;

use super::data_schema;
use super::form::{self, ACTION, EVENT, Owner, PROPERTY};
use super::language;
use super::walk::{Kind, Members, Walk};

/// Checks all affordances of a document.
pub(super) fn check_all(walk: &mut Walk, document: &Members) {
    walk.each(document, "properties", |walk, _, value| {
        if let Some(map) = interaction(walk, value, PROPERTY) {
            property(walk, map);
        }
    });
    walk.each(document, "actions", |walk, _, value| {
        if let Some(map) = interaction(walk, value, ACTION) {
            walk.flags(map, &["safe", "idempotent", "synchronous"]);
            schemas(walk, map, &["input", "output"]);
        }
    });
    walk.each(document, "events", |walk, _, value| {
        if let Some(map) = interaction(walk, value, EVENT) {
            schemas(walk, map, &["subscription", "data", "dataResponse", "cancellation"]);
            if map.contains_key("enum") && map.contains_key("const") {
                walk.warn("has both enum and const");
            }
        }
    });
}

/// Checks what every affordance has.
fn interaction<'v>(walk: &mut Walk, value: &'v Value, owner: Owner) -> Option<&'v Members> {
    let map = walk.object(value)?;
    if walk.kind == Kind::Description {
        walk.required(map, "forms");
    }
    form::check_all(walk, map, owner);
    uri_variables(walk, map);
    language::words(walk, map);
    data_schema::type_declaration(walk, map);
    data_schema::reference(walk, map);
    Some(map)
}

/// Checks `uriVariables`: data schemas of what may stand in an address.
pub(super) fn uri_variables(walk: &mut Walk, map: &Members) {
    walk.each(map, "uriVariables", |walk, _, schema| {
        data_schema::check(walk, schema);
        if matches!(schema.get("type").and_then(Value::as_str), Some("object" | "array")) {
            walk.warn("an address holds no object and no array");
        }
    });
}

fn schemas(walk: &mut Walk, map: &Members, names: &[&str]) {
    for name in names {
        if let Some(schema) = map.get(*name) {
            walk.enter(name, |walk| data_schema::check(walk, schema));
        }
    }
}

fn property(walk: &mut Walk, map: &Members) {
    data_schema::members(walk, map);
    walk.flags(map, &["observable"]);
    let is = |name: &str| map.get(name) == Some(&Value::Bool(true));
    if is("writeOnly") && is("observable") {
        walk.warn("is both writeOnly and observable");
    }
    for (flag, against) in [("readOnly", &["writeproperty"][..]), ("writeOnly", &["readproperty", "observeproperty"])] {
        let forms = map.get("forms").and_then(Value::as_array).filter(|_| is(flag));
        for (index, form) in forms.into_iter().flatten().enumerate() {
            if against.iter().any(|operation| names(form, operation)) {
                walk.enter("forms", |walk| walk.warn_at(&index.to_string(), format!("works against {flag}")));
            }
        }
    }
}

/// Returns whether the form offers the operation; without `op` it reads and writes (section 5.4).
fn names(form: &Value, operation: &str) -> bool {
    match form.get("op") {
        None => operation != "observeproperty",
        Some(Value::String(one)) => one == operation,
        Some(Value::Array(many)) => many.iter().any(|one| one == operation),
        Some(_) => false,
    }
}
