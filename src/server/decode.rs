//! Bytes from a stranger into one value: JSON (RFC 8259) or CBOR (RFC 8949), within bounds, without double meanings.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::fleet::enrolment::Refusal;

/// How deep objects and lists may be nested.
pub const DEEPEST: usize = 16;
/// Longest body, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// What a body is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// `application/json`.
    Json,
    /// `application/cbor`.
    Cbor,
}

impl Notation {
    /// Reads a `Content-Type`: its parameters do not matter, but a character set must be UTF-8.
    pub fn of_content_type(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let notation = Self::of_media_type(parts.next()?)?;
        let is_utf8 = |part: &str| match part.split_once('=') {
            Some((name, set)) if name.eq_ignore_ascii_case("charset") => {
                set.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        };
        parts.all(is_utf8).then_some(notation)
    }

    fn of_media_type(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            // A merge patch (RFC 7396) is JSON: what it changes is told by the method.
            "application/json" | "application/merge-patch+json" => Some(Self::Json),
            "application/cbor" => Some(Self::Cbor),
            _ => None,
        }
    }

    /// Reads an `Accept` header: CBOR if it is named (and not with `q=0`) and JSON is not named before it.
    pub fn of_accept(text: &str) -> Option<Self> {
        let is_wanted = |part: &&str| !part.split(';').skip(1).any(|word| matches!(word.trim(), "q=0" | "q=0.0"));
        let media_type = |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        text.split(',').filter(is_wanted).find_map(|part| match media_type(part).as_str() {
            "application/problem+json" => Some(Self::Json),
            other => Self::of_media_type(other),
        })
    }
}

/// Reads one object of at most [`LONGEST`] bytes; see [`object_within`].
pub fn object(notation: Notation, bytes: &[u8]) -> Result<Value, (Refusal, String)> {
    object_within(notation, bytes, LONGEST)
}

/// Reads one object. Refuses what is larger than `longest` or deeper than [`DEEPEST`] (`request-too-large`), and
/// (`malformed-request`) anything else than one object, a key twice, a key that is no text, NUL in a text, numbers that JSON
/// cannot hold, CBOR tags. A CBOR byte string becomes base64 text.
pub fn object_within(notation: Notation, bytes: &[u8], longest: usize) -> Result<Value, (Refusal, String)> {
    if bytes.len() > longest {
        return Err(too_large(bytes.len(), longest));
    }
    let Strict(value) = match notation {
        Notation::Json => json(bytes)?,
        Notation::Cbor => cbor(bytes)?,
    };
    if depth(&value) > DEEPEST {
        return Err(too_deep());
    }
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(malformed("the body is no object")),
    }
}

/// Says that a body of (at least) `size` bytes is too large.
pub(super) fn too_large(size: usize, longest: usize) -> (Refusal, String) {
    (Refusal::RequestTooLarge, format!("the body has {size} bytes or more, at most {longest} are taken"))
}

fn too_deep() -> (Refusal, String) {
    (Refusal::RequestTooLarge, format!("the body is nested more than {DEEPEST} deep"))
}

fn malformed(why: impl fmt::Display) -> (Refusal, String) {
    // serde names the offending key, which may be long.
    let why: String = why.to_string().chars().filter(|one| !one.is_control()).take(200).collect();
    (Refusal::MalformedRequest, why)
}

