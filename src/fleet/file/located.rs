//! Values with their places, and how they are read from a node.

use std::sync::Arc;

use super::super::Place;
use super::super::yaml::{Entry, Node};

/// A value and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

pub(super) fn entries<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Entry> {
    node.get(key).map(Node::entries).unwrap_or_default().iter()
}

pub(super) fn name(entry: &Entry) -> Arc<str> {
    Arc::from(entry.key.as_str())
}

pub(super) fn word(node: &Node, key: &str) -> Option<Arc<str>> {
    node.get(key)?.text().map(Arc::from)
}

pub(super) fn located(node: &Node, key: &str) -> Option<Located<Arc<str>>> {
    let node = node.get(key)?;
    Some(Located { value: Arc::from(node.text()?), place: node.place.clone() })
}

/// Reads a word of the field's own set through its serde form.
pub(super) fn typed<T: serde::de::DeserializeOwned>(node: &Node, key: &str) -> Option<T> {
    serde_json::from_value(node.get(key)?.value()).ok()
}
