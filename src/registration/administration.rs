//! What people and their programs do over HTTP: the same acts as the command line's, by role.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::delivery::Random;
use crate::fleet::enrolment::{Filter, Refusal};
use crate::fleet::{Class, Diagnose, EndpointName};
use crate::registry::{Allowed, Registry, RegistryError, Role as StoredRole, Scope, token_hash};

use super::exchange::{Act, Administration, Asked, Reply, Role};
use super::request::{Refused, known, malformed, object, word};

/// Most rows of one page, and how many come unasked.
const LARGEST_PAGE: u32 = 1_000;
const PAGE: u32 = 100;

/// Administers a registry.
pub struct Office {
    registry: Registry,
    random: Arc<dyn Random>,
}

/// A refusal, or what the registry says.
enum Trouble {
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

type Answered = Result<Reply, Trouble>;

impl Office {
    /// Opens the office of a registry.
    pub fn new(registry: Registry, random: Arc<dyn Random>) -> Self {
        Self { registry, random }
    }

    fn answer(&self, actor: &str, asked: &Asked) -> Answered {
        let name = |at: usize| asked.names.get(at).map_or("", String::as_str);
        match asked.act {
            Act::ListDevices => self.list_devices(asked),
            Act::ShowDevice => self.show_device(name(0)),
            Act::WhyDevice => self.why_device(name(0)),
            Act::RetireDevice => self.retire_device(actor, name(0), asked),
            Act::ListGroups => {
                let (after, limit) = page(asked)?;
                Ok(listed(&self.registry.groups(&after, limit)?))
            }
            Act::ShowGroup => match self.registry.group(name(0))? {
                Some(group) => Ok(Reply::fields(200, json!(group))),
                None => Err(not_found("group", name(0)).into()),
            },
            Act::ListAllowed => self.list_allowed(asked),
            Act::Allow => self.allow(actor, asked),
            Act::Disallow => self.disallow(actor, name(0), name(1)),
            Act::ListBlocked => {
                let (after, limit) = page(asked)?;
                Ok(listed(&self.registry.block_list(&after, limit)?))
            }
            Act::Block => self.block(actor, asked),
            Act::Unblock => {
                self.registry.unblock(actor, &endpoint(name(0))?)?;
                Ok(Reply::empty(204))
            }
            Act::ListTokens => {
                let (after, limit) = page(asked)?;
                Ok(listed(&self.registry.tokens(&after, limit)?))
            }
            Act::MakeToken => self.make_token(actor, asked),
            Act::RevokeToken => {
                self.registry.revoke_token(actor, name(0))?;
                Ok(Reply::empty(204))
            }
            Act::ListApprovals => {
                let (after, limit) = page(asked)?;
                Ok(listed(&self.registry.open_registrations(&after, limit)?))
            }
            Act::Approve => {
                self.registry.approve(actor, name(0), &reason(asked)?)?;
                Ok(Reply::empty(204))
            }
            Act::Deny => {
                self.registry.deny(actor, name(0), &reason(asked)?)?;
                Ok(Reply::empty(204))
            }
            Act::ListModels => Ok(listed::<Value>(&[])),
            Act::ShowModel => Err((Refusal::ModelUnknown, format!("there is no model {:?}", name(0))).into()),
            Act::ImportModel => {
                Err((Refusal::ModelUnknown, "models cannot be stored through this server yet".to_owned()).into())
            }
            Act::ListEvents => self.list_events(asked),
        }
    }

    fn list_devices(&self, asked: &Asked) -> Answered {
        let (after, limit) = page(asked)?;
        let filter = query(asked, "filter").unwrap_or_default();
        let filter = Filter::parse(&filter).map_err(|error| malformed(error.to_string()))?;
        let cursor = Some(after.as_str()).filter(|after| !after.is_empty());
        let page = self.registry.search(&filter, cursor, limit as usize)?;
        Ok(Reply::fields(200, json!({ "items": page.devices, "next": page.next })))
    }

    fn show_device(&self, id: &str) -> Answered {
        let device = self.registry.device(id)?.ok_or_else(|| not_found("device", id))?;
        let etag = device.etag.to_string();
        let mut shown = json!(device);
        shown["credentials"] = json!(self.registry.credentials(id)?);
        Ok(Reply { etag: Some(etag), ..Reply::fields(200, shown) })
    }

    fn why_device(&self, id: &str) -> Answered {
        let events = self.registry.device_history(id, 50)?;
        if events.is_empty() {
            return Err(not_found("device", id).into());
        }
        Ok(listed(&events))
    }

    fn retire_device(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let reason = query(asked, "reason").unwrap_or_else(|| "retired over HTTP".to_owned());
        self.registry.retire_device(id, None, &reason, actor)?;
        Ok(Reply::empty(204))
    }

    fn list_allowed(&self, asked: &Asked) -> Answered {
        let (after, limit) = page(asked)?;
        let group = query(asked, "group").ok_or_else(|| malformed("the query names no \"group\""))?;
        let entries = self.registry.allow_list(&group, &after, limit)?;
        let entries = entries.iter().map(|(entry, used)| {
            json!({ "device": entry.device, "max_uses": entry.max_uses, "used": used, "attributes": entry.attributes })
        });
        Ok(Reply::fields(200, json!({ "items": entries.collect::<Vec<_>>() })))
    }

