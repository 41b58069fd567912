//! From an object definition to a Thing Model.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::format::wot::{CONTEXT, Loss, NAMESPACE, THING_MODEL};

use super::object::{ObjectDefinition, ResourceDefinition};
use super::range::{Range, Shape};
use super::resource_type::ResourceType;

/// Writes the Thing Model of an object, and what a reader of plain Thing Models does not learn from it.
///
/// Readable and writable resources become properties, executable ones actions. Their paths are those of instance 0;
/// for another instance the middle number changes.
pub fn to_thing_model(object: &ObjectDefinition) -> (Value, Vec<Loss>) {
    let mut losses = Vec::new();
    if object.multiple {
        losses.push(Loss::new(
            format!("/{}", object.id),
            "a device may have several instances; the model describes one, the paths are those of instance 0",
        ));
    }
    let mut writer = Writer { object, names: HashSet::new(), losses };
    let (mut properties, mut actions, mut optional) = (Map::new(), Map::new(), Vec::new());
    for resource in &object.resources {
        let name = writer.name(resource);
        let (kind, into) =
            if has_value(resource) { ("properties", &mut properties) } else { ("actions", &mut actions) };
        into.insert(name.clone(), writer.affordance(resource));
        if !resource.mandatory {
            optional.push(Value::from(format!("/{kind}/{name}")));
        }
    }
    let model = assembled(object, properties, actions, optional);
    (model, writer.losses)
}

fn has_value(resource: &ResourceDefinition) -> bool {
    resource.operations.read || resource.operations.write || !resource.operations.execute
}

fn assembled(
    object: &ObjectDefinition,
    properties: Map<String, Value>,
    actions: Map<String, Value>,
    optional: Vec<Value>,
) -> Value {
    let mut model = Map::new();
    let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
    put("@context", json!([CONTEXT, { "firstlight": NAMESPACE }]));
    put("@type", THING_MODEL.into());
    put("id", format!("urn:firstlight:model:lwm2m-{}", object.id).into());
    put("title", object.name.as_str().into());
    if !object.description.is_empty() {
        put("description", object.description.as_str().into());
    }
    put("version", json!({ "model": semantic(&object.version) }));
    put("firstlight:object", terms(object));
    for (name, affordances) in [("properties", properties), ("actions", actions)] {
        if !affordances.is_empty() {
            put(name, Value::Object(affordances));
        }
    }
    if !optional.is_empty() {
        put("tm:optional", Value::Array(optional));
    }
    Value::Object(model)
}

/// What a definition says of the object and a Thing Model has no word for.
fn terms(object: &ObjectDefinition) -> Value {
    let mut terms = Map::new();
    terms.insert("id".into(), object.id.into());
    terms.insert("urn".into(), object.urn.as_str().into());
    terms.insert("version".into(), object.version.as_str().into());
    terms.insert("lwm2mVersion".into(), object.lwm2m_version.as_str().into());
    terms.insert("multiple".into(), object.multiple.into());
    terms.insert("mandatory".into(), object.mandatory.into());
    if !object.remarks.is_empty() {
        terms.insert("remarks".into(), object.remarks.as_str().into());
    }
    Value::Object(terms)
}

/// Writes `1.1` as `1.1.0`.
fn semantic(version: &str) -> String {
    let mut parts: Vec<&str> = version.split('.').map(|part| part.trim_start_matches('0')).collect();
    parts.resize(3, "");
    parts.iter().map(|part| if part.is_empty() { "0" } else { part }).collect::<Vec<_>>().join(".")
}

/// Writes affordances and gathers losses.
struct Writer<'o> {
    object: &'o ObjectDefinition,
    names: HashSet<String>,
    losses: Vec<Loss>,
}

