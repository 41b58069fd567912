//! A single value without its name: text (0), bytes (42) and CBOR (60).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fleet::Secret;
use crate::fleet::lwm2m::{DataType, Object, Opaque, Path, Value};
use crate::format::cbor::{self, CborError, Item, Reader};
use crate::format::leaves::{Gathered, read_link};
use crate::format::tlv::Types;

use super::error::PayloadError;
use super::json::base64_of;
use super::written::PayloadFormat;

/// Encodes one value; `None` if the format has no way to.
pub(super) fn encode(format: PayloadFormat, value: &Value) -> Option<Secret> {
    match (format, value) {
        (PayloadFormat::Cbor, value) => {
            let mut out = Vec::with_capacity(cbor_room(value));
            put_cbor(&mut out, value);
            Some(Secret::new(out))
        }
        (PayloadFormat::Opaque, Value::Opaque(bytes)) => Some(bytes.expose(|bytes| Secret::new(bytes.to_vec()))),
        (PayloadFormat::Text, value) => Some(Secret::new(text(value).into_bytes())),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(yes) => u8::from(*yes).to_string(),
        Value::Opaque(bytes) => bytes.expose(|bytes| STANDARD.encode(bytes)),
        Value::Link { object, instance } => format!("{object}:{instance}"),
    }
}

/// Bytes of a value at most.
pub(super) fn cbor_room(value: &Value) -> usize {
    9 + match value {
        Value::Text(text) => text.len(),
        Value::Opaque(bytes) => bytes.len(),
        _ => 11,
    }
}

/// Writes a value as CBOR; a link as text.
pub(super) fn put_cbor(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Integer(number) => cbor::put_integer(out, *number),
        Value::Unsigned(number) => cbor::put_unsigned(out, *number),
        Value::Float(number) => cbor::put_float(out, *number),
        Value::Text(text) => cbor::put_text(out, text),
        Value::Boolean(yes) => cbor::put_boolean(out, *yes),
        Value::Opaque(bytes) => bytes.expose(|bytes| cbor::put_bytes(out, bytes)),
        Value::Link { object, instance } => cbor::put_text(out, &format!("{object}:{instance}")),
    }
}

/// Takes an item that is a value; `None` for any other. Links come as text: the data type tells them apart later.
pub(super) fn cbor_value(item: Item<'_>) -> Option<Value> {
    Some(match item {
        Item::Integer(number) => match i64::try_from(number) {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Unsigned(u64::try_from(number).ok()?),
        },
        Item::Float(number) => Value::Float(number),
        Item::Boolean(yes) => Value::Boolean(yes),
        Item::Text(text) => Value::Text(text.to_owned()),
        Item::Bytes(bytes) => Value::Opaque(Opaque::new(bytes.to_vec())),
        _ => return None,
    })
}

/// Reads one value, which lies at `at`.
pub(super) fn decode(
    format: PayloadFormat,
    at: Path,
    bytes: &[u8],
    types: Types<'_>,
) -> Result<Vec<Object>, PayloadError> {
    let numbers = at.numbers();
    if numbers.len() < 3 {
        return Err(PayloadError::Cannot { format, at });
    }
    let value = match format {
        PayloadFormat::Opaque => Value::Opaque(Opaque::new(bytes.to_vec())),
        PayloadFormat::Cbor => single_cbor(bytes)?,
        _ => of_text(at, bytes, types(numbers[0], numbers[2]))?,
    };
    let mut objects = Gathered::default();
    objects.put(&numbers, value).expect("the first value of all");
    Ok(objects.into_objects())
}

fn single_cbor(bytes: &[u8]) -> Result<Value, PayloadError> {
    let mut reader = Reader::new(bytes);
    let mut item = reader.next_item()?;
    // A time has the tag 1, for seconds since 1970.
    if matches!(item, Item::Tag(_)) {
        item = reader.next_item()?;
    }
    if !reader.is_done() {
        return Err(CborError::Unexpected { offset: reader.offset(), wanted: "end" }.into());
    }
    Ok(cbor_value(item).ok_or(CborError::Unexpected { offset: 0, wanted: "single value" })?)
}

fn of_text(at: Path, bytes: &[u8], data_type: Option<DataType>) -> Result<Value, PayloadError> {
    let wrong = |wanted| PayloadError::Value { at, wanted };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("UTF-8 text"))?;
    let digits = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    match data_type {
        None | Some(DataType::Text) => Ok(Value::Text(text.to_owned())),
        Some(DataType::Integer | DataType::Unsigned) if digits => text
            .parse()
            .map(Value::Integer)
            .or_else(|_| text.parse().map(Value::Unsigned))
            .map_err(|_| wrong("integer of 64 bits")),
        Some(DataType::Integer | DataType::Unsigned) => Err(wrong("integer")),
        Some(DataType::Float) => text.parse().map(Value::Float).map_err(|_| wrong("float")),
        Some(DataType::Boolean) => match text {
            "0" => Ok(Value::Boolean(false)),
            "1" => Ok(Value::Boolean(true)),
            _ => Err(wrong("boolean, 0 or 1")),
        },
        Some(DataType::Opaque) => {
            base64_of(text).map(|bytes| Value::Opaque(Opaque::new(bytes))).ok_or_else(|| wrong("base64"))
        }
        Some(DataType::Link) => read_link(text).ok_or_else(|| wrong("object link")),
    }
}