    fn allow(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["group", "id", "max_uses"])?;
        let group = word(fields, "group")?.ok_or_else(|| malformed("\"group\" is missing"))?;
        let id = word(fields, "id")?.ok_or_else(|| malformed("\"id\" is missing"))?;
        let max_uses = uses(fields)?.and_then(|uses| u32::try_from(uses).ok());
        let device = endpoint(&id)?.as_str().to_owned();
        let entry = Allowed { device, attributes: BTreeMap::new(), max_uses, expires: None };
        self.registry.allow(actor, &group, &entry)?;
        Ok(Reply::empty(204))
    }

    fn disallow(&self, actor: &str, group: &str, id: &str) -> Answered {
        self.registry.disallow(actor, group, &endpoint(id)?)?;
        Ok(Reply::empty(204))
    }

    fn block(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["id", "reason"])?;
        let id = word(fields, "id")?.ok_or_else(|| malformed("\"id\" is missing"))?;
        let reason = word(fields, "reason")?.ok_or_else(|| malformed("\"reason\" is missing"))?;
        self.registry.block(actor, &endpoint(&id)?, &reason)?;
        Ok(Reply::empty(204))
    }

    fn make_token(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["group", "id", "max_uses"])?;
        let group = word(fields, "group")?.ok_or_else(|| malformed("\"group\" is missing"))?;
        let scope = match word(fields, "id")? {
            Some(id) => Scope::Device { group, device: endpoint(&id)?.folded() },
            None => Scope::Group(group),
        };
        let (secret, token) = self.registry.make_token(actor, &scope, uses(fields)?, None, &*self.random)?;
        let text = secret.expose(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Reply::fields(201, json!({ "token": text, "id": token.id })))
    }

    fn list_events(&self, asked: &Asked) -> Answered {
        let (after, limit) = page(asked)?;
        let after = if after.is_empty() { Ok(0) } else { after.parse::<i64>() };
        let after = after.map_err(|_| malformed("\"after\" is the number of an event"))?;
        let device = query(asked, "device").map(|device| device.to_ascii_lowercase());
        Ok(listed(&self.registry.events(device.as_deref(), after, i64::from(limit))?))
    }
}

impl Administration for Office {
    fn who(&self, authorization: Option<&str>) -> Result<(String, Role), Refusal> {
        let token = authorization.and_then(|header| header.strip_prefix("Bearer ")).ok_or(Refusal::ProofMissing)?;
        let found = self.registry.find_token(&token_hash(token.trim().as_bytes()));
        let found = found.map_err(|_| Refusal::TryLater)?.ok_or(Refusal::TokenUnknown)?;
        if !found.is_good(self.registry.now()) {
            return Err(Refusal::TokenExpired);
        }
        match found.scope {
            Scope::Role(role) => Ok((format!("token {}", found.id), role_of(role))),
            _ => Err(Refusal::ProofNotAccepted),
        }
    }

    fn act(&self, actor: &str, _: Role, asked: Asked) -> Reply {
        match self.answer(actor, &asked) {
            Ok(reply) => reply,
            Err(Trouble::Refused((refusal, words))) => Reply::refused(refusal, words),
            Err(Trouble::Registry(error)) => Reply::refused(refusal_of(&error), error.to_string()),
        }
    }

    fn figures(&self) -> String {
        let mut lines = String::from("# TYPE firstlight_devices gauge\n");
        for state in ["expected", "pending", "assigning", "registered", "retired"] {
            let filter = Filter::parse(&format!("state={state}"));
            if let Some(count) = filter.ok().and_then(|filter| self.registry.count(&filter).ok()) {
                lines.push_str(&format!("firstlight_devices{{state=\"{state}\"}} {count}\n"));
            }
        }
        lines
    }
}

fn role_of(role: StoredRole) -> Role {
    match role {
        StoredRole::Viewer => Role::Viewer,
        StoredRole::Technician => Role::Technician,
        StoredRole::Approver => Role::Approver,
        StoredRole::Admin => Role::Admin,
    }
}

fn refusal_of(error: &RegistryError) -> Refusal {
    match error {
        RegistryError::NotFound { .. } => Refusal::NotRegistered,
        RegistryError::Conflict { .. } | RegistryError::Changed { .. } => Refusal::AlreadyRegistered,
        error if error.class() == Class::Surroundings => Refusal::TryLater,
        _ => Refusal::MalformedRequest,
    }
}

fn not_found(what: &str, name: &str) -> Refused {
    (Refusal::NotRegistered, format!("there is no {what} {name:?}"))
}

fn endpoint(id: &str) -> Result<EndpointName, Refused> {
    EndpointName::new(id).map_err(|error| (Refusal::InvalidIdentifier, error.to_string()))
}

fn uses(fields: &serde_json::Map<String, Value>) -> Result<Option<u64>, Refused> {
    match fields.get("max_uses") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| malformed("\"max_uses\" is not a whole number")),
    }
}

fn reason(asked: &Asked) -> Result<String, Refused> {
    let fields = object(&asked.incoming.fields, "the request")?;
    known(fields, "", &["reason"])?;
    word(fields, "reason")?.ok_or_else(|| malformed("\"reason\" is missing"))
}

fn query(asked: &Asked, name: &str) -> Option<String> {
    asked.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// Reads `after` and `limit` of a page.
fn page(asked: &Asked) -> Result<(String, u32), Refused> {
    let limit = match query(asked, "limit") {
        None => PAGE,
        Some(text) => {
            let limit = text.parse().ok().filter(|limit| (1..=LARGEST_PAGE).contains(limit));
            limit.ok_or_else(|| malformed(format!("\"limit\" is a number from 1 to {LARGEST_PAGE}")))?
        }
    };
    Ok((query(asked, "after").unwrap_or_default(), limit))
}

fn listed<T: serde::Serialize>(items: &[T]) -> Reply {
    Reply::fields(200, json!({ "items": items }))
}
