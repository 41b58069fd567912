//! An instance of a model: what is said about one device in the model's words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::fault::{PointerFaults, join};
use super::thing_model::{self, INSTANCE, Model, canonical_bytes};
use super::validate::{unknown, validate};
use super::version::{ModelName, ModelVersion};

/// Most bytes of an instance's values as JSON, 64 KiB.
pub const LARGEST: usize = 64 * 1024;
/// Most values of an instance of the opaque model.
pub const MOST_OPAQUE: usize = 64;
/// Most bytes of one value of the opaque model, as JSON.
pub const LARGEST_OPAQUE: usize = 1024;
/// Name of the model of devices that no model is known for.
pub const OPAQUE: &str = "opaque";
/// Deepest nesting of an instance's values.
const DEEPEST: usize = 32;

/// The values of one device in the words of one version of one model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The model's name.
    pub model: ModelName,
    /// The model's version.
    pub version: ModelVersion,
    /// The values, by name.
    #[serde(default)]
    pub values: Map<String, Value>,
}

impl Instance {
    /// Makes an instance of `model`, if the values are valid; else every fault with its JSON pointer into the values.
    ///
    /// A name is one that `firstlight:instance` of the model describes, or a property's (a value known beforehand).
    /// `model` is a resolved one: what it extends is not looked at. Values are at most 64 KiB and 32 levels deep.
    pub fn of(model: &Model, values: Map<String, Value>) -> Result<Self, PointerFaults> {
        let instance = Self { model: model.name().clone(), version: model.version(), values };
        instance.validate(model)?;
        Ok(instance)
    }

    /// Checks the values against `model`; every fault with its JSON pointer into the values.
    pub fn validate(&self, model: &Model) -> Result<(), PointerFaults> {
        let mut faults = PointerFaults::default();
        if self.model != *model.name() || self.version != model.version() {
            let wanted = model.reference();
            faults.add("", format!("is an instance of {}@{}, wanted is {wanted}", self.model, self.version));
        }
        let values = Value::Object(self.values.clone());
        if !thing_model::shallower(&values, DEEPEST) {
            faults.add("", format!("is nested deeper than {DEEPEST} levels"));
            return Err(faults);
        }
        let size = canonical_bytes(&values).len();
        if size > LARGEST {
            faults.add("", format!("has {size} bytes, at most {LARGEST} are allowed"));
            return Err(faults);
        }
        if model.name().as_str() == OPAQUE {
            check_opaque(&self.values, &mut faults);
        } else {
            check(model.canonical(), &self.values, &mut faults);
        }
        faults.or_value(())
    }
}

fn check(canonical: &Value, values: &Map<String, Value>, faults: &mut PointerFaults) {
    let own = canonical.pointer("/firstlight:instance/properties").and_then(Value::as_object);
    let properties = canonical.get("properties").and_then(Value::as_object);
    let required = canonical.get(INSTANCE).and_then(|schema| schema.get("required")).and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !values.contains_key(name) {
            faults.add(join("", name), "is missing");
        }
    }
    let find = |name: &str| own.and_then(|own| own.get(name)).or_else(|| properties.and_then(|all| all.get(name)));
    for (name, value) in values {
        if let Some(schema) = find(name) {
            validate(&join("", name), value, schema, faults);
        } else {
            let known = own.into_iter().flatten().chain(properties.into_iter().flatten());
            unknown("", name, known.map(|(name, _)| name.as_str()), faults);
        }
    }
}

fn check_opaque(values: &Map<String, Value>, faults: &mut PointerFaults) {
    if values.len() > MOST_OPAQUE {
        faults.add("", format!("has {} values, at most {MOST_OPAQUE} are allowed", values.len()));
    }
    for (name, value) in values {
        let size = canonical_bytes(value).len();
        if value.is_object() || value.is_array() {
            faults.add(join("", name), "is nested, an opaque device has only texts, numbers, true, false and null");
        } else if size > LARGEST_OPAQUE {
            faults.add(join("", name), format!("has {size} bytes, at most {LARGEST_OPAQUE} are allowed"));
        }
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            faults.add(join("", name), "has a name that is empty, longer than 64 bytes or with control characters");
        }
    }
}

/// Returns the model of devices that no model is known for: it says nothing of them and takes any flat values, at most 64
/// of at most 1 KiB.
pub fn opaque() -> Model {
    let name = ModelName::new(OPAQUE).expect("a word of small letters is a name");
    let mut canonical = thing_model::head(&name, ModelVersion::new(1, 0, 0));
    canonical.insert("title".to_owned(), json!("Opaque device"));
    canonical.insert("description".to_owned(), json!("A device whose abilities are not known"));
    Model::from_canonical(Value::Object(canonical)).expect("a head alone is a model")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    fn model() -> Model {
        let mut canonical = thing_model::head(&ModelName::new("sensor").expect("a name"), ModelVersion::new(1, 2, 0));
        canonical.insert("properties".to_owned(), json!({"interval": {"type": "integer", "minimum": 1}}));
        let instance = json!({"type": "object", "required": ["site"],
            "properties": {"site": {"type": "string"}, "floor": {"type": "integer", "enum": [1, 2]}}});
        canonical.insert(INSTANCE.to_owned(), instance);
        Model::from_canonical(Value::Object(canonical)).expect("a model")
    }

    #[test]
    fn every_fault_is_said_with_its_pointer() {
        let faults = Instance::of(&model(), values(json!({"interval": 0, "floor": 3, "sote": 1}))).expect_err("faults");
        let pointers: Vec<&str> = faults.0.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, ["/site", "/interval", "/floor", "/sote"]);
        assert!(Instance::of(&model(), values(json!({"site": "hall", "interval": 5}))).is_ok());
    }

    #[test]
    fn an_instance_of_another_version_is_none_of_this_one() {
        let mut instance = Instance::of(&model(), values(json!({"site": "hall"}))).expect("valid");
        instance.version.patch = 1;
        assert!(instance.validate(&model()).is_err());
    }

    #[test]
    fn large_and_deep_values_are_refused() {
        assert!(Instance::of(&model(), values(json!({"site": "x".repeat(LARGEST)}))).is_err());
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        assert!(Instance::of(&model(), values(json!({"site": deep}))).is_err());
    }

    #[test]
    fn the_opaque_model_takes_flat_values_only() {
        let opaque = opaque();
        assert!(Instance::of(&opaque, values(json!({"anything": "goes", "n": 1.5, "none": null}))).is_ok());
        assert!(Instance::of(&opaque, values(json!({"nested": {}}))).is_err());
        assert!(Instance::of(&opaque, values(json!({"long": "x".repeat(LARGEST_OPAQUE)}))).is_err());
        assert!(Instance::of(&opaque, values(json!({"": 1}))).is_err());
        let many: Map<String, Value> = (0..=MOST_OPAQUE).map(|index| (index.to_string(), json!(0))).collect();
        assert!(Instance::of(&opaque, many).is_err());
    }
}
