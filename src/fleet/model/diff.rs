//! What changed between two versions of a model, and whether the version says so.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::fault::join;
use super::schema_diff::{self, Flow, said};
use super::thing_model::{AFFORDANCES, FIRMWARE, INSTANCE, LWM2M, Model, link_reference, optional};
use crate::fleet::{Class, Diagnose};

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

/// All changes between two versions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Diff {
    /// The changes, in the order of the model.
    pub changes: Vec<Change>,
}

/// Why a version may not follow another.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum GateError {
    /// Another model.
    #[error("{new:?} is another model than {old:?}")]
    OtherModel {
        /// Name of the old one.
        old: String,
        /// Name of the new one.
        new: String,
    },
    /// Not newer.
    #[error("version {new} does not come after version {old}")]
    NotNewer {
        /// The old version.
        old: String,
        /// The new version.
        new: String,
    },
    /// A minor or patch version that breaks something.
    #[error("version {version} holds a change that breaks: {path:?}: {words}")]
    Breaking {
        /// The new version.
        version: String,
        /// Where.
        path: String,
        /// What.
        words: String,
    },
    /// A patch version that changes more than words.
    #[error("patch version {version} changes more than words: {path:?}: {words}")]
    MoreThanWords {
        /// The new version.
        version: String,
        /// Where.
        path: String,
        /// What.
        words: String,
    },
}

impl Diagnose for GateError {
    fn class(&self) -> Class {
        Class::Refused
    }

    fn hint(&self) -> Option<String> {
        match self {
            GateError::Breaking { .. } => Some("raise the major version and write a migration file".to_owned()),
            GateError::MoreThanWords { .. } => Some("raise the minor version".to_owned()),
            GateError::OtherModel { .. } | GateError::NotNewer { .. } => None,
        }
    }
}

/// Returns what changed from `old` to `new`; empty for equal models. The version itself is no change.
///
/// Give it resolved models: of what they extend only the reference is compared. What is valid under the old version must
/// stay valid (stored values, set properties, input of actions); what the device sends (output of actions, data of events)
/// must stay within what it could send before. Terms that are not known here break when they change or go.
pub fn diff(old: &Model, new: &Model) -> Diff {
    let mut changes = Changes::default();
    let (before, after) = (old.canonical(), new.canonical());
    for term in ["title", "description", "titles", "descriptions", "support", "created", "modified"] {
        changes.words("", term, before.get(term), after.get(term));
    }
    compare_instance(before, after, &mut changes);
    for kind in AFFORDANCES {
        compare_affordances(kind, before, after, &mut changes);
    }
    compare_links(before, after, &mut changes);
    compare_rest(before, after, &mut changes);
    Diff { changes: changes.0 }
}

/// Refuses a version that changes more than its number says: a minor version may not break anything, a patch version may
/// change only words. Major version 0 is no exception.
pub fn gate(old: &Model, new: &Model) -> Result<(), Vec<GateError>> {
    if old.name() != new.name() {
        return Err(vec![GateError::OtherModel { old: old.name().to_string(), new: new.name().to_string() }]);
    }
    let (then, now) = (old.version(), new.version());
    if now <= then {
        return Err(vec![GateError::NotNewer { old: then.to_string(), new: now.to_string() }]);
    }
    if now.major > then.major {
        return Ok(());
    }
    let patch = now.minor == then.minor;
    let version = now.to_string();
    let refused = diff(old, new).changes.into_iter().filter_map(|change| {
        let Change { path, words, .. } = change;
        match (change.breaking, change.kind) {
            (true, _) => Some(GateError::Breaking { version: version.clone(), path, words }),
            (false, kind) if patch && kind != ChangeKind::Words => {
                Some(GateError::MoreThanWords { version: version.clone(), path, words })
            }
            _ => None,
        }
    });
    let refused: Vec<GateError> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(refused) }
}

