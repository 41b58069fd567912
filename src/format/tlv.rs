//! OMA TLV: the binary encoding of LwM2M 1.0 (TS Core, section 7.4.3; content format 11542).
//!
//! One entry is a type byte, an identifier of 8 or 16 bits, a length of 0 to 24 bits and a value. The value of an object
//! instance and of a multiple resource is a sequence of entries. An encoding holds one object and does not name it.

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Content, DataType, Instance, Object, Opaque, Path, Resource, Value, data_type};

/// The longest TLV a reader takes, in bytes.
pub const LONGEST: usize = 1 << 20;
/// The most object instances, resources and resource instances together that a reader takes.
pub const MOST_ENTRIES: usize = 10_000;

/// Why bytes are no TLV of an object.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TlvError {
    /// More than a reader takes.
    #[error("the TLV has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// "bytes" or "entries".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
    /// Ends in the middle of an entry.
    #[error("the TLV ends inside the entry at byte {offset}")]
    Short {
        /// Where the entry begins.
        offset: usize,
    },
    /// An entry where its kind cannot stand.
    #[error("the TLV entry at byte {offset} cannot stand there")]
    Misplaced {
        /// Where the entry begins.
        offset: usize,
    },
    /// A value that is none of the resource's data type.
    #[error("resource {resource} holds {found} bytes that are no {wanted}")]
    Value {
        /// Resource id.
        resource: u16,
        /// Length found.
        found: usize,
        /// Data type in words.
        wanted: &'static str,
    },
}

/// Kinds of entry: the two highest bits of the type byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    ObjectInstance = 0b00,
    ResourceInstance = 0b01,
    MultipleResource = 0b10,
    Resource = 0b11,
}

/// Encodes what lies at `at`, which is an object or below: an object with entries for its instances, an instance with
/// those of its resources, a resource with its own. `None` if there is no such thing.
pub fn encode_at(at: Path, objects: &[Object]) -> Option<Secret> {
    let object = objects.iter().find(|object| Some(object.id) == at.object())?;
    let Some(instance) = at.instance() else { return Some(encode(object)) };
    let instance = object.instances.iter().find(|candidate| candidate.id == instance)?;
    let of = |id: u16| instance.resources.iter().find(|candidate| candidate.id == id);
    let (mut out, length);
    match at {
        Path::Root | Path::Object(_) => return None,
        Path::Instance(..) => {
            length = instance_length(instance);
            out = Vec::with_capacity(length);
            instance.resources.iter().for_each(|resource| put_resource(&mut out, resource));
        }
        Path::Resource(_, _, id) => {
            let resource = of(id)?;
            length = entry_length(id, content_length(&resource.content));
            out = Vec::with_capacity(length);
            put_resource(&mut out, resource);
        }
        Path::ResourceInstance(_, _, id, number) => {
            let Content::Multiple(values) = &of(id)?.content else { return None };
            let (_, value) = values.iter().find(|(id, _)| *id == number)?;
            length = entry_length(number, value_length(value));
            out = Vec::with_capacity(length);
            put_header(&mut out, Kind::ResourceInstance, number, value_length(value));
            put_value(&mut out, value);
        }
    }
    debug_assert_eq!(out.len(), length, "the buffer never grows, so no copy of a key is left behind");
    Some(Secret::new(out))
}

/// Encodes all instances of `object`.
pub fn encode(object: &Object) -> Secret {
    let length = object.instances.iter().map(|instance| entry_length(instance.id, instance_length(instance))).sum();
    let mut out = Vec::with_capacity(length);
    for instance in &object.instances {
        put_header(&mut out, Kind::ObjectInstance, instance.id, instance_length(instance));
        instance.resources.iter().for_each(|resource| put_resource(&mut out, resource));
    }
    debug_assert_eq!(out.len(), length, "the buffer never grows, so no copy of a key is left behind");
    Secret::new(out)
}

fn instance_length(instance: &Instance) -> usize {
    let length = |resource: &Resource| entry_length(resource.id, content_length(&resource.content));
    instance.resources.iter().map(length).sum()
}

