//! Acts on models and on the rules that assign them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::fleet::Faults;
use crate::fleet::enrolment::Refusal;
use crate::fleet::model::{Model, ModelName, ModelRef, ModelRule, ModelVersion, diff, gate};
use crate::registry::models::{ModelState, Published};

use super::super::exchange::{Asked, Reply};
use super::super::models::export::{ExportError, ExportForm, Exported};
use super::super::models::files::{ModelFormat, Naming, ReadModels, read_models};
use super::super::models::publishing::PublishError;
use super::super::models::shelf::Models;
use super::super::request::{Refused, known, malformed, object, word};
use super::office::{Answered, Office, Trouble, not_found};
use super::page::{Asking, check_query, query};

/// Most faults of a model file that are told.
const MOST_FAULTS: usize = 20;

impl Office {
    pub(super) fn models(&self) -> Result<&Arc<Models>, Refused> {
        self.models.as_ref().ok_or_else(|| (Refusal::ModelUnknown, "this server has no models".to_owned()))
    }

    pub(super) fn list_models(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let rows = self.registry.models(&asking.after, asking.rows())?;
        let rows: Vec<(String, Value)> =
            rows.iter().map(|row| (format!("{}@{}", row.name, row.version), json!(row))).collect();
        let page = asking.page(rows, |(key, _)| key);
        let items = page["items"].as_array().into_iter().flatten().map(|pair| pair[1].clone());
        Ok(Reply::fields(200, json!({ "items": items.collect::<Vec<_>>(), "next": page["next"] })))
    }

    pub(super) fn show_model(&self, name: &str, asked: &Asked) -> Answered {
        check_query(asked, &["as"])?;
        let reference = reference(name)?;
        let Some(form) = query(asked, "as") else { return self.tell_model(&reference) };
        let form = form_of(&form)?;
        let exported = self.models()?.export(&reference, form).map_err(export_trouble)?;
        Ok(sent(exported))
    }

    /// The model with all that is known of it, and its other versions.
    fn tell_model(&self, reference: &ModelRef) -> Answered {
        let unknown = || not_found("model", &reference.to_string());
        let model = self.models()?.find(reference)?.ok_or_else(unknown)?;
        let stored = self.registry.model(model.name(), model.version())?;
        let versions = self.registry.model_versions(model.name())?;
        let mut shown = stored
            .map_or_else(|| json!({ "name": model.name(), "version": model.version() }), |stored| json!(stored.row));
        shown["model"] = model.canonical().clone();
        shown["versions"] = versions.iter().map(|row| json!({ "version": row.version, "state": row.state })).collect();
        Ok(Reply { etag: Some(model.digest().short()), ..Reply::fields(200, shown) })
    }

    pub(super) fn import_model(&self, actor: &str, asked: &Asked) -> Answered {
        let models = self.models()?;
        let read = read_body(&asked.incoming.fields)?;
        let published = models.publish(actor, &read.models).map_err(publish_trouble)?;
        let items = read.models.iter().zip(&published).map(|((model, _), published)| {
            json!({ "model": model.reference(), "digest": model.digest(), "published": published })
        });
        let is_new = published.iter().any(|each| *each != Published::Same);
        let answer = json!({ "items": items.collect::<Vec<_>>(), "notes": read.notes });
        if !is_new {
            return Ok(Reply::fields(200, answer));
        }
        // Object definitions may make several at once.
        let location = match read.models.as_slice() {
            [(model, _)] => format!("/v1/models/{}", model.reference()),
            _ => "/v1/models".to_owned(),
        };
        Ok(Reply { location: Some(location), ..Reply::fields(201, answer) })
    }

    /// `POST /v1/models/{model}/state`.
    pub(super) fn set_model_state(&self, actor: &str, name: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["state"])?;
        let (name, version) = exact(name)?;
        match word(fields, "state")?.as_deref() {
            Some("deprecated") => self.registry.set_model_state(actor, &name, version, ModelState::Deprecated)?,
            Some("published") => {
                // What a device brought is judged as any other before it is published.
                let stored = self.registry.model(&name, version)?;
                let stored = stored.ok_or_else(|| not_found("model", &format!("{name}@{version}")))?;
                if stored.row.state == ModelState::Quarantined {
                    self.models()?.publish(actor, &[(stored.model, stored.source)]).map_err(publish_trouble)?;
                } else {
                    self.registry.set_model_state(actor, &name, version, ModelState::Published)?;
                }
            }
            _ => return Err(malformed("\"state\" is \"published\" or \"deprecated\"").into()),
        }
        if let Some(models) = &self.models {
            models.refresh()?;
        }
        Ok(Reply::empty(204))
    }

    /// `GET /v1/models/{model}/diff/{other}`: what changed from the one to the other, and whether the number says so.
    pub(super) fn diff_models(&self, old: &str, new: &str) -> Answered {
        let whole = |text: &str| -> Result<Model, Trouble> {
            let models = self.models()?;
            let model = models.find(&reference(text)?)?.ok_or_else(|| not_found("model", text))?;
            Ok(models.resolved(model.name(), model.version())?.model.clone())
        };
        let (old, new) = (whole(old)?, whole(new)?);
        let refused = gate(&old, &new).err().unwrap_or_default();
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        let changes = diff(&old, &new).changes;
        Ok(Reply::fields(
            200,
            json!({ "from": old.reference(), "to": new.reference(), "changes": changes, "refused": refused }),
        ))
    }

    pub(super) fn list_rules(&self) -> Answered {
        let rules = self.registry.model_rules()?;
        let rules = rules.iter().map(|stored| {
            let mut rule = stored.rule.to_json();
            rule["declared"] = stored.declared.into();
            rule
        });
        Ok(Reply::fields(200, json!({ "items": rules.collect::<Vec<_>>(), "next": null })))
    }

    pub(super) fn put_rule(&self, actor: &str, asked: &Asked) -> Answered {
        let rule = ModelRule::from_json(&asked.incoming.fields).map_err(malformed)?;
        self.registry.put_rule(actor, &rule)?;
        if let Some(models) = &self.models {
            models.refresh()?;
        }
        Ok(Reply::empty(204))
    }

    pub(super) fn remove_rule(&self, actor: &str, name: &str) -> Answered {
        self.registry.remove_rule(actor, name)?;
        if let Some(models) = &self.models {
            models.refresh()?;
        }
        Ok(Reply::empty(204))
    }
}

