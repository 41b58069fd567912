//! A value against a data schema of a Thing Model (WoT TD 1.1, section 5.3.2): the terms of JSON Schema that it has.
//!
//! One thing is stricter: an object whose `properties` are named holds no others, so that a slip in a name is found.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fault::{PointerFaults, join};
use crate::fleet::nearest;

/// Faults after which no near miss is looked for.
const MOST_HINTS: usize = 8;

/// Notes everything in `value` that `schema` does not allow.
pub(super) fn validate(pointer: &str, value: &Value, schema: &Value, faults: &mut PointerFaults) {
    let Some(schema) = schema.as_object() else { return };
    if !check_type(pointer, value, schema, faults) {
        return;
    }
    check_choices(pointer, value, schema, faults);
    match value {
        Value::Number(_) => check_number(pointer, value, schema, faults),
        Value::String(text) => check_text(pointer, text, schema, faults),
        Value::Array(items) => check_items(pointer, items, schema, faults),
        Value::Object(fields) => check_fields(pointer, fields, schema, faults),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Returns the type of a value in the words of a data schema; a number without fraction is an integer.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn check_type(pointer: &str, value: &Value, schema: &Map<String, Value>, faults: &mut PointerFaults) -> bool {
    let Some(wanted) = schema.get("type").and_then(Value::as_str) else { return true };
    let found = type_of(value);
    let fits = found == wanted || (found == "integer" && wanted == "number");
    if !fits {
        faults.add(pointer, format!("is of type {found}, wanted is {wanted}"));
    }
    fits
}

fn check_choices(pointer: &str, value: &Value, schema: &Map<String, Value>, faults: &mut PointerFaults) {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.iter().any(|choice| same(choice, value))
    {
        faults.add(pointer, format!("is {}, wanted is one of: {}", brief(value), list(choices)));
    }
    if let Some(only) = schema.get("const").filter(|only| !same(only, value)) {
        faults.add(pointer, format!("is {}, wanted is {}", brief(value), brief(only)));
    }
    if let Some(kinds) = schema.get("oneOf").and_then(Value::as_array) {
        let fitting = kinds.iter().filter(|kind| {
            let mut own = PointerFaults::default();
            validate(pointer, value, kind, &mut own);
            own.is_empty()
        });
        let fitting = fitting.count();
        if fitting != 1 {
            faults.add(pointer, format!("fits {fitting} of {} kinds, wanted is exactly 1", kinds.len()));
        }
    }
}

/// Whether a number keeps a bound.
type Fits = fn(f64, f64) -> bool;

fn check_number(pointer: &str, value: &Value, schema: &Map<String, Value>, faults: &mut PointerFaults) {
    let bounds: [(&str, Fits, &str); 4] = [
        ("minimum", |found, bound| found >= bound, "at least"),
        ("exclusiveMinimum", |found, bound| found > bound, "more than"),
        ("maximum", |found, bound| found <= bound, "at most"),
        ("exclusiveMaximum", |found, bound| found < bound, "less than"),
    ];
    let Some(found) = value.as_f64() else { return };
    for (term, fits, words) in bounds {
        if let Some(bound) = schema.get(term).filter(|bound| bound.as_f64().is_some_and(|bound| !fits(found, bound))) {
            faults.add(pointer, format!("is {value}, wanted is {words} {bound}"));
        }
    }
    if let Some(step) = schema.get("multipleOf").and_then(Value::as_f64).filter(|step| !is_multiple(found, *step)) {
        faults.add(pointer, format!("is {value}, wanted is a multiple of {step}"));
    }
}

/// With the rounding of binary fractions forgiven: 0.3 is a multiple of 0.1.
pub(super) fn is_multiple(value: f64, step: f64) -> bool {
    let times = value / step;
    times.is_finite() && (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}

fn check_text(pointer: &str, text: &str, schema: &Map<String, Value>, faults: &mut PointerFaults) {
    let limits = ("minLength", "maxLength");
    check_count(pointer, text.chars().count(), limits, "characters", schema, faults);
    let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else { return };
    match pattern_of(pattern) {
        Some(rule) if rule.is_match(text) => {}
        Some(_) => faults.add(pointer, format!("is {}, wanted is a text like {pattern:?}", brief(&text.into()))),
        None => faults.add(pointer, format!("cannot be judged: pattern {pattern:?} of the model cannot be read")),
    }
}

/// Reads a pattern, of bounded size.
pub(super) fn pattern_of(pattern: &str) -> Option<regex_lite::Regex> {
    regex_lite::RegexBuilder::new(pattern).size_limit(1 << 18).build().ok()
}

fn check_items(pointer: &str, items: &[Value], schema: &Map<String, Value>, faults: &mut PointerFaults) {
    check_count(pointer, items.len(), ("minItems", "maxItems"), "items", schema, faults);
    match schema.get("items") {
        Some(Value::Array(kinds)) => {
            for (index, (item, kind)) in items.iter().zip(kinds).enumerate() {
                validate(&join(pointer, &index.to_string()), item, kind, faults);
            }
        }
        Some(kind) => {
            for (index, item) in items.iter().enumerate() {
                validate(&join(pointer, &index.to_string()), item, kind, faults);
            }
        }
        None => {}
    }
}

fn check_fields(pointer: &str, fields: &Map<String, Value>, schema: &Map<String, Value>, faults: &mut PointerFaults) {
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            faults.add(join(pointer, name), "is missing");
        }
    }
    let Some(known) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, value) in fields {
        match known.get(name) {
            Some(schema) => validate(&join(pointer, name), value, schema, faults),
            None => unknown(pointer, name, known.keys().map(String::as_str), faults),
        }
    }
}

