//! Which model a device that registers gets: its own choice, the one it brings, else the rules', else the fallback.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::fleet::EndpointName;
use crate::fleet::enrolment::{AcceptedModels, Refusal};
use crate::fleet::model::{
    Assignment, DeviceFacts, Instance, Model, ModelRef, ModelShelf, OPAQUE, PointerFault, PointerFaults, assign,
};
use crate::format::wot;
use crate::registry::instances::{Chosen, DESIGNATION};
use crate::registry::models::ModelSource;
use crate::registry::registering::{Facts, NewInstance, SuppliedModel};

use super::super::exchange::{Content, Reply};
use super::super::request::{Refused, malformed};
use super::shelf::{Models, Ready};

/// Most places of one refusal.
const MOST_POINTERS: usize = 20;

/// What a device says that decides its model.
pub struct ModelQuestion<'a> {
    /// The device.
    pub device: &'a EndpointName,
    /// Its facts.
    pub facts: &'a Facts,
    /// The reference it gives.
    pub reference: Option<&'a str>,
    /// The model it brings.
    pub inline: Option<&'a Value>,
    /// Values of its instance.
    pub values: Option<&'a Value>,
    /// What its group allows.
    pub accepted: &'a AcceptedModels,
}

/// A refusal with the places in what was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pointed {
    /// Why.
    pub refusal: Refusal,
    /// What is particular about it.
    pub words: String,
    /// JSON pointers into the request, and what is wrong there.
    pub pointers: Vec<(String, String)>,
}

impl Pointed {
    fn new(refusal: Refusal, words: impl Into<String>) -> Self {
        Self { refusal, words: words.into(), pointers: Vec::new() }
    }

    fn at(refusal: Refusal, below: &str, faults: Vec<PointerFault>) -> Self {
        let words = faults.first().map(ToString::to_string).unwrap_or_default();
        let faults = faults.into_iter().take(MOST_POINTERS);
        let pointers = faults.map(|fault| (format!("{below}{}", fault.pointer), fault.message)).collect();
        Self { refusal, words, pointers }
    }

    /// Returns the answer: its problem has a member `pointers`.
    pub fn reply(self) -> Reply {
        let Self { refusal, words, pointers } = self;
        let pointers: Vec<Value> =
            pointers.into_iter().map(|(pointer, words)| json!({ "pointer": pointer, "detail": words })).collect();
        let more = if pointers.is_empty() { Value::Null } else { json!({ "pointers": pointers }) };
        Reply { content: Content::Refused { refusal, detail: words, more }, ..Reply::empty(refusal.status()) }
    }
}

impl Models {
    /// Chooses the model of a device that registers, and makes its instance. The store is not asked.
    pub fn choose(&self, question: &ModelQuestion<'_>) -> Result<NewInstance, Pointed> {
        let ready = self.ready();
        let choice = match (question.inline, question.reference) {
            (Some(inline), _) => brought(&ready, inline, question.accepted)?,
            (None, Some(reference)) if !question.accepted.chosen.is_empty() => {
                Choice::of(chosen(&ready, reference, question.accepted)?, Chosen::Device)
            }
            _ => by_rule(&ready, question),
        };
        let instance = Self::instance(&ready, &choice.model, question)?;
        Ok(NewInstance {
            model: instance.model.to_string(),
            version: instance.version.to_string(),
            values: Value::Object(instance.values),
            chosen: choice.chosen,
            supplied: choice.supplied.map(Arc::new),
        })
    }

    fn instance(ready: &Ready, model: &Arc<Model>, question: &ModelQuestion<'_>) -> Result<Instance, Pointed> {
        let given = match question.values {
            None => Map::new(),
            Some(Value::Object(values)) => values.clone(),
            Some(_) => {
                let fault = PointerFault { pointer: String::new(), message: "is no object".to_owned() };
                return Err(Pointed::at(Refusal::InstanceInvalid, "/values", vec![fault]));
            }
        };
        let resolved = ready.resolved(model).map_err(|error| {
            let refusal = if question.inline.is_some() { Refusal::ModelInvalid } else { Refusal::ModelUnknown };
            Pointed::new(refusal, error.to_string())
        })?;
        instance_of(&resolved.model, given, &question.facts.attributes)
            .map_err(|faults| Pointed::at(Refusal::InstanceInvalid, "/values", faults.0))
    }

    /// Returns the models that a device may choose by reference, newest of each last.
    pub(in crate::registration) fn choices(&self, accepted: &AcceptedModels) -> Vec<Value> {
        let ready = self.ready();
        let allowed = |model: &&Arc<Model>| is_allowed(model, accepted);
        ready
            .published()
            .filter(allowed)
            .map(|model| {
                let whole = ready.resolved(model);
                let canonical = whole.as_ref().map_or(model.canonical(), |whole| whole.model.canonical());
                let about = |name: &str| canonical.get(name).cloned().unwrap_or(Value::Null);
                json!({ "ref": model.reference(), "name": model.name(), "version": model.version(),
                        "title": about("title"), "description": about("description"),
                        "values": about("firstlight:instance") })
            })
            .collect()
    }
}

/// Reads `?id=ID&group=GROUP` of a device that asks before it is registered.
pub(in crate::registration) fn who_asks(target: &str) -> Result<(EndpointName, Option<String>), Refused> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let (mut id, mut group) = (None, None);
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = unescaped(value).ok_or_else(|| malformed("the query is not well escaped"))?;
        let place = match name {
            "id" => &mut id,
            "group" => &mut group,
            _ => return Err(malformed("the query has \"id\" and \"group\" only")),
        };
        if place.replace(value).is_some() {
            return Err(malformed(format!("{name:?} is there twice")));
        }
    }
    let id = id.ok_or_else(|| malformed("the query says no \"id\""))?;
    let device = EndpointName::new(&id).map_err(|error| (Refusal::InvalidIdentifier, error.to_string()))?;
    Ok((device, group))
}

