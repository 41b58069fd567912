//! Security schemes and where they are named (WoT TD 1.1, section 5.3.3).

use serde_json::Value;

use super::data_schema;
use super::language::{self, AFFORDANCES};
use super::walk::{Kind, Members, Walk, kind_of};

const PLACES: [&str; 5] = ["header", "query", "body", "cookie", "auto"];

/// Checks the definitions and every place that names one.
pub(super) fn check_all(walk: &mut Walk, document: &Members) {
    walk.each(document, "securityDefinitions", |walk, _, scheme| {
        if let Some(scheme) = walk.object(scheme) {
            check(walk, scheme);
        }
    });
    let Some(defined) = document.get("securityDefinitions").and_then(Value::as_object) else {
        walk.one_or_more(document, "security", 1);
        return;
    };
    if defined.is_empty() {
        walk.fault_at("securityDefinitions", "defines nothing");
    }
    combinations(walk, defined);
    let names = walk.one_or_more(document, "security", 1);
    are_defined(walk, &names, defined);
    apart_from_variables(walk, document, defined);
}

fn check(walk: &mut Walk, scheme: &Members) {
    language::words(walk, scheme);
    data_schema::type_declaration(walk, scheme);
    data_schema::reference(walk, scheme);
    walk.texts(scheme, &["proxy", "scheme"]);
    let Some(name) = scheme.get("scheme") else {
        return walk.fault("\"scheme\" is missing");
    };
    if walk.stands_in(name) {
        return;
    }
    match name.as_str() {
        Some("auto") if scheme.contains_key("name") => walk.fault_at("name", "the scheme auto takes no name"),
        Some("nosec" | "auto") | None => {}
        Some("combo") => combination(walk, scheme),
        Some("basic") => located(walk, scheme, &PLACES),
        Some("digest") => {
            located(walk, scheme, &PLACES);
            one_of(walk, scheme, "qop", &["auth", "auth-int"]);
        }
        Some("apikey") => located(walk, scheme, &["header", "query", "body", "cookie", "uri", "auto"]),
        Some("bearer") => {
            located(walk, scheme, &PLACES);
            walk.texts(scheme, &["authorization", "alg", "format"]);
        }
        Some("psk") => walk.texts(scheme, &["identity"]),
        Some("oauth2") => authorized(walk, scheme),
        Some(other) if is_extension(other) => {}
        Some(other) => {
            walk.fault_at("scheme", format!("\"{other}\" is no scheme; one of another vocabulary has a prefix"));
        }
    }
}

fn is_extension(scheme: &str) -> bool {
    scheme.match_indices(':').any(|(at, _)| at > 0)
}

fn located(walk: &mut Walk, scheme: &Members, places: &[&str]) {
    one_of(walk, scheme, "in", places);
    walk.texts(scheme, &["name"]);
}

fn one_of(walk: &mut Walk, scheme: &Members, name: &str, allowed: &[&str]) {
    let Some(value) = scheme.get(name) else { return };
    if !value.as_str().is_some_and(|text| allowed.contains(&text)) && !walk.stands_in(value) {
        walk.fault_at(name, format!("is {value}, must be one of {}", allowed.join(", ")));
    }
}

/// Each flow needs its own addresses (section 5.3.3.10).
fn authorized(walk: &mut Walk, scheme: &Members) {
    walk.texts(scheme, &["authorization", "token", "refresh", "flow"]);
    walk.one_or_more(scheme, "scopes", 0);
    let needs: &[&str] = match scheme.get("flow").and_then(Value::as_str) {
        Some("code") => &["authorization", "token"],
        Some("client") => &["token"],
        _ => &[],
    };
    for name in needs.iter().filter(|name| !scheme.contains_key(**name)) {
        walk.warn(format!("this flow needs \"{name}\""));
    }
}

fn combination(walk: &mut Walk, scheme: &Members) {
    match (scheme.get("oneOf"), scheme.get("allOf")) {
        (Some(Value::Array(_)), None) | (None, Some(Value::Array(_))) => {}
        (Some(other), None) | (None, Some(other)) => {
            walk.fault(format!("a combination is {}, must be an array", kind_of(other)));
        }
        _ => walk.fault("a combination has either \"oneOf\" or \"allOf\""),
    }
    walk.one_or_more(scheme, "oneOf", 2);
    walk.one_or_more(scheme, "allOf", 2);
}

/// What a combination names is defined, and no combination is a part of itself.
fn combinations(walk: &mut Walk, defined: &Members) {
    for name in defined.keys() {
        for part in parts(defined, name) {
            if !defined.contains_key(part) {
                walk.enter("securityDefinitions", |walk| walk.fault_at(name, format!("\"{part}\" is not defined")));
            }
        }
    }
    // Take away what has no parts left until nothing changes; what remains stands on itself.
    let mut open: Vec<&str> = defined.keys().map(String::as_str).collect();
    loop {
        let waiting: std::collections::HashSet<&str> = open.iter().copied().collect();
        let rest: Vec<&str> =
            open.iter().copied().filter(|name| parts(defined, name).any(|part| waiting.contains(part))).collect();
        if rest.len() == open.len() {
            break;
        }
        open = rest;
    }
    if let Some(name) = open.first() {
        walk.enter("securityDefinitions", |walk| walk.fault_at(name, "is a combination of itself"));
    }
}

fn parts<'v>(defined: &'v Members, name: &str) -> impl Iterator<Item = &'v str> + use<'v> {
    let scheme = defined.get(name).filter(|scheme| scheme.get("scheme").is_some_and(|name| name == "combo"));
    let lists = ["oneOf", "allOf"].into_iter().filter_map(move |list| scheme?.get(list)?.as_array());
    lists.flatten().filter_map(Value::as_str)
}

/// Checks the names that a form, or the document, takes for its security.
pub(super) fn are_defined(walk: &mut Walk, names: &[&str], defined: &Members) {
    for name in names.iter().filter(|name| !defined.contains_key(**name)) {
        let stands_in = walk.stands_in(&Value::from(*name));
        let words = format!("\"{name}\" is none of the securityDefinitions");
        match walk.kind {
            Kind::Description => walk.fault_at("security", words),
            // What the model extends may define it.
            Kind::Model if !stands_in => walk.warn_at("security", words),
            Kind::Model => {}
        }
    }
}

/// The name of a key in the address must not be a variable of the address too (section 5.3.3.6).
fn apart_from_variables(walk: &mut Walk, document: &Members, defined: &Members) {
    let in_address = |scheme: &&Value| {
        scheme.get("scheme").is_some_and(|name| name == "apikey")
            && scheme.get("in").is_some_and(|place| place == "uri")
    };
    let keys: Vec<&str> =
        defined.values().filter(in_address).filter_map(|scheme| scheme.get("name")?.as_str()).collect();
    let root = Some(document).into_iter();
    let affordances = AFFORDANCES.iter().filter_map(|name| document.get(*name)?.as_object());
    for map in root.chain(affordances.flat_map(|map| map.values().filter_map(Value::as_object))) {
        let variables = map.get("uriVariables").and_then(Value::as_object);
        for key in keys.iter().filter(|key| variables.is_some_and(|variables| variables.contains_key(**key))) {
            walk.fault(format!("\"{key}\" is both a key of the security scheme and a variable of the address"));
        }
    }
}
