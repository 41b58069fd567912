//! What a firmware report does to a device's model, and how an instance goes from one major version to the next.

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::fault::{PointerFault, PointerFaults};
use super::instance::Instance;
use super::range::VersionRange;
use super::resolve::ModelShelf;
use super::rule::{Assignment, DeviceFacts, ModelRule, assign};
use super::thing_model::{Model, shallower};
use super::units::conversion;
use super::validate::same;
use super::version::{ModelName, ModelRef, ModelVersion};
use crate::fleet::{Class, Diagnose};

/// Deepest nesting of values between two steps.
const DEEPEST: usize = 64;

/// What to do about a device's model after a report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Reevaluation {
    /// The model stays.
    Keep,
    /// The device has no model yet and gets this one.
    Assign {
        /// The model.
        to: ModelRef,
    },
    /// A newer version of the same major version: every instance stays valid, so it is moved by itself.
    Minor {
        /// The version to move to.
        to: ModelRef,
    },
    /// Another model, another major version or an older version: a person approves, with a migration file.
    Major {
        /// The model to move to.
        to: ModelRef,
        /// What the file must say.
        needs: Needs,
    },
    /// The rules contradict each other; the model stays until a person decides.
    Ambiguous {
        /// The rules that fit.
        names: Vec<String>,
    },
    /// The rules name a model that is not there; the model stays.
    Missing {
        /// What is missing.
        model: ModelRef,
    },
}

/// The migration that is needed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Needs {
    /// The version that it is from.
    pub from: ModelRef,
    /// The version that it is to.
    pub to: ModelRef,
}

/// Returns what the rules want of a device now, against the model version it has; none: it has no model yet.
///
/// A device that no rule fits keeps what it has, for a person may have chosen it.
pub fn reevaluate(
    rules: &[ModelRule],
    facts: &DeviceFacts,
    current: Option<(&ModelName, ModelVersion)>,
    shelf: &dyn ModelShelf,
) -> Reevaluation {
    let wanted = match assign(rules, facts) {
        Assignment::Fallback => return Reevaluation::Keep,
        Assignment::Ambiguous { names } => return Reevaluation::Ambiguous { names },
        Assignment::Rule { assign, .. } => assign,
    };
    let Some(model) = shelf.get(&wanted) else { return Reevaluation::Missing { model: wanted } };
    let to = model.reference();
    let Some((name, version)) = current else { return Reevaluation::Assign { to } };
    if name == model.name() && version == model.version() {
        return Reevaluation::Keep;
    }
    if name == model.name() && version.major == model.version().major && version < model.version() {
        return Reevaluation::Minor { to };
    }
    let from = ModelRef::exact(name.clone(), version);
    Reevaluation::Major { to: to.clone(), needs: Needs { from, to } }
}

/// Moves an instance to a newer version of the same major version: the values stay as they are.
pub fn migrate_minor(old: &Instance, to: &Model) -> Result<Instance, MigrationError> {
    let minor = old.model == *to.name() && old.version.major == to.version().major && old.version <= to.version();
    if !minor {
        let found = ModelRef::exact(old.model.clone(), old.version);
        return Err(MigrationError::NotMinor { found, to: to.reference() });
    }
    Instance::of(to, old.values.clone()).map_err(|faults| MigrationError::Invalid { to: to.reference(), faults })
}

/// A migration file: how instances of one model become instances of another.
#[derive(Clone, PartialEq, Debug)]
pub struct Migration {
    /// The model it is from.
    pub from: ModelName,
    /// The versions of it.
    pub versions: VersionRange,
    /// The model version it is to.
    pub to: (ModelName, ModelVersion),
    /// The steps, in order.
    pub steps: Vec<MigrationStep>,
}

