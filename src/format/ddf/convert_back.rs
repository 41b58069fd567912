//! From a Thing Model that was made of an object definition back to that definition.

use serde_json::{Map, Value};

use crate::format::wot::Loss;

use super::error::DdfError;
use super::object::{ObjectDefinition, Operations, ResourceDefinition};
use super::range::Range;
use super::resource_type::ResourceType;

/// Members that a definition knows, of the model itself.
const OF_MODEL: [&str; 10] = [
    "@context",
    "@type",
    "id",
    "title",
    "description",
    "version",
    "firstlight:object",
    "properties",
    "actions",
    "tm:optional",
];
/// Members of an affordance that say again what `firstlight:resource` says, or that it keeps.
const OF_AFFORDANCE: [&str; 20] = [
    "title",
    "description",
    "firstlight:lwm2m",
    "firstlight:resource",
    "type",
    "items",
    "readOnly",
    "writeOnly",
    "observable",
    "unit",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "enum",
    "pattern",
    "contentEncoding",
    "contentMediaType",
    "safe",
    "idempotent",
];

/// Reads the definition out of a model, and tells which members of the model it has no room for.
///
/// # Errors
/// [`DdfError::Model`] where the terms `firstlight:object`, `firstlight:lwm2m` or `firstlight:resource` are missing or
/// contradict each other: such a model was written by hand and its author must say the numbers.
pub fn from_thing_model(model: &Value) -> Result<(ObjectDefinition, Vec<Loss>), DdfError> {
    let mut losses = Vec::new();
    let map = model.as_object().ok_or_else(|| wrong("", "is no object"))?;
    let terms = member(map, "", "firstlight:object")?;
    let at = "/firstlight:object";
    let id = number(terms.get("id").and_then(Value::as_u64), &format!("{at}/id"))?;
    let mut object = ObjectDefinition {
        id,
        urn: text(terms, "urn"),
        name: text(map, "title"),
        description: text(map, "description"),
        remarks: text(terms, "remarks"),
        version: version(terms, "version"),
        lwm2m_version: version(terms, "lwm2mVersion"),
        multiple: flag(terms, at, "multiple")?,
        mandatory: flag(terms, at, "mandatory")?,
        resources: Vec::new(),
    };
    for kind in ["properties", "actions"] {
        for (name, affordance) in map.get(kind).and_then(Value::as_object).into_iter().flatten() {
            let pointer = format!("/{kind}/{}", name.replace('~', "~0").replace('/', "~1"));
            let affordance = affordance.as_object().ok_or_else(|| wrong(&pointer, "is no object"))?;
            let optional = is_optional(map, &pointer);
            object.resources.push(resource(affordance, &pointer, id, !optional)?);
            unknown(affordance, &pointer, &OF_AFFORDANCE, &mut losses);
        }
    }
    object.resources.sort_by_key(|resource| resource.id);
    if let Some(pair) = object.resources.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(wrong("", &format!("has two affordances for resource {}", pair[0].id)));
    }
    unknown(map, "", &OF_MODEL, &mut losses);
    Ok((object, losses))
}

fn wrong(pointer: &str, reason: &str) -> DdfError {
    DdfError::Model { pointer: pointer.to_owned(), reason: reason.to_owned() }
}

fn member<'v>(map: &'v Map<String, Value>, at: &str, name: &str) -> Result<&'v Map<String, Value>, DdfError> {
    map.get(name).and_then(Value::as_object).ok_or_else(|| wrong(&format!("{at}/{name}"), "is missing or no object"))
}

fn text(map: &Map<String, Value>, name: &str) -> String {
    map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn version(map: &Map<String, Value>, name: &str) -> String {
    map.get(name).and_then(Value::as_str).unwrap_or("1.0").to_owned()
}

fn flag(map: &Map<String, Value>, at: &str, name: &str) -> Result<bool, DdfError> {
    let value = map.get(name).and_then(Value::as_bool);
    value.ok_or_else(|| wrong(&format!("{at}/{name}"), "is missing or neither true nor false"))
}

fn number(value: Option<u64>, pointer: &str) -> Result<u16, DdfError> {
    value.and_then(|value| u16::try_from(value).ok()).ok_or_else(|| wrong(pointer, "is no number from 0 to 65535"))
}

fn is_optional(model: &Map<String, Value>, pointer: &str) -> bool {
    let list = model.get("tm:optional").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|each| each == pointer))
}

fn unknown(map: &Map<String, Value>, at: &str, known: &[&str], losses: &mut Vec<Loss>) {
    for name in map.keys().filter(|name| !known.contains(&name.as_str())) {
        losses.push(Loss::new(format!("{at}/{name}"), "an object definition has no place for it"));
    }
}

fn resource(
    affordance: &Map<String, Value>,
    pointer: &str,
    object: u16,
    mandatory: bool,
) -> Result<ResourceDefinition, DdfError> {
    let terms = member(affordance, pointer, "firstlight:resource")?;
    let at = format!("{pointer}/firstlight:resource");
    let letters = terms.get("operations").and_then(Value::as_str);
    let operations = letters.and_then(|letters| Operations::parse(letters).ok());
    let operations =
        operations.ok_or_else(|| wrong(&format!("{at}/operations"), "is none of R, W, E and their mixtures"))?;
    let kind = match terms.get("type").and_then(Value::as_str) {
        Some("") => None,
        Some(name) => {
            Some(ResourceType::parse(name).ok_or_else(|| wrong(&format!("{at}/type"), "is no type of LwM2M"))?)
        }
        None => return Err(wrong(&format!("{at}/type"), "is missing")),
    };
    Ok(ResourceDefinition {
        id: number_of(affordance, pointer, object)?,
        name: text(affordance, "title"),
        operations,
        multiple: flag(terms, &at, "multiple")?,
        mandatory,
        kind,
        range: Range::parse(&text(terms, "range"), kind),
        units: text(terms, "units"),
        description: text(affordance, "description"),
    })
}

/// Reads the last number of `/3303/0/5700`; the first must be the object's.
fn number_of(affordance: &Map<String, Value>, pointer: &str, object: u16) -> Result<u16, DdfError> {
    let at = format!("{pointer}/firstlight:lwm2m");
    let path = affordance.get("firstlight:lwm2m").and_then(Value::as_str).ok_or_else(|| wrong(&at, "is missing"))?;
    let steps: Vec<&str> = path.split('/').collect();
    match steps.as_slice() {
        ["", first, instance, last] if first.parse() == Ok(object) && instance.parse::<u16>().is_ok() => {
            number(last.parse().ok(), &at)
        }
        _ => Err(wrong(&at, &format!("is not a path in object {object}"))),
    }
}
