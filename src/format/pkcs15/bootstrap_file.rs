//! EF(LwM2M_Bootstrap): a header and OMA TLV, an object after the other.

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Object, Path, data_type};
use crate::format::tlv;

use super::Pkcs15Error;

/// Bytes before the objects: a zero, the number of objects, the length of what follows.
pub const HEADER: usize = 4;
/// Bytes before an object: its id, a zero, its length.
const OBJECT_HEADER: usize = 5;
const FILE: &str = "EF(LwM2M_Bootstrap)";

/// Writes the file for `objects`, each with all its instances.
pub fn bootstrap_file(objects: &[Object]) -> Result<Secret, Pkcs15Error> {
    let bodies: Vec<(u16, Secret)> = objects.iter().map(|object| (object.id, tlv::encode(object))).collect();
    let length = bodies.iter().map(|(_, body)| OBJECT_HEADER + body.len()).sum::<usize>();
    let count = u8::try_from(bodies.len());
    let count = count.map_err(|_| Pkcs15Error::TooMuch { what: "objects", found: bodies.len(), limit: 255 })?;
    let mut out = Vec::with_capacity(HEADER + length);
    out.extend_from_slice(&[0, count]);
    out.extend_from_slice(&short(length)?);
    for (id, body) in &bodies {
        out.extend_from_slice(&id.to_be_bytes());
        out.push(0);
        out.extend_from_slice(&short(body.len())?);
        body.expose(|body| out.extend_from_slice(body));
    }
    Ok(Secret::new(out))
}

fn short(length: usize) -> Result<[u8; 2], Pkcs15Error> {
    let fits = u16::try_from(length).map(u16::to_be_bytes);
    fits.map_err(|_| Pkcs15Error::TooMuch { what: "bytes", found: length, limit: usize::from(u16::MAX) })
}

/// Returns how long a file is as its header says, the header included; `None` for one that holds nothing: as it was
/// made (all FF or 00), or half written.
pub fn length_of(header: [u8; HEADER]) -> Option<usize> {
    match header {
        [0xff, 0xff, ..] | [_, 0, ..] => None,
        [_, _, high, low] => Some(HEADER + usize::from(u16::from_be_bytes([high, low]))),
    }
}