fn content_length(content: &Content) -> usize {
    match content {
        Content::Single(value) => value_length(value),
        Content::Multiple(values) => values.iter().map(|(id, value)| entry_length(*id, value_length(value))).sum(),
    }
}

fn value_length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Opaque(bytes) => bytes.len(),
        Value::Integer(number) => integer_length(*number),
        Value::Unsigned(number) => i64::try_from(*number).map_or(8, integer_length),
        Value::Float(_) => 8,
        Value::Boolean(_) => 1,
        Value::Link { .. } => 4,
    }
}

/// Integers have 1, 2, 4 or 8 bytes, two's complement.
fn integer_length(number: i64) -> usize {
    if i8::try_from(number).is_ok() {
        1
    } else if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

fn entry_length(id: u16, length: usize) -> usize {
    1 + if id > 0xff { 2 } else { 1 } + length_bytes(length) + length
}

/// Bytes of the length field; lengths up to 7 stand in the type byte.
fn length_bytes(length: usize) -> usize {
    match length {
        0..=7 => 0,
        8..=0xff => 1,
        0x100..=0xffff => 2,
        _ => 3,
    }
}

fn put_header(out: &mut Vec<u8>, kind: Kind, id: u16, length: usize) {
    assert!(length < 1 << 24, "a TLV value is shorter than 16 MiB");
    let bytes = length_bytes(length);
    let inline = if bytes == 0 { u8::try_from(length).expect("at most 7") } else { 0 };
    let wide = u8::from(id > 0xff);
    out.push((kind as u8) << 6 | wide << 5 | u8::try_from(bytes).expect("at most 3") << 3 | inline);
    out.extend_from_slice(&id.to_be_bytes()[usize::from(wide == 0)..]);
    out.extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - bytes..]);
}

fn put_resource(out: &mut Vec<u8>, resource: &Resource) {
    let length = content_length(&resource.content);
    match &resource.content {
        Content::Single(value) => {
            put_header(out, Kind::Resource, resource.id, length);
            put_value(out, value);
        }
        Content::Multiple(values) => {
            put_header(out, Kind::MultipleResource, resource.id, length);
            for (id, value) in values {
                put_header(out, Kind::ResourceInstance, *id, value_length(value));
                put_value(out, value);
            }
        }
    }
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Opaque(bytes) => bytes.expose(|bytes| out.extend_from_slice(bytes)),
        Value::Integer(number) => out.extend_from_slice(&number.to_be_bytes()[8 - integer_length(*number)..]),
        Value::Unsigned(number) => out.extend_from_slice(&number.to_be_bytes()[8 - value_length(value)..]),
        Value::Float(number) => out.extend_from_slice(&number.to_be_bytes()),
        Value::Boolean(yes) => out.push(u8::from(*yes)),
        Value::Link { object, instance } => {
            out.extend_from_slice(&object.to_be_bytes());
            out.extend_from_slice(&instance.to_be_bytes());
        }
    }
}

/// Returns the data type of a resource: object id, resource id.
pub type Types<'a> = &'a dyn Fn(u16, u16) -> Option<DataType>;

/// Reads the instances of object `object`. Values of resources whose type is not known here are opaque.
///
/// # Errors
/// [`TlvError`]; at most [`LONGEST`] bytes and [`MOST_ENTRIES`] entries are read.
pub fn decode(object: u16, bytes: &[u8]) -> Result<Object, TlvError> {
    let mut reader = Reader::new(bytes, object, &data_type)?;
    let mut instances = Vec::new();
    while let Some(entry) = reader.next(bytes.len())? {
        if entry.kind != Kind::ObjectInstance {
            return Err(TlvError::Misplaced { offset: entry.offset });
        }
        instances.push(Instance { id: entry.id, resources: read_resources(&mut reader, entry.end)? });
    }
    Ok(Object { id: object, instances })
}

