//! What both JSON formats have in common.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use crate::fleet::lwm2m::Value;

use super::error::{MOST_VALUES, PayloadError};

/// Reads JSON; what is wrong is said without a value of it.
pub(super) fn json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, PayloadError> {
    let text = std::str::from_utf8(bytes).map_err(|_| PayloadError::Json { reason: "is no UTF-8".into() })?;
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = match error.classify() {
            serde_json::error::Category::Data => "is not of the right shape",
            serde_json::error::Category::Eof => "ends too early",
            _ => "is no JSON",
        };
        PayloadError::Json { reason: format!("{reason}: line {line}, column {column}") }
    })
}

/// A list of at most [`MOST_VALUES`] parts.
pub(super) struct Bounded<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Parts(PhantomData))
    }
}

struct Parts<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Parts<T> {
    type Value = Bounded<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bounded<T>, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element()? {
            if parts.len() == MOST_VALUES {
                return Err(A::Error::custom("too many values"));
            }
            parts.push(part);
        }
        Ok(Bounded(parts))
    }
}

/// Returns a number as the value it is: an integer if it is written as one.
pub(super) fn number_of(number: &serde_json::Number) -> Option<Value> {
    let integer = number.as_i64().map(Value::Integer);
    integer.or_else(|| number.as_u64().map(Value::Unsigned)).or_else(|| number.as_f64().map(Value::Float))
}

/// Writes a number; JSON has no word for infinity and no number, so they become null, which readers refuse.
pub(super) fn put_number(out: &mut Vec<u8>, value: &Value) {
    let text = match value {
        Value::Integer(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        // Always with a point or an exponent, so that it reads back as a float.
        Value::Float(number) if number.is_finite() => format!("{number:?}"),
        _ => "null".into(),
    };
    out.extend_from_slice(text.as_bytes());
}

/// Bytes of a text at most, with quotes.
pub(super) fn text_room(text: &str) -> usize {
    2 + text.bytes().map(|byte| if byte < 0x20 { 6 } else { 2 }).sum::<usize>()
}

/// Writes a text with its quotes; straight into the buffer, so that no copy is left behind.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text into memory");
}

/// Reads base64 of either alphabet, padded or not: clients write all of them.
pub(super) fn base64_of(text: &str) -> Option<Vec<u8>> {
    let url = text.bytes().any(|byte| matches!(byte, b'-' | b'_'));
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(if url { &alphabet::URL_SAFE } else { &alphabet::STANDARD }, config).decode(text).ok()
}
