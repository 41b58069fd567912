//! The JSON of LwM2M 1.0 (TS 1.0.2, section 6.4.4; content format 11543): read only, for the answers of old clients.

use std::borrow::Cow;

use serde::Deserialize;

use crate::fleet::lwm2m::{Object, Path, Value};
use crate::format::leaves::{Gathered, numbers, read_link};

use super::error::PayloadError;
use super::json::{Bounded, json, number_of};

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    bn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    e: Bounded<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    n: Option<Cow<'a, str>>,
    v: Option<serde_json::Number>,
    bv: Option<bool>,
    #[serde(borrow)]
    sv: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ov: Option<Cow<'a, str>>,
}

/// Reads objects. Names go on from the base name; without one from what was asked for.
pub(super) fn decode(at: Path, bytes: &[u8]) -> Result<Vec<Object>, PayloadError> {
    let Whole { bn, e: Bounded(entries) } = json(bytes)?;
    let base = bn.map_or_else(|| at.to_string(), Cow::into_owned);
    let mut objects = Gathered::default();
    for (at, entry) in (1..).zip(entries) {
        let wrong = |reason: &str| PayloadError::Json { reason: format!("entry {at} {reason}") };
        let path = joined(&base, entry.n.as_deref().unwrap_or_default());
        let value = value(entry).map_err(wrong)?;
        let numbers = numbers(&path).ok_or_else(|| wrong("has a name that is no path of a resource"))?;
        objects.put(&numbers, value).ok_or_else(|| wrong("names what is there already"))?;
    }
    Ok(objects.into_objects())
}

/// Clients write the slash between the two, leave it out, or write it twice.
fn joined(base: &str, name: &str) -> String {
    let parts = [base.trim_matches('/'), name.trim_matches('/')];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

fn value(entry: Entry<'_>) -> Result<Value, &'static str> {
    let mut values = [
        entry.v.map(|number| number_of(&number).ok_or("has a number out of range")),
        entry.bv.map(|yes| Ok(Value::Boolean(yes))),
        // Bytes are base64 here too: the data type tells them apart later.
        entry.sv.map(|text| Ok(Value::Text(text.into_owned()))),
        entry.ov.map(|text| read_link(&text).ok_or("has an object link that is none")),
    ]
    .into_iter()
    .flatten();
    match (values.next(), values.next()) {
        (Some(value), None) => value,
        (None, _) => Err("has no value"),
        (Some(_), Some(_)) => Err("has two values"),
    }
}
