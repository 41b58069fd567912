//! What a model extends and what it is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use thiserror::Error;

use super::change::{ChangeKind, Changes};
use super::fault::{PointerFaults, join};
use super::schema_diff::{self, Flow};
use super::thing_model::{
    AFFORDANCES, INSTANCE, LARGEST, Model, ModelError, canonical_bytes, link_reference, optional,
};
use super::version::ModelRef;
use crate::fleet::{Class, Diagnose};

/// Longest chain of models that extend or hold each other.
pub const DEEPEST: usize = 8;
/// Most models that one model brings along.
pub const MOST_PARTS: usize = 64;
/// Most bytes of all of them together, 1 MiB.
pub const MOST_BYTES: usize = 4 * LARGEST;

/// Where models are looked up.
pub trait ModelShelf {
    /// Returns the newest model that a reference means; none if there is none.
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>>;
}

/// A model with all that it extends merged into it, and its parts.
#[derive(Clone, PartialEq, Debug)]
pub struct Resolved {
    /// The model: it extends nothing any more. Its digest is that of the merged form.
    pub model: Model,
    /// The models it extends, nearest first.
    pub bases: Vec<ModelRef>,
    /// Its parts by name.
    pub parts: Vec<(String, Resolved)>,
}

/// Why a model cannot be resolved.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ResolveError {
    /// Not on the shelf.
    #[error("model \"{by}\" names \"{missing}\", which is not there")]
    Missing {
        /// Who names it.
        by: ModelRef,
        /// What is missing.
        missing: ModelRef,
    },
    /// Models that lead back to themselves.
    #[error("models lead back to themselves: {path}")]
    Cycle {
        /// The way, from the first to its second coming.
        path: String,
    },
    /// Too long a chain.
    #[error("model \"{model}\" lies deeper than {DEEPEST} levels")]
    TooDeep {
        /// Where it was stopped.
        model: ModelRef,
    },
    /// Too many models together.
    #[error("model \"{model}\" brings along more than {MOST_PARTS} models or {MOST_BYTES} bytes")]
    TooMany {
        /// The model.
        model: ModelRef,
    },
    /// A link that names no model.
    #[error("model \"{by}\" has a link to {href:?}, wanted is urn:firstlight:model:NAME@VERSION")]
    Link {
        /// Who has it.
        by: ModelRef,
        /// What stands there.
        href: String,
    },
    /// It loosens what it extends.
    #[error("model \"{model}\" does not keep what \"{base}\" promises: {faults}")]
    Loosened {
        /// The model.
        model: ModelRef,
        /// What it extends.
        base: ModelRef,
        /// What is looser.
        faults: PointerFaults,
    },
    /// The merged model is none.
    #[error("model \"{model}\" with what it extends: {error}")]
    Merged {
        /// The model.
        model: ModelRef,
        /// Why not.
        error: ModelError,
    },
}

impl Diagnose for ResolveError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// Merges what a model extends into it and finds its parts (WoT TD 1.1, section 10.3.2).
///
/// What the model says anew overrides, member by member; null removes. It may only restrict: no wider ranges, types or
/// access, nothing mandatory removed or made optional. An affordance that it says anew is optional only if it says so.
/// At most 8 levels and 64 models; 256 KiB each, 1 MiB together.
pub fn resolve(model: &Model, shelf: &dyn ModelShelf) -> Result<Resolved, ResolveError> {
    let mut walk = Walk { shelf, path: Vec::new(), models: 0, bytes: 0, root: model.reference() };
    walk.resolve(model)
}

struct Walk<'a> {
    shelf: &'a dyn ModelShelf,
    path: Vec<ModelRef>,
    models: usize,
    bytes: usize,
    root: ModelRef,
}

