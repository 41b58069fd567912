//! Placeholders of Thing Models: `{{NAME}}` in a text (WoT TD 1.1, section 10.3.5).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::finding::Loss;

/// Returns whether a placeholder stands in `text`: two braces, printable ASCII, two braces.
pub(super) fn is_in(text: &str) -> bool {
    // One line of text counts, as `.` of the schema's pattern does.
    text.lines().any(|line| {
        line.match_indices("{{").any(|(at, _)| {
            let inner = &line[at + 2..];
            let printable = inner.bytes().take_while(|byte| (b' '..=b'~').contains(byte)).count();
            inner[..printable].rfind("}}").is_some_and(|end| end > 0)
        })
    })
}

/// Splits the text at its first placeholder: before, name, after.
fn first(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find("{{")?;
    let close = open + 2 + text[open + 2..].find("}}")?;
    let name = &text[open + 2..close];
    (!name.is_empty()).then(|| (&text[..open], name, &text[close + 2..]))
}

/// Returns the names of the placeholders in `text`.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = first(rest) {
        names.push(name);
        rest = after;
    }
    names
}

/// Puts values in place of placeholders; a member that cannot be filled is left out and told.
pub(super) fn fill(value: &Value, values: &BTreeMap<String, Value>, at: &str, losses: &mut Vec<Loss>) -> Option<Value> {
    match value {
        Value::String(text) => fill_text(text, values).map_err(|name| losses.push(unfilled(at, &name))).ok(),
        Value::Array(items) => {
            let each = items.iter().enumerate();
            Some(each.filter_map(|(index, item)| fill(item, values, &format!("{at}/{index}"), losses)).collect())
        }
        Value::Object(map) => {
            let mut filled = Map::new();
            for (name, member) in map {
                let inner = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if let Some(member) = fill(member, values, &inner, losses) {
                    filled.insert(name.clone(), member);
                }
            }
            Some(Value::Object(filled))
        }
        other => Some(other.clone()),
    }
}

fn unfilled(at: &str, name: &str) -> Loss {
    Loss::new(at, format!("left out: nothing is given for the placeholder \"{name}\""))
}

/// A text that is one placeholder becomes its value, of any type; within a text the value is written out.
fn fill_text(text: &str, values: &BTreeMap<String, Value>) -> Result<Value, String> {
    if let Some(("", name, "")) = first(text) {
        return values.get(name).cloned().ok_or_else(|| name.to_owned());
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = first(rest) {
        filled.push_str(before);
        match values.get(name) {
            Some(Value::String(value)) => filled.push_str(value),
            Some(value) => filled.push_str(&value.to_string()),
            None => return Err(name.to_owned()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(Value::String(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_two_braces_about_something_printable() {
        for text in ["{{A}}", "x{{A}}y", "{{{{A}}", "{{ a b }}", "x\n{{A}}"] {
            assert!(is_in(text), "{text:?}");
        }
        for text in ["{{}}", "{A}", "{{A", "A}}", "{{\u{e9}}}", "{{A\n}}", ""] {
            assert!(!is_in(text), "{text:?}");
        }
    }
}