/// One step; every place is a JSON pointer (RFC 6901) into the values of the instance.
///
/// A step whose source is not there does nothing: what has to be there in the end, the new model says.
#[derive(Clone, PartialEq, Debug)]
pub enum MigrationStep {
    /// Moves a value; the place it goes to must be free.
    Rename {
        /// Where it is.
        from: String,
        /// Where it goes.
        to: String,
    },
    /// Takes a value away.
    Remove {
        /// Where it is.
        at: String,
    },
    /// Sets a value where none is.
    Default {
        /// Where.
        at: String,
        /// What.
        value: Value,
    },
    /// Copies a value of the instance as it was before the first step.
    Copy {
        /// Where it was.
        from: String,
        /// Where it goes, over what is there.
        to: String,
    },
    /// Turns a number into another: `number * scale + offset`.
    Convert {
        /// Where.
        at: String,
        /// Factor.
        scale: f64,
        /// What is added then.
        offset: f64,
        /// True to round to a whole number, halves away from zero.
        round: bool,
    },
    /// Turns values into others.
    Map {
        /// Where.
        at: String,
        /// Old values (as text, as the file writes them) and the new ones.
        values: Vec<(String, Value)>,
        /// What any other value becomes; with none it is a fault.
        otherwise: Option<Value>,
    },
}

/// Why an instance cannot be migrated.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum MigrationError {
    /// The file is for other instances.
    #[error("the migration is from {wanted}, the instance is of \"{found}\"")]
    OtherSource {
        /// What the file is from.
        wanted: String,
        /// What the instance is of.
        found: ModelRef,
    },
    /// The file is to another model.
    #[error("the migration is to \"{wanted}\", the model at hand is \"{found}\"")]
    OtherTarget {
        /// What the file is to.
        wanted: ModelRef,
        /// The model.
        found: ModelRef,
    },
    /// Not a step within one major version.
    #[error("refusing to move an instance of \"{found}\" to \"{to}\" without a migration file")]
    NotMinor {
        /// What the instance is of.
        found: ModelRef,
        /// Where it should go.
        to: ModelRef,
    },
    /// A step does not fit the values.
    #[error("step {step} of the migration: {fault}")]
    Step {
        /// The step, from 1.
        step: usize,
        /// What is wrong with which value.
        fault: PointerFault,
    },
    /// The outcome is no valid instance.
    #[error("the migrated instance is no valid one of \"{to}\": {faults}")]
    Invalid {
        /// The new model.
        to: ModelRef,
        /// What is wrong.
        faults: PointerFaults,
    },
}

impl Diagnose for MigrationError {
    fn class(&self) -> Class {
        match self {
            MigrationError::NotMinor { .. } => Class::Refused,
            _ => Class::Input,
        }
    }
}

impl Migration {
    /// Makes the new instance; the old one stays as it is, for the way back. The outcome is valid for `to`.
    pub fn apply(&self, old: &Instance, to: &Model) -> Result<Instance, MigrationError> {
        if old.model != self.from || !self.versions.holds(old.version) {
            let wanted = format!("\"{}@{}\"", self.from, self.versions);
            return Err(MigrationError::OtherSource { wanted, found: ModelRef::exact(old.model.clone(), old.version) });
        }
        if (to.name(), to.version()) != (&self.to.0, self.to.1) {
            let wanted = ModelRef::exact(self.to.0.clone(), self.to.1);
            return Err(MigrationError::OtherTarget { wanted, found: to.reference() });
        }
        let before = Value::Object(old.values.clone());
        let mut values = before.clone();
        for (index, step) in self.steps.iter().enumerate() {
            let applied = step.apply(&before, &mut values).and_then(|()| {
                if shallower(&values, DEEPEST) {
                    Ok(())
                } else {
                    Err(fault("", format!("the values become nested deeper than {DEEPEST} levels")))
                }
            });
            applied.map_err(|fault| MigrationError::Step { step: index + 1, fault })?;
        }
        let values = match values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        Instance::of(to, values).map_err(|faults| MigrationError::Invalid { to: to.reference(), faults })
    }
}

