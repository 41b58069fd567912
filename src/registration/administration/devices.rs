//! Acts on devices.

use serde_json::{Value, json};

use crate::fleet::enrolment::{Filter, Refusal};
use crate::registry::{DeviceRow, ExpectedDevice, RegistryError, StoredEvent};

use super::super::exchange::{Asked, Reply};
use super::super::request::{malformed, object};
use super::bulk;
use super::events::seq;
use super::marks::{Match, only_new};
use super::office::{Answered, ORIGIN, Office, Trouble, endpoint, not_found};
use super::page::{Asking, check_query, flag, limit, query};
use super::record;

/// Up to how many devices are counted for a page.
const MOST_COUNTED: i64 = 100_000;
/// How often a change that is for whatever is there is tried again because it changed meanwhile.
const TRIES: u32 = 5;

/// Events that decide how a device stands.
const DECISIONS: [&str; 19] = [
    "registered",
    "registration-pending",
    "registration-assigning",
    "registration-moved",
    "registration-reset",
    "credential-rotated",
    "registration-refused",
    "approved",
    "denied",
    "blocked",
    "unblocked",
    "allowed",
    "disallowed",
    "device-adopted",
    "device-retired",
    "registration-ended",
    "credential-revoked",
    "credential-retired",
    "device-expected",
];

impl Office {
    pub(super) fn list_devices(&self, asked: &Asked) -> Answered {
        check_query(asked, &["filter", "after", "limit", "total"])?;
        let filter = filter(asked)?;
        if let Some(form) = bulk::form_wanted(asked) {
            return Ok(self.export_devices(filter, form));
        }
        let asking = Asking::read(asked)?;
        let cursor = Some(asking.after.as_str()).filter(|after| !after.is_empty());
        let found = self.registry.search(&filter, cursor, asking.limit as usize)?;
        let next = found.next.as_deref().map(super::page::cursor_of);
        let mut page = json!({ "items": found.devices, "next": next });
        if flag(asked, "total")? {
            let total = self.registry.count_up_to(&filter, MOST_COUNTED)?;
            page["total"] = total.into();
            page["total_is_exact"] = (total < MOST_COUNTED).into();
        }
        Ok(Reply::fields(200, page))
    }

    pub(super) fn add_device(&self, actor: &str, asked: &Asked) -> Answered {
        let device = record::device(&asked.incoming.fields, None)?;
        self.make(actor, device)
    }

    fn make(&self, actor: &str, device: ExpectedDevice) -> Answered {
        if let Some(group) = &device.group {
            self.check_group(group)?;
        }
        let row = self.registry.add_device(device, ORIGIN, actor)?;
        let location = format!("/v1/devices/{}", row.id);
        Ok(Reply { location: Some(location), ..shown(201, &row) })
    }

    pub(super) fn show_device(&self, id: &str) -> Answered {
        let device = self.device(id)?;
        let mut reply = shown(200, &device);
        if let super::super::exchange::Content::Fields(fields) = &mut reply.content {
            fields["credentials"] = json!(self.registry.credentials(id)?);
        }
        Ok(reply)
    }

    fn device(&self, id: &str) -> Result<DeviceRow, Trouble> {
        Ok(self.registry.device(id)?.ok_or_else(|| not_found("device", id))?)
    }

    fn check_group(&self, group: &str) -> Result<(), Trouble> {
        match self.registry.group(group)? {
            Some(_) => Ok(()),
            None => Err((Refusal::ValueRefused, format!("there is no group {group:?}")).into()),
        }
    }

    /// The whole of what people say of a device: what is not in it is taken away.
    pub(super) fn put_device(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let device = record::device(&asked.incoming.fields, Some(&endpoint(id)?))?;
        if only_new(&asked.incoming) {
            return self.make(actor, device).map_err(|trouble| match trouble {
                // The precondition is what failed (RFC 9110, section 13.1.2).
                Trouble::Registry(RegistryError::Conflict { .. }) => {
                    Trouble::Refused((Refusal::Changed, format!("there is a device {id:?} already")))
                }
                other => other,
            });
        }
        let wanted = Match::required(&asked.incoming)?;
        if let Some(group) = &device.group {
            self.check_group(group)?;
        }
        self.changed(id, &wanted, |row, mark| {
            let edit = record::replacing(row, &device)?;
            Ok(self.registry.edit_device(id, Some(mark), edit, actor)?)
        })
    }