impl Walk<'_> {
    fn resolve(&mut self, model: &Model) -> Result<Resolved, ResolveError> {
        let own = model.reference();
        self.enter(&own)?;
        let (mut canonical, mut bases) = (model.canonical().clone(), Vec::new());
        let links = canonical.get("links").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(link) = links.iter().find(|link| is(link, "tm:extends")) {
            let base = self.linked(&own, link)?;
            canonical = extend(&own, &base, canonical)?;
            bases.push(base.model.reference());
            bases.extend(base.bases);
        }
        let merged =
            Model::from_canonical(canonical).map_err(|error| ResolveError::Merged { model: own.clone(), error })?;
        let mut parts = Vec::new();
        let links = merged.canonical().get("links").and_then(Value::as_array).cloned().unwrap_or_default();
        for (index, link) in links.iter().filter(|link| is(link, "tm:submodel")).enumerate() {
            let name = link.get("instanceName").and_then(Value::as_str);
            let name = name.map_or_else(|| format!("part{}", index + 1), str::to_owned);
            parts.push((name, self.linked(&own, link)?));
        }
        self.count(&merged)?;
        self.path.pop();
        Ok(Resolved { model: merged, bases, parts })
    }

    fn enter(&mut self, own: &ModelRef) -> Result<(), ResolveError> {
        if self.path.contains(own) {
            let names: Vec<String> = self.path.iter().chain([own]).map(ToString::to_string).collect();
            return Err(ResolveError::Cycle { path: names.join(" -> ") });
        }
        if self.path.len() >= DEEPEST {
            return Err(ResolveError::TooDeep { model: own.clone() });
        }
        self.models += 1;
        if self.models > MOST_PARTS {
            return Err(ResolveError::TooMany { model: self.root.clone() });
        }
        self.path.push(own.clone());
        Ok(())
    }

    fn count(&mut self, merged: &Model) -> Result<(), ResolveError> {
        self.bytes += canonical_bytes(merged.canonical()).len();
        if self.bytes > MOST_BYTES {
            return Err(ResolveError::TooMany { model: self.root.clone() });
        }
        Ok(())
    }

    fn linked(&mut self, by: &ModelRef, link: &Value) -> Result<Resolved, ResolveError> {
        let href = || link.get("href").and_then(Value::as_str).unwrap_or_default();
        let wrong = || ResolveError::Link { by: by.clone(), href: super::version::shown(href()) };
        let reference = link_reference(link).ok_or_else(wrong)?;
        let found = self.shelf.get(&reference);
        let found = found.ok_or_else(|| ResolveError::Missing { by: by.clone(), missing: reference })?;
        self.resolve(&found)
    }
}

fn is(link: &Value, rel: &str) -> bool {
    link.get("rel").and_then(Value::as_str) == Some(rel)
}

/// Merges a model over its resolved base.
fn extend(own: &ModelRef, base: &Resolved, mut child: Value) -> Result<Value, ResolveError> {
    let below = base.model.canonical();
    let mut faults = PointerFaults::default();
    check_removals(below, &child, &mut faults);
    let optional = merged_optional(below, &child, &mut faults);
    let links = merged_links(below, &child);
    let required = merged_required(below, &child);
    let mut merged = below.clone();
    if let Some(child) = child.as_object_mut() {
        child.retain(|key, _| !["tm:optional", "links"].contains(&key.as_str()));
    }
    merge(&mut merged, &child);
    set(&mut merged, "tm:optional", optional);
    set(&mut merged, "links", links);
    if let Some(instance) = merged.get_mut(INSTANCE) {
        set(instance, "required", required);
    }
    check_restricts(below, &merged, &mut faults);
    if !faults.is_empty() {
        return Err(ResolveError::Loosened { model: own.clone(), base: base.model.reference(), faults });
    }
    Ok(merged)
}

fn set(value: &mut Value, key: &str, items: Vec<Value>) {
    let Some(map) = value.as_object_mut() else { return };
    map.shift_remove(key);
    if !items.is_empty() {
        map.insert(key.to_owned(), Value::Array(items));
    }
}

/// JSON Merge Patch (RFC 7396, section 2), which WoT TD 1.1 names for overriding.
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Only what may be absent can be removed.
fn check_removals(base: &Value, child: &Value, faults: &mut PointerFaults) {
    let may: BTreeSet<&str> = optional(base).collect();
    for kind in AFFORDANCES {
        if child.get(kind).is_some_and(Value::is_null) && base.get(kind).is_some() {
            faults.add(join("", kind), "removes all of them");
        }
        for (name, _) in child.get(kind).and_then(Value::as_object).into_iter().flatten().filter(|(_, v)| v.is_null()) {
            if !may.contains(format!("/{kind}/{name}").as_str()) {
                faults.add(join(&join("", kind), name), "removes what is not optional");
            }
        }
    }
}

