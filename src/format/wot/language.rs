//! Titles and descriptions in several languages (WoT TD 1.1, section 6.3.2).

use std::collections::BTreeSet;

use serde_json::Value;

use super::name;
use super::walk::{Members, Walk};

/// The affordances of a document.
pub(super) const AFFORDANCES: [&str; 3] = ["properties", "actions", "events"];

/// Checks the members that tell a person what something is.
pub(super) fn words(walk: &mut Walk, map: &Members) {
    walk.texts(map, &["title", "description"]);
    for (many, one) in [("titles", "title"), ("descriptions", "description")] {
        walk.each(map, many, |walk, tag, text| {
            if !name::is_language(tag) {
                walk.fault(format!("\"{tag}\" is no language tag (BCP 47)"));
            }
            if !text.is_string() {
                walk.fault("must be a text");
            }
        });
        let Some((texts, text)) = map.get(many).and_then(Value::as_object).zip(map.get(one)) else { continue };
        if !texts.values().any(|each| each == text) {
            walk.fault_at(many, format!("holds no text that is the \"{one}\""));
        }
    }
}

/// Every map of languages of the document names the same languages.
pub(super) fn same_everywhere(walk: &mut Walk, document: &Members) {
    let inner = AFFORDANCES.iter().filter_map(|name| document.get(*name)?.as_object());
    let affordances = inner.flat_map(|affordances| affordances.values().filter_map(Value::as_object));
    let mut first: Option<BTreeSet<&str>> = None;
    for map in std::iter::once(document).chain(affordances) {
        for texts in ["titles", "descriptions"].iter().filter_map(|name| map.get(*name)?.as_object()) {
            let tags: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
            match &first {
                None => first = Some(tags),
                Some(first) if *first != tags => {
                    return walk
                        .fault(format!("not every map of languages names the same ones: {first:?} and {tags:?}"));
                }
                Some(_) => {}
            }
        }
    }
}
