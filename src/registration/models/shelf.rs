//! The models at hand: published versions and the rules, in memory, read anew when they changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::fleet::Digest;
use crate::fleet::model::{
    Migration, Model, ModelName, ModelRef, ModelRule, ModelShelf, ModelVersion, OPAQUE, ResolveError, Resolved, Wanted,
    opaque, resolve,
};
use crate::registry::models::{ModelMark, ModelState};
use crate::registry::{Registry, RegistryError};

/// The models of a registry.
pub struct Models {
    registry: Registry,
    migrations: Vec<Migration>,
    ready: RwLock<Arc<Ready>>,
}

/// Models and rules as they were at one moment.
pub(in crate::registration) struct Ready {
    pub(in crate::registration) mark: ModelMark,
    pub(in crate::registration) rules: Vec<ModelRule>,
    versions: BTreeMap<ModelName, BTreeMap<ModelVersion, (ModelState, Arc<Model>)>>,
    resolved: Mutex<BTreeMap<Digest, Result<Arc<Resolved>, ResolveError>>>,
    opaque: Arc<Model>,
}

impl Models {
    /// Reads the models and rules of a registry. `migrations` lead from one major version to another.
    pub fn open(registry: Registry, migrations: Vec<Migration>) -> Result<Self, RegistryError> {
        let ready = RwLock::new(Arc::new(Ready::empty()));
        let models = Self { registry, migrations, ready };
        models.read()?;
        Ok(models)
    }

    /// Takes models and the fleet file's rules as if they were in force already; nothing is stored. For trying only.
    pub fn foreseen(self, own: Vec<Model>, declared: &[ModelRule]) -> Result<Self, RegistryError> {
        let stored = self.registry.model_rules()?.into_iter().filter(|stored| !stored.declared);
        let rules = declared.iter().cloned().chain(stored.map(|stored| stored.rule)).collect();
        let before = self.ready();
        let mut ready = Ready { mark: before.mark, rules, versions: before.versions.clone(), ..Ready::empty() };
        for model in own {
            let versions = ready.versions.entry(model.name().clone()).or_default();
            versions.entry(model.version()).or_insert_with(|| (ModelState::Published, Arc::new(model)));
        }
        Ok(Self { ready: RwLock::new(Arc::new(ready)), ..self })
    }

    /// Reads models and rules anew if they changed; most often that is one short question.
    pub fn refresh(&self) -> Result<(), RegistryError> {
        let mark = self.registry.model_mark()?;
        if mark == self.ready().mark { Ok(()) } else { self.read() }
    }

    fn read(&self) -> Result<(), RegistryError> {
        let before = self.ready();
        let (mark, rows) = self.registry.model_index()?;
        let rules = self.registry.model_rules()?.into_iter().map(|stored| stored.rule).collect();
        let mut ready = Ready { mark, rules, ..Ready::empty() };
        for row in rows {
            let kept = before.versions.get(&row.name).and_then(|versions| versions.get(&row.version));
            let model = match kept.filter(|(_, model)| model.digest() == row.digest) {
                Some((_, model)) => Arc::clone(model),
                None => match self.registry.model(&row.name, row.version)? {
                    Some(stored) => Arc::new(stored.model),
                    None => continue,
                },
            };
            ready.versions.entry(row.name).or_default().insert(row.version, (row.state, model));
        }
        *self.ready.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ready);
        Ok(())
    }

    /// Returns the registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(in crate::registration) fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    pub(in crate::registration) fn ready(&self) -> Arc<Ready> {
        Arc::clone(&self.ready.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns a version with all that it extends, whatever its state; what a device brought is read from the registry.
    ///
    /// # Errors
    ///
    /// What the registry says; not found for a version that is not there, or that leads to one.
    pub fn resolved(&self, name: &ModelName, version: ModelVersion) -> Result<Arc<Resolved>, RegistryError> {
        let ready = self.ready();
        let reference = ModelRef::exact(name.clone(), version);
        let model = match ready.get(&reference) {
            Some(model) => model,
            None => match self.registry.model(name, version)? {
                Some(stored) => Arc::new(stored.model),
                None => return Err(RegistryError::NotFound { what: "model", name: reference.to_string() }),
            },
        };
        ready.resolved(&model).map_err(|error| RegistryError::Conflict {
            what: "model",
            name: reference.to_string(),
            reason: format!("cannot be put together: {error}"),
        })
    }

    /// Returns the version that a reference means: the newest published one, or exactly one whatever its state.
    pub fn find(&self, reference: &ModelRef) -> Result<Option<Arc<Model>>, RegistryError> {
        if let Some(model) = self.ready().get(reference) {
            return Ok(Some(model));
        }
        let Wanted::Exact(version) = reference.wanted else { return Ok(None) };
        Ok(self.registry.model(&reference.name, version)?.map(|stored| Arc::new(stored.model)))
    }
}

impl Ready {
    pub(in crate::registration) fn empty() -> Self {
        Self {
            mark: ModelMark::default(),
            rules: Vec::new(),
            versions: BTreeMap::new(),
            resolved: Mutex::default(),
            opaque: Arc::new(opaque()),
        }
    }

    /// Published models and rules, without a registry.
    #[cfg(test)]
    pub(in crate::registration) fn of(models: Vec<Model>, rules: Vec<ModelRule>) -> Self {
        let mut ready = Self { rules, ..Self::empty() };
        for model in models {
            let versions = ready.versions.entry(model.name().clone()).or_default();
            versions.insert(model.version(), (ModelState::Published, Arc::new(model)));
        }
        ready
    }

    /// Returns the model with all that it extends; it is put together once.
    pub(in crate::registration) fn resolved(&self, model: &Arc<Model>) -> Result<Arc<Resolved>, ResolveError> {
        let known = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).get(&model.digest()).cloned();
        if let Some(known) = known {
            return known;
        }
        let resolved = resolve(model, self).map(Arc::new);
        // What devices bring is not kept: there may be many.
        let is_kept = self.versions.get(model.name()).is_some_and(|versions| versions.contains_key(&model.version()));
        if is_kept || model.name().as_str() == OPAQUE {
            let mut all = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(model.digest(), resolved.clone());
        }
        resolved
    }

    /// Returns all versions of a model that are not in quarantine, oldest first.
    pub(in crate::registration) fn versions(
        &self,
        name: &ModelName,
    ) -> impl Iterator<Item = (ModelState, &Arc<Model>)> {
        self.versions.get(name).into_iter().flat_map(|versions| versions.values().map(|(state, model)| (*state, model)))
    }

    /// Returns every published version.
    pub(in crate::registration) fn published(&self) -> impl Iterator<Item = &Arc<Model>> {
        let all = self.versions.values().flat_map(BTreeMap::values);
        all.filter(|(state, _)| *state == ModelState::Published).map(|(_, model)| model)
    }
}

/// The newest published version that a reference means; one that is deprecated only by its exact number, or where no other
/// is left.
impl ModelShelf for Ready {
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>> {
        if reference.name.as_str() == OPAQUE {
            return reference.accepts(self.opaque.name(), self.opaque.version()).then(|| Arc::clone(&self.opaque));
        }
        let fits =
            || self.versions(&reference.name).filter(|(_, model)| reference.accepts(model.name(), model.version()));
        let newest = fits().filter(|(state, _)| *state == ModelState::Published).last();
        newest.or_else(|| fits().last()).map(|(_, model)| Arc::clone(model))
    }
}
