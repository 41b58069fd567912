//! The short YAML that people author models in.
//!
//! ```yaml
//! model: climate-sensor
//! version: 1.2.0
//! title: Climate sensor
//! extends: sensor@1
//! submodels: {battery: battery@1}
//! instance:
//!   site: {type: string, maxLength: 64}
//! properties:
//!   temperature: {type: number, unit: Cel, minimum: -40, maximum: 85, access: r, observe: true, lwm2m: /3303/0/5700}
//! actions:
//!   calibrate: {input: {type: number}, firmware: ">=1.4", optional: true}
//! events:
//!   alarm: {data: {type: string, enum: [low, high]}}
//! ```
//!
//! `access` absent is `rw`, as in Thing Models; in a model that extends another, what is absent is inherited. A text
//! `{{NAME}}` stands for a value of the instance.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::range::VersionRange;
use super::rule_file::parsed;
use super::short_shape::MODEL;
use super::thing_model::{self, FIRMWARE, INSTANCE, LWM2M, Model, URN};
use super::version::{ModelName, ModelRef};
use crate::fleet::yaml::{Entry, Node};
use crate::fleet::{Faults, shape, yaml};

/// Media type of a Thing Model.
const MEDIA_TYPE: &str = "application/tm+json";
/// Terms of a data schema that are taken over as they stand.
const PLAIN: [&str; 10] = [
    "title",
    "description",
    "type",
    "unit",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    "const",
    "default",
];
/// Terms that are numbers.
const NUMBERS: [&str; 5] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/// Terms that count.
const COUNTS: [&str; 4] = ["minLength", "maxLength", "minItems", "maxItems"];

/// Reads a model's short YAML into its canonical form; every fault is noted with its place. None if there is any.
pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Model> {
    let mut own = Faults::default();
    let model = yaml::parse(file, text, &mut own).and_then(|root| {
        shape::check("the model", &root, &MODEL, &mut own);
        let canonical = Short { faults: &mut own }.model(&root)?;
        // A file with faults is no whole model: a further fault would only confuse.
        if !own.is_empty() {
            return None;
        }
        match Model::from_canonical(canonical) {
            Ok(model) => Some(model),
            Err(error) => {
                own.add(root.place.clone(), error.to_string());
                None
            }
        }
    });
    let whole = own.is_empty();
    own.sort();
    for fault in own.0 {
        match fault.hint {
            Some(hint) => faults.add_with_hint(fault.place, fault.message, hint),
            None => faults.add(fault.place, fault.message),
        }
    }
    model.filter(|_| whole)
}

/// The reading of one file, already checked against its shape.
struct Short<'a> {
    faults: &'a mut Faults,
}