/// The body: `{"format", "text", "name"?, "version"?}`, or `{"model": {...}}` with a Thing Model.
fn read_body(fields: &Value) -> Result<ReadModels, Trouble> {
    let fields = object(fields, "the request")?;
    known(fields, "", &["format", "text", "model", "name", "version"])?;
    let naming = Naming {
        name: word(fields, "name")?.map(|text| text.parse()).transpose().map_err(wrong)?,
        version: word(fields, "version")?.map(|text| text.parse()).transpose().map_err(wrong)?,
    };
    let said = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let format = word(fields, "format")?
        .map(|format| ModelFormat::of(&format).ok_or_else(|| malformed("\"format\" is short, wot or ddf")));
    let format = format.transpose()?;
    let (format, bytes) = match (said("text"), said("model")) {
        (Some(Value::String(text)), None) => {
            (format.unwrap_or_else(|| ModelFormat::sniff(text.as_bytes())), text.clone().into_bytes())
        }
        (None, Some(model @ Value::Object(_))) if format.is_none_or(|format| format == ModelFormat::Wot) => {
            (ModelFormat::Wot, model.to_string().into_bytes())
        }
        (None, Some(Value::Object(_))) => return Err(malformed("a \"model\" has the format wot").into()),
        _ => return Err(malformed("one of \"text\" and \"model\" is wanted").into()),
    };
    let mut faults = Faults::default();
    let read = read_models(&Arc::from("request"), &bytes, format, &naming, &mut faults);
    Ok(read.ok_or_else(|| {
        let told = faults.0.iter().take(MOST_FAULTS).map(|fault| format!("{}: {}", fault.place, fault.message));
        (Refusal::ModelInvalid, told.collect::<Vec<_>>().join("; "))
    })?)
}

fn wrong(error: impl std::fmt::Display) -> Refused {
    malformed(error.to_string())
}

/// Reads a reference to a model.
pub(super) fn reference(text: &str) -> Result<ModelRef, Refused> {
    text.parse().map_err(wrong)
}

fn exact(text: &str) -> Result<(ModelName, ModelVersion), Refused> {
    let reference = reference(text)?;
    match reference.wanted {
        crate::fleet::model::Wanted::Exact(version) => Ok((reference.name, version)),
        _ => Err(malformed(format!("{text:?} is no exact version, wanted is such as sensor@1.2.0"))),
    }
}

fn form_of(word: &str) -> Result<ExportForm, Refused> {
    match word {
        "wot" => Ok(ExportForm::Wot),
        "resolved" => Ok(ExportForm::Resolved),
        "short" => Ok(ExportForm::Short),
        "ddf" => Ok(ExportForm::Ddf),
        _ => Err(malformed("\"as\" is wot, resolved, short or ddf")),
    }
}

/// The text alone: it is what the form is; what was lost is told by the command and by `POST`ing it back.
pub(super) fn sent(exported: Exported) -> Reply {
    Reply::bytes(exported.media_type, exported.text.into_bytes())
}

pub(super) fn export_trouble(error: ExportError) -> Trouble {
    match error {
        ExportError::Registry(error) => error.into(),
        ExportError::UnknownModel { .. } | ExportError::NoModel { .. } => (Refusal::NotFound, error.to_string()).into(),
        ExportError::Ddf(_) | ExportError::Invalid { .. } => (Refusal::ValueRefused, error.to_string()).into(),
    }
}

fn publish_trouble(error: PublishError) -> Trouble {
    match error {
        PublishError::Registry(error) => error.into(),
        PublishError::Gate { .. } => (Refusal::Conflict, error.to_string()).into(),
        error => (Refusal::ModelInvalid, error.to_string()).into(),
    }
}