/// Reads what a client answers for `at`, which is an object or below. Entries of resources that stand alone belong to
/// the instance asked for, of an object to instance 0: clients leave the entry of a single instance out.
///
/// # Errors
/// [`TlvError`]; at most [`LONGEST`] bytes and [`MOST_ENTRIES`] entries are read.
pub fn decode_at(at: Path, bytes: &[u8], types: Types<'_>) -> Result<Object, TlvError> {
    let object = at.object().ok_or(TlvError::Misplaced { offset: 0 })?;
    let mut reader = Reader::new(bytes, object, types)?;
    let (mut instances, mut alone) = (Vec::new(), Vec::new());
    while let Some(entry) = reader.next(bytes.len())? {
        match (entry.kind, at) {
            (Kind::ObjectInstance, _) => {
                instances.push(Instance { id: entry.id, resources: read_resources(&mut reader, entry.end)? });
            }
            (Kind::ResourceInstance, Path::Resource(_, _, id) | Path::ResourceInstance(_, _, id, _)) => {
                let value = reader.value(id, entry.end)?;
                alone.push(Resource { id, content: Content::Multiple(vec![(entry.id, value)]) });
            }
            (Kind::ResourceInstance, _) => return Err(TlvError::Misplaced { offset: entry.offset }),
            (Kind::Resource | Kind::MultipleResource, _) => alone.push(read_resource(&mut reader, &entry)?),
        }
    }
    if !alone.is_empty() || (instances.is_empty() && at.instance().is_some()) {
        instances.push(Instance { id: at.instance().unwrap_or_default(), resources: alone });
    }
    in_order(&mut instances)?;
    Ok(Object { id: object, instances })
}

/// Sorts by rising ids; what is there twice is refused.
fn in_order(instances: &mut [Instance]) -> Result<(), TlvError> {
    instances.sort_by_key(|instance| instance.id);
    let mut twice = instances.windows(2).any(|pair| pair[0].id == pair[1].id);
    for resources in instances.iter_mut().map(|instance| &mut instance.resources) {
        resources.sort_by_key(|resource| resource.id);
        twice |= resources.windows(2).any(|pair| pair[0].id == pair[1].id);
        for resource in resources {
            if let Content::Multiple(values) = &mut resource.content {
                values.sort_by_key(|(id, _)| *id);
                twice |= values.windows(2).any(|pair| pair[0].0 == pair[1].0);
            }
        }
    }
    if twice { Err(TlvError::Misplaced { offset: 0 }) } else { Ok(()) }
}

fn read_resources(reader: &mut Reader<'_>, end: usize) -> Result<Vec<Resource>, TlvError> {
    let mut resources = Vec::new();
    while let Some(entry) = reader.next(end)? {
        resources.push(read_resource(reader, &entry)?);
    }
    Ok(resources)
}

fn read_resource(reader: &mut Reader<'_>, entry: &Entry) -> Result<Resource, TlvError> {
    let id = entry.id;
    let content = match entry.kind {
        Kind::Resource => Content::Single(reader.value(id, entry.end)?),
        Kind::MultipleResource => Content::Multiple(read_values(reader, id, entry.end)?),
        Kind::ObjectInstance | Kind::ResourceInstance => return Err(TlvError::Misplaced { offset: entry.offset }),
    };
    Ok(Resource { id, content })
}

fn read_values(reader: &mut Reader<'_>, id: u16, end: usize) -> Result<Vec<(u16, Value)>, TlvError> {
    let mut values = Vec::new();
    while let Some(entry) = reader.next(end)? {
        if entry.kind != Kind::ResourceInstance {
            return Err(TlvError::Misplaced { offset: entry.offset });
        }
        values.push((entry.id, reader.value(id, entry.end)?));
    }
    Ok(values)
}

fn read_value(data_type: Option<DataType>, resource: u16, bytes: &[u8]) -> Result<Value, TlvError> {
    let wrong = |wanted| TlvError::Value { resource, found: bytes.len(), wanted };
    match data_type {
        Some(DataType::Text) => {
            let text = std::str::from_utf8(bytes).map_err(|_| wrong("UTF-8 text"))?;
            Ok(Value::Text(text.to_owned()))
        }
        Some(DataType::Integer) => read_integer(bytes).map(Value::Integer).ok_or_else(|| wrong("integer")),
        Some(DataType::Unsigned) => read_unsigned(bytes).ok_or_else(|| wrong("unsigned integer")),
        Some(DataType::Float) => read_float(bytes).map(Value::Float).ok_or_else(|| wrong("float")),
        Some(DataType::Boolean) => match bytes {
            [0] => Ok(Value::Boolean(false)),
            [1] => Ok(Value::Boolean(true)),
            _ => Err(wrong("boolean")),
        },
        Some(DataType::Link) => match *bytes {
            [a, b, c, d] => {
                Ok(Value::Link { object: u16::from_be_bytes([a, b]), instance: u16::from_be_bytes([c, d]) })
            }
            _ => Err(wrong("object link")),
        },
        Some(DataType::Opaque) | None => Ok(Value::Opaque(Opaque::new(bytes.to_vec()))),
    }
}