/// Notes a name that the model does not have, and the one that was meant.
pub(super) fn unknown<'a>(
    pointer: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    faults: &mut PointerFaults,
) {
    // Looking for what was meant costs more than saying that it is wrong: only the first faults get it.
    let hint = (faults.0.len() < MOST_HINTS).then(|| nearest::hint(name, known)).flatten();
    let meant = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    faults.add(join(pointer, name), format!("is no value of the model{meant}"));
}

fn check_count(
    pointer: &str,
    found: usize,
    (least, most): (&str, &str),
    what: &str,
    schema: &Map<String, Value>,
    faults: &mut PointerFaults,
) {
    let bound = |term: &str| schema.get(term).and_then(Value::as_u64);
    let count = found as u64;
    if let Some(least) = bound(least).filter(|least| count < *least) {
        faults.add(pointer, format!("has {found} {what}, wanted are at least {least}"));
    }
    if let Some(most) = bound(most).filter(|most| count > *most) {
        faults.add(pointer, format!("has {found} {what}, at most {most} are allowed"));
    }
}

/// Equal as JSON Schema has it: 1 and 1.0 are one number.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// A text that is the same for values that are [`same`], so that many can be compared at once.
pub(super) fn key(value: &Value) -> String {
    match value {
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |number| (number + 0.0).to_string())
        }
        Value::Array(items) => format!("[{}]", items.iter().map(key).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let entries: BTreeMap<&String, String> = map.iter().map(|(name, value)| (name, key(value))).collect();
            format!("{entries:?}")
        }
        other => other.to_string(),
    }
}

/// A value as a message shows it: cut to 40 characters.
pub(super) fn brief(value: &Value) -> String {
    let text = value.to_string();
    let shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() { format!("{shown}...") } else { shown }
}

fn list(values: &[Value]) -> String {
    let mut shown: Vec<String> = values.iter().take(12).map(brief).collect();
    if shown.len() < values.len() {
        shown.push(format!("and {} more", values.len() - shown.len()));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(value: Value, schema: Value) -> Vec<String> {
        let mut faults = PointerFaults::default();
        validate("", &value, &schema, &mut faults);
        faults.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_term_refuses_what_it_excludes_and_nothing_else() {
        for (schema, fits, differs) in [
            (json!({"type": "boolean"}), json!(true), json!("true")),
            (json!({"type": "integer"}), json!(3.0), json!(3.5)),
            (json!({"type": "number"}), json!(3), json!("3")),
            (json!({"type": "null"}), json!(null), json!(0)),
            (json!({"minimum": 1}), json!(1), json!(0.5)),
            (json!({"exclusiveMinimum": 1}), json!(1.5), json!(1)),
            (json!({"maximum": 1}), json!(1), json!(2)),
            (json!({"exclusiveMaximum": 1}), json!(0), json!(1)),
            (json!({"multipleOf": 0.1}), json!(0.3), json!(0.35)),
            (json!({"enum": [1, "a"]}), json!(1.0), json!("b")),
            (json!({"const": {"a": 1}}), json!({"a": 1.0}), json!({"a": 2})),
            (json!({"minLength": 2}), json!("\u{e9}\u{e9}"), json!("a")),
            (json!({"maxLength": 2}), json!("\u{e9}\u{e9}"), json!("abc")),
            (json!({"pattern": "^a+$"}), json!("aa"), json!("ab")),
            (json!({"minItems": 1}), json!([1]), json!([])),
            (json!({"maxItems": 1}), json!([1]), json!([1, 2])),
            (json!({"items": {"type": "string"}}), json!(["a"]), json!(["a", 1])),
            (json!({"items": [{"type": "string"}, {"type": "null"}]}), json!(["a", null]), json!(["a", 1])),
            (json!({"required": ["a"]}), json!({"a": 1}), json!({"b": 1})),
            (json!({"properties": {"a": {}}}), json!({"a": 1}), json!({"b": 1})),
            (json!({"oneOf": [{"type": "string"}, {"minimum": 3}]}), json!(4), json!(2)),
        ] {
            assert_eq!(faults(fits.clone(), schema.clone()), Vec::<String>::new(), "{fits} in {schema}");
            assert_eq!(faults(differs.clone(), schema.clone()).len(), 1, "{differs} in {schema}");
        }
    }

    #[test]
    fn all_faults_are_said_at_once_with_their_pointers() {
        let schema = json!({"type": "object", "required": ["b"], "properties": {
            "a/b": {"items": {"maximum": 1}}, "b": {}, "site": {"type": "string"} }});
        assert_eq!(
            faults(json!({"a/b": [0, 2, 3], "sit": 1}), schema),
            [
                "\"/b\": is missing",
                "\"/a~1b/1\": is 2, wanted is at most 1",
                "\"/a~1b/2\": is 3, wanted is at most 1",
                "\"/sit\": is no value of the model; did you mean \"site\"?",
            ]
        );
    }
}
