//! A part as one CBOR map from text keys to values, in the deterministic order of RFC 8949, section 4.2.1.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::fleet::factory::{FactoryEntry, FactoryPart, ValueKind};
use crate::format::cbor::{self, Item, Reader};

use super::ImageError;
use super::values::{number, wrong};

/// Encodes the values of a part, given in the order of its entries.
pub(super) fn encode(part: &FactoryPart, values: &[Secret]) -> Result<Zeroizing<Vec<u8>>, ImageError> {
    let mut pairs: Vec<(Vec<u8>, &FactoryEntry, &Secret)> =
        part.entries.iter().zip(values).map(|(entry, value)| (key_of(&entry.key), entry, value)).collect();
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    let length: usize = pairs.iter().map(|(key, _, value)| key.len() + value.len() + 9).sum();
    // Never grows, so that no copy of a key is left behind.
    let mut out = Zeroizing::new(Vec::with_capacity(length + 9));
    cbor::put_map(&mut out, pairs.len());
    for (key, entry, value) in pairs {
        out.extend_from_slice(&key);
        put(&mut out, part, entry, value)?;
    }
    Ok(out)
}

fn key_of(key: &str) -> Vec<u8> {
    let mut out = Vec::new();
    cbor::put_text(&mut out, key);
    out
}

fn put(out: &mut Vec<u8>, part: &FactoryPart, entry: &FactoryEntry, value: &Secret) -> Result<(), ImageError> {
    value.expose(|bytes| {
        match entry.kind {
            ValueKind::Blob => cbor::put_bytes(out, bytes),
            ValueKind::String => {
                let text = std::str::from_utf8(bytes).map_err(|_| wrong(part, entry, "is no text in UTF-8"))?;
                cbor::put_text(out, text);
            }
            _ => {
                let number = number(part, entry, bytes)?;
                match (u64::try_from(number), i64::try_from(number)) {
                    (Ok(number), _) => cbor::put_unsigned(out, number),
                    (_, Ok(number)) => cbor::put_integer(out, number),
                    _ => return Err(wrong(part, entry, "is out of range")),
                }
            }
        }
        Ok(())
    })
}

/// Reads a map back: each key with its value, numbers in decimal.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<(Arc<str>, ValueClass, Secret)>, String> {
    let mut reader = Reader::new(bytes);
    let wrong = |error: cbor::CborError| error.to_string();
    let length = reader.map().map_err(wrong)?;
    let (mut done, mut values) = (0, Vec::new());
    while reader.has_more(length, &mut done) {
        let Item::Text(key) = reader.next_item().map_err(wrong)? else { return Err("a key is no text".to_owned()) };
        let key: Arc<str> = Arc::from(key);
        let (class, value) = match reader.next_item().map_err(wrong)? {
            Item::Integer(number) => (ValueClass::Number, number.to_string().into_bytes()),
            Item::Text(text) => (ValueClass::Text, text.as_bytes().to_vec()),
            Item::Bytes(bytes) => (ValueClass::Bytes, bytes.to_vec()),
            _ => return Err(format!("the value of {key:?} is no number, text or bytes")),
        };
        values.push((key, class, Secret::new(value)));
    }
    Ok(values)
}

/// What a value is in the map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ValueClass {
    Number,
    Text,
    Bytes,
}