    pub(super) fn edit_device(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let wanted = Match::required(&asked.incoming)?;
        let edit = record::edit(object(&asked.incoming.fields, "the request")?)?;
        if let Some(Some(group)) = &edit.group {
            self.check_group(group)?;
        }
        self.changed(id, &wanted, |row, mark| {
            let edit = record::without_all(row, &edit, &asked.incoming.fields);
            Ok(self.registry.edit_device(id, Some(mark), edit, actor)?)
        })
    }

    pub(super) fn retire_device(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        check_query(asked, &["reason"])?;
        let wanted = Match::required(&asked.incoming)?;
        let reason = query(asked, "reason").unwrap_or_else(|| "retired over HTTP".to_owned());
        self.changed(id, &wanted, |_, mark| Ok(self.registry.retire_device(id, Some(mark), &reason, actor)?))
    }

    /// Changes a device that is at one of the wanted marks. Where whatever is there may be changed, what another did
    /// meanwhile is no obstacle.
    fn changed(
        &self,
        id: &str,
        wanted: &Match,
        change: impl Fn(&DeviceRow, i64) -> Result<DeviceRow, Trouble>,
    ) -> Answered {
        let mut left = TRIES;
        loop {
            left -= 1;
            let row = self.device(id)?;
            match change(&row, wanted.wanted(row.etag)) {
                Err(Trouble::Registry(RegistryError::Changed { .. })) if *wanted == Match::Any && left > 0 => {}
                changed => return changed.map(|row| shown(200, &row)),
            }
        }
    }

    pub(super) fn adopt_device(&self, actor: &str, id: &str, asked: &Asked) -> Answered {
        let (device, credential) = record::adopted(&asked.incoming.fields, &endpoint(id)?)?;
        if let Some(group) = &device.group {
            self.check_group(group)?;
        }
        let row = self.registry.adopt(device, credential, actor)?;
        Ok(shown(200, &row))
    }

    pub(super) fn device_credentials(&self, id: &str) -> Answered {
        self.device(id)?;
        let credentials = self.registry.credentials(id)?;
        Ok(Reply::fields(200, json!({ "items": credentials, "next": null })))
    }

    pub(super) fn device_history(&self, id: &str, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let (after, limit) = (seq(asked)?, limit(asked)?);
        let events = self.registry.events(Some(id), after, i64::from(limit) + 1)?;
        if events.is_empty() && after == 0 {
            self.device(id)?;
        }
        let is_more = events.len() > limit as usize;
        let shown: Vec<&StoredEvent> = events.iter().take(limit as usize).collect();
        let next = shown.last().filter(|_| is_more).map(|event| event.seq);
        Ok(Reply::fields(200, json!({ "items": shown, "next": next })))
    }

    /// Says what the registry knows of a device, and what decided about it last: also of one that was refused and is not
    /// known.
    pub(super) fn why_device(&self, id: &str) -> Answered {
        let events = self.registry.device_history(id, 50)?;
        let device = self.registry.device(id)?;
        if events.is_empty() && device.is_none() {
            return Err(not_found("device", id).into());
        }
        let name = endpoint(id)?;
        let decision = events.iter().find(|event| DECISIONS.contains(&event.what.as_str()));
        Ok(Reply::fields(
            200,
            json!({
                "id": device.as_ref().map_or_else(|| id.to_owned(), |device| device.id.clone()),
                "state": device.as_ref().map(|device| device.state),
                "reason": device.as_ref().and_then(|device| device.reason.clone()),
                "blocked": self.registry.blocked(&name)?,
                "decision": decision,
                "events": events,
            }),
        ))
    }
}

/// Reads the filter of the query.
pub(super) fn filter(asked: &Asked) -> Result<Filter, Trouble> {
    let text = query(asked, "filter").unwrap_or_default();
    Ok(Filter::parse(&text).map_err(|error| malformed(error.to_string()))?)
}

fn shown(status: u16, row: &DeviceRow) -> Reply {
    let fields: Value = json!(row);
    Reply { etag: Some(row.etag.to_string()), ..Reply::fields(status, fields) }
}
