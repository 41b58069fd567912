//! Acts on the model of one device.

use serde_json::{Map, Value, json};

use crate::fleet::EndpointName;
use crate::fleet::enrolment::Refusal;

use super::super::exchange::{Asked, Reply};
use super::super::models::changes::ApprovalError;
use super::super::request::{known, malformed, object, word};
use super::models::{export_trouble, reference, sent};
use super::office::{Answered, Office, Trouble, endpoint, not_found};
use super::page::{Asking, check_query};

impl Office {
    /// The instances of a device, newest first: the current one, what is proposed, former ones.
    pub(super) fn device_model(&self, id: &str) -> Answered {
        let device = endpoint(id)?;
        if self.registry.device(device.as_str())?.is_none() {
            return Err(not_found("device", id).into());
        }
        Ok(Reply::fields(200, json!({ "items": self.registry.instances(&device)?, "next": null })))
    }

    /// Models that wait for a person, of all devices.
    pub(super) fn list_proposals(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let rows = self.registry.proposed_instances(&asking.after, asking.rows())?;
        Ok(Reply::fields(200, asking.page(rows, |row| &row.device)))
    }

    /// `POST /v1/devices/{id}/model {"model", "values"?}`.
    pub(super) fn assign_model(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["model", "values"])?;
        let model = word(fields, "model")?.ok_or_else(|| malformed("\"model\" is missing"))?;
        let values = match fields.get("values") {
            None | Some(Value::Null) => Map::new(),
            Some(values) => object(values, "\"values\"")?.clone(),
        };
        let new = self.models()?.assign_by_hand(actor, &endpoint(id)?, &reference(&model)?, values);
        Ok(Reply::fields(200, json!(new.map_err(trouble)?)))
    }

    /// `POST /v1/devices/{id}/model/decide {"decision": "approve" | "dismiss" | "roll-back", "reason", "model"?}`.
    pub(super) fn decide_model(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["decision", "reason", "model"])?;
        let device = endpoint(id)?;
        let decision = word(fields, "decision")?;
        if let Some(seen) = word(fields, "model")? {
            if decision.as_deref() == Some("roll-back") {
                return Err(malformed("a roll-back names no \"model\"").into());
            }
            self.check_proposed(&device, &seen)?;
        }
        match decision.as_deref() {
            Some("approve") => {
                Ok(Reply::fields(200, json!(self.models()?.approve(actor, &device, None).map_err(trouble)?)))
            }
            Some("dismiss") => {
                let reason = word(fields, "reason")?.ok_or_else(|| malformed("\"reason\" is missing"))?;
                self.registry.dismiss_instance(actor, &device, &reason)?;
                Ok(Reply::empty(204))
            }
            Some("roll-back") => Ok(Reply::fields(200, json!(self.registry.roll_back_model(actor, &device)?))),
            _ => Err(malformed("\"decision\" is approve, dismiss or roll-back").into()),
        }
    }

    /// Nobody decides on another model than the one he saw proposed.
    fn check_proposed(&self, device: &EndpointName, seen: &str) -> Result<(), Trouble> {
        let proposed = self.registry.model_of(device)?.proposed;
        let proposed = proposed.map(|row| format!("{}@{}", row.instance.model, row.instance.version));
        if proposed.as_deref() == Some(seen) {
            return Ok(());
        }
        let words = match proposed {
            Some(other) => format!("{other} is proposed for the device, not {seen}"),
            None => format!("nothing is proposed for the device, not {seen} either"),
        };
        Err(Trouble::Refused((Refusal::Conflict, words)))
    }

    /// The Thing Description of a device.
    pub(super) fn describe_device(&self, id: &str) -> Answered {
        Ok(sent(self.models()?.describe(&endpoint(id)?).map_err(export_trouble)?))
    }
}

fn trouble(error: ApprovalError) -> Trouble {
    let refusal = match &error {
        ApprovalError::Registry(error) => return error.clone().into(),
        ApprovalError::NothingProposed { .. } | ApprovalError::NoMigration { .. } => Refusal::Conflict,
        ApprovalError::Migration { .. } | ApprovalError::Values { .. } => Refusal::InstanceInvalid,
        ApprovalError::UnknownModel { .. } => Refusal::ModelUnknown,
    };
    (refusal, error.to_string()).into()
}
