//! A model by hand: which there are, which values they want, and the instance that comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::fleet::EndpointName;
use crate::fleet::model::{Instance, Model, ModelRef, OPAQUE};

use super::changes::ApprovalError;
use super::choice::instance_of;
use super::shelf::Models;

/// A value that a model wants of each of its devices.
#[derive(Clone, PartialEq, Debug)]
pub struct WantedValue {
    /// Its name.
    pub name: String,
    /// What is to be said of it: its title, type and unit.
    pub about: String,
    /// What it is if nobody says it.
    pub default: Option<Value>,
    /// True if a device cannot do without.
    pub is_required: bool,
}

/// A model that a person chose, with all that it extends.
pub struct ByHand {
    model: Arc<Model>,
}

impl Models {
    /// Returns the newest published version of each model, in the order of their names.
    pub fn newest(&self) -> Vec<ModelRef> {
        let mut newest: BTreeMap<String, ModelRef> = BTreeMap::new();
        for model in self.ready().published() {
            newest.insert(model.name().to_string(), model.reference());
        }
        newest.into_values().collect()
    }

    /// Returns what a person chose.
    pub fn by_hand(&self, reference: &ModelRef) -> Result<ByHand, ApprovalError> {
        let unknown = || ApprovalError::UnknownModel { model: reference.clone() };
        let model = self.find(reference)?.ok_or_else(unknown)?;
        if model.name().as_str() == OPAQUE {
            return Ok(ByHand { model });
        }
        Ok(ByHand { model: Arc::new(self.resolved(model.name(), model.version())?.model.clone()) })
    }

    /// Gives a device a model by hand; no rule changes it from now on. Values that are not given come from its attributes or the
    /// defaults. Returns the instance.
    pub fn assign_by_hand(
        &self,
        actor: &str,
        device: &EndpointName,
        reference: &ModelRef,
        values: Map<String, Value>,
    ) -> Result<Instance, ApprovalError> {
        let chosen = self.by_hand(reference)?;
        let known = self.registry().model_of(device)?;
        let new = chosen.instance(values, &known.attributes)?;
        self.registry().assign_model(actor, device, new.clone())?;
        Ok(new)
    }
}

impl ByHand {
    /// Makes the instance. Values that are not given come from the attributes or the defaults.
    pub fn instance(
        &self,
        values: Map<String, Value>,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Instance, ApprovalError> {
        instance_of(&self.model, values, attributes)
            .map_err(|faults| ApprovalError::Values { model: self.model.reference(), faults })
    }

    /// Returns the values that it wants, by name.
    pub fn wanted(&self) -> Vec<WantedValue> {
        let schema = self.model.canonical().get("firstlight:instance");
        let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
        let described = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        let wanted = described.into_iter().flatten().map(|(name, schema)| WantedValue {
            name: name.clone(),
            about: about(schema),
            default: schema.get("default").cloned(),
            is_required: is_required(name),
        });
        wanted.collect()
    }

    /// Reads what a person typed for a value: a text where the model wants a text, else JSON.
    pub fn read(&self, name: &str, typed: &str) -> Result<Value, String> {
        let kind = ["firstlight:instance", "properties"].iter().try_fold(self.model.canonical(), |at, key| at.get(key));
        let kind = kind.and_then(|all| all.get(name)).or_else(|| self.model.canonical().get("properties")?.get(name));
        match kind.and_then(|schema| schema.get("type")).and_then(Value::as_str) {
            Some("string") => Ok(Value::from(typed)),
            Some(kind) => serde_json::from_str(typed).map_err(|_| format!("{typed:?} is no {kind}")),
            None => Ok(serde_json::from_str(typed).unwrap_or_else(|_| Value::from(typed))),
        }
    }

    /// Checks one value by itself.
    pub fn check(&self, name: &str, value: Value) -> Result<(), String> {
        let only = Map::from_iter([(name.to_owned(), value)]);
        let Err(faults) = instance_of(&self.model, only, &BTreeMap::new()) else { return Ok(()) };
        let own = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let fault = faults.0.into_iter().find(|fault| fault.pointer.starts_with(&own));
        fault.map_or(Ok(()), |fault| Err(fault.message))
    }
}

fn about(schema: &Value) -> String {
    let word = |key: &str| schema.get(key).and_then(Value::as_str);
    let title = word("title").or_else(|| word("description"));
    let kind = [word("type"), word("unit")].into_iter().flatten().collect::<Vec<_>>().join(", ");
    [title.unwrap_or_default(), kind.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