impl Short<'_> {
    fn model(&mut self, root: &Node) -> Option<Value> {
        let name = ModelName::new(root.get("model")?.text()?).ok()?;
        let mut model = thing_model::head(&name, root.get("version")?.text()?.parse().ok()?);
        copy(root, &["title", "description"], &mut model);
        let links = self.links(root);
        if !links.is_empty() {
            model.insert("links".to_owned(), Value::Array(links));
        }
        let extends = root.get("extends").is_some();
        if let Some(instance) = root.get("instance").filter(|node| !node.entries().is_empty()) {
            self.check_names(root, instance);
            let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
            self.fields(instance, &mut schema);
            model.insert(INSTANCE.to_owned(), Value::Object(schema));
        }
        let mut optional = Vec::new();
        self.affordances(root, "properties", &mut model, &mut optional, |own, entry| own.property(entry, extends));
        self.affordances(root, "actions", &mut model, &mut optional, Self::action);
        self.affordances(root, "events", &mut model, &mut optional, Self::event);
        if !optional.is_empty() {
            model.insert("tm:optional".to_owned(), Value::Array(optional));
        }
        Some(Value::Object(model))
    }

    fn links(&mut self, root: &Node) -> Vec<Value> {
        let mut links = Vec::new();
        if let Some(extends) = root.get("extends").and_then(|node| parsed::<ModelRef>(node, self.faults)) {
            links.push(json!({"rel": "tm:extends", "href": format!("{URN}{extends}"), "type": MEDIA_TYPE}));
        }
        for entry in root.get("submodels").map(Node::entries).unwrap_or_default() {
            let Some(part) = parsed::<ModelRef>(&entry.value, self.faults) else { continue };
            links.push(json!({
                "rel": "tm:submodel", "href": format!("{URN}{part}"), "type": MEDIA_TYPE, "instanceName": entry.key,
            }));
        }
        links
    }

    /// Values of an instance and properties share their names in it.
    fn check_names(&mut self, root: &Node, instance: &Node) {
        for entry in instance.entries() {
            if root.get("properties").is_some_and(|properties| properties.entry(&entry.key).is_some()) {
                let message =
                    format!("{:?} is a value of the instance and a property, wanted is one of them", entry.key);
                self.faults.add(entry.place.clone(), message);
            }
        }
    }

    fn affordances(
        &mut self,
        root: &Node,
        kind: &str,
        model: &mut Map<String, Value>,
        optional: &mut Vec<Value>,
        read: impl Fn(&mut Self, &Entry) -> Map<String, Value>,
    ) {
        let entries = root.get(kind).map(Node::entries).unwrap_or_default();
        let mut all = Map::new();
        for entry in entries {
            let mut affordance = read(self, entry);
            if let Some(path) = entry.value.get("lwm2m").and_then(Node::text) {
                affordance.insert(LWM2M.to_owned(), json!(path));
            }
            let firmware = entry.value.get("firmware").and_then(|node| parsed::<VersionRange>(node, self.faults));
            if let Some(range) = firmware {
                affordance.insert(FIRMWARE.to_owned(), json!(range));
            }
            if self.may_be_absent(&entry.value) {
                optional.push(json!(format!("/{kind}/{}", entry.key)));
            }
            all.insert(entry.key.clone(), Value::Object(affordance));
        }
        if !all.is_empty() {
            model.insert(kind.to_owned(), Value::Object(all));
        }
    }

    fn property(&mut self, entry: &Entry, extends: bool) -> Map<String, Value> {
        let node = &entry.value;
        let mut property = self.schema(node);
        if node.get("type").is_none() && !extends {
            let message = format!("property {:?} lacks \"type\"", entry.key);
            self.faults.add(entry.place.clone(), message);
        }
        let (read_only, write_only) = match node.get("access").and_then(Node::text) {
            Some("r") => (Some(true), None),
            Some("w") => (None, Some(true)),
            Some(_) => (Some(false), Some(false)),
            None => (None, None),
        };
        property.extend(read_only.map(|is| ("readOnly".to_owned(), json!(is))));
        property.extend(write_only.map(|is| ("writeOnly".to_owned(), json!(is))));
        property.extend(node.get("observe").map(|node| ("observable".to_owned(), node.value())));
        if write_only == Some(true) && node.get("observe").is_some_and(|node| node.value() == json!(true)) {
            let message = format!("property {:?} is set only, it cannot be observed", entry.key);
            self.faults.add(entry.place.clone(), message);
        }
        property
    }

    fn action(&mut self, entry: &Entry) -> Map<String, Value> {
        let mut action = Map::new();
        copy(&entry.value, &["title", "description"], &mut action);
        for part in ["input", "output"] {
            if let Some(node) = entry.value.get(part) {
                action.insert(part.to_owned(), Value::Object(self.schema(node)));
            }
        }
        copy(&entry.value, &["safe", "idempotent"], &mut action);
        action
    }

    fn event(&mut self, entry: &Entry) -> Map<String, Value> {
        let mut event = Map::new();
        copy(&entry.value, &["title", "description"], &mut event);
        if let Some(node) = entry.value.get("data") {
            event.insert("data".to_owned(), Value::Object(self.schema(node)));
        }
        event
    }

    fn schema(&mut self, node: &Node) -> Map<String, Value> {
        let mut schema = Map::new();
        copy(node, &PLAIN, &mut schema);
        for term in NUMBERS {
            if let Some(number) = node.get(term).and_then(|node| self.number(term, node)) {
                schema.insert(term.to_owned(), number);
            }
        }
        self.check_bounds(node, &schema);
        copy(node, &COUNTS, &mut schema);
        if let Some(choices) = node.get("enum") {
            if choices.items().is_empty() {
                self.faults.add(choices.place.clone(), "\"enum\" is empty, at least one value is wanted");
            }
            schema.insert("enum".to_owned(), choices.value());
        }
        if let Some(items) = node.get("items") {
            schema.insert("items".to_owned(), Value::Object(self.schema(items)));
        }
        if let Some(fields) = node.get("properties") {
            self.fields(fields, &mut schema);
        }
        self.check_pattern(node);
        schema
    }

    /// Fields of an object: named ones, and those of them that must be there.
    fn fields(&mut self, node: &Node, schema: &mut Map<String, Value>) {
        let mut fields = Map::new();
        let mut required = Vec::new();
        for entry in node.entries() {
            fields.insert(entry.key.clone(), Value::Object(self.schema(&entry.value)));
            if !self.may_be_absent(&entry.value) {
                required.push(json!(entry.key));
            }
        }
        schema.insert("properties".to_owned(), Value::Object(fields));
        if !required.is_empty() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
    }

    fn may_be_absent(&mut self, node: &Node) -> bool {
        let flag = |key: &str| node.get(key).map(|node| node.value() == json!(true));
        if let (Some(_), Some(entry)) = (flag("optional"), node.entry("required")) {
            self.faults
                .add(entry.place.clone(), "\"required\" and \"optional\" say the same thing, wanted is one of them");
        }
        flag("optional").unwrap_or(flag("required") == Some(false))
    }

    /// A number, or a placeholder that an instance fills.
    fn number(&mut self, term: &str, node: &Node) -> Option<Value> {
        let value = node.value();
        let placeholder = value.as_str().is_some_and(|text| text.starts_with("{{") && text.ends_with("}}"));
        let positive = term != "multipleOf" || value.as_f64().is_none_or(|number| number > 0.0);
        if (value.is_number() || placeholder) && positive {
            return Some(value);
        }
        let wanted = if term == "multipleOf" { "a number above 0" } else { "a number" };
        self.faults.add(node.place.clone(), format!("{term:?} is {}, wanted is {wanted}", shape::found(node)));
        None
    }

    fn check_bounds(&mut self, node: &Node, schema: &Map<String, Value>) {
        let number = |term: &str| schema.get(term).and_then(Value::as_f64);
        if let (Some(least), Some(most)) = (number("minimum"), number("maximum"))
            && least > most
        {
            let message = format!("\"minimum\" {least} is above \"maximum\" {most}, no value fits");
            self.faults.add(node.place.clone(), message);
        }
    }

    fn check_pattern(&mut self, node: &Node) {
        let Some(pattern) = node.get("pattern") else { return };
        let readable = |text: &str| text.contains("{{") || super::validate::pattern_of(text).is_some();
        if pattern.text().is_some_and(|text| !readable(text)) {
            self.faults.add(pattern.place.clone(), "\"pattern\" is no regular expression that can be read here");
        }
    }
}

/// Takes terms over with their values.
fn copy(node: &Node, terms: &[&str], into: &mut Map<String, Value>) {
    for term in terms {
        if let Some(value) = node.get(term) {
            into.insert((*term).to_owned(), value.value());
        }
    }
}
