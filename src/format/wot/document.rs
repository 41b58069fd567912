//! The bounds of a document, and reading one from bytes without losing what JSON allows and we do not.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::finding::Fault;

/// The largest document that is read, in bytes.
pub const LARGEST: usize = 1 << 20;
/// The deepest nesting that is followed.
pub const DEEPEST: usize = 64;
/// The most values of a document: no more fit into [`LARGEST`] bytes of text.
const MOST_VALUES: usize = LARGEST;

/// Reads a document, refusing a name that stands twice in one object: parsers differ on which of the two counts.
///
/// # Errors
/// One fault: too large, too deep, no JSON, or a name twice.
pub fn read(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.len() > LARGEST {
        return Err(whole(format!("the document has {} bytes, at most {LARGEST} are read", bytes.len())));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Node { depth: 0 }.deserialize(&mut reader).map_err(|error| whole(error.to_string()))?;
    reader.end().map_err(|error| whole(error.to_string()))?;
    Ok(value)
}

/// Checks the bounds of a value that came from elsewhere, without recursion.
pub(super) fn bounded(document: &Value) -> Result<(), Fault> {
    let mut pending = vec![(document, 0)];
    let mut seen = 0_usize;
    while let Some((value, depth)) = pending.pop() {
        seen += 1;
        if depth > DEEPEST {
            return Err(too_deep());
        }
        if seen > MOST_VALUES {
            return Err(whole(format!("the document has more than {MOST_VALUES} values")));
        }
        match value {
            Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(map) => pending.extend(map.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

fn whole(words: String) -> Fault {
    Fault { pointer: String::new(), words }
}

fn too_deep() -> Fault {
    whole(format!("the document is nested deeper than {DEEPEST} levels"))
}

/// Builds a value, at a depth.
struct Node {
    depth: usize,
}

impl Node {
    fn inner<E: Error>(&self) -> Result<usize, E> {
        if self.depth < DEEPEST { Ok(self.depth + 1) } else { Err(E::custom(too_deep().words)) }
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Node { depth })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let depth = self.inner()?;
        let mut map = Map::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("\"{name}\" stands twice in one object")));
            }
            let value = members.next_value_seed(Node { depth })?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}
