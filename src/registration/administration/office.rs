//! The office: what administers a registry, and how it fails.

use std::sync::Arc;

use crate::delivery::Random;
use crate::fleet::EndpointName;
use crate::fleet::enrolment::Refusal;
use crate::registry::{Registry, RegistryError};

use super::super::exchange::Reply;
use super::super::models::shelf::Models;
use super::super::request::Refused;
use super::admins::{AdminRule, Admins};

/// Where devices come from that are told over HTTP.
pub(super) const ORIGIN: &str = "api";

/// Administers a registry.
pub struct Office {
    pub(super) registry: Registry,
    pub(super) random: Arc<dyn Random>,
    pub(super) admins: Admins,
    pub(super) models: Option<Arc<Models>>,
}

impl Office {
    /// Opens the office of a registry.
    pub fn new(registry: Registry, random: Arc<dyn Random>) -> Self {
        Self { registry, random, admins: Admins::default(), models: None }
    }

    /// With the models that it administers.
    #[must_use]
    pub fn with_models(self, models: Arc<Models>) -> Self {
        Self { models: Some(models), ..self }
    }

    /// Lets the holders of client certificates administer. The error says which rule cannot be used.
    pub fn with_admins(self, rules: &[AdminRule]) -> Result<Self, String> {
        Ok(Self { admins: Admins::new(rules)?, ..self })
    }
}

/// A refusal, or what the registry says.
pub(super) enum Trouble {
    Refused(Refused),
    Registry(RegistryError),
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<RegistryError> for Trouble {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

/// How an act ends.
pub(super) type Answered = Result<Reply, Trouble>;

impl Trouble {
    /// Returns what is answered.
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Refused((refusal, words)) => Reply::refused(refusal, words),
            Self::Registry(error) => {
                let refusal = refusal_of(&error);
                let reply = Reply::refused(refusal, error.to_string());
                if refusal == Refusal::TryLater { reply.after(AGAIN) } else { reply }
            }
        }
    }
}

/// When to ask again where the registry is away, in seconds.
const AGAIN: u32 = 10;

fn refusal_of(error: &RegistryError) -> Refusal {
    match error {
        RegistryError::NotFound { .. } => Refusal::NotFound,
        RegistryError::Conflict { .. } => Refusal::Conflict,
        RegistryError::Changed { .. } => Refusal::Changed,
        RegistryError::Refused { .. } => Refusal::ValueRefused,
        // What the store cannot do now, or what a hand did to it: nothing the asker could do better.
        _ => Refusal::TryLater,
    }
}

/// There is no such thing.
pub(super) fn not_found(what: &str, name: &str) -> Refused {
    (Refusal::NotFound, format!("there is no {what} {name:?}"))
}

/// Reads the id of a device.
pub(super) fn endpoint(id: &str) -> Result<EndpointName, Refused> {
    EndpointName::new(id).map_err(|error| (Refusal::InvalidIdentifier, error.to_string()))
}