impl Writer<'_> {
    fn loss(&mut self, resource: &ResourceDefinition, words: impl Into<String>) {
        self.losses.push(Loss::new(path(self.object, resource), words));
    }

    /// Makes a name for a program from a name for people: `Sensor Value` is `sensorValue`, and with its number if
    /// another has that name.
    fn name(&mut self, resource: &ResourceDefinition) -> String {
        let mut name = String::new();
        for word in resource.name.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
        {
            let (first, rest) = word.split_at(1);
            let shouted = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            let rest = if shouted { rest.to_ascii_lowercase() } else { rest.to_owned() };
            let first = if name.is_empty() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() };
            name.push_str(&first);
            name.push_str(&rest);
        }
        if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
            name = format!("resource{name}");
        }
        if self.names.contains(&name) || name == "resource" {
            name = format!("{name}{}", resource.id);
        }
        // A number behind a name may meet another name that ends so.
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    fn affordance(&mut self, resource: &ResourceDefinition) -> Value {
        let mut map = Map::new();
        map.insert("title".into(), resource.name.as_str().into());
        if !resource.description.is_empty() {
            map.insert("description".into(), resource.description.as_str().into());
        }
        if has_value(resource) {
            self.property(resource, &mut map);
        } else {
            self.action(resource);
        }
        map.insert("firstlight:lwm2m".into(), path(self.object, resource).into());
        map.insert("firstlight:resource".into(), resource_terms(resource));
        Value::Object(map)
    }

    fn property(&mut self, resource: &ResourceDefinition, map: &mut Map<String, Value>) {
        let mut schema = self.schema(resource);
        if !resource.units.is_empty() {
            schema.insert("unit".into(), resource.units.as_str().into());
        }
        if resource.multiple {
            map.insert("type".into(), "array".into());
            map.insert("items".into(), Value::Object(schema));
            self.loss(resource, "several values become an array: the numbers of the resource instances are not told");
        } else {
            map.extend(schema);
        }
        let operations = resource.operations;
        match (operations.read, operations.write) {
            (true, false) => map.extend([("readOnly".to_owned(), true.into())]),
            (false, true) => map.extend([("writeOnly".to_owned(), true.into())]),
            (true, true) => {}
            (false, false) => {
                self.loss(resource, "is for the bootstrap server alone, neither read nor written by others");
            }
        }
        if operations.read {
            map.insert("observable".into(), true.into());
        }
        if operations.execute {
            self.loss(resource, "is executed too; the model has it as a property only");
        }
    }

    fn action(&mut self, resource: &ResourceDefinition) {
        if resource.multiple {
            self.loss(resource, "is executed and multiple; the model has one action");
        }
        if !resource.range.text.is_empty() || !resource.units.is_empty() {
            self.loss(resource, "the range or unit of the arguments is text only");
        }
    }

    /// Writes the data schema of a single value.
    fn schema(&mut self, resource: &ResourceDefinition) -> Map<String, Value> {
        use ResourceType::{Boolean, CoreLink, Float, Integer, ObjectLink, Opaque, String, Time, UnsignedInteger};
        let kind = resource.kind.unwrap_or(String);
        let Value::Object(mut schema) = (match kind {
            String => json!({ "type": "string" }),
            // A time is seconds since 1970, which no format of JSON Schema says.
            Integer | Time => json!({ "type": "integer" }),
            UnsignedInteger => json!({ "type": "integer", "minimum": 0 }),
            Float => json!({ "type": "number" }),
            Boolean => json!({ "type": "boolean" }),
            Opaque => json!({ "type": "string", "contentEncoding": "base64" }),
            ObjectLink => json!({ "type": "string", "pattern": "^[0-9]{1,5}:[0-9]{1,5}$" }),
            CoreLink => json!({ "type": "string", "contentMediaType": "application/link-format" }),
        }) else {
            return Map::new();
        };
        self.limits(resource, kind, &mut schema);
        schema
    }

    fn limits(&mut self, resource: &ResourceDefinition, kind: ResourceType, schema: &mut Map<String, Value>) {
        let Range { text, shape } = &resource.range;
        match shape {
            Shape::Any => {}
            Shape::Between(low, high) => {
                schema.insert("minimum".into(), Value::Number(low.clone()));
                schema.insert("maximum".into(), Value::Number(high.clone()));
            }
            Shape::Length(low, high) => self.length(resource, kind, (*low, *high), schema),
            Shape::Numbers(labelled, list) => {
                schema.insert("enum".into(), unique(list.iter().cloned().map(Value::Number)));
                if *labelled {
                    self.loss(resource, "the names of the listed numbers are text only");
                }
            }
            Shape::Words(list) => {
                schema.insert("enum".into(), unique(list.iter().map(|word| word.as_str().into())));
            }
            Shape::Unclear => self.loss(resource, format!("the range \"{}\" is text only", shortened(text))),
        }
    }

    /// Lengths are bytes in LwM2M and characters in a data schema.
    fn length(
        &mut self,
        resource: &ResourceDefinition,
        kind: ResourceType,
        (low, high): (u64, u64),
        schema: &mut Map<String, Value>,
    ) {
        if kind == ResourceType::Opaque {
            let written = |bytes: u64| bytes.div_ceil(3).saturating_mul(4);
            schema.insert("minLength".into(), written(low).into());
            schema.insert("maxLength".into(), written(high).into());
            if low % 3 != 0 || high % 3 != 0 {
                self.loss(resource, "the length in bytes is told only to the next three, as base64 has it");
            }
            return;
        }
        schema.insert("minLength".into(), low.min(1).into());
        schema.insert("maxLength".into(), high.into());
        self.loss(
            resource,
            "the length is in bytes; the model's counts characters, so longer texts of other letters fit it",
        );
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A list in which nothing stands twice, as `enum` must be.
fn unique(values: impl Iterator<Item = Value>) -> Value {
    let mut list: Vec<Value> = Vec::new();
    for value in values {
        let same = |each: &Value| match (each.as_f64(), value.as_f64()) {
            (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
            _ => *each == value,
        };
        if !list.iter().any(same) {
            list.push(value);
        }
    }
    Value::Array(list)
}

fn path(object: &ObjectDefinition, resource: &ResourceDefinition) -> String {
    format!("/{}/0/{}", object.id, resource.id)
}

fn resource_terms(resource: &ResourceDefinition) -> Value {
    let mut terms = Map::new();
    terms.insert("operations".into(), resource.operations.letters().into());
    terms.insert("multiple".into(), resource.multiple.into());
    terms.insert("type".into(), resource.kind.map_or("", ResourceType::name).into());
    for (name, text) in [("range", &resource.range.text), ("units", &resource.units)] {
        if !text.is_empty() {
            terms.insert(name.into(), text.as_str().into());
        }
    }
    Value::Object(terms)
}
