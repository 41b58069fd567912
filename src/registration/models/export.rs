//! Models and devices in other people's words: Thing Models, Thing Descriptions, object definitions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fleet::model::{Model, ModelRef, OPAQUE, opaque, render};
use crate::fleet::{Class, Diagnose, EndpointName};
use crate::format::ddf::{self, DdfError};
use crate::format::wot::{self, Endpoint, Instance, Loss, Proof, Protocol};
use crate::registry::{CredentialState, DeviceRow, RegistryError};

use super::publishing::pretty;
use super::shelf::Models;

/// The form of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportForm {
    /// The Thing Model as it was published.
    Wot,
    /// The Thing Model with all that it extends merged in.
    Resolved,
    /// Short YAML.
    Short,
    /// An LwM2M object definition (OMA DDF).
    Ddf,
}

/// What was written, and what the form could not say.
#[derive(Clone, PartialEq, Debug)]
pub struct Exported {
    /// The text.
    pub text: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What was lost: a place and what is lost there.
    pub losses: Vec<(String, String)>,
}

/// Why nothing is exported.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExportError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// No such model.
    #[error("there is no model \"{model}\"")]
    UnknownModel {
        /// What was named.
        model: ModelRef,
    },
    /// No object definition can be made.
    #[error(transparent)]
    Ddf(#[from] DdfError),
    /// The device has no instance.
    #[error("device {device:?} has no model")]
    NoModel {
        /// The device.
        device: String,
    },
    /// The description is against the rules: the values of the instance or its address do not fit.
    #[error("the description of device {device:?} is against the rules of Thing Descriptions: {words}")]
    Invalid {
        /// The device.
        device: String,
        /// What is wrong, the first of it.
        words: String,
    },
}

impl Diagnose for ExportError {
    fn class(&self) -> Class {
        match self {
            Self::Registry(error) => error.class(),
            Self::Ddf(error) => error.class(),
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Ddf(error) => error.hint(),
            Self::UnknownModel { .. } => Some("list models: firstlight model list".to_owned()),
            Self::NoModel { .. } => Some("give it one: firstlight model assign ID MODEL".to_owned()),
            Self::Invalid { .. } => None,
        }
    }
}

impl Models {
    /// Writes a model.
    pub fn export(&self, reference: &ModelRef, form: ExportForm) -> Result<Exported, ExportError> {
        let unknown = || ExportError::UnknownModel { model: reference.clone() };
        let model = self.find(reference)?.ok_or_else(unknown)?;
        match form {
            ExportForm::Wot => Ok(thing_model(model.canonical())),
            ExportForm::Resolved => Ok(thing_model(self.whole(&model)?.canonical())),
            ExportForm::Short => {
                let rendered = render(model.canonical());
                let losses = rendered.lost.into_iter().map(|at| (at, "short YAML has no word for it".to_owned()));
                Ok(Exported { text: rendered.text, media_type: "application/yaml", losses: losses.collect() })
            }
            ExportForm::Ddf => {
                let (object, losses) = ddf::from_thing_model(self.whole(&model)?.canonical())?;
                let losses = losses.into_iter().map(pair).collect();
                Ok(Exported { text: ddf::write(&[object]), media_type: "application/xml", losses })
            }
        }
    }

    fn whole(&self, model: &Model) -> Result<Model, RegistryError> {
        if model.name().as_str() == OPAQUE {
            return Ok(opaque());
        }
        Ok(self.resolved(model.name(), model.version())?.model.clone())
    }

    /// Writes the Thing Description of a device, from its current instance and what is known of how it is reached.
    pub fn describe(&self, device: &EndpointName) -> Result<Exported, ExportError> {
        let row = self.registry().device(device.as_str())?;
        let row = row.ok_or(RegistryError::NotFound { what: "device", name: device.to_string() })?;
        let known = self.registry().model_of(device)?;
        let no_model = || ExportError::NoModel { device: device.to_string() };
        let current = known.current.ok_or_else(no_model)?.instance;
        let model = if current.model.as_str() == OPAQUE {
            opaque()
        } else {
            self.resolved(&current.model, current.version)?.model.clone()
        };
        let id = format!("urn:firstlight:device:{}:{}", self.registry().tenant(), row.id);
        let instance = Instance {
            id,
            title: row.id.clone(),
            version: None,
            endpoint: endpoint(&row),
            placeholders: current.values.clone().into_iter().collect::<BTreeMap<_, _>>(),
            proof: self.proof(&row)?,
            model: format!("urn:firstlight:model:{}", model.reference()),
        };
        let (thing, losses) = wot::describe(model.canonical(), &instance);
        if let Err(faults) = wot::validate_thing_description(&thing) {
            let words = faults.first().map(ToString::to_string).unwrap_or_default();
            return Err(ExportError::Invalid { device: device.to_string(), words });
        }
        let mut losses: Vec<(String, String)> = losses.into_iter().map(pair).collect();
        let written = model.canonical().to_string();
        let unused = current.values.keys().filter(|name| !is_placed(&written, name));
        losses.extend(unused.map(|name| (format!("/values/{name}"), "the model has no placeholder for it".to_owned())));
        Ok(Exported { text: pretty(&thing), media_type: "application/td+json", losses })
    }

    fn proof(&self, row: &DeviceRow) -> Result<Proof, RegistryError> {
        let credentials = self.registry().credentials(&row.id)?;
        let mut active = credentials.iter().filter(|credential| credential.state == CredentialState::Active);
        let kind = active.find_map(|credential| match credential.kind.as_str() {
            "x509" => Some(Proof::Certificate),
            "psk" => Some(Proof::PreSharedKey { identity: None }),
            "token" => Some(Proof::Bearer { authorization: None }),
            _ => None,
        });
        Ok(kind.unwrap_or(Proof::None))
    }
}

fn thing_model(canonical: &Value) -> Exported {
    // Nothing is lost: our own terms stand in their own namespace, which readers may pass over.
    Exported { text: pretty(canonical), media_type: "application/tm+json", losses: Vec::new() }
}

fn pair(loss: Loss) -> (String, String) {
    (loss.pointer, loss.words)
}

/// Placeholders are written `{{NAME}}`, with blanks or without.
fn is_placed(written: &str, name: &str) -> bool {
    let mut rest = written;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((inner, after)) = after.split_once("}}") else { return false };
        if inner.trim() == name {
            return true;
        }
        rest = after;
    }
    false
}

/// The address as it was registered: an address of its own, or a host for the protocol.
fn endpoint(row: &DeviceRow) -> Option<Endpoint> {
    let (word, address) = (row.protocol.as_deref()?.to_ascii_lowercase(), row.address.as_deref()?);
    let protocol = match word.as_str() {
        "http" | "https" => Protocol::Http,
        "mqtt" | "mqtts" => Protocol::Mqtt,
        "coap" | "coaps" | "lwm2m" => Protocol::Coap,
        _ => return None,
    };
    let scheme = if word == "lwm2m" { "coap" } else { &word };
    let uri = if address.contains("://") { address.to_owned() } else { format!("{scheme}://{address}/") };
    Some(Endpoint { protocol, uri })
}

impl Exported {
    /// Returns the losses as JSON.
    pub fn losses_json(&self) -> Value {
        self.losses.iter().map(|(place, words)| json!({ "place": place, "lost": words })).collect()
    }
}
