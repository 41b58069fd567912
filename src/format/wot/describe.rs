//! From a model to the Thing Description of one device.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::endpoint::Endpoint;
use super::finding::Loss;
use super::reach::{self, Kind};
use super::{CONTEXT, CONTEXT_1_0, THING_MODEL, document, placeholder};

/// How a device, or who talks to it, proves itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Not at all.
    None,
    /// By a key known to both (TLS or DTLS PSK); the identity is no secret.
    PreSharedKey {
        /// The identity told with the key, where it may be shown.
        identity: Option<String>,
    },
    /// By a certificate.
    Certificate,
    /// By a token.
    Bearer {
        /// Where tokens are given out.
        authorization: Option<String>,
    },
}

/// What one device has that its model leaves open.
#[derive(Clone, PartialEq, Debug)]
pub struct Instance {
    /// The identifier of the device, a URN or another URI.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// The version of the device's own description; without it the model's version is told.
    pub version: Option<String>,
    /// Where it is reached, where that is known.
    pub endpoint: Option<Endpoint>,
    /// Values for the placeholders of the model.
    pub placeholders: BTreeMap<String, Value>,
    /// How it proves itself.
    pub proof: Proof,
    /// The address of its model, for the link of relation `type`.
    pub model: String,
}

/// Writes the Thing Description of a device from its resolved model (what it extends is in it already), and what was
/// lost.
///
/// An affordance keeps the forms that the model has for it and gets one for the device's endpoint otherwise; without
/// an endpoint it is left out, for a description must say how each is reached. The same holds for a member whose
/// placeholder has no value. The description of a valid model is valid if the instance's addresses are and what fills
/// the placeholders fits. A model that is no object, or beyond the bounds, gives null.
pub fn describe(model: &Value, instance: &Instance) -> (Value, Vec<Loss>) {
    if let Err(fault) = document::bounded(model) {
        return (Value::Null, vec![Loss::new(fault.pointer, fault.words)]);
    }
    let mut losses = Vec::new();
    let filled = placeholder::fill(model, &instance.placeholders, "", &mut losses);
    let Some(Value::Object(model)) = filled else {
        return (Value::Null, vec![Loss::new("", "the model is no object")]);
    };
    let mut thing = Map::new();
    thing.insert("@context".into(), context(&model, instance));
    types(&model, &mut thing);
    thing.insert("id".into(), instance.id.as_str().into());
    thing.insert("title".into(), instance.title.as_str().into());
    version(&model, instance, &mut thing, &mut losses);
    rest(&model, &mut thing, &mut losses);
    links(&model, instance, &mut thing, &mut losses);
    security(&model, instance, &mut thing, &mut losses);
    if let Some(endpoint) = &instance.endpoint {
        thing.insert("base".into(), endpoint.uri.as_str().into());
    }
    affordances(&model, instance, &mut thing, &mut losses);
    (Value::Object(thing), losses)
}

/// The model's contexts, and that of the protocol's terms.
fn context(model: &Map<String, Value>, instance: &Instance) -> Value {
    let mut items = match model.get("@context") {
        Some(Value::Array(items)) => items.clone(),
        Some(one @ Value::String(_)) => vec![one.clone()],
        _ => vec![CONTEXT.into()],
    };
    if items.first().is_some_and(|first| first == CONTEXT_1_0) && items.len() == 1 {
        items.push(CONTEXT.into());
    }
    items.extend(instance.endpoint.as_ref().and_then(|endpoint| reach::terms(endpoint.protocol)));
    Value::Array(items)
}

/// The types of the model but that of being a model.
fn types(model: &Map<String, Value>, thing: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = model.get("@type") else { return };
    let types: Vec<Value> = types.iter().filter(|each| *each != THING_MODEL).cloned().collect();
    if !types.is_empty() {
        thing.insert("@type".into(), Value::Array(types));
    }
}

/// A description must have a version of its own if it tells one.
fn version(model: &Map<String, Value>, instance: &Instance, thing: &mut Map<String, Value>, losses: &mut Vec<Loss>) {
    let of_model = model.get("version").and_then(|version| version.get("model")).filter(|text| text.is_string());
    let own = instance.version.as_deref().map(Value::from);
    if own.is_none() && of_model.is_some() {
        losses.push(Loss::new("/version", "the device tells no version of its description: the model's stands for it"));
    }
    let Some(own) = own.or_else(|| of_model.cloned()) else { return };
    let mut version = Map::new();
    version.insert("instance".into(), own);
    if let Some(of_model) = of_model {
        version.insert("model".into(), of_model.clone());
    }
    thing.insert("version".into(), Value::Object(version));
}

/// Members that are written anew, or that only a model has.
const ANEW: [&str; 15] = [
    "@context",
    "@type",
    "id",
    "title",
    "version",
    "links",
    "security",
    "securityDefinitions",
    "base",
    "properties",
    "actions",
    "events",
    "tm:optional",
    "tm:required",
    "forms",
];

/// Takes over what a description may have too.
fn rest(model: &Map<String, Value>, thing: &mut Map<String, Value>, losses: &mut Vec<Loss>) {
    for (name, value) in model.iter().filter(|(name, _)| !ANEW.contains(&name.as_str())) {
        match (name.as_str(), value) {
            ("titles", _) => {
                losses.push(Loss::new("/titles", "left out: they are titles of the model, not of the device"));
            }
            ("created" | "modified", _) => {
                losses.push(Loss::new(format!("/{name}"), "left out: it tells of the model, not of the device"));
            }
            _ => {
                thing.insert(name.clone(), value.clone());
            }
        }
    }
    if model.contains_key("forms") {
        losses.push(Loss::new("/forms", "left out: forms for all affordances at once belong to another endpoint"));
    }
    if model.contains_key("base") {
        losses.push(Loss::new("/base", "left out: the device's endpoint takes its place"));
    }
}