/// `Unsigned` is only what `Integer` cannot hold.
fn read_unsigned(bytes: &[u8]) -> Option<Value> {
    if !matches!(bytes.len(), 1 | 2 | 4 | 8) {
        return None;
    }
    let number = bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
    Some(i64::try_from(number).map_or(Value::Unsigned(number), Value::Integer))
}

fn read_float(bytes: &[u8]) -> Option<f64> {
    match *bytes {
        [a, b, c, d] => Some(f64::from(f32::from_be_bytes([a, b, c, d]))),
        _ => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
    }
}

fn read_integer(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [a] => Some(i64::from(i8::from_be_bytes([a]))),
        [a, b] => Some(i64::from(i16::from_be_bytes([a, b]))),
        [a, b, c, d] => Some(i64::from(i32::from_be_bytes([a, b, c, d]))),
        _ => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
    }
}

/// Reads entry after entry; nested values are read by the same reader, up to where they end.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
    entries: usize,
    object: u16,
    types: Types<'a>,
}

struct Entry {
    kind: Kind,
    id: u16,
    offset: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], object: u16, types: Types<'a>) -> Result<Self, TlvError> {
        if bytes.len() > LONGEST {
            return Err(TlvError::TooMuch { what: "bytes", found: bytes.len(), limit: LONGEST });
        }
        Ok(Self { bytes, offset: 0, entries: 0, object, types })
    }

    fn value(&mut self, resource: u16, end: usize) -> Result<Value, TlvError> {
        let data_type = (self.types)(self.object, resource);
        read_value(data_type, resource, self.take(end))
    }

    /// Returns the header of the next entry, which must end at or before `end`; `None` at `end`.
    fn next(&mut self, end: usize) -> Result<Option<Entry>, TlvError> {
        if self.offset == end {
            return Ok(None);
        }
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(TlvError::TooMuch { what: "entries", found: self.entries, limit: MOST_ENTRIES });
        }
        let offset = self.offset;
        self.header(end).map(Some).ok_or(TlvError::Short { offset })
    }

    fn header(&mut self, end: usize) -> Option<Entry> {
        let offset = self.offset;
        let first = usize::try_from(self.number(1, end)?).ok()?;
        let kind = [Kind::ObjectInstance, Kind::ResourceInstance, Kind::MultipleResource, Kind::Resource][first >> 6];
        let id = self.number(1 + (first >> 5 & 1), end)?;
        let length = match first >> 3 & 0b11 {
            0 => first & 0b111,
            bytes => usize::try_from(self.number(bytes, end)?).ok()?,
        };
        let value_end = self.offset.checked_add(length).filter(|value_end| *value_end <= end)?;
        Some(Entry { kind, id: u16::try_from(id).ok()?, offset, end: value_end })
    }

    fn number(&mut self, bytes: usize, end: usize) -> Option<u32> {
        let field = self.bytes.get(self.offset..self.offset + bytes).filter(|_| self.offset + bytes <= end)?;
        self.offset += bytes;
        Some(field.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn take(&mut self, end: usize) -> &'a [u8] {
        let value = &self.bytes[self.offset..end];
        self.offset = end;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex.replace([' ', '\n'], "")).unwrap()
    }

    fn round(object: u16, hex: &str) -> Object {
        let bytes = bytes(hex);
        let read = decode(object, &bytes).unwrap();
        encode(&read).expose(|written| assert_eq!(hex::encode(written), hex::encode(&bytes)));
        read
    }

    /// The examples of TS Core, section 7.4.3.3 (LwM2M 1.0.2: 6.4.3.3): Server object and Access Control object.
    #[test]
    fn the_specification_s_examples_read_and_write_equal() {
        let server = round(1, "08 00 0F C1 00 01 C4 01 00 01 51 80 C1 06 01 C1 07 55");
        let resources = &server.instances[0].resources;
        assert_eq!(resources[1].content, Content::Single(Value::Integer(86_400)));
        assert_eq!(resources[2].content, Content::Single(Value::Boolean(true)));
        assert_eq!(resources[3].content, Content::Single(Value::Text("U".into())));

        let access = round(
            2,
            "08 00 0E C1 00 01 C1 01 00 83 02 41 7F 07 C1 03 7F
             08 02 12 C1 00 03 C1 01 00 87 02 41 7F 07 61 01 36 01 C1 03 7F",
        );
        assert_eq!(access.instances[1].id, 2);
        let rights = Content::Multiple(vec![(127, Value::Integer(7)), (310, Value::Integer(1))]);
        assert_eq!(access.instances[1].resources[2].content, rights);
    }

    /// Device object of the same section, 121 bytes: types are not known here, so every value is opaque.
    #[test]
    fn the_device_object_of_the_specification_reads_and_writes_equal() {
        let device = round(
            3,
            "08 00 79
             C8 00 14 4F 70 65 6E 20 4D 6F 62 69 6C 65 20 41 6C 6C 69 61 6E 63 65
             C8 01 16 4C 69 67 68 74 77 65 69 67 68 74 20 4D 32 4D 20 43 6C 69 65 6E 74
             C8 02 09 33 34 35 30 30 30 31 32 33
             C3 03 31 2E 30
             86 06 41 00 01 41 01 05
             88 07 08 42 00 0E D8 42 01 13 88
             87 08 41 00 7D 42 01 03 84
             C1 09 64 C1 0A 0F
             83 0B 41 00 00
             C4 0D 51 82 42 8F
             C6 0E 2B 30 32 3A 30 30
             C1 10 55",
        );
        assert_eq!(device.instances[0].resources.len(), 13);
    }

    #[test]
    fn integers_take_1_2_4_or_8_bytes() {
        for (number, length) in
            [(0, 1), (127, 1), (128, 2), (-128, 1), (-129, 2), (32_767, 2), (32_768, 4), (65_535, 4)]
        {
            assert_eq!(integer_length(number), length, "{number}");
        }
        assert_eq!(integer_length(i64::from(i32::MAX) + 1), 8);
    }

    #[test]
    fn lengths_and_identifiers_at_every_boundary_read_back() {
        for length in [0, 1, 7, 8, 255, 256, 65_535, 65_536] {
            for id in [0, 255, 256, 65_535] {
                let value = Value::Opaque(Opaque::new(vec![7; length]));
                let resources = vec![Resource { id, content: Content::Single(value) }];
                let object = Object { id: 9, instances: vec![Instance { id, resources }] };
                assert_eq!(encode(&object).expose(|bytes| decode(9, bytes)).unwrap(), object, "{length} {id}");
            }
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let error = decode(1, &bytes("08 00 03 C1 06 02")).unwrap_err();
        assert_eq!(error.to_string(), "resource 6 holds 1 bytes that are no boolean");
        assert_eq!(decode(1, &bytes("C1 00 01")), Err(TlvError::Misplaced { offset: 0 }));
        assert_eq!(decode(1, &bytes("08 00 05 C1 00 01")), Err(TlvError::Short { offset: 0 }));
    }

    #[test]
    fn a_flood_of_entries_is_refused() {
        let flood = vec![0; 2 * (MOST_ENTRIES + 1)];
        assert!(matches!(decode(9, &flood), Err(TlvError::TooMuch { what: "entries", .. })));
        assert!(matches!(decode(9, &vec![0; LONGEST + 1]), Err(TlvError::TooMuch { what: "bytes", .. })));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), object in 0_u16..4) {
            let _ = decode(object, &bytes);
        }

        #[test]
        fn what_reads_writes_and_reads_equal(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(read) = decode(2, &bytes) {
                prop_assert_eq!(encode(&read).expose(|bytes| decode(2, bytes)).unwrap(), read);
            }
        }
    }
}