/// Reads the objects of a file; what lies after the length that it says is the card's padding. None of an empty file.
pub fn read_bootstrap_file(bytes: &[u8]) -> Result<Vec<Object>, Pkcs15Error> {
    let damaged = |offset, reason| Pkcs15Error::Damaged { file: FILE, offset, reason };
    let header = bytes.first_chunk::<HEADER>().ok_or_else(|| damaged(0, "it has no header"))?;
    let Some(end) = length_of(*header) else { return Ok(Vec::new()) };
    let mut rest = bytes.get(HEADER..end).ok_or_else(|| damaged(2, "it says that it is longer than it is"))?;
    if header[0] != 0 {
        return Err(damaged(0, "its first byte is not 0"));
    }
    let mut objects: Vec<Object> = Vec::new();
    for _ in 0..header[1] {
        let offset = end - rest.len();
        let (start, body) =
            rest.split_first_chunk::<OBJECT_HEADER>().ok_or_else(|| damaged(offset, "an object is missing"))?;
        let [id_high, id_low, 0, high, low] = *start else {
            return Err(damaged(offset + 2, "the byte after an object's id is not 0"));
        };
        let (object, length) = (u16::from_be_bytes([id_high, id_low]), usize::from(u16::from_be_bytes([high, low])));
        let (body, after) =
            body.split_at_checked(length).ok_or_else(|| damaged(offset + 3, "an object is longer than the file"))?;
        if objects.iter().any(|known| known.id == object) {
            return Err(damaged(offset, "an object is there twice"));
        }
        // A card's maker may have left out the entry of a single instance.
        let read = tlv::decode_at(Path::Object(object), body, &data_type);
        objects.push(read.map_err(|source| Pkcs15Error::Object { object, source })?);
        rest = after;
    }
    if rest.is_empty() { Ok(objects) } else { Err(damaged(end - rest.len(), "more follows than it has objects")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::lwm2m::{Content, Instance, Opaque, Resource, Value};
    use proptest::prelude::*;

    fn single(id: u16, value: Value) -> Resource {
        Resource { id, content: Content::Single(value) }
    }

    fn instance(object: u16, id: u16, resources: Vec<Resource>) -> Object {
        Object { id: object, instances: vec![Instance { id, resources }] }
    }

    /// The hex dump that a client's documentation prints (Anjay, "Bootstrapper and SIM bootstrap").
    const PUBLISHED: &str = "0002007a000000005e08015bc80022636f6170733a2f2f65752e696f742e6176
        73797374656d2e636c6f75643a35363834c10100c10200c80314 6578616d706c652d70736b2d6964656e74697479
        c805133378406d706c3350354b3533637233744b3379c10a01 000100001208010fc10001c40100015180c10600c10755";

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex.split_whitespace().collect::<String>()).unwrap()
    }

    #[test]
    fn the_published_dump_is_written_byte_for_byte() {
        let objects = [
            instance(
                0,
                1,
                vec![
                    single(0, Value::Text("coaps://eu.iot.avsystem.cloud:5684".into())),
                    single(1, Value::Boolean(false)),
                    single(2, Value::Integer(0)),
                    single(3, Value::Opaque(Opaque::new(b"example-psk-identity".to_vec()))),
                    single(5, Value::Opaque(Opaque::new(b"3x@mpl3P5K53cr3tK3y".to_vec()))),
                    single(10, Value::Integer(1)),
                ],
            ),
            instance(
                1,
                1,
                vec![
                    single(0, Value::Integer(1)),
                    single(1, Value::Integer(86_400)),
                    single(6, Value::Boolean(false)),
                    single(7, Value::Text("U".into())),
                ],
            ),
        ];
        let written = bootstrap_file(&objects).unwrap();
        written.expose(|written| assert_eq!(hex::encode(written), hex::encode(bytes(PUBLISHED))));
        assert_eq!(read_bootstrap_file(&bytes(PUBLISHED)).unwrap(), objects);
    }

    /// A modem maker's test card: one bootstrap server, padding behind.
    #[test]
    fn a_modem_maker_s_card_reads() {
        let card =
            "000100360000000031 08002e c80025636f61703a2f2f6c657368616e2e65636c6970736570726f6a656374732e696f3a35373833
            c10101 c10203 ffff";
        let objects = read_bootstrap_file(&bytes(card)).unwrap();
        let resources = &objects[0].instances[0].resources;
        assert_eq!(resources[0].content, Content::Single(Value::Text("coap://leshan.eclipseprojects.io:5783".into())));
        assert_eq!(resources[1].content, Content::Single(Value::Boolean(true)));
        assert_eq!(resources[2].content, Content::Single(Value::Integer(3)));
    }

    #[test]
    fn a_file_as_it_was_made_and_a_half_written_one_hold_nothing() {
        for empty in ["ffffffffffff", "00000000", "0000007affff", "0000000000005e08"] {
            assert_eq!(read_bootstrap_file(&bytes(empty)), Ok(Vec::new()), "{empty}");
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        for (wrong, words) in [
            ("00", "no header"),
            ("0001000600", "longer than it is"),
            ("01010000", "first byte"),
            ("0001000400000000", "missing"),
            ("00010005000001 0000", "not 0"),
            ("000100050000000001", "longer than the file"),
            ("0002000a00000000000000000000", "twice"),
            ("000100060000000000ff", "more follows"),
            ("00010007000000000 2c100", "object 0"),
        ] {
            let error = read_bootstrap_file(&bytes(wrong)).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), count in 0_u8..4) {
            let _ = read_bootstrap_file(&bytes);
            let length = u8::try_from(bytes.len()).unwrap();
            let _ = read_bootstrap_file(&[&[0, count, 0, length], &bytes[..]].concat());
        }
    }
}
