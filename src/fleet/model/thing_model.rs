//! A model in its canonical form: a W3C WoT Thing Model 1.1.

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::version::{ModelName, ModelRef, ModelVersion};
use crate::fleet::{Class, Diagnose, Digest};

/// The context of Thing Descriptions and Thing Models 1.1.
pub const CONTEXT: &str = "https://www.w3.org/2022/wot/td/v1.1";
/// What the prefix `firstlight` stands for in a model: our own terms. The name does not resolve (RFC 6761, section 6.4).
///
/// `firstlight:instance` (object schema of the values that an instance has), `firstlight:lwm2m` (LwM2M path of an
/// affordance), `firstlight:firmware` (version range of the firmware that has the affordance).
pub const NAMESPACE: &str = "https://firstlight.invalid/ns/model#";
/// What comes before the name in a model's `id`, and before the reference in a link.
pub(super) const URN: &str = "urn:firstlight:model:";
/// Term of the schema of an instance's values.
pub(super) const INSTANCE: &str = "firstlight:instance";
/// Term of an affordance's LwM2M path.
pub(super) const LWM2M: &str = "firstlight:lwm2m";
/// Term of an affordance's firmware range.
pub(super) const FIRMWARE: &str = "firstlight:firmware";
/// The three kinds of affordances.
pub(super) const AFFORDANCES: [&str; 3] = ["properties", "actions", "events"];

/// Most bytes of a model's canonical form, 256 KiB.
pub const LARGEST: usize = 256 * 1024;
/// Most properties, actions, events and links together.
pub const MOST_AFFORDANCES: usize = 512;
/// Deepest nesting of a model, as deep as YAML is read.
const DEEPEST: usize = 64;

/// Why a value is no model of ours.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ModelError {
    /// No Thing Model.
    #[error("not a thing model: \"@type\" does not hold \"tm:ThingModel\"")]
    NotThingModel,
    /// No name.
    #[error("\"id\" of the model is {found:?}, wanted is \"urn:firstlight:model:NAME\"")]
    Name {
        /// What stands there.
        found: String,
    },
    /// No version.
    #[error("\"version.model\" of the model is {found:?}, wanted are three numbers such as 1.2.0")]
    Version {
        /// What stands there.
        found: String,
    },
    /// Too large.
    #[error("the model has {found} bytes, at most {LARGEST} are allowed")]
    TooLarge {
        /// Its bytes.
        found: usize,
    },
    /// Too many affordances.
    #[error("the model has {found} properties, actions, events and links, at most {MOST_AFFORDANCES} are allowed")]
    TooMany {
        /// Their number.
        found: usize,
    },
    /// Nested too deep.
    #[error("the model is nested deeper than {DEEPEST} levels")]
    TooDeep,
}

impl Diagnose for ModelError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// A model: immutable, known by name and version, compared by digest.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    name: ModelName,
    version: ModelVersion,
    canonical: Value,
    digest: Digest,
}

impl Model {
    /// Makes a model of its canonical form; name and version are read from `id` and `version.model`.
    ///
    /// Checks what all rules here stand on: bounds, name and version. That it is a valid Thing Model is for
    /// another room to say.
    pub fn from_canonical(canonical: Value) -> Result<Self, ModelError> {
        if !is_thing_model(&canonical) {
            return Err(ModelError::NotThingModel);
        }
        if !shallower(&canonical, DEEPEST) {
            return Err(ModelError::TooDeep);
        }
        let name = name(&canonical)?;
        let version = version(&canonical)?;
        let links = canonical.get("links").and_then(Value::as_array).map_or(0, Vec::len);
        let found = affordances(&canonical).count() + links;
        if found > MOST_AFFORDANCES {
            return Err(ModelError::TooMany { found });
        }
        let bytes = canonical_bytes(&canonical);
        if bytes.len() > LARGEST {
            return Err(ModelError::TooLarge { found: bytes.len() });
        }
        Ok(Self { name, version, canonical, digest: Digest::of(&bytes) })
    }

    /// Returns the name.
    pub fn name(&self) -> &ModelName {
        &self.name
    }

    /// Returns the version.
    pub fn version(&self) -> ModelVersion {
        self.version
    }

    /// Returns the Thing Model.
    pub fn canonical(&self) -> &Value {
        &self.canonical
    }

    /// Returns the digest of the canonical bytes ([`canonical_bytes`]).
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns the reference to exactly this model.
    pub fn reference(&self) -> ModelRef {
        ModelRef::exact(self.name.clone(), self.version)
    }
}

