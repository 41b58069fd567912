//! The migration file: YAML.
//!
//! ```yaml
//! from: sensor@1.x
//! to: sensor@2.0.0
//! steps:
//!   - rename: {from: /site, to: /place}
//!   - convert: {at: /limit, from: Cel, to: degF}
//!   - map: {at: /mode, values: {on: active, off: idle}}
//! ```

use std::sync::Arc;

use super::migrate::{Migration, MigrationStep};
use super::range::VersionRange;
use super::version::{ModelName, ModelRef, ModelVersion, Wanted};
use crate::fleet::Faults;
use crate::fleet::shape::{self, Record, Rule, Shape, TEXT, TextRule, optional, required};
use crate::fleet::yaml::{self, Node};

static MIGRATION: Record = Record {
    fields: &[
        required("from", Shape::Value, "model and range of the versions it is from, such as sensor@1.x"),
        required("to", Shape::Value, "model version it is to, such as sensor@2.0.0"),
        required("steps", Shape::List(&Shape::Record(&STEP)), "what is done, in order; may be an empty list"),
    ],
    rule: Rule::Free,
};

static STEP: Record = Record {
    fields: &[
        optional("rename", Shape::Record(&PAIR), "moves a value"),
        optional("remove", Shape::Text(&POINTER), "takes a value away"),
        optional("default", Shape::Record(&DEFAULT), "sets a value where none is"),
        optional("copy", Shape::Record(&PAIR), "copies a value of the instance as it was"),
        optional("convert", Shape::Record(&CONVERT), "turns a number into another, by scale and offset or by units"),
        optional("map", Shape::Record(&MAP), "turns values into others"),
    ],
    rule: Rule::OneOf(&["rename", "remove", "default", "copy", "convert", "map"]),
};

static PAIR: Record = Record {
    fields: &[
        required("from", Shape::Text(&POINTER), "where it is"),
        required("to", Shape::Text(&POINTER), "where it goes"),
    ],
    rule: Rule::Free,
};
static DEFAULT: Record = Record {
    fields: &[required("at", Shape::Text(&POINTER), "where"), required("value", Shape::Value, "what")],
    rule: Rule::Free,
};
static CONVERT: Record = Record {
    fields: &[
        required("at", Shape::Text(&POINTER), "where"),
        optional("scale", Shape::Value, "factor, 1 when absent"),
        optional("offset", Shape::Value, "what is added after scaling, 0 when absent"),
        optional("from", Shape::Text(&TEXT), "unit it has such as Cel"),
        optional("to", Shape::Text(&TEXT), "unit it gets such as degF"),
        optional("round", Shape::Boolean, "true rounds to a whole number"),
    ],
    rule: Rule::Free,
};
static MAP: Record = Record {
    fields: &[
        required("at", Shape::Text(&POINTER), "where"),
        required("values", Shape::Names { key: &ANY, value: &Shape::Value, least: 1 }, "old values and the new ones"),
        optional("otherwise", Shape::Value, "what any other value becomes; a fault when absent"),
    ],
    rule: Rule::Free,
};

static ANY: TextRule = TextRule { wanted: "a value", pattern: r"^[\s\S]*$", accepts: |_| true };
static POINTER: TextRule =
    TextRule { wanted: "a JSON pointer such as /site/floor", pattern: "^(/([^~/]|~[01])+)+$", accepts: is_pointer };

/// JSON pointers (RFC 6901) without empty names, of bounded length and depth.
fn is_pointer(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else { return false };
    let escaped =
        |part: &str| part.match_indices('~').all(|(at, _)| matches!(part.as_bytes().get(at + 1), Some(b'0' | b'1')));
    text.len() <= 512 && rest.split('/').count() <= 16 && rest.split('/').all(|part| !part.is_empty() && escaped(part))
}

impl Migration {
    /// Reads a migration file; every fault is noted with its place. None if there is any.
    pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Self> {
        let mut own = Faults::default();
        let migration = yaml::parse(file, text, &mut own).and_then(|root| {
            shape::check("the migration", &root, &MIGRATION, &mut own);
            read(&root, &mut own)
        });
        let whole = own.is_empty();
        own.sort();
        for fault in own.0 {
            match fault.hint {
                Some(hint) => faults.add_with_hint(fault.place, fault.message, hint),
                None => faults.add(fault.place, fault.message),
            }
        }
        migration.filter(|_| whole)
    }
}

/// Most steps: each may copy a whole instance.
const MOST_STEPS: usize = 256;

