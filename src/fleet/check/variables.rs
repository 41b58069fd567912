//! Values of variables against what a template wants of them.
//!
//! A message never repeats a value that is secret or personal.

use std::sync::Arc;

use serde_json::Value;

use super::super::file::GivenValue;
use super::super::shape::abridged;
use super::super::template::{SensitivityClass, TemplateVariable, ValueType};
use super::super::{Variable, nearest};

/// Why a value does not fit, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mismatch {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Mismatch {
    fn new(message: String) -> Self {
        Self { message, hint: None }
    }

    fn with_hint(message: String, hint: String) -> Self {
        Self { message, hint: Some(hint) }
    }
}

/// Types a value for a template. A secret given for a variable that may stand in clear makes it secret there too; it must be
/// a text then, for only a text can be put in at the end.
pub(super) fn typed(name: &str, given: &GivenValue, wanted: &TemplateVariable) -> Result<Option<Variable>, Mismatch> {
    match given {
        GivenValue::Broken => Ok(None),
        GivenValue::Secret(secret) if wanted.value_type == ValueType::String => {
            Ok(Some(Variable::Secret(Arc::clone(secret))))
        }
        GivenValue::Secret(_) => {
            let kind = wanted.value_type.wanted();
            Err(Mismatch::new(format!("variable {name:?} is {kind}, a secret can only be a text")))
        }
        GivenValue::Clear(_) | GivenValue::Cell(_) if wanted.class == SensitivityClass::Secret => Err(in_clear(name)),
        GivenValue::Clear(value) => clear(name, value.clone(), wanted).map(Some),
        GivenValue::Cell(text) => {
            let value =
                from_cell(text, wanted.value_type).ok_or_else(|| wrong_type(name, &Value::from(&**text), wanted))?;
            clear(name, value, wanted).map(Some)
        }
    }
}

/// The fault of a secret variable that stands in clear.
pub(super) fn in_clear(name: &str) -> Mismatch {
    Mismatch::with_hint(
        format!("variable {name:?} is secret and must not stand in clear here"),
        format!("name a source under \"secrets\" and write {name}: {{secret: NAME}}"),
    )
}

fn clear(name: &str, value: Value, wanted: &TemplateVariable) -> Result<Variable, Mismatch> {
    if !wanted.value_type.holds(&value) {
        return Err(wrong_type(name, &value, wanted));
    }
    if refers_to_secret(&value) {
        let message = format!("variable {name:?} names a secret inside a mapping or list, where none is put in");
        return Err(Mismatch::with_hint(message, "give the secret by a variable of its own, a text".to_owned()));
    }
    if !wanted.choices.is_empty() && !wanted.choices.contains(&value) {
        return Err(no_choice(name, &value, wanted));
    }
    if let (Some(longest), Value::String(text)) = (wanted.longest, &value)
        && text.len() > longest
    {
        return Err(Mismatch::new(format!(
            "variable {name:?} has {} bytes, at most {longest} are possible",
            text.len()
        )));
    }
    match wanted.class {
        SensitivityClass::Pii => Ok(Variable::Pii(value)),
        SensitivityClass::Plain | SensitivityClass::Secret => Ok(Variable::Plain(value)),
    }
}

/// Returns true if somewhere inside stands `{secret: NAME}`: it would reach the medium as those very words.
fn refers_to_secret(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let is_reference = map.len() == 1 && map.get("secret").is_some_and(Value::is_string);
            is_reference || map.values().any(refers_to_secret)
        }
        Value::Array(items) => items.iter().any(refers_to_secret),
        _ => false,
    }
}

/// Reads a CSV cell as the type wanted: a list is a JSON list or texts parted by ";", a mapping is JSON.
fn from_cell(text: &str, wanted: ValueType) -> Option<Value> {
    match wanted {
        ValueType::String => Some(Value::from(text)),
        ValueType::Integer => text.parse::<i64>().ok().map(Value::from),
        ValueType::Boolean => text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        ValueType::List if text.starts_with('[') => serde_json::from_str(text).ok().filter(Value::is_array),
        ValueType::List => Some(text.split(';').map(|item| Value::from(item.trim())).collect()),
        ValueType::Map => serde_json::from_str(text).ok().filter(Value::is_object),
    }
}

fn wrong_type(name: &str, value: &Value, wanted: &TemplateVariable) -> Mismatch {
    let kind = wanted.value_type.wanted();
    let message = format!("variable {name:?} is {}, wanted is {kind}", shown(value, wanted));
    match (wanted.value_type, value) {
        (ValueType::String, Value::Number(_) | Value::Bool(_)) if wanted.class == SensitivityClass::Plain => {
            Mismatch::with_hint(message, format!("put it in quotes: \"{value}\""))
        }
        (ValueType::Integer, Value::String(text)) if text.parse::<i64>().is_ok() => {
            Mismatch::with_hint(message, "write it without quotes".to_owned())
        }
        _ => Mismatch::new(message),
    }
}

fn no_choice(name: &str, value: &Value, wanted: &TemplateVariable) -> Mismatch {
    let choices: Vec<String> = wanted.choices.iter().map(plainly).collect();
    let message = format!("variable {name:?} is {}, wanted is one of: {}", shown(value, wanted), choices.join(", "));
    match nearest::nearest(&plainly(value), choices.iter().map(String::as_str)) {
        Some(near) if wanted.class == SensitivityClass::Plain => {
            Mismatch::with_hint(message, format!("did you mean {near:?}?"))
        }
        _ => Mismatch::new(message),
    }
}

fn plainly(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says what a value is; its content only if everybody may read it.
fn shown(value: &Value, wanted: &TemplateVariable) -> String {
    let open = wanted.class == SensitivityClass::Plain;
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) if open => abridged(text),
        Value::Number(number) if open => format!("the number {number}"),
        Value::Bool(truth) if open => truth.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a truth value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_named_inside_a_mapping_is_no_text_on_the_medium() {
        let wanted = TemplateVariable {
            value_type: ValueType::Map,
            default: None,
            class: SensitivityClass::Plain,
            description: String::new(),
            choices: Vec::new(),
            longest: None,
        };
        let typed = |value| typed("settings", &GivenValue::Clear(value), &wanted);
        for value in [json!({"wifi": {"secret": "wifi"}}), json!({"a": [{"b": {"secret": "wifi"}}]})] {
            let mismatch = typed(value.clone()).unwrap_err();
            assert!(mismatch.message.contains("names a secret inside"), "{value}");
        }
        assert!(typed(json!({"secret": 5, "level": "secret"})).is_ok());
    }
}
