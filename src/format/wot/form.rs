//! Forms (WoT TD 1.1, section 5.3.4.2): where and how an affordance is reached.

use serde_json::Value;

use super::data_schema;
use super::walk::{Kind, Members, Walk};

/// What a form belongs to, with the operations it may name.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    operations: &'static [&'static str],
    /// Whether `op` has no default there.
    explicit: bool,
}

pub(super) const PROPERTY: Owner =
    Owner { operations: &["readproperty", "writeproperty", "observeproperty", "unobserveproperty"], explicit: false };
pub(super) const ACTION: Owner =
    Owner { operations: &["invokeaction", "queryaction", "cancelaction"], explicit: false };
pub(super) const EVENT: Owner = Owner { operations: &["subscribeevent", "unsubscribeevent"], explicit: false };
pub(super) const THING: Owner = Owner {
    operations: &[
        "readallproperties",
        "writeallproperties",
        "readmultipleproperties",
        "writemultipleproperties",
        "observeallproperties",
        "unobserveallproperties",
        "queryallactions",
        "subscribeallevents",
        "unsubscribeallevents",
    ],
    explicit: true,
};

/// Checks the member `forms`, where there is one.
pub(super) fn check_all(walk: &mut Walk, map: &Members, owner: Owner) {
    walk.items(map, "forms", 1, |walk, form| {
        if let Some(form) = walk.object(form) {
            check(walk, form, owner);
        }
    });
    twice(walk, map);
}

/// Two forms that are the same word for word: one of them was meant to be another.
fn twice(walk: &mut Walk, map: &Members) {
    let forms = map.get("forms").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut seen = std::collections::HashSet::new();
    for (index, form) in forms.iter().enumerate() {
        if !seen.insert(form.to_string()) {
            walk.enter("forms", |walk| walk.warn_at(&index.to_string(), "is the same as a form before it"));
        }
    }
}

fn check(walk: &mut Walk, form: &Members, owner: Owner) {
    if walk.kind == Kind::Description {
        walk.required(form, "href");
    }
    walk.texts(form, &["href", "contentType", "contentCoding", "subprotocol"]);
    walk.one_or_more(form, "security", usize::from(walk.kind == Kind::Description));
    walk.one_or_more(form, "scopes", 0);
    data_schema::reference(walk, form);
    operations(walk, form, owner);
    answers(walk, form);
}

fn operations(walk: &mut Walk, form: &Members, owner: Owner) {
    if owner.explicit && walk.kind == Kind::Description {
        walk.required(form, "op");
    }
    let mut seen = Vec::new();
    for operation in walk.one_or_more(form, "op", 1) {
        let stands_in = walk.stands_in(&Value::from(operation));
        if !owner.operations.contains(&operation) && !stands_in {
            walk.fault_at("op", format!("\"{operation}\" is none of {}", owner.operations.join(", ")));
        }
        if seen.contains(&operation) {
            walk.warn_at("op", format!("names \"{operation}\" twice"));
        }
        seen.push(operation);
    }
}

fn answers(walk: &mut Walk, form: &Members) {
    if let Some(response) = form.get("response") {
        walk.enter("response", |walk| {
            let Some(response) = walk.object(response) else { return };
            if walk.kind == Kind::Description {
                walk.required(response, "contentType");
            }
            walk.texts(response, &["contentType"]);
        });
    }
    walk.items(form, "additionalResponses", 0, |walk, answer| {
        let Some(answer) = walk.object(answer) else { return };
        walk.texts(answer, &["contentType", "schema"]);
        walk.flags(answer, &["success"]);
    });
}

/// Every schema that a form names is one of `schemaDefinitions`.
pub(super) fn schemas_are_defined(walk: &mut Walk, form: &Members, defined: Option<&Members>) {
    let answers = form.get("additionalResponses").and_then(Value::as_array);
    for (index, answer) in answers.into_iter().flatten().enumerate() {
        let Some(name) = answer.get("schema").and_then(Value::as_str) else { continue };
        if !defined.is_some_and(|defined| defined.contains_key(name)) {
            walk.enter("additionalResponses", |walk| {
                walk.fault_at(&index.to_string(), format!("\"{name}\" is none of the schemaDefinitions"));
            });
        }
    }
}
