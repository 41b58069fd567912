//! SenML CBOR (RFC 8428, section 6) as LwM2M uses it (TS Core 1.1, section 7.4.4; content format 112).
//!
//! One record a value. The base name is the path of the object instance, the name the rest of the path. Object links
//! stand under the text label `vlo`, opaque values as byte strings.

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Object, Opaque, Path, Value};

use super::cbor::{self, CborError, Item, Reader};
use super::leaves::{Gathered, Leaf, leaves, numbers, read_link};

/// The longest SenML a reader takes, in bytes.
pub const LONGEST: usize = 1 << 20;
/// The most records a reader takes.
pub const MOST_RECORDS: usize = 10_000;

const BASE_NAME: i64 = -2;
const NAME: i64 = 0;
const VALUE: i64 = 2;
const TEXT: i64 = 3;
const BOOLEAN: i64 = 4;
const BYTES: i64 = 8;
const LINK: &str = "vlo";

/// Why bytes are no SenML of LwM2M objects.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SenmlError {
    /// No CBOR, or not of the right shape.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// More than a reader takes.
    #[error("the SenML has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// "bytes" or "records".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
    /// A record that cannot be understood.
    #[error("SenML record {record} {reason}")]
    Record {
        /// Which, from 1.
        record: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Encodes all values of `objects`.
pub fn encode(objects: &[Object]) -> Secret {
    encode_at(Path::Root, objects)
}

/// Encodes the values of `objects` that lie at or below `at`.
pub fn encode_at(at: Path, objects: &[Object]) -> Secret {
    let records = records(&leaves(at, objects));
    let room = 9 + records.iter().map(Record::room).sum::<usize>();
    let mut out = Vec::with_capacity(room);
    cbor::put_array(&mut out, records.len());
    for record in &records {
        record.put(&mut out);
    }
    debug_assert!(out.len() <= room, "the buffer never grows, so no copy of a key is left behind");
    Secret::new(out)
}

pub(super) struct Record<'a> {
    pub base_name: Option<String>,
    pub name: String,
    pub value: &'a Value,
}

/// Names values; the base name stands where the instance changes.
pub(super) fn records<'a>(leaves: &[Leaf<'a>]) -> Vec<Record<'a>> {
    let mut last = None;
    let record = |leaf: &Leaf<'a>| {
        let here = (leaf.object, leaf.instance);
        let base_name = (last.replace(here) != Some(here)).then(|| format!("/{}/{}/", leaf.object, leaf.instance));
        let name = match leaf.number {
            None => leaf.resource.to_string(),
            Some(number) => format!("{}/{number}", leaf.resource),
        };
        Record { base_name, name, value: leaf.value }
    };
    leaves.iter().map(record).collect()
}

impl Record<'_> {
    fn room(&self) -> usize {
        let value = match self.value {
            Value::Text(text) => text.len(),
            Value::Opaque(bytes) => bytes.len(),
            _ => 16,
        };
        self.base_name.as_ref().map_or(0, |name| name.len() + 10) + self.name.len() + value + 32
    }

    fn put(&self, out: &mut Vec<u8>) {
        cbor::put_map(out, 2 + usize::from(self.base_name.is_some()));
        if let Some(base_name) = &self.base_name {
            cbor::put_integer(out, BASE_NAME);
            cbor::put_text(out, base_name);
        }
        cbor::put_integer(out, NAME);
        cbor::put_text(out, &self.name);
        match self.value {
            Value::Integer(number) => labelled(out, VALUE, |out| cbor::put_integer(out, *number)),
            Value::Unsigned(number) => labelled(out, VALUE, |out| cbor::put_unsigned(out, *number)),
            Value::Float(number) => labelled(out, VALUE, |out| cbor::put_float(out, *number)),
            Value::Text(text) => labelled(out, TEXT, |out| cbor::put_text(out, text)),
            Value::Boolean(yes) => labelled(out, BOOLEAN, |out| cbor::put_boolean(out, *yes)),
            Value::Opaque(bytes) => labelled(out, BYTES, |out| bytes.expose(|bytes| cbor::put_bytes(out, bytes))),
            Value::Link { object, instance } => {
                cbor::put_text(out, LINK);
                cbor::put_text(out, &format!("{object}:{instance}"));
            }
        }
    }
}

