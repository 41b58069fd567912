//! `models:` of the fleet file: where models lie and which device gets which.

use std::sync::Arc;

use super::range::VersionRange;
use super::rule::{ModelRule, ObjectVersion, RuleCondition, SerialRange};
use super::version::ModelRef;
use crate::fleet::shape::{NAME, Record, Rule, Shape, TEXT, TextRule, optional, required};
use crate::fleet::yaml::Node;
use crate::fleet::{Faults, Place};

/// `models:` of a fleet file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ModelsSpec {
    /// Folder of the model files, as written, and where that stands; relative to the fleet's folder.
    pub folder: Option<(Arc<str>, Place)>,
    /// The rules, in the order of the file.
    pub rules: Vec<ModelRule>,
}

/// The section's shape.
pub(in crate::fleet) static MODELS: Record = Record {
    fields: &[
        optional("folder", Shape::Text(&TEXT), "folder of the model files in the fleet's folder"),
        optional("rules", Shape::List(&Shape::Record(&RULE)), "which device gets which model"),
    ],
    rule: Rule::Free,
};

static RULE: Record = Record {
    fields: &[
        required("name", Shape::Text(&NAME), "name of the rule"),
        optional(
            "priority",
            Shape::Integer { least: -1_000_000, most: 1_000_000 },
            "of the rules that fit the one with the greatest priority decides, 0 when absent",
        ),
        optional("when", Shape::Record(&WHEN), "what must hold, all of it; every device when absent"),
        required("assign", Shape::Value, "the model such as sensor@1 or sensor@1.2.0"),
    ],
    rule: Rule::Free,
};

static WHEN: Record = Record {
    fields: &[
        optional("vendor", Shape::Value, "vendor, or a list of which it is one; * at the end for any rest"),
        optional("model", Shape::Value, "the vendor's model designation, or a list"),
        optional("hardware", Shape::Value, "hardware revision, or a list"),
        optional("firmware", Shape::Value, "range of the firmware such as \">=1.4 <2\""),
        optional("serial", Shape::Record(&SERIAL), "range of the serial number"),
        optional("objects", Shape::List(&Shape::Value), "LwM2M objects such as 3303 or 3303/1.1, all of them"),
    ],
    rule: Rule::Free,
};

const NUMBER: Shape = Shape::Integer { least: 0, most: i64::MAX };
static SERIAL: Record = Record {
    fields: &[
        optional("prefix", Shape::Text(&PREFIX), "what comes before the number"),
        optional("from", NUMBER, "least number"),
        optional("to", NUMBER, "greatest number"),
    ],
    rule: Rule::Free,
};

static PREFIX: TextRule = TextRule {
    wanted: "a prefix of at most 64 characters",
    pattern: "^.{1,64}$",
    accepts: |text| (1..=64).contains(&text.chars().count()) && !text.contains('\n'),
};

impl ModelsSpec {
    /// Reads the section, already checked against its shape; notes what the shape cannot see. A rule with a fault is left out.
    pub(in crate::fleet) fn read(node: Option<&Node>, faults: &mut Faults) -> Self {
        let Some(node) = node else { return Self::default() };
        let folder = node.get("folder").and_then(|node| Some((Arc::from(node.text()?), node.place.clone())));
        let mut rules: Vec<ModelRule> = Vec::new();
        for item in node.get("rules").map(Node::items).unwrap_or_default() {
            let Some(rule) = rule(item, faults) else { continue };
            match rules.iter().find(|known| known.name == rule.name) {
                Some(known) => {
                    let message =
                        format!("rule {:?} stands here a second time, first in line {}", rule.name, known.place.line);
                    faults.add(rule.place, message);
                }
                None => rules.push(rule),
            }
        }
        Self { folder, rules }
    }
}

fn rule(node: &Node, faults: &mut Faults) -> Option<ModelRule> {
    let when = match node.get("when") {
        Some(when) => condition(when, faults),
        None => Some(RuleCondition::default()),
    };
    let assign: Option<ModelRef> = node.get("assign").and_then(|node| parsed(node, faults));
    Some(ModelRule {
        name: node.get("name")?.text()?.to_owned(),
        place: node.place.clone(),
        priority: node.get("priority").and_then(|node| node.value().as_i64()).unwrap_or(0),
        when: when?,
        assign: assign?,
    })
}

/// None if there is a fault: a rule that lost a condition would fit more devices than meant.
fn condition(node: &Node, faults: &mut Faults) -> Option<RuleCondition> {
    let vendor = node.get("vendor").map_or(Some(Vec::new()), |node| words("vendor", node, faults));
    let model = node.get("model").map_or(Some(Vec::new()), |node| words("model", node, faults));
    let hardware = node.get("hardware").map_or(Some(Vec::new()), |node| words("hardware", node, faults));
    let firmware: Option<Option<VersionRange>> = match node.get("firmware") {
        Some(node) => parsed(node, faults).map(Some),
        None => Some(None),
    };
    let serial = match node.get("serial") {
        Some(node) => serial(node, faults).map(Some),
        None => Some(None),
    };
    let objects: Vec<Option<ObjectVersion>> = match node.get("objects") {
        Some(list) => list.items().iter().map(|item| parsed(item, faults)).collect(),
        None => Vec::new(),
    };
    Some(RuleCondition {
        vendor: vendor?,
        model: model?,
        hardware: hardware?,
        firmware: firmware?,
        serial: serial?,
        objects: objects.into_iter().collect::<Option<_>>()?,
    })
}

/// One word or a list of them, as written: a hardware revision may look like a number.
fn words(key: &str, node: &Node, faults: &mut Faults) -> Option<Vec<String>> {
    let items = if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() };
    let words: Option<Vec<String>> =
        items.iter().map(|item| item.written().filter(|word| !word.is_empty()).map(str::to_owned)).collect();
    if words.is_none() {
        faults.add(node.place.clone(), format!("{key:?} is no word, wanted is a word or a list of words"));
    }
    words
}

fn serial(node: &Node, faults: &mut Faults) -> Option<SerialRange> {
    let number = |key: &str| node.get(key).and_then(|node| node.value().as_u64());
    let range = SerialRange {
        prefix: node.get("prefix").and_then(Node::text).unwrap_or_default().to_owned(),
        from: number("from"),
        to: number("to"),
    };
    if let (Some(from), Some(to)) = (range.from, range.to)
        && from > to
    {
        faults.add(node.place.clone(), format!("\"serial\" goes from {from} to {to}, which holds nothing"));
        return None;
    }
    if range == SerialRange::default() {
        faults.add(node.place.clone(), "\"serial\" holds nothing, wanted is prefix, from or to");
        return None;
    }
    Some(range)
}

/// A scalar read as it is written: `1.4` is a number to YAML and a version to us.
pub(super) fn parsed<T: std::str::FromStr>(node: &Node, faults: &mut Faults) -> Option<T>
where
    T::Err: std::fmt::Display,
{
    match node.written().map(str::parse) {
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => {
            faults.add(node.place.clone(), format!("{error}"));
            None
        }
        None => {
            let found = crate::fleet::shape::found(node);
            faults.add(node.place.clone(), format!("{found} stands here, wanted is a text"));
            None
        }
    }
}