/// The model's links, with one to the model itself in place of those between models.
fn links(model: &Map<String, Value>, instance: &Instance, thing: &mut Map<String, Value>, losses: &mut Vec<Loss>) {
    let mut links = vec![json!({ "rel": "type", "href": instance.model, "type": "application/tm+json" })];
    for (index, link) in model.get("links").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("/links/{index}");
        match link.get("rel").and_then(Value::as_str) {
            Some("tm:extends") => {}
            Some("tm:submodel") => losses.push(Loss::new(at, "left out: the descriptions of the parts are not known")),
            Some("type") => losses.push(Loss::new(at, "left out: the link to the device's model takes its place")),
            _ if !link.get("href").is_some_and(Value::is_string) => {
                losses.push(Loss::new(at, "left out: it has no address"));
            }
            _ => links.push(link.clone()),
        }
    }
    thing.insert("links".into(), Value::Array(links));
}

/// How the device proves itself takes the place of what the model supposes.
fn security(model: &Map<String, Value>, instance: &Instance, thing: &mut Map<String, Value>, losses: &mut Vec<Loss>) {
    if model.contains_key("securityDefinitions") || model.contains_key("security") {
        losses.push(Loss::new("/security", "left out: how the device proves itself takes its place"));
    }
    let (name, mut scheme) = match &instance.proof {
        Proof::None => ("nosec_sc", json!({ "scheme": "nosec" })),
        Proof::PreSharedKey { .. } => ("psk_sc", json!({ "scheme": "psk" })),
        Proof::Certificate => ("auto_sc", json!({ "scheme": "auto" })),
        Proof::Bearer { .. } => ("bearer_sc", json!({ "scheme": "bearer", "in": "header" })),
    };
    match &instance.proof {
        Proof::PreSharedKey { identity: Some(identity) } => scheme["identity"] = identity.as_str().into(),
        Proof::Bearer { authorization: Some(address) } => scheme["authorization"] = address.as_str().into(),
        Proof::Certificate => {
            losses.push(Loss::new("/security", "there is no scheme for certificates: written as \"auto\""));
        }
        _ => {}
    }
    thing.insert("securityDefinitions".into(), json!({ name: scheme }));
    thing.insert("security".into(), json!([name]));
}

fn affordances(
    model: &Map<String, Value>,
    instance: &Instance,
    thing: &mut Map<String, Value>,
    losses: &mut Vec<Loss>,
) {
    for (kind, each) in [("properties", Kind::Property), ("actions", Kind::Action), ("events", Kind::Event)] {
        let mut described = Map::new();
        for (name, affordance) in model.get(kind).and_then(Value::as_object).into_iter().flatten() {
            let at = format!("/{kind}/{}", name.replace('~', "~0").replace('/', "~1"));
            let Value::Object(affordance) = resolved(affordance, &at, losses) else { continue };
            if let Some(affordance) = one(affordance, each, name, &at, instance, losses) {
                described.insert(name.clone(), affordance);
            }
        }
        if !described.is_empty() {
            thing.insert(kind.into(), Value::Object(described));
        }
    }
}

/// Copies a value without references to parts of models.
fn resolved(value: &Value, at: &str, losses: &mut Vec<Loss>) -> Value {
    match value {
        Value::Object(map) => {
            let mut copy = Map::new();
            for (name, member) in map {
                let inner = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                if name == "tm:ref" {
                    losses.push(Loss::new(inner, "left out: the model is not resolved here"));
                } else {
                    copy.insert(name.clone(), resolved(member, &inner, losses));
                }
            }
            Value::Object(copy)
        }
        Value::Array(items) => {
            let each = items.iter().enumerate();
            each.map(|(index, item)| resolved(item, &format!("{at}/{index}"), losses)).collect()
        }
        other => other.clone(),
    }
}

/// Writes one affordance with at least one form.
fn one(
    mut affordance: Map<String, Value>,
    kind: Kind,
    name: &str,
    at: &str,
    instance: &Instance,
    losses: &mut Vec<Loss>,
) -> Option<Value> {
    let mut forms = kept(&mut affordance, at, losses);
    if forms.is_empty() {
        match &instance.endpoint {
            Some(endpoint) => {
                forms = reach::forms(&affordance, kind, name, endpoint, at, losses);
                reach::variables(&affordance, endpoint.protocol, at, &mut forms, losses);
            }
            None => losses.push(Loss::new(at, "left out: the device has no known endpoint")),
        }
    }
    if forms.is_empty() {
        return None;
    }
    affordance.insert("forms".into(), Value::Array(forms));
    Some(Value::Object(affordance))
}

/// Returns the forms of the model that a description may have.
fn kept(affordance: &mut Map<String, Value>, at: &str, losses: &mut Vec<Loss>) -> Vec<Value> {
    let Some(Value::Array(forms)) = affordance.remove("forms") else { return Vec::new() };
    let mut kept = Vec::new();
    for (index, mut form) in forms.into_iter().enumerate() {
        let at = format!("{at}/forms/{index}");
        let Some(map) = form.as_object_mut() else { continue };
        if !map.get("href").is_some_and(Value::is_string) {
            losses.push(Loss::new(at, "left out: it has no address"));
            continue;
        }
        for name in ["security", "scopes"] {
            if map.remove(name).is_some() {
                losses.push(Loss::new(format!("{at}/{name}"), "left out: it belongs to the model"));
            }
        }
        kept.push(form);
    }
    kept
}
