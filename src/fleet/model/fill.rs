//! Placeholders of a model, filled with the values of an instance.

use serde_json::{Map, Value};

use super::fault::{PointerFaults, join};
use super::thing_model::LARGEST;

/// Puts an instance's values in place of `{{NAME}}` (WoT TD 1.1, section 10.3.3): a text that is nothing else becomes the
/// typed value, within a text it becomes part of the text. Every placeholder without a value is a fault at its pointer.
pub fn fill(canonical: &Value, values: &Map<String, Value>) -> Result<Value, PointerFaults> {
    let mut faults = PointerFaults::default();
    let mut room = LARGEST;
    let filled = fill_value("", canonical, values, &mut room, &mut faults);
    faults.or_value(filled)
}

fn fill_value(
    pointer: &str,
    value: &Value,
    values: &Map<String, Value>,
    room: &mut usize,
    faults: &mut PointerFaults,
) -> Value {
    match value {
        Value::String(text) if text.contains("{{") => fill_text(pointer, text, values, room, faults),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| fill_value(&join(pointer, &index.to_string()), item, values, room, faults))
                .collect()
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), fill_value(&join(pointer, key), value, values, room, faults)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn fill_text(
    pointer: &str,
    text: &str,
    values: &Map<String, Value>,
    room: &mut usize,
    faults: &mut PointerFaults,
) -> Value {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, (name, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        filled.push_str(before);
        let Some(value) = values.get(name.trim()) else {
            faults.add(pointer, format!("wants the value {:?}, which the instance lacks", super::version::shown(name)));
            return Value::Null;
        };
        let inserted = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let Some(left) = room.checked_sub(inserted.len()) else {
            faults.add(pointer, format!("the filled model has more than {LARGEST} bytes of values"));
            return Value::Null;
        };
        *room = left;
        if before.is_empty() && after.is_empty() && rest.len() == text.len() {
            return value.clone();
        }
        filled.push_str(&inserted);
        rest = after;
    }
    filled.push_str(rest);
    Value::String(filled)
}
