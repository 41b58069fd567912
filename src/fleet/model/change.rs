//! Changes of a model: one by one, as they are found.

use serde::Serialize;
use serde_json::Value;

use super::fault::join;
use super::validate::brief;

/// What kind of change it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Only words for people: title, description, another label of the same unit.
    Words,
    /// Something is new.
    Added,
    /// Something is gone.
    Removed,
    /// More is allowed than before.
    Widened,
    /// Less is allowed than before.
    Narrowed,
    /// It is different in a way that is neither.
    Changed,
}

/// One change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// Where: a JSON pointer into the canonical form.
    pub path: String,
    /// Its kind.
    pub kind: ChangeKind,
    /// True if something that worked with the old version need not work with the new one.
    pub breaking: bool,
    /// What changed, for a person.
    pub words: String,
}

/// The changes found so far.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

impl Changes {
    pub(super) fn into_vec(self) -> Vec<Change> {
        self.0
    }

    pub(super) fn add(&mut self, path: String, kind: ChangeKind, breaking: bool, words: impl Into<String>) {
        self.0.push(Change { path, kind, breaking, words: words.into() });
    }

    pub(super) fn words(&mut self, path: &str, term: &str, old: Option<&Value>, new: Option<&Value>) {
        if old != new {
            self.add(join(path, term), ChangeKind::Words, false, said(term, old, new));
        }
    }
}

/// Says what stood there and what does.
pub(super) fn said(term: &str, old: Option<&Value>, new: Option<&Value>) -> String {
    match (old, new) {
        (Some(old), Some(new)) => format!("{term} was {}, is {}", brief(old), brief(new)),
        (Some(old), None) => format!("{term} {} is gone", brief(old)),
        (None, Some(new)) => format!("{term} {} is new", brief(new)),
        (None, None) => format!("{term} is as it was"),
    }
}
