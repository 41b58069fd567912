//! Acts on triggers: a device is to ask the bootstrap server anew.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::fleet::enrolment::Refusal;
use crate::registry::{Goal, NewTrigger, Trigger, Via};

use super::super::exchange::{Asked, Reply};
use super::super::request::{Refused, known, malformed, object, word};
use super::fields::{moment, whole};
use super::office::{Answered, Office, not_found};

impl Office {
    pub(super) fn trigger_bootstrap(&self, actor: &str, device: &str, asked: &Asked) -> Answered {
        let empty = Value::Object(Map::new());
        let fields = if asked.incoming.fields.is_null() { &empty } else { &asked.incoming.fields };
        let fields = object(fields, "the request")?;
        known(fields, "", &["via", "address", "goal", "at", "within"])?;
        let within = whole(fields, "within")?.map(u32::try_from).transpose();
        let new = NewTrigger {
            device: device.to_owned(),
            via: choice(fields, "via")?.unwrap_or(Via::Registration),
            address: word(fields, "address")?,
            goal: choice(fields, "goal")?.unwrap_or(Goal::Finish),
            at: moment(fields, "at")?,
            within: within.map_err(|_| malformed("\"within\" is too large"))?.unwrap_or(NewTrigger::WITHIN),
        };
        new.check().map_err(|words| (Refusal::ValueRefused, words))?;
        Ok(shown(&self.registry.add_trigger(&new, actor)?))
    }

    pub(super) fn show_trigger(&self, device: &str) -> Answered {
        let trigger = self.registry.trigger(device)?;
        Ok(shown(&trigger.ok_or_else(|| not_found("trigger of", device))?))
    }

    pub(super) fn cancel_trigger(&self, actor: &str, device: &str) -> Answered {
        self.registry.cancel_trigger(device, actor)?;
        Ok(Reply::empty(204))
    }
}

fn shown(trigger: &Trigger) -> Reply {
    Reply::fields(200, serde_json::to_value(trigger).unwrap_or_default())
}

fn choice<T: DeserializeOwned>(fields: &Map<String, Value>, name: &str) -> Result<Option<T>, Refused> {
    let Some(text) = word(fields, name)? else { return Ok(None) };
    let wrong = malformed(format!("{name:?} cannot be {text:?}"));
    serde_json::from_value(text.into()).map(Some).map_err(|_| wrong)
}
