//! Values of variables as they are given: in clear or by the name of a secret.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Place;
use super::super::yaml::{Kind, Node};

/// A variable's value as it is given somewhere.
#[derive(Clone, PartialEq, Debug)]
pub struct Given {
    /// Where the name stands.
    pub place: Place,
    /// Where the value stands.
    pub value_place: Place,
    /// The value.
    pub value: GivenValue,
}

/// A value as it is given.
#[derive(Clone, PartialEq, Debug)]
pub enum GivenValue {
    /// In clear, with the type its YAML form has.
    Clear(serde_json::Value),
    /// `{secret: NAME}`.
    Secret(Arc<str>),
    /// Text of a CSV cell, which takes the type its template wants.
    Cell(Arc<str>),
    /// Has a fault already.
    Broken,
}

/// Reads a mapping of variables; of repeated ones the first counts.
pub(super) fn read_all(node: Option<&Node>) -> BTreeMap<Arc<str>, Given> {
    let mut variables = BTreeMap::new();
    for entry in node.map(Node::entries).unwrap_or_default() {
        let given =
            Given { place: entry.place.clone(), value_place: entry.value.place.clone(), value: given(&entry.value) };
        variables.entry(Arc::from(entry.key.as_str())).or_insert(given);
    }
    variables
}

/// Reads one value: `{secret: NAME}` is a reference, everything else stands for itself.
pub(in super::super) fn given(node: &Node) -> GivenValue {
    if holds_refused(node) {
        return GivenValue::Broken;
    }
    match node.entries() {
        [only] if only.key == "secret" => match only.value.text() {
            Some(name) if (super::super::shape::NAME.accepts)(name) => GivenValue::Secret(Arc::from(name)),
            _ => GivenValue::Broken,
        },
        _ => GivenValue::Clear(node.value()),
    }
}

fn holds_refused(node: &Node) -> bool {
    match &node.kind {
        Kind::Refused => true,
        Kind::Scalar { .. } => false,
        Kind::List(items) => items.iter().any(holds_refused),
        Kind::Map(entries) => entries.iter().any(|entry| holds_refused(&entry.value)),
    }
}
