//! Links (WoT TD 1.1, section 5.3.4.1; for models section 10.3).

use std::collections::HashSet;

use serde_json::Value;

use super::name;
use super::walk::{Kind, Members, Walk};

/// Checks the member `links`.
pub(super) fn check_all(walk: &mut Walk, document: &Members) {
    walk.items(document, "links", 0, |walk, link| {
        if let Some(link) = walk.object(link) {
            check(walk, link);
        }
    });
    together(walk, document);
}

fn check(walk: &mut Walk, link: &Members) {
    if walk.kind == Kind::Description {
        walk.required(link, "href");
    } else {
        walk.texts(link, &["instanceName"]);
    }
    walk.texts(link, &["href", "type", "rel", "anchor"]);
    for tag in walk.one_or_more(link, "hreflang", 0) {
        if !name::is_language(tag) {
            walk.fault_at("hreflang", format!("\"{tag}\" is no language tag (BCP 47)"));
        }
    }
    relation(walk, link);
}

fn relation(walk: &mut Walk, link: &Members) {
    let rel = link.get("rel");
    if walk.kind == Kind::Description && rel.is_some_and(|rel| rel == "tm:extends" || rel == "tm:submodel") {
        walk.fault_at("rel", "a Thing Description extends no model and has no submodel");
    }
    if rel.is_some_and(|rel| walk.stands_in(rel)) {
        walk.fault_at("rel", "a relation is no placeholder");
    }
    if rel.is_some_and(|rel| rel == "tm:extends" || rel == "tm:submodel") && !link.contains_key("href") {
        walk.fault("a link to a model needs its address (\"href\")");
    }
    match link.get("sizes") {
        Some(_) if rel.is_none_or(|rel| rel != "icon") => walk.fault_at("sizes", "only an icon has sizes"),
        Some(sizes) if !sizes.as_str().is_some_and(has_size) => walk.fault_at("sizes", "must be such as \"16x16\""),
        _ => {}
    }
}

/// Returns whether "x" and a digit stand in the text, as the schema's pattern asks.
fn has_size(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair[0] == b'x' && pair[1].is_ascii_digit())
}

/// Rules on all links together.
fn together(walk: &mut Walk, document: &Members) {
    let links = || document.get("links").and_then(Value::as_array).into_iter().flatten();
    let count = |rel: &str| links().filter(|link| link.get("rel").is_some_and(|each| each == rel)).count();
    if count("type") > 1 {
        walk.fault_at("links", "more than one link of relation \"type\"");
    }
    if count("tm:extends") > 1 {
        walk.warn_at("links", "more than one link of relation \"tm:extends\": the order decides");
    }
    let mut names = HashSet::new();
    for name in links().filter_map(|link| link.get("instanceName")?.as_str()) {
        if !names.insert(name) {
            walk.fault_at("links", format!("\"{name}\" names two submodels"));
        }
    }
}
