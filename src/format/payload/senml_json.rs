//! SenML JSON (RFC 8428, section 5) as LwM2M uses it (content format 110).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroize as _;

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Object, Opaque, Value};
use crate::format::leaves::{Gathered, Leaf, numbers, read_link};
use crate::format::senml::{Record, records};

use super::error::PayloadError;
use super::json::{Bounded, base64_of, json, number_of, put_number, put_text, text_room};

/// Encodes one record a value, the base name where the instance changes.
pub(super) fn encode(leaves: &[Leaf<'_>]) -> Secret {
    let records = records(leaves);
    let room = 2 + records.iter().map(room).sum::<usize>();
    let mut out = Vec::with_capacity(room);
    out.push(b'[');
    for (at, record) in records.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(&mut out, record);
    }
    out.push(b']');
    debug_assert!(out.len() <= room, "the buffer never grows, so no copy of a key is left behind");
    Secret::new(out)
}

fn room(record: &Record<'_>) -> usize {
    let value = match record.value {
        Value::Text(text) => text_room(text),
        Value::Opaque(bytes) => bytes.len() * 4 / 3 + 4,
        // The longest float in full is that of the smallest number.
        Value::Float(_) => 340,
        _ => 24,
    };
    record.base_name.as_ref().map_or(0, String::len) + record.name.len() + value + 48
}

fn put(out: &mut Vec<u8>, record: &Record<'_>) {
    out.push(b'{');
    if let Some(base_name) = &record.base_name {
        out.extend_from_slice(b"\"bn\":");
        put_text(out, base_name);
        out.push(b',');
    }
    out.extend_from_slice(b"\"n\":");
    put_text(out, &record.name);
    let label = match record.value {
        Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => "v",
        Value::Boolean(_) => "vb",
        Value::Text(_) => "vs",
        Value::Opaque(_) => "vd",
        Value::Link { .. } => "vlo",
    };
    out.extend_from_slice(format!(",\"{label}\":").as_bytes());
    match record.value {
        Value::Text(text) => put_text(out, text),
        Value::Boolean(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Link { object, instance } => out.extend_from_slice(format!("\"{object}:{instance}\"").as_bytes()),
        Value::Opaque(bytes) => bytes.expose(|bytes| {
            let mut text = URL_SAFE_NO_PAD.encode(bytes);
            put_text(out, &text);
            text.zeroize();
        }),
        number => put_number(out, number),
    }
    out.push(b'}');
}

/// A record as it stands. Times, units and unknown labels are passed over, as RFC 8428 allows; sums and base values
/// change the meaning and are refused.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    bn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    n: Option<Cow<'a, str>>,
    v: Option<serde_json::Number>,
    vb: Option<bool>,
    #[serde(borrow)]
    vs: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vd: Option<Cow<'a, str>>,
    #[serde(borrow)]
    vlo: Option<Cow<'a, str>>,
    bv: Option<serde_json::Number>,
    bs: Option<serde_json::Number>,
    s: Option<serde_json::Number>,
}

/// Reads objects, by rising ids whatever the order of the records.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Object>, PayloadError> {
    let Bounded(records) = json::<Bounded<Read<'_>>>(bytes)?;
    let (mut objects, mut base_name) = (Gathered::default(), String::new());
    for (at, record) in (1..).zip(records) {
        let wrong = |reason: &str| PayloadError::Json { reason: format!("record {at} {reason}") };
        if let Some(name) = &record.bn {
            name.as_ref().clone_into(&mut base_name);
        }
        let path = format!("{base_name}{}", record.n.as_deref().unwrap_or_default());
        let value = value(record).map_err(wrong)?;
        let numbers = numbers(&path).ok_or_else(|| wrong("has a name that is no path of a resource"))?;
        objects.put(&numbers, value).ok_or_else(|| wrong("names what is there already"))?;
    }
    Ok(objects.into_objects())
}

fn value(record: Read<'_>) -> Result<Value, &'static str> {
    if record.bv.is_some() || record.bs.is_some() || record.s.is_some() {
        return Err("has a base value or sum");
    }
    let mut values = [
        record.v.map(|number| number_of(&number).ok_or("has a number out of range")),
        record.vb.map(|yes| Ok(Value::Boolean(yes))),
        record.vs.map(|text| Ok(Value::Text(text.into_owned()))),
        record.vlo.map(|text| read_link(&text).ok_or("has an object link that is none")),
        record.vd.map(|text| opaque(&text).ok_or("has bytes that are no base64url")),
    ]
    .into_iter()
    .flatten();
    match (values.next(), values.next()) {
        (Some(value), None) => value,
        (None, _) => Err("has no value"),
        (Some(_), Some(_)) => Err("has two values"),
    }
}

fn opaque(text: &str) -> Option<Value> {
    Some(Value::Opaque(Opaque::new(base64_of(text)?)))
}
