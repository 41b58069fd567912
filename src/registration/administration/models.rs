//! Acts on models.

use serde_json::Value;

use crate::fleet::enrolment::Refusal;

use super::office::{Answered, Office};
use super::page::listed;

impl Office {
    pub(super) fn list_models(&self) -> Answered {
        let _ = &self.registry;
        Ok(listed::<Value>(&[]))
    }

    pub(super) fn show_model(&self, name: &str) -> Answered {
        let _ = &self.registry;
        Err((Refusal::ModelUnknown, format!("there is no model {name:?}")).into())
    }

    pub(super) fn import_model(&self) -> Answered {
        let _ = &self.registry;
        Err((Refusal::ModelUnknown, "models cannot be stored through this server yet".to_owned()).into())
    }
}
