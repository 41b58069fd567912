//! The feed of events, and figures of the whole.

use std::collections::BTreeMap;

use serde_json::json;

use crate::fleet::enrolment::Filter;

use super::super::exchange::{Asked, Reply};
use super::super::request::malformed;
use super::office::{Answered, Office, endpoint};
use super::page::{check_query, limit, number, query};

/// The longest that an answer without events may be held back, in seconds.
pub(super) const LONGEST_WAIT: u32 = 60;

impl Office {
    /// The number of the last event is the cursor: events are numbered without gaps, and none changes. Who holds back an
    /// answer without events (`wait`) is the server.
    pub(super) fn list_events(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "device", "limit", "wait"])?;
        number(asked, "wait", 0, 0, LONGEST_WAIT)?;
        let after = seq(asked)?;
        let limit = i64::from(limit(asked)?);
        let device = query(asked, "device").map(|device| endpoint(&device)).transpose()?;
        let events = self.registry.events(device.as_ref().map(crate::fleet::EndpointName::as_str), after, limit)?;
        let next = events.last().map_or(after, |event| event.seq);
        Ok(Reply::fields(200, json!({ "items": events, "next": next })))
    }

    pub(super) fn stats(&self) -> Answered {
        let mut devices = BTreeMap::new();
        for state in ["expected", "pending", "assigning", "registered", "retired"] {
            let filter = Filter::parse(&format!("state={state}")).map_err(|error| malformed(error.to_string()))?;
            devices.insert(state, self.registry.count(&filter)?);
        }
        let events = self.registry.last_event()?;
        Ok(Reply::fields(200, json!({ "fleet": self.registry.tenant(), "devices": devices, "events": events })))
    }
}

/// Reads the number of an event.
pub(super) fn seq(asked: &Asked) -> Result<i64, super::super::request::Refused> {
    let Some(text) = query(asked, "after") else { return Ok(0) };
    let is_plain = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).ok_or_else(|| malformed("\"after\" is the number of an event"))
}
