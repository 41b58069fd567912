//! What becomes of the models of devices that are there: reports, new rules, a person's decision.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::fleet::enrolment::Filter;
use crate::fleet::model::{
    Instance, Migration, MigrationError, ModelRef, OPAQUE, PointerFaults, Reevaluation, migrate_minor, reevaluate,
};
use crate::fleet::{Class, Diagnose, EndpointName};
use crate::registry::RegistryError;
use crate::registry::instances::{Chosen, ModelChange, ModelJudge, ModelOf};

use super::choice::instance_of;
use super::shelf::{Models, Ready};

/// Devices of one page of [`Models::reassign`].
const PAGE: usize = 500;

/// What looking at all devices anew came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Reassigned {
    /// Devices looked at.
    pub looked: u64,
    /// Devices that got a model or a newer version.
    pub changed: u64,
    /// Devices that wait for a person now.
    pub proposed: u64,
}

/// Why a device's model is not changed by hand.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Nothing waits.
    #[error("no model is proposed for device {device:?}")]
    NothingProposed {
        /// The device.
        device: String,
    },
    /// No way is known.
    #[error("refusing to move device {device:?} from \"{from}\" to \"{to}\" without a migration file")]
    NoMigration {
        /// The device.
        device: String,
        /// Its model.
        from: ModelRef,
        /// The proposed one.
        to: ModelRef,
    },
    /// The file does not fit the values.
    #[error("the model of device {device:?} cannot be migrated: {error}")]
    Migration {
        /// The device.
        device: String,
        /// Why.
        error: MigrationError,
    },
    /// The values do not fit.
    #[error("the values are none of \"{model}\": {faults}")]
    Values {
        /// The model.
        model: ModelRef,
        /// What is wrong.
        faults: PointerFaults,
    },
    /// No such model.
    #[error("there is no model \"{model}\"")]
    UnknownModel {
        /// What was named.
        model: ModelRef,
    },
}

