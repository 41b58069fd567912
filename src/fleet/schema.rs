//! The JSON Schema (draft 2020-12) of `fleet.yaml` and `template.yaml`, written out from the same table that the check walks.
//!
//! It holds the structure; rules between entries (names that must exist, kinds that must agree) are `check`'s alone.

use serde_json::{Map, Value, json};

use super::file::FLEET;
use super::shape::{Record, Rule, Shape, TextRule};
use super::template_shapes::TEMPLATE;

/// Returns the JSON Schema of `fleet.yaml`.
pub fn json_schema() -> Value {
    titled(record(&FLEET), "firstlight fleet file (fleet.yaml)")
}

/// Returns the JSON Schema of `template.yaml`.
pub fn template_schema() -> Value {
    titled(record(&TEMPLATE), "firstlight template (template.yaml)")
}

fn titled(schema: Value, title: &str) -> Value {
    let mut titled = Map::new();
    titled.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    titled.insert("title".to_owned(), json!(title));
    if let Value::Object(schema) = schema {
        titled.extend(schema);
    }
    Value::Object(titled)
}

fn node(shape: &Shape) -> Value {
    match shape {
        Shape::Text(rule) => text(rule),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Integer { least, most } if least == most => json!({ "const": least }),
        Shape::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::True => json!({ "const": true }),
        Shape::Value => value(),
        Shape::Record(fields) => record(fields),
        Shape::Tagged { tag, says, variants } => tagged(tag, says, variants),
        Shape::Names { key, value, least } => names(key, value, *least),
        Shape::List(item) => json!({ "type": "array", "items": node(item) }),
        Shape::TextOrMap(rule, map) => json!({ "anyOf": [text(rule), node(map)] }),
        Shape::MapOrList(map, list) => json!({ "anyOf": [node(map), node(list)] }),
    }
}

fn text(rule: &TextRule) -> Value {
    json!({ "type": "string", "pattern": rule.pattern, "description": rule.wanted })
}

/// Anything; but a mapping with `secret` alone is a reference.
fn value() -> Value {
    json!({
        "if": { "type": "object", "required": ["secret"], "maxProperties": 1 },
        "then": { "properties": { "secret": text(&super::shape::NAME) } },
    })
}

fn names(key: &TextRule, value: &Shape, least: usize) -> Value {
    let kinds = if least == 0 { json!(["object", "null"]) } else { json!("object") };
    let mut schema = json!({
        "type": kinds,
        "propertyNames": { "pattern": key.pattern },
        "additionalProperties": node(value),
    });
    if least > 0 {
        schema["minProperties"] = json!(least);
    }
    schema
}

fn record(record: &Record) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties(record), "additionalProperties": false });
    let required = required(record);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    match record.rule {
        Rule::Free => {}
        Rule::OneOf(names) => {
            let single: Vec<Value> = names.iter().map(|name| json!({ "required": [name] })).collect();
            schema["oneOf"] = json!(single);
        }
        Rule::Unless { flag, wanted } => {
            schema["if"] = json!({ "properties": { flag: { "const": true } }, "required": [flag] });
            schema["else"] = json!({ "required": [wanted] });
        }
    }
    schema
}

/// One branch a word, told apart by the tag, so that a validator's message names the right branch.
fn tagged(tag: &str, says: &str, variants: &[(&str, Record)]) -> Value {
    let words: Vec<&str> = variants.iter().map(|(word, _)| *word).collect();
    let branches: Vec<Value> = variants
        .iter()
        .map(|(word, fields)| {
            let mut branch = record(fields);
            branch["properties"][tag] = json!({ "const": word });
            json!({ "if": { "properties": { tag: { "const": word } }, "required": [tag] }, "then": branch })
        })
        .collect();
    json!({
        "type": "object",
        "properties": { tag: { "enum": words, "description": says } },
        "required": [tag],
        "allOf": branches,
    })
}

fn properties(record: &Record) -> Map<String, Value> {
    let described = record.fields.iter().map(|field| {
        let mut schema = node(&field.shape);
        schema["description"] = json!(field.says);
        (field.name.to_owned(), schema)
    });
    described.collect()
}

fn required(record: &Record) -> Vec<&'static str> {
    record.fields.iter().filter(|field| field.required).map(|field| field.name).collect()
}

#[cfg(test)]
mod tests;