impl Diff {
    /// Returns true if nothing changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Returns true if a change breaks something.
    pub fn is_breaking(&self) -> bool {
        self.changes.iter().any(|change| change.breaking)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let breaks = if self.breaking { " (breaks)" } else { "" };
        write!(f, "{:?}: {}{breaks}", self.path, self.words)
    }
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

fn object<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// An instance that was valid must stay so: its schema is one of an object that holds no more than it names.
fn compare_instance(old: &Value, new: &Value, changes: &mut Changes) {
    let none = serde_json::json!({"type": "object", "properties": {}});
    let (old, new) = (old.get(INSTANCE).unwrap_or(&none), new.get(INSTANCE).unwrap_or(&none));
    schema_diff::compare(&join("", INSTANCE), old, new, Flow::In, &[], changes);
}

fn compare_affordances(kind: &str, old: &Value, new: &Value, changes: &mut Changes) {
    let (may_then, may_now): (BTreeSet<&str>, BTreeSet<&str>) = (optional(old).collect(), optional(new).collect());
    let path = join("", kind);
    for (name, before) in object(old, kind) {
        let path = join(&path, name);
        let Some(after) = new.get(kind).and_then(|all| all.get(name)) else {
            changes.add(path, ChangeKind::Removed, true, format!("{name:?} is gone"));
            continue;
        };
        compare_affordance(kind, &path, before, after, changes);
        let plain = format!("/{kind}/{name}");
        match (may_then.contains(plain.as_str()), may_now.contains(plain.as_str())) {
            (false, true) => changes.add(path, ChangeKind::Widened, true, format!("{name:?} may be absent now")),
            (true, false) => changes.add(path, ChangeKind::Narrowed, false, format!("{name:?} must be there now")),
            _ => {}
        }
    }
    for (name, _) in object(new, kind).filter(|(name, _)| old.get(kind).and_then(|all| all.get(*name)).is_none()) {
        changes.add(join(&path, name), ChangeKind::Added, false, format!("{name:?} is new"));
    }
}

fn compare_affordance(kind: &str, path: &str, old: &Value, new: &Value, changes: &mut Changes) {
    compare_bindings(path, old, new, changes);
    let parts: &[(&str, Flow)] = match kind {
        "properties" => {
            compare_access(path, old, new, changes);
            &[("uriVariables", Flow::In)]
        }
        "actions" => &[("uriVariables", Flow::In), ("input", Flow::In), ("output", Flow::Out)],
        _ => &[
            ("uriVariables", Flow::In),
            ("subscription", Flow::In),
            ("cancellation", Flow::In),
            ("data", Flow::Out),
            ("dataResponse", Flow::In),
        ],
    };
    for (part, flow) in parts.iter().filter(|(part, _)| *part != "uriVariables") {
        compare_payload(&join(path, part), old.get(part), new.get(part), *flow, changes);
    }
    compare_variables(path, old, new, changes);
    let mut besides: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
    besides.extend([LWM2M, FIRMWARE]);
    if kind == "properties" {
        besides.extend(["readOnly", "writeOnly", "observable"]);
    }
    schema_diff::compare(path, old, new, Flow::In, &besides, changes);
}

/// Variables of an address: each is a schema of its own.
fn compare_variables(path: &str, old: &Value, new: &Value, changes: &mut Changes) {
    let path = join(path, "uriVariables");
    for (name, before) in object(old, "uriVariables") {
        match new.get("uriVariables").and_then(|all| all.get(name)) {
            Some(after) => schema_diff::compare(&join(&path, name), before, after, Flow::In, &[], changes),
            None => changes.add(join(&path, name), ChangeKind::Removed, true, format!("{name:?} is gone")),
        }
    }
    for (name, _) in object(new, "uriVariables") {
        if old.get("uriVariables").and_then(|all| all.get(name)).is_none() {
            changes.add(join(&path, name), ChangeKind::Added, false, format!("{name:?} is new"));
        }
    }
}

/// A payload that comes or goes changes what both sides send: it breaks either way.
fn compare_payload(path: &str, old: Option<&Value>, new: Option<&Value>, flow: Flow, changes: &mut Changes) {
    match (old, new) {
        (Some(old), Some(new)) => schema_diff::compare(path, old, new, flow, &[], changes),
        (Some(_), None) => changes.add(path.to_owned(), ChangeKind::Removed, true, "the payload is gone"),
        // Output where none was: who does not expect it passes over it.
        (None, Some(_)) => changes.add(path.to_owned(), ChangeKind::Added, flow == Flow::In, "the payload is new"),
        (None, None) => {}
    }
}

fn compare_access(path: &str, old: &Value, new: &Value, changes: &mut Changes) {
    let is = |value: &Value, term: &str| value.get(term).and_then(Value::as_bool).unwrap_or(false);
    // Each right, the term that says it, and whether the term takes it away.
    for (right, term, takes) in
        [("set", "readOnly", true), ("read", "writeOnly", true), ("observed", "observable", false)]
    {
        let (then, now) = (is(old, term) != takes, is(new, term) != takes);
        match (then, now) {
            (true, false) => {
                changes.add(join(path, term), ChangeKind::Narrowed, true, format!("it can no longer be {right}"));
            }
            (false, true) => {
                changes.add(join(path, term), ChangeKind::Widened, false, format!("it can be {right} now"));
            }
            _ => {}
        }
    }
}

/// Where LwM2M finds it and which firmware has it: new is fine, gone or other is not, but for a firmware range that goes.
fn compare_bindings(path: &str, old: &Value, new: &Value, changes: &mut Changes) {
    for term in [LWM2M, FIRMWARE] {
        let (before, after) = (old.get(term), new.get(term));
        let words = said(term, before, after);
        match (before, after) {
            _ if before == after => {}
            (None, Some(_)) => changes.add(join(path, term), ChangeKind::Added, term == FIRMWARE, words),
            (Some(_), None) => changes.add(join(path, term), ChangeKind::Removed, term == LWM2M, words),
            _ => changes.add(join(path, term), ChangeKind::Changed, true, words),
        }
    }
}

/// Links by relation and name: another major version of a part breaks, another link does not.
fn compare_links(old: &Value, new: &Value, changes: &mut Changes) {
    let key = |link: &Value| {
        let text = |term: &str| link.get(term).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = if text("rel").starts_with("tm:") { text("instanceName") } else { text("href") };
        (text("rel"), name)
    };
    let links = |value: &Value| value.get("links").and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (links(old), links(new));
    for link in before.iter().filter(|link| !after.contains(link)) {
        let (rel, name) = key(link);
        let ours = rel.starts_with("tm:");
        match after.iter().find(|other| key(other) == key(link)) {
            Some(other) => {
                let breaks = ours && !same_major(link, other);
                changes.add(
                    "/links".to_owned(),
                    ChangeKind::Changed,
                    breaks,
                    format!("link {rel:?} {name:?} is another"),
                );
            }
            None => {
                changes.add("/links".to_owned(), ChangeKind::Removed, ours, format!("link {rel:?} {name:?} is gone"));
            }
        }
    }
    for link in after.iter().filter(|link| !before.iter().any(|other| key(other) == key(link))) {
        let (rel, name) = key(link);
        changes.add("/links".to_owned(), ChangeKind::Added, false, format!("link {rel:?} {name:?} is new"));
    }
}

fn same_major(old: &Value, new: &Value) -> bool {
    use super::version::Wanted;
    let major = |link: &Value| {
        let reference = link_reference(link)?;
        let major = match reference.wanted {
            Wanted::Newest => None,
            Wanted::Major(major) => Some(major),
            Wanted::Exact(version) => Some(version.major),
        };
        Some((reference.name, major))
    };
    major(old).is_some() && major(old) == major(new)
}

/// Members of the model that nothing above looked at.
fn compare_rest(old: &Value, new: &Value, changes: &mut Changes) {
    const KNOWN: [&str; 14] = [
        "title",
        "description",
        "titles",
        "descriptions",
        "support",
        "created",
        "modified",
        INSTANCE,
        "properties",
        "actions",
        "events",
        "links",
        "tm:optional",
        "version",
    ];
    let empty = Map::new();
    let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
    for (term, before) in old.iter().filter(|(term, _)| !KNOWN.contains(&term.as_str())) {
        let after = new.get(term);
        match after {
            Some(after) if after == before => {}
            Some(_) => changes.add(join("", term), ChangeKind::Changed, true, said(term, Some(before), after)),
            None => changes.add(join("", term), ChangeKind::Removed, true, said(term, Some(before), None)),
        }
    }
    for (term, after) in new.iter().filter(|(term, _)| !KNOWN.contains(&term.as_str()) && !old.contains_key(*term)) {
        changes.add(join("", term), ChangeKind::Added, false, said(term, None, Some(after)));
    }
}
