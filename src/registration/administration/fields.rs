//! Values of requests that several nouns have.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::request::{Refused, malformed};

/// Reads a whole number.
pub(super) fn whole(fields: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refused> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| malformed(format!("{name:?} is not a whole number"))),
    }
}

/// Reads a moment (RFC 3339).
pub(super) fn moment(fields: &Map<String, Value>, name: &str) -> Result<Option<OffsetDateTime>, Refused> {
    let wrong = || malformed(format!("{name:?} is no time like \"2030-01-31T12:00:00Z\""));
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => OffsetDateTime::parse(text, &Rfc3339).map(Some).map_err(|_| wrong()),
        Some(_) => Err(wrong()),
    }
}

/// What a list calls `expires`: a moment that is still to come.
pub(super) fn expiry(fields: &Map<String, Value>, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, Refused> {
    match moment(fields, "expires")? {
        Some(expires) if expires <= now => {
            Err((crate::fleet::enrolment::Refusal::ValueRefused, "\"expires\" is past".to_owned()))
        }
        expires => Ok(expires),
    }
}