impl Diagnose for ApprovalError {
    fn class(&self) -> Class {
        match self {
            Self::Registry(error) => error.class(),
            Self::NothingProposed { .. } | Self::NoMigration { .. } => Class::Refused,
            Self::Migration { error, .. } => error.class(),
            Self::Values { .. } | Self::UnknownModel { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::NothingProposed { .. } => Some("what waits: firstlight model instances --proposed".to_owned()),
            Self::NoMigration { .. } => Some("put one into models/migrations, see docs/models.md".to_owned()),
            Self::UnknownModel { .. } => {
                Some("list them: firstlight model list; a new one: firstlight model import FILE".to_owned())
            }
            Self::Migration { .. } | Self::Values { .. } => None,
        }
    }
}

impl ModelJudge for Models {
    fn judge(&self, known: &ModelOf) -> Option<ModelChange> {
        judge(&self.ready(), known)
    }
}

impl ModelJudge for Ready {
    fn judge(&self, known: &ModelOf) -> Option<ModelChange> {
        judge(self, known)
    }
}

/// Minor versions are taken at once; anything that could lose a value waits for a person.
fn judge(ready: &Ready, known: &ModelOf) -> Option<ModelChange> {
    wanted(ready, known).filter(|change| match (change, &known.proposed) {
        // It waits already.
        (ModelChange::Propose(to, _), Some(proposed)) => {
            *to != ModelRef::exact(proposed.instance.model.clone(), proposed.instance.version)
        }
        _ => true,
    })
}

fn wanted(ready: &Ready, known: &ModelOf) -> Option<ModelChange> {
    let withdraw = known.proposed.is_some().then_some(ModelChange::Withdraw);
    let current = known.current.as_ref();
    if current.is_some_and(|current| !matches!(current.chosen, Chosen::Rule | Chosen::Fallback)) {
        return withdraw;
    }
    let version = current.map(|current| (&current.instance.model, current.instance.version));
    match reevaluate(&ready.rules, &known.facts, version, ready) {
        Reevaluation::Keep => withdraw,
        Reevaluation::Assign { to } => Some(assigned(ready, known, &to, Map::new())),
        Reevaluation::Minor { to } => {
            let old = &current?.instance;
            let new = resolved(ready, &to).and_then(|model| migrate_minor(old, &model.model).ok());
            Some(match new {
                Some(new) => ModelChange::Migrate(new, Chosen::Rule),
                None => ModelChange::Propose(to, Chosen::Rule),
            })
        }
        // What is not known of a device says nothing that a model could contradict.
        Reevaluation::Major { to, .. } if current.is_some_and(is_opaque) => {
            Some(assigned(ready, known, &to, current?.instance.values.clone()))
        }
        Reevaluation::Major { to, .. } => Some(ModelChange::Propose(to, Chosen::Rule)),
        // A person mends the rules; until then the device keeps what it has.
        Reevaluation::Ambiguous { .. } | Reevaluation::Missing { .. } => None,
    }
}

fn is_opaque(current: &crate::registry::instances::InstanceRow) -> bool {
    current.instance.model.as_str() == OPAQUE
}

fn resolved(ready: &Ready, to: &ModelRef) -> Option<Arc<crate::fleet::model::Resolved>> {
    use crate::fleet::model::ModelShelf;
    ready.resolved(&ready.get(to)?).ok()
}

fn assigned(ready: &Ready, known: &ModelOf, to: &ModelRef, values: Map<String, Value>) -> ModelChange {
    let made = resolved(ready, to).and_then(|model| instance_of(&model.model, values, &known.attributes).ok());
    match made {
        Some(new) => ModelChange::Assign(new, Chosen::Rule),
        None => ModelChange::Propose(to.clone(), Chosen::Rule),
    }
}

impl Models {
    /// Looks at all registered and expected devices anew, for rules or models that changed.
    pub fn reassign(self: &Arc<Self>, actor: &str) -> Result<Reassigned, RegistryError> {
        self.refresh()?;
        let mut done = Reassigned::default();
        let mut after: Option<String> = None;
        let everyone = Filter::parse("").unwrap_or_default();
        loop {
            let page = self.registry().search(&everyone, after.as_deref(), PAGE)?;
            for device in page.devices.iter().filter(|device| device.model.is_some() || device.registration.is_some()) {
                let Ok(id) = EndpointName::new(&device.id) else { continue };
                done.looked += 1;
                // Most devices stay as they are: no transaction for them.
                if judge(&self.ready(), &self.registry().model_of(&id)?).is_none() {
                    continue;
                }
                match self.registry().change_model(actor, &id, Arc::clone(self) as _)? {
                    Some(ModelChange::Assign(..) | ModelChange::Migrate(..)) => done.changed += 1,
                    Some(ModelChange::Propose(..)) => done.proposed += 1,
                    Some(ModelChange::Withdraw) | None => {}
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(done);
            }
        }
    }

    /// Approves what is proposed for a device. The migration is one of the fleet's, unless a file is given. Returns the
    /// new instance.
    pub fn approve(
        &self,
        actor: &str,
        device: &EndpointName,
        file: Option<&Migration>,
    ) -> Result<Instance, ApprovalError> {
        let known = self.registry().model_of(device)?;
        let (Some(current), Some(proposed)) = (&known.current, &known.proposed) else {
            return Err(ApprovalError::NothingProposed { device: device.to_string() });
        };
        let (name, version) = (&proposed.instance.model, proposed.instance.version);
        let target = self.resolved(name, version)?;
        let from = &current.instance;
        let known_way = self.migrations().iter().find(|migration| {
            migration.from == from.model
                && migration.versions.holds(from.version)
                && migration.to == (name.clone(), version)
        });
        let moved = match file.or(known_way) {
            Some(migration) => migration.apply(from, &target.model),
            // Within a major version the values stay.
            None => migrate_minor(from, &target.model),
        };
        let new = moved.map_err(|error| match error {
            MigrationError::NotMinor { found, to } => {
                ApprovalError::NoMigration { device: device.to_string(), from: found, to }
            }
            error => ApprovalError::Migration { device: device.to_string(), error },
        })?;
        self.registry().approve_instance(actor, device, current.number, new.clone())?;
        Ok(new)
    }
}
