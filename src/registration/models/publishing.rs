//! Publishing: a version is judged beside those that are there, then kept for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::fleet::model::{
    GateError, Model, ModelRef, ModelShelf, ModelVersion, OPAQUE, ResolveError, Resolved, gate, resolve,
};
use crate::fleet::{Class, Diagnose};
use crate::format::wot;
use crate::registry::RegistryError;
use crate::registry::models::{ModelSource, Published};

use super::shelf::{Models, Ready};

/// How often publishing is tried where others publish at the same time.
const TRIES: usize = 5;

/// Why models are not published; none of them is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PublishError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// No Thing Model.
    #[error("model \"{model}\" is against the rules of Thing Models: {words}")]
    Invalid {
        /// The model.
        model: ModelRef,
        /// What is wrong, the first of it.
        words: String,
    },
    /// What it extends or holds does not fit.
    #[error(transparent)]
    Unresolved(#[from] ResolveError),
    /// Its number does not match what changed.
    #[error("refusing to publish \"{model}\" beside \"{other}\": {}", all(errors))]
    Gate {
        /// The model.
        model: ModelRef,
        /// The version before or after it.
        other: ModelRef,
        /// Why.
        errors: Vec<GateError>,
    },
    /// The name of the built-in model.
    #[error("{OPAQUE:?} is the name of the built-in model")]
    Reserved,
    /// The same version twice.
    #[error("\"{model}\" is there twice with different contents")]
    Twice {
        /// The model.
        model: ModelRef,
    },
}

impl Diagnose for PublishError {
    fn class(&self) -> Class {
        match self {
            Self::Registry(error) => error.class(),
            Self::Unresolved(error) => error.class(),
            Self::Gate { .. } => Class::Refused,
            Self::Invalid { .. } | Self::Reserved | Self::Twice { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Gate { errors, .. } => errors.iter().find_map(Diagnose::hint),
            _ => None,
        }
    }
}

fn all(errors: &[GateError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What is there, and what is to come.
struct Beside<'a> {
    ready: &'a Ready,
    new: BTreeMap<(String, ModelVersion), Arc<Model>>,
}

impl ModelShelf for Beside<'_> {
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>> {
        let fits = self.new.values().filter(|model| reference.accepts(model.name(), model.version()));
        let newest = fits.max_by_key(|model| model.version()).cloned();
        let there = self.ready.get(reference);
        [newest, there].into_iter().flatten().max_by_key(|model| model.version())
    }
}

impl Beside<'_> {
    fn resolved(&self, model: &Model) -> Result<Resolved, PublishError> {
        Ok(resolve(model, self)?)
    }

    /// The next lower version, and the next higher one.
    fn neighbours(&self, model: &Model) -> [Option<Arc<Model>>; 2] {
        let there = self.ready.versions(model.name()).map(|(_, known)| known);
        let new = self.new.values().filter(|new| new.name() == model.name());
        let all: Vec<&Arc<Model>> = there.chain(new).filter(|other| other.version() != model.version()).collect();
        let lower = all.iter().filter(|other| other.version() < model.version()).max_by_key(|other| other.version());
        let higher = all.iter().filter(|other| other.version() > model.version()).min_by_key(|other| other.version());
        [lower, higher].map(|found| found.map(|model| Arc::clone(model)))
    }
}

impl Models {
    /// Judges models beside those that are published, without publishing them.
    pub fn judge_models(&self, models: &[(Model, ModelSource)]) -> Result<(), PublishError> {
        judge(&self.ready(), models)
    }

    /// Judges models by themselves, as if nothing were published yet.
    pub fn judge_alone(models: &[(Model, ModelSource)]) -> Result<(), PublishError> {
        judge(&Ready::empty(), models)
    }

    /// Publishes models, all or none; what each came to, in order.
    pub fn publish(&self, actor: &str, models: &[(Model, ModelSource)]) -> Result<Vec<Published>, PublishError> {
        for _ in 0..TRIES {
            self.refresh()?;
            let ready = self.ready();
            judge(&ready, models)?;
            if let Some(published) = self.registry().publish_models(actor, models, Some(ready.mark))? {
                self.refresh()?;
                return Ok(published);
            }
        }
        let store = self.registry().store().to_owned();
        Err(RegistryError::Away { store, reason: "models are being published by others".to_owned() }.into())
    }
}

fn judge(ready: &Ready, models: &[(Model, ModelSource)]) -> Result<(), PublishError> {
    let mut beside = Beside { ready, new: BTreeMap::new() };
    for (model, _) in models {
        if model.name().as_str() == OPAQUE {
            return Err(PublishError::Reserved);
        }
        check_rules(model)?;
        let key = (model.name().to_string(), model.version());
        let twin = beside.new.insert(key, Arc::new(model.clone()));
        if twin.is_some_and(|twin| twin.digest() != model.digest()) {
            return Err(PublishError::Twice { model: model.reference() });
        }
    }
    for model in beside.new.values() {
        let new = beside.resolved(model)?;
        let is_there = ready.versions(model.name()).any(|(_, known)| known.version() == model.version());
        if is_there {
            continue;
        }
        let [lower, higher] = beside.neighbours(model);
        if let Some(lower) = lower {
            let old = beside.resolved(&lower)?;
            pass(&old.model, &new.model, model, &lower)?;
        }
        if let Some(higher) = higher {
            let next = beside.resolved(&higher)?;
            pass(&new.model, &next.model, model, &higher)?;
        }
    }
    Ok(())
}

fn check_rules(model: &Model) -> Result<(), PublishError> {
    let said = wot::validate_thing_model(model.canonical());
    said.map(|_| ()).map_err(|faults| PublishError::Invalid {
        model: model.reference(),
        words: faults.first().map(ToString::to_string).unwrap_or_default(),
    })
}

fn pass(old: &Model, new: &Model, model: &Model, other: &Model) -> Result<(), PublishError> {
    let refused = |errors| PublishError::Gate { model: model.reference(), other: other.reference(), errors };
    gate(old, new).map_err(refused)
}

/// Returns the canonical form as text people read.
pub(in crate::registration) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a JSON value can be written")
}