fn labelled(out: &mut Vec<u8>, label: i64, put: impl FnOnce(&mut Vec<u8>)) {
    cbor::put_integer(out, label);
    put(out);
}

/// Reads objects, by rising ids whatever the order of the records. Base and other times are passed over; a base value,
/// a sum, or a label that must be understood and is not, is an error.
///
/// # Errors
/// [`SenmlError`]; at most [`LONGEST`] bytes and [`MOST_RECORDS`] records are read.
pub fn decode(bytes: &[u8]) -> Result<Vec<Object>, SenmlError> {
    if bytes.len() > LONGEST {
        return Err(SenmlError::TooMuch { what: "bytes", found: bytes.len(), limit: LONGEST });
    }
    let mut reader = Reader::new(bytes);
    let (length, mut done) = (reader.array()?, 0);
    let (mut objects, mut base_name, mut count) = (Gathered::default(), String::new(), 0);
    while reader.has_more(length, &mut done) {
        count += 1;
        if count > MOST_RECORDS {
            return Err(SenmlError::TooMuch { what: "records", found: count, limit: MOST_RECORDS });
        }
        read_record(&mut reader, &mut base_name, &mut objects, count)?;
    }
    if !reader.is_done() {
        return Err(CborError::Unexpected { offset: reader.offset(), wanted: "end" }.into());
    }
    Ok(objects.into_objects())
}

fn read_record(
    reader: &mut Reader<'_>,
    base_name: &mut String,
    objects: &mut Gathered,
    record: usize,
) -> Result<(), SenmlError> {
    let wrong = |reason: String| SenmlError::Record { record, reason };
    let (mut name, mut value) = ("", None);
    let (length, mut done) = (reader.map()?, 0);
    while reader.has_more(length, &mut done) {
        let offset = reader.offset();
        match (reader.next_item()?, reader.offset()) {
            (Item::Integer(-2), _) => text(reader)?.clone_into(base_name),
            (Item::Integer(0), _) => name = text(reader)?,
            (Item::Integer(2 | 3 | 4 | 8) | Item::Text(LINK), _) if value.is_some() => {
                return Err(wrong("has two values".into()));
            }
            (Item::Integer(label @ (2 | 3 | 4 | 8)), _) => value = Some(read_value(reader, label)?),
            (Item::Text(LINK), at) => {
                let link =
                    read_link(text(reader)?).ok_or(CborError::Unexpected { offset: at, wanted: "object link" })?;
                value = Some(link);
            }
            (Item::Integer(label @ (-6 | -5 | 5)), _) => {
                return Err(wrong(format!("has a base value or sum (label {label})")));
            }
            (Item::Text(label), _) if label.ends_with('_') => {
                return Err(wrong(format!("has the label {label:?}, which must be understood and is not")));
            }
            (Item::Integer(_) | Item::Text(_), _) => reader.skip()?,
            _ => return Err(CborError::Unexpected { offset, wanted: "label" }.into()),
        }
    }
    let path = format!("{base_name}{name}");
    let value = value.ok_or_else(|| wrong(format!("{path:?} has no value")))?;
    let numbers = numbers(&path).ok_or_else(|| wrong(format!("names {path:?}, which is no path of a resource")))?;
    objects.put(&numbers, value).ok_or_else(|| wrong(format!("names {path:?}, which is there already")))
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<&'a str, CborError> {
    let offset = reader.offset();
    match reader.next_item()? {
        Item::Text(text) => Ok(text),
        _ => Err(CborError::Unexpected { offset, wanted: "text" }),
    }
}