/// What the child says anew is optional if it says so; the rest as the base has it.
fn merged_optional(base: &Value, child: &Value, faults: &mut PointerFaults) -> Vec<Value> {
    let said = |pointer: &str| child.pointer(pointer).is_some();
    let may: BTreeSet<&str> = optional(base).collect();
    for pointer in optional(child).filter(|pointer| base.pointer(pointer).is_some() && !may.contains(pointer)) {
        faults.add(pointer, "makes optional what must be there");
    }
    let inherited = optional(base).filter(|pointer| !said(pointer));
    inherited.chain(optional(child)).map(|pointer| json!(pointer)).collect()
}

/// Links of both; a part of the same name is the child's. What is extended is merged and no link any more.
fn merged_links(base: &Value, child: &Value) -> Vec<Value> {
    let links = |value: &Value| value.get("links").and_then(Value::as_array).cloned().unwrap_or_default();
    let own: Vec<Value> = links(child).into_iter().filter(|link| !is(link, "tm:extends")).collect();
    let same = |a: &Value, b: &Value| {
        let name = |link: &Value| link.get("instanceName").cloned();
        a == b || (is(a, "tm:submodel") && is(b, "tm:submodel") && name(a).is_some() && name(a) == name(b))
    };
    let mut merged: Vec<Value> =
        links(base).into_iter().filter(|link| !own.iter().any(|other| same(link, other))).collect();
    merged.extend(own);
    merged
}

/// What an instance must have: what base or child wants.
fn merged_required(base: &Value, child: &Value) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let mut required = Vec::new();
    for value in [base, child] {
        let names = value.get(INSTANCE).and_then(|schema| schema.get("required")).and_then(Value::as_array);
        required.extend(names.into_iter().flatten().filter(|name| known.insert(name.to_string())).cloned());
    }
    required
}

/// Everything the base has must hold no more values and no more rights than there.
fn check_restricts(base: &Value, merged: &Value, faults: &mut PointerFaults) {
    const BESIDES: [&str; 10] = [
        "readOnly",
        "writeOnly",
        "observable",
        "input",
        "output",
        "data",
        "subscription",
        "cancellation",
        "uriVariables",
        "dataResponse",
    ];
    let mut changes = Changes::default();
    for kind in AFFORDANCES {
        for (name, before) in base.get(kind).and_then(Value::as_object).into_iter().flatten() {
            let Some(after) = merged.get(kind).and_then(|all| all.get(name)) else { continue };
            let path = join(&join("", kind), name);
            schema_diff::compare(&path, before, after, Flow::Out, &BESIDES, &mut changes);
            check_rights(&path, before, after, faults);
            for part in ["input", "output", "data", "subscription"] {
                if let (Some(before), Some(after)) = (before.get(part), after.get(part)) {
                    schema_diff::compare(&join(&path, part), before, after, Flow::Out, &[], &mut changes);
                }
            }
        }
    }
    if let (Some(before), Some(after)) = (base.get(INSTANCE), merged.get(INSTANCE)) {
        schema_diff::compare(&join("", INSTANCE), before, after, Flow::Out, &[], &mut changes);
    }
    for change in changes.into_vec() {
        let type_or_unit = change.path.ends_with("/type") || change.path.ends_with("/unit");
        if change.kind == ChangeKind::Widened || (change.kind == ChangeKind::Changed && change.breaking && type_or_unit)
        {
            faults.add(change.path, change.words);
        }
    }
}

fn check_rights(path: &str, before: &Value, after: &Value, faults: &mut PointerFaults) {
    for term in ["readOnly", "writeOnly"] {
        let is = |value: &Value| value.get(term).and_then(Value::as_bool).unwrap_or(false);
        if is(before) && !is(after) {
            faults.add(join(path, term), "gives access that was taken away");
        }
    }
}

/// A shelf that holds nothing but what is put there: for tests and for files that are checked together.
impl ModelShelf for Vec<Arc<Model>> {
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>> {
        let fitting = self.iter().filter(|model| reference.accepts(model.name(), model.version()));
        fitting.max_by_key(|model| model.version()).cloned()
    }
}