/// Percent-decodes a value (RFC 3986, section 2.1).
fn unescaped(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// The model and who chose it.
struct Choice {
    model: Arc<Model>,
    chosen: Chosen,
    supplied: Option<SuppliedModel>,
}

impl Choice {
    fn of(model: Arc<Model>, chosen: Chosen) -> Self {
        Self { model, chosen, supplied: None }
    }
}

fn is_allowed(model: &Model, accepted: &AcceptedModels) -> bool {
    let references = accepted.chosen.iter().filter_map(|text| text.parse::<ModelRef>().ok());
    references.into_iter().any(|reference| reference.accepts(model.name(), model.version()))
}

fn chosen(ready: &Ready, text: &str, accepted: &AcceptedModels) -> Result<Arc<Model>, Pointed> {
    let reference: ModelRef = text.parse().map_err(|error| Pointed::new(Refusal::ModelUnknown, format!("{error}")))?;
    let not_allowed =
        || Pointed::new(Refusal::ModelNotAllowed, format!("devices of the group may not choose {text:?}"));
    let names = accepted.chosen.iter().filter_map(|text| text.parse::<ModelRef>().ok());
    if !names.into_iter().any(|allowed| allowed.name == reference.name) {
        return Err(not_allowed());
    }
    let model = ready.get(&reference);
    let model = model.ok_or_else(|| Pointed::new(Refusal::ModelUnknown, format!("there is no model {text:?}")))?;
    if is_allowed(&model, accepted) { Ok(model) } else { Err(not_allowed()) }
}

/// A model that a device brings: checked by the rules of Thing Models, and none that the fleet has otherwise.
fn brought(ready: &Ready, inline: &Value, accepted: &AcceptedModels) -> Result<Choice, Pointed> {
    if !accepted.supplied {
        return Err(Pointed::new(Refusal::ModelNotAllowed, "devices of the group may not bring a model"));
    }
    wot::validate_thing_model(inline).map_err(|faults| {
        let faults = faults.into_iter().map(|fault| PointerFault { pointer: fault.pointer, message: fault.words });
        Pointed::at(Refusal::ModelInvalid, "/model/inline", faults.collect())
    })?;
    let model = Model::from_canonical(inline.clone())
        .map_err(|error| Pointed::new(Refusal::ModelInvalid, error.to_string()))?;
    if model.name().as_str() == OPAQUE {
        return Err(Pointed::new(Refusal::ModelInvalid, format!("{OPAQUE:?} is the name of the built-in model")));
    }
    let known = ready.versions(model.name()).find(|(_, known)| known.version() == model.version());
    match known {
        Some((_, known)) if known.digest() == model.digest() => Ok(Choice::of(Arc::clone(known), Chosen::Supplied)),
        Some(_) => {
            let words = format!("{} is there with another content: raise its version", model.reference());
            Err(Pointed::new(Refusal::ModelInvalid, words))
        }
        None => {
            let source = ModelSource { format: "wot".to_owned(), bytes: inline.to_string().into_bytes() };
            let supplied = Some(SuppliedModel { model: model.clone(), source });
            Ok(Choice { model: Arc::new(model), chosen: Chosen::Supplied, supplied })
        }
    }
}

/// Rules that contradict each other, or that name what is not there, decide nothing: the device gets in all the same.
fn by_rule(ready: &Ready, question: &ModelQuestion<'_>) -> Choice {
    let facts = device_facts(question.facts);
    if let Assignment::Rule { assign, .. } = assign(&ready.rules, &facts)
        && let Some(model) = ready.get(&assign)
    {
        return Choice::of(model, Chosen::Rule);
    }
    let fallback = question.accepted.fallback.as_ref().and_then(|text| text.parse().ok());
    let fallback = fallback.and_then(|reference: ModelRef| ready.get(&reference));
    let opaque = || {
        let name = OPAQUE.parse().expect("the name of the built-in model is a name");
        let reference = ModelRef { name, wanted: crate::fleet::model::Wanted::Newest };
        ready.get(&reference).expect("the built-in model is always there")
    };
    Choice::of(fallback.unwrap_or_else(opaque), Chosen::Fallback)
}

/// What the rules ask of a device that registers.
pub(in crate::registration) fn device_facts(facts: &Facts) -> DeviceFacts {
    DeviceFacts {
        vendor: facts.vendor.clone(),
        model: facts.attributes.get(DESIGNATION).cloned(),
        hardware: facts.hardware.clone(),
        firmware: facts.firmware.clone(),
        serial: facts.serial.as_ref().map(ToString::to_string),
        objects: facts.objects.iter().filter_map(|object| object.parse().ok()).collect(),
    }
}

/// Makes an instance of a resolved model. What it must say and nobody gave comes from the attribute of that name, where it is a
/// text, or from the schema's default.
pub(in crate::registration) fn instance_of(
    resolved: &Model,
    given: Map<String, Value>,
    attributes: &BTreeMap<String, String>,
) -> Result<Instance, PointerFaults> {
    let mut values = given;
    let schema = resolved.canonical().get("firstlight:instance");
    let described = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    for (name, schema) in described.into_iter().flatten().filter(|_| resolved.name().as_str() != OPAQUE) {
        if values.contains_key(name) {
            continue;
        }
        let is_text = schema.get("type").is_some_and(|kind| kind == "string");
        let attribute = attributes.get(name).filter(|_| is_text).map(|text| Value::from(text.as_str()));
        if let Some(value) = attribute.or_else(|| schema.get("default").cloned()) {
            values.insert(name.clone(), value);
        }
    }
    Instance::of(resolved, values)
}