fn read_value(reader: &mut Reader<'_>, label: i128) -> Result<Value, CborError> {
    let offset = reader.offset();
    let unexpected = |wanted| CborError::Unexpected { offset, wanted };
    match (label, reader.next_item()?) {
        (2, Item::Integer(number)) => i64::try_from(number)
            .map(Value::Integer)
            .or_else(|_| u64::try_from(number).map(Value::Unsigned))
            .map_err(|_| unexpected("number of 64 bits")),
        (2, Item::Float(number)) => Ok(Value::Float(number)),
        (3, Item::Text(text)) => Ok(Value::Text(text.to_owned())),
        (4, Item::Boolean(yes)) => Ok(Value::Boolean(yes)),
        (8, Item::Bytes(bytes)) => Ok(Value::Opaque(Opaque::new(bytes.to_vec()))),
        _ => Err(unexpected("value of its label's type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::lwm2m::{Content, Instance, Resource};
    use proptest::prelude::*;

    fn sample() -> Vec<Object> {
        let single = |id, value| Resource { id, content: Content::Single(value) };
        let security = vec![
            single(0, Value::Text("coaps://a.example".into())),
            single(1, Value::Boolean(false)),
            single(2, Value::Integer(-70_000)),
            single(5, Value::Opaque(Opaque::new(vec![0, 255]))),
            single(17, Value::Link { object: 21, instance: 65_535 }),
            single(18, Value::Float(1.5)),
            single(20, Value::Unsigned(u64::MAX)),
        ];
        let rights = Content::Multiple(vec![(101, Value::Integer(7)), (102, Value::Integer(1))]);
        vec![
            Object { id: 0, instances: vec![Instance { id: 1, resources: security }] },
            Object { id: 2, instances: vec![Instance { id: 0, resources: vec![Resource { id: 2, content: rights }] }] },
        ]
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        assert_eq!(encode(&sample()).expose(decode).unwrap(), sample());
    }

    #[test]
    fn a_foreign_reader_finds_names_labels_and_values() {
        let read: ciborium::Value = encode(&sample()).expose(|bytes| ciborium::from_reader(bytes)).unwrap();
        let records: Vec<Vec<(ciborium::Value, ciborium::Value)>> =
            read.into_array().unwrap().into_iter().map(|record| record.into_map().unwrap()).collect();
        assert_eq!(records.len(), 9);
        assert_eq!(records[0][0], (ciborium::Value::from(-2), ciborium::Value::from("/0/1/")));
        assert_eq!(records[0][1], (ciborium::Value::from(0), ciborium::Value::from("0")));
        assert_eq!(records[0][2], (ciborium::Value::from(3), ciborium::Value::from("coaps://a.example")));
        assert_eq!(records[3][1], (ciborium::Value::from(8), ciborium::Value::Bytes(vec![0, 255])));
        assert_eq!(records[4][1], (ciborium::Value::from("vlo"), ciborium::Value::from("21:65535")));
        assert_eq!(records[8][0], (ciborium::Value::from(0), ciborium::Value::from("2/102")));
    }

    /// The shape that Anjay's factory provisioning reads: an array of maps, integer labels.
    #[test]
    fn one_record_has_the_bytes_of_the_rfc() {
        let resources = vec![Resource { id: 0, content: Content::Single(Value::Integer(101)) }];
        let objects = [Object { id: 1, instances: vec![Instance { id: 0, resources }] }];
        encode(&objects)
            .expose(|bytes| assert_eq!(hex::encode(bytes), "81a3 21 65 2f312f302f 00 61 30 02 18 65".replace(' ', "")));
    }

    #[test]
    fn indefinite_arrays_and_maps_are_read() {
        let read = decode(&hex::decode("9fbf21652f312f302f006130021865ffff").unwrap()).unwrap();
        assert_eq!(read[0].instances[0].resources[0].content, Content::Single(Value::Integer(101)));
    }

    #[test]
    fn records_that_cannot_be_meant_are_refused() {
        for (hex, words) in [
            ("81a2006130021865", "no path"),
            ("81a20066 2f312f302f30", "ends inside"),
            ("81a100662f312f302f30", "has no value"),
            ("82a200662f312f302f300201a200662f312f302f300201", "there already"),
            ("81a300662f312f302f3002010361 61", "two values"),
            ("81a300662f312f302f300201622b5f00", "must be understood"),
            ("81a300662f312f302f3002012400", "base value"),
            ("81a200672f2b312f302f300201", "no path"),
            ("80 00", "no end"),
        ] {
            let error = decode(&hex::decode(hex.replace(' ', "")).unwrap()).unwrap_err().to_string();
            assert!(error.contains(words), "{hex}: {error}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_changed_byte_never_panics(at in 0_usize..100, change: u8) {
            let mut bytes = encode(&sample()).expose(<[u8]>::to_vec);
            let at = at % bytes.len();
            bytes[at] ^= change;
            let _ = decode(&bytes);
        }
    }
}
