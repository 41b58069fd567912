//! What a model and a description have in common: the members of the document itself (WoT TD 1.1, section 5.3.1.1).

use serde_json::Value;

use super::form::{self, THING};
use super::language::{self, AFFORDANCES};
use super::walk::{Kind, Members, Walk, kind_of};
use super::{CONTEXT, CONTEXT_1_0, affordance, data_schema, link, security};

/// Checks a document.
pub(super) fn check(walk: &mut Walk, document: &Members) {
    context(walk, document);
    walk.texts(document, &["id", "base", "support", "created", "modified"]);
    walk.one_or_more(document, "profile", 1);
    language::words(walk, document);
    language::same_everywhere(walk, document);
    affordance::check_all(walk, document);
    affordance::uri_variables(walk, document);
    form::check_all(walk, document, THING);
    link::check_all(walk, document);
    security::check_all(walk, document);
    schema_definitions(walk, document);
    references_of_forms(walk, document);
}

/// Checks `@context`: version 1.1 alone or first, or after version 1.0 (section 5.3.1.1).
fn context(walk: &mut Walk, document: &Members) {
    let old = |value: &Value| value == CONTEXT_1_0;
    let new = |value: &Value| value == CONTEXT;
    match document.get("@context") {
        None => walk.fault("\"@context\" is missing"),
        Some(value @ Value::String(_)) if new(value) || old(value) => {}
        Some(Value::Array(items)) => {
            if let Some(item) = items.iter().find(|item| !item.is_string() && !item.is_object()) {
                walk.fault_at("@context", format!("holds {}, must hold addresses and objects", kind_of(item)));
            }
            match items.split_first() {
                Some((first, rest)) if new(first) && !rest.iter().any(old) => {}
                Some((first, rest)) if old(first) && rest.iter().position(new).is_none_or(|at| at == 0) => {}
                _ => walk.fault_at(
                    "@context",
                    format!("must begin with \"{CONTEXT}\" (only \"{CONTEXT_1_0}\" may precede it)"),
                ),
            }
        }
        Some(_) => walk.fault_at("@context", format!("must be \"{CONTEXT}\" or an array that begins with it")),
    }
    let names_new = document
        .get("@context")
        .is_some_and(|value| new(value) || value.as_array().is_some_and(|items| items.iter().any(new)));
    if walk.kind == Kind::Model && !names_new {
        walk.warn_at("@context", format!("Thing Models came with \"{CONTEXT}\""));
    }
}

fn schema_definitions(walk: &mut Walk, document: &Members) {
    walk.each(document, "schemaDefinitions", |walk, _, schema| data_schema::check(walk, schema));
    if document.get("schemaDefinitions").and_then(Value::as_object).is_some_and(Members::is_empty) {
        walk.fault_at("schemaDefinitions", "defines nothing");
    }
}

/// Every form of the document names only what the document defines.
fn references_of_forms(walk: &mut Walk, document: &Members) {
    forms_of(walk, document, document);
    for kind in AFFORDANCES {
        let Some(affordances) = document.get(kind).and_then(Value::as_object) else { continue };
        for (name, affordance) in affordances {
            let Some(affordance) = affordance.as_object() else { continue };
            walk.enter(kind, |walk| walk.enter(name, |walk| forms_of(walk, affordance, document)));
        }
    }
}

fn forms_of(walk: &mut Walk, owner: &Members, document: &Members) {
    let schemes = document.get("securityDefinitions").and_then(Value::as_object);
    let schemas = document.get("schemaDefinitions").and_then(Value::as_object);
    let forms = owner.get("forms").and_then(Value::as_array);
    for (index, form) in forms.into_iter().flatten().enumerate() {
        let Some(form) = form.as_object() else { continue };
        walk.enter("forms", |walk| {
            walk.enter(index, |walk| {
                if let Some(schemes) = schemes {
                    security::are_defined(walk, &names(form), schemes);
                }
                if walk.kind == Kind::Description {
                    form::schemas_are_defined(walk, form, schemas);
                }
            });
        });
    }
}

fn names(form: &Members) -> Vec<&str> {
    match form.get("security") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}