impl MigrationStep {
    fn apply(&self, before: &Value, values: &mut Value) -> Result<(), PointerFault> {
        match self {
            Self::Rename { from, to } => rename(values, from, to),
            Self::Remove { at } => {
                take(values, at);
                Ok(())
            }
            Self::Default { at, value } if values.pointer(at).is_none() => put(values, at, value.clone()),
            Self::Default { .. } => Ok(()),
            Self::Copy { from, to } => match before.pointer(from) {
                Some(value) => put(values, to, value.clone()),
                None => Ok(()),
            },
            Self::Convert { at, scale, offset, round } => convert(values, at, (*scale, *offset), *round),
            Self::Map { at, values: pairs, otherwise } => map(values, at, pairs, otherwise.as_ref()),
        }
    }

    /// Makes a conversion between two units; none if one is not known or they measure different things.
    pub fn between_units(at: &str, from: &str, to: &str, round: bool) -> Option<Self> {
        let (scale, offset) = conversion(from, to)?;
        Some(Self::Convert { at: at.to_owned(), scale, offset, round })
    }
}

fn fault(pointer: &str, message: impl Into<String>) -> PointerFault {
    PointerFault { pointer: pointer.to_owned(), message: message.into() }
}

fn rename(values: &mut Value, from: &str, to: &str) -> Result<(), PointerFault> {
    if values.pointer(from).is_none() {
        return Ok(());
    }
    if values.pointer(to).is_some() {
        return Err(fault(to, "has a value already, refusing to write over it"));
    }
    match take(values, from) {
        Some(value) => put(values, to, value),
        None => Ok(()),
    }
}

fn convert(values: &mut Value, at: &str, (scale, offset): (f64, f64), round: bool) -> Result<(), PointerFault> {
    let Some(value) = values.pointer_mut(at) else { return Ok(()) };
    let number =
        value.as_f64().ok_or_else(|| fault(at, format!("is {}, wanted is a number", super::validate::brief(value))))?;
    let exact = number * scale + offset;
    // Beyond 2^53 a whole number is no exact one any more.
    let whole = exact.round();
    #[allow(clippy::cast_possible_truncation)]
    let converted = if (round || exact.fract() == 0.0) && whole.abs() < 9_007_199_254_740_992.0 {
        Value::from(whole as i64)
    } else {
        serde_json::Number::from_f64(exact).map(Value::Number).ok_or_else(|| fault(at, "becomes no finite number"))?
    };
    *value = converted;
    Ok(())
}

fn map(values: &mut Value, at: &str, pairs: &[(String, Value)], otherwise: Option<&Value>) -> Result<(), PointerFault> {
    let Some(value) = values.pointer_mut(at) else { return Ok(()) };
    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let fits =
        |key: &String| *key == written || (value.is_number() && key.parse().is_ok_and(|key: Value| same(&key, value)));
    let new = pairs.iter().find(|(key, _)| fits(key)).map(|(_, new)| new).or(otherwise);
    match new {
        Some(new) => *value = new.clone(),
        None => return Err(fault(at, format!("is {}, which the map does not have", super::validate::brief(value)))),
    }
    Ok(())
}

/// Splits a pointer into what leads to the parent and the last segment, unescaped.
fn split(pointer: &str) -> Option<(&str, String)> {
    let (parent, last) = pointer.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn take(values: &mut Value, at: &str) -> Option<Value> {
    let (parent, last) = split(at)?;
    match values.pointer_mut(parent)? {
        Value::Object(map) => map.shift_remove(&last),
        Value::Array(items) => {
            let index = last.parse().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

/// Puts a value into an object; objects on the way are made where nothing is.
fn put(values: &mut Value, at: &str, value: Value) -> Result<(), PointerFault> {
    let (parent, last) = split(at).ok_or_else(|| fault(at, "is no place in an instance"))?;
    if !parent.is_empty() && values.pointer(parent).is_none() {
        put(values, parent, Value::Object(Map::new()))?;
    }
    match values.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(last, value);
            Ok(())
        }
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items[index] = value;
                Ok(())
            }
            _ => Err(fault(at, "is no item of the list")),
        },
        _ => Err(fault(at, "lies within something that is no object")),
    }
}