fn json(bytes: &[u8]) -> Result<Strict, (Refusal, String)> {
    if brackets_deep(bytes) > DEEPEST {
        return Err(too_deep());
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// Counts how deep brackets are open at most, outside of texts: before a reader recurses.
fn brackets_deep(bytes: &[u8]) -> usize {
    let (mut open, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn cbor(bytes: &[u8]) -> Result<Strict, (Refusal, String)> {
    let mut rest = bytes;
    let read = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEEPEST + 1);
    let value = read.map_err(|error| match error {
        ciborium::de::Error::RecursionLimitExceeded => too_deep(),
        ciborium::de::Error::Semantic(_, why) => malformed(why),
        ciborium::de::Error::Syntax(at) => malformed(format!("no CBOR at byte {at}")),
        ciborium::de::Error::Io(_) => malformed("the CBOR ends early"),
    })?;
    if rest.is_empty() { Ok(value) } else { Err(malformed(format!("{} bytes after the CBOR", rest.len()))) }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A value with one meaning only.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading).map(Self)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        no_nul(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::String(STANDARD.encode(value)))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        // No room is made by what the sender announces.
        let mut items = Vec::new();
        while let Some(Strict(item)) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            no_nul(&key)?;
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            let Strict(value) = map.next_value()?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

fn no_nul<E: serde::de::Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') { Err(E::custom("a text holds NUL")) } else { Ok(()) }
}

/// Writes `value` in `notation`.
pub(super) fn written(notation: Notation, value: &Value) -> Vec<u8> {
    match notation {
        Notation::Json => value.to_string().into_bytes(),
        Notation::Cbor => {
            let mut bytes = Vec::new();
            ciborium::into_writer(value, &mut bytes).expect("memory takes every value of JSON");
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[track_caller]
    fn refused(notation: Notation, bytes: &[u8], refusal: Refusal, word: &str) {
        let (found, detail) = object(notation, bytes).expect_err("it is refused");
        assert!(found == refusal && detail.contains(word), "{found:?}: {detail}");
    }

    fn nested(open: &str, close: &str, times: usize) -> Vec<u8> {
        format!("{{\"a\":{}{}}}", open.repeat(times), close.repeat(times)).into_bytes()
    }

    #[test]
    fn malformed_json_is_refused() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "EOF"),
            (b"{", "EOF"),
            (b"[]", "no object"),
            (b"null", "no object"),
            (b"{} {}", "trailing"),
            (b"{\"a\":1,\"a\":1}", "\"a\" is there twice"),
            (b"{\"a\":{\"b\":1,\"\\u0062\":2}}", "\"b\" is there twice"),
            (b"{\"a\":\"\\u0000\"}", "NUL"),
            (b"{\"\\u0000\":1}", "NUL"),
            (b"{\"a\":1e999}", "out of range"),
            (b"{\"a\":\"\xff\"}", "unicode"),
            (b"{\"a\":\"\\ud800\"}", "hex escape"),
        ];
        for (bytes, word) in cases {
            refused(Notation::Json, bytes, Refusal::MalformedRequest, word);
        }
    }

    #[test]
    fn malformed_cbor_is_refused() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "ends early"),
            (b"\xa1", "ends early"),
            (b"\x80", "no object"),
            (b"\xa0\xa0", "1 bytes after"),
            (b"\xa2\x61a\x01\x61a\x01", "\"a\" is there twice"),
            (b"\xa1\x01\x01", ""),
            (b"\xa1\x61a\xf9\x7c\x00", "not finite"),
            (b"\xa1\x61a\x61\x00", "NUL"),
            (b"\xa1\x61a\xc1\x01", "expected a JSON value"),
            (b"\xa1\x61a\xc2\x49\x01\0\0\0\0\0\0\0\0", "a JSON value"),
            (b"\xa1\x61a\xff", ""),
            (b"\xa1\x61a\x61\xff", ""),
        ];
        for (bytes, word) in cases {
            refused(Notation::Cbor, bytes, Refusal::MalformedRequest, word);
        }
        refused(Notation::Cbor, b"\xa1\x61a\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", Refusal::MalformedRequest, "early");
        refused(Notation::Cbor, b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff", Refusal::MalformedRequest, "early");
    }

    #[test]
    fn what_is_deep_or_large_is_refused_and_what_is_just_in_bounds_is_read() {
        assert!(object(Notation::Json, &nested("[", "]", DEEPEST - 1)).is_ok());
        for times in [DEEPEST, 200, 30_000] {
            refused(Notation::Json, &nested("[", "]", times), Refusal::RequestTooLarge, "16 deep");
            let cbor = [b"\xa1\x61a".to_vec(), vec![0x81; times], vec![0x01]].concat();
            refused(Notation::Cbor, &cbor, Refusal::RequestTooLarge, "16 deep");
            let endless = [b"\xbf\x61a".to_vec(), vec![0x9f; times]].concat();
            assert!(object(Notation::Cbor, &endless).is_err());
        }
        let cbor = [b"\xa1\x61a".to_vec(), vec![0x81; DEEPEST - 1], vec![0x01]].concat();
        assert!(object(Notation::Cbor, &cbor).is_ok());
        let full = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST - 8));
        assert!(full.len() == LONGEST && object(Notation::Json, full.as_bytes()).is_ok());
        refused(Notation::Json, format!("{full} ").as_bytes(), Refusal::RequestTooLarge, "65537");
        assert!(object(Notation::Json, b"{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[\"}").is_ok(), "a text is no nesting");
    }

    #[test]
    fn cbor_bytes_become_base64_and_undefined_becomes_null() {
        let value = object(Notation::Cbor, b"\xa3\x61a\x43\x01\x02\x03\x61b\xf7\x61c\x5f\x41\x01\x41\x02\xff").unwrap();
        assert_eq!(value, json!({"a": "AQID", "b": null, "c": "AQI="}));
    }

    #[test]
    fn the_notation_is_read_from_the_headers() {
        assert_eq!(Notation::of_content_type("Application/JSON; charset=\"UTF-8\""), Some(Notation::Json));
        assert_eq!(Notation::of_content_type("application/cbor"), Some(Notation::Cbor));
        for other in ["", "text/plain", "application/json; charset=latin1", "application/jsonx"] {
            assert_eq!(Notation::of_content_type(other), None);
        }
        assert_eq!(Notation::of_accept("text/html, application/cbor;q=0.9, application/json"), Some(Notation::Cbor));
        assert_eq!(Notation::of_accept("application/cbor;q=0, application/problem+json"), Some(Notation::Json));
        assert_eq!(Notation::of_accept("*/*"), None);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(|value: f64| Value::from(value + 0.5)),
            "[^\\x00]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map("[^\\x00]{0,6}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_the_same_in_both_notations(value in any_value()) {
            let value = json!({ "value": value });
            for notation in [Notation::Json, Notation::Cbor] {
                let read = object(notation, &written(notation, &value));
                prop_assert_eq!(read.as_ref(), Ok(&value));
            }
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for notation in [Notation::Json, Notation::Cbor] {
                if let Ok(value) = object(notation, &bytes) {
                    prop_assert!(value.is_object() && depth(&value) <= DEEPEST);
                }
            }
        }
    }
}