fn read(root: &Node, faults: &mut Faults) -> Option<Migration> {
    if let Some(entry) = root.entry("steps").filter(|entry| entry.value.items().len() > MOST_STEPS) {
        let found = entry.value.items().len();
        faults.add(entry.place.clone(), format!("the migration has {found} steps, at most {MOST_STEPS} are allowed"));
        return None;
    }
    let from = root.get("from").and_then(|node| source(node, faults));
    let to = root.get("to").and_then(|node| target(node, faults));
    let steps: Vec<Option<MigrationStep>> =
        root.get("steps").map(Node::items).unwrap_or_default().iter().map(|node| step(node, faults)).collect();
    let (from, versions) = from?;
    Some(Migration { from, versions, to: to?, steps: steps.into_iter().collect::<Option<_>>()? })
}

/// `sensor@1.x`: a name, then any range.
fn source(node: &Node, faults: &mut Faults) -> Option<(ModelName, VersionRange)> {
    let read = |text: &str| {
        let (name, range) = text.split_once('@')?;
        let whole = |range: &str| range.bytes().all(|byte| byte.is_ascii_digit());
        // Alone a number is the major version, as in every other reference to a model.
        let range = if whole(range) { format!("{range}.x") } else { range.to_owned() };
        Some((ModelName::new(name).ok()?, range.parse().ok()?))
    };
    let found = node.written().and_then(read);
    if found.is_none() {
        let message = format!("\"from\" is {}, wanted is a model and a range such as sensor@1.x", shape::found(node));
        faults.add(node.place.clone(), message);
    }
    found
}

fn target(node: &Node, faults: &mut Faults) -> Option<(ModelName, ModelVersion)> {
    if let Some(ModelRef { name, wanted: Wanted::Exact(version) }) =
        node.written().and_then(|text| text.parse::<ModelRef>().ok())
    {
        Some((name, version))
    } else {
        let message = format!("\"to\" is {}, wanted is exactly one version such as sensor@2.0.0", shape::found(node));
        faults.add(node.place.clone(), message);
        None
    }
}

fn step(node: &Node, faults: &mut Faults) -> Option<MigrationStep> {
    let [entry] = node.entries() else { return None };
    let value = &entry.value;
    let text = |key: &str| value.get(key).and_then(Node::text).map(str::to_owned);
    match entry.key.as_str() {
        "rename" => {
            let (from, to) = (text("from")?, text("to")?);
            if format!("{to}/").starts_with(&format!("{from}/")) {
                faults
                    .add(value.place.clone(), format!("{from:?} cannot move to {to:?}, which is itself or within it"));
                return None;
            }
            Some(MigrationStep::Rename { from, to })
        }
        "remove" => Some(MigrationStep::Remove { at: value.text()?.to_owned() }),
        "default" => Some(MigrationStep::Default { at: text("at")?, value: value.get("value")?.value() }),
        "copy" => Some(MigrationStep::Copy { from: text("from")?, to: text("to")? }),
        "convert" => convert(value, faults),
        "map" => {
            let values = value.get("values")?.entries().iter();
            Some(MigrationStep::Map {
                at: text("at")?,
                values: values.map(|entry| (entry.key.clone(), entry.value.value())).collect(),
                otherwise: value.get("otherwise").map(Node::value),
            })
        }
        _ => None,
    }
}

fn convert(node: &Node, faults: &mut Faults) -> Option<MigrationStep> {
    let at = node.get("at")?.text()?;
    let round = node.get("round").is_some_and(|node| node.value() == serde_json::Value::Bool(true));
    let units = (node.get("from").and_then(Node::text), node.get("to").and_then(Node::text));
    let numbers = node.get("scale").is_some() || node.get("offset").is_some();
    match units {
        (Some(from), Some(to)) if !numbers => {
            let step = MigrationStep::between_units(at, from, to, round);
            if step.is_none() {
                let message = format!("no conversion from unit {from:?} to unit {to:?} is known");
                faults.add_with_hint(node.place.clone(), message, "write scale and offset");
            }
            step
        }
        (None, None) if numbers => {
            let scale = number(node, "scale", 1.0, faults);
            let offset = number(node, "offset", 0.0, faults);
            Some(MigrationStep::Convert { at: at.to_owned(), scale: scale?, offset: offset?, round })
        }
        _ => {
            faults.add(
                node.place.clone(),
                "\"convert\" wants units (from and to) or numbers (scale, offset), one of both",
            );
            None
        }
    }
}

fn number(node: &Node, key: &str, absent: f64, faults: &mut Faults) -> Option<f64> {
    let Some(node) = node.get(key) else { return Some(absent) };
    let number = node.value().as_f64().filter(|number| number.is_finite() && (key != "scale" || *number != 0.0));
    if number.is_none() {
        faults.add(node.place.clone(), format!("{key:?} is {}, wanted is a number", shape::found(node)));
    }
    number
}