/// Returns the bytes a digest is made over: the JSON text without white space, the keys of every object sorted by their
/// UTF-8 bytes, texts and numbers as `serde_json` writes them (shortest form, only `"`, `\` and control characters escaped).
pub fn canonical_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(&sorted(value)).expect("a JSON value with text keys can be written")
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_bytes());
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Returns true if nothing is nested deeper than `levels`.
pub(super) fn shallower(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else { return !(value.is_object() || value.is_array()) };
    match value {
        Value::Object(map) => map.values().all(|value| shallower(value, below)),
        Value::Array(items) => items.iter().all(|value| shallower(value, below)),
        _ => true,
    }
}

fn is_thing_model(canonical: &Value) -> bool {
    match canonical.get("@type") {
        Some(Value::String(kind)) => kind == "tm:ThingModel",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "tm:ThingModel"),
        _ => false,
    }
}

fn name(canonical: &Value) -> Result<ModelName, ModelError> {
    let found = canonical.get("id").and_then(Value::as_str).unwrap_or_default();
    let name = found.strip_prefix(URN).and_then(|name| ModelName::new(name).ok());
    name.ok_or_else(|| ModelError::Name { found: super::version::shown(found) })
}

fn version(canonical: &Value) -> Result<ModelVersion, ModelError> {
    let found = canonical.pointer("/version/model").and_then(Value::as_str).unwrap_or_default();
    found.parse().map_err(|_| ModelError::Version { found: super::version::shown(found) })
}

/// Returns the affordances with their kind and name.
pub(super) fn affordances(canonical: &Value) -> impl Iterator<Item = (&'static str, &str, &Value)> {
    AFFORDANCES.into_iter().flat_map(move |kind| {
        let map = canonical.get(kind).and_then(Value::as_object);
        map.into_iter().flatten().map(move |(name, affordance)| (kind, name.as_str(), affordance))
    })
}

/// Returns the JSON pointers of the affordances that a device may lack.
pub(super) fn optional(canonical: &Value) -> impl Iterator<Item = &str> {
    canonical.get("tm:optional").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Returns the reference of a link to another model.
pub(super) fn link_reference(link: &Value) -> Option<ModelRef> {
    link.get("href")?.as_str()?.strip_prefix(URN)?.parse().ok()
}

/// The first members of every model.
pub(super) fn head(name: &ModelName, version: ModelVersion) -> Map<String, Value> {
    let Value::Object(head) = json!({
        "@context": [CONTEXT, { "firstlight": NAMESPACE }],
        "@type": "tm:ThingModel",
        "id": format!("{URN}{name}"),
        "version": { "model": version.to_string() },
    }) else {
        return Map::new();
    };
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(version: &str) -> Value {
        Value::Object(head(&ModelName::new("sensor").expect("a name"), version.parse().expect("a version")))
    }

    #[test]
    fn a_digest_does_not_ask_for_the_order_of_keys() {
        let mut turned = model("1.0.0");
        let version = turned.as_object_mut().and_then(|map| map.shift_remove("version")).expect("it is there");
        turned["version"] = version;
        let (plain, turned) = (Model::from_canonical(model("1.0.0")), Model::from_canonical(turned));
        assert_eq!(plain.as_ref().map(Model::digest), turned.as_ref().map(Model::digest));
        assert_ne!(
            plain.map(|model| model.digest()),
            Model::from_canonical(model("1.0.1")).map(|model| model.digest())
        );
    }

    #[test]
    fn canonical_bytes_are_sorted_and_dense() {
        let value = json!({"b": [1.5, {"z": "\u{e9}\n", "a": null}], "a": true, "A": 10});
        let bytes = canonical_bytes(&value);
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "{\"A\":10,\"a\":true,\"b\":[1.5,{\"a\":null,\"z\":\"\u{e9}\\n\"}]}"
        );
    }

    #[test]
    fn bounds_are_kept() {
        let mut large = model("1.0.0");
        large["description"] = json!("x".repeat(LARGEST));
        assert!(matches!(Model::from_canonical(large), Err(ModelError::TooLarge { .. })));
        let mut many = model("1.0.0");
        let events = (0..=MOST_AFFORDANCES).map(|index| (format!("e{index}"), json!({})));
        many["events"] = Value::Object(events.collect());
        assert_eq!(Model::from_canonical(many), Err(ModelError::TooMany { found: 513 }));
        let mut deep = json!(1);
        for _ in 0..70 {
            deep = json!([deep]);
        }
        let mut nested = model("1.0.0");
        nested["x"] = deep;
        assert_eq!(Model::from_canonical(nested), Err(ModelError::TooDeep));
        assert_eq!(Model::from_canonical(json!({"@type": "Thing"})), Err(ModelError::NotThingModel));
        let mut nameless = model("1.0.0");
        nameless["id"] = json!("urn:firstlight:model:A B");
        assert!(matches!(Model::from_canonical(nameless), Err(ModelError::Name { .. })));
    }
}
