//! LwM2M CBOR (TS Core 1.2, section 7.4.7; content format 11544): maps of object, instance, resource and resource
//! instance, one in the other.

use crate::fleet::Secret;
use crate::fleet::lwm2m::Object;
use crate::format::cbor::{self, CborError, Item, Reader};
use crate::format::leaves::{Gathered, Leaf};

use super::error::{MOST_VALUES, PayloadError};
use super::plain::{cbor_room, cbor_value, put_cbor};

/// A path has at most this many numbers, so maps nest at most this deep.
const DEEPEST: usize = 4;

/// Encodes values, which stand by rising ids as objects keep them.
pub(super) fn encode(leaves: &[Leaf<'_>]) -> Secret {
    let paths: Vec<Vec<u16>> = leaves.iter().map(|leaf| leaf.path().numbers()).collect();
    let room = 9 + leaves.iter().map(|leaf| cbor_room(leaf.value) + DEEPEST * 6).sum::<usize>();
    let mut out = Vec::with_capacity(room);
    put_map(&mut out, &paths, leaves, 0);
    debug_assert!(out.len() <= room, "the buffer never grows, so no copy of a key is left behind");
    Secret::new(out)
}

/// Writes the map of all `paths`, which are the same up to `depth`. Recursion ends with the path, at four.
fn put_map(out: &mut Vec<u8>, paths: &[Vec<u16>], leaves: &[Leaf<'_>], depth: usize) {
    let groups: Vec<&[Vec<u16>]> = paths.chunk_by(|a, b| a[depth] == b[depth]).collect();
    cbor::put_map(out, groups.len());
    let mut rest = leaves;
    for group in groups {
        let (here, after) = rest.split_at(group.len());
        rest = after;
        cbor::put_unsigned(out, u64::from(group[0][depth]));
        match here {
            [leaf] if group[0].len() == depth + 1 => put_cbor(out, leaf.value),
            _ => put_map(out, group, here, depth + 1),
        }
    }
}

/// Reads objects. A key is a number, or a list of numbers for several levels at once.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Object>, PayloadError> {
    let mut reader = Reader::new(bytes);
    let mut taken = Taken { objects: Gathered::default(), values: 0 };
    let length = reader.map()?;
    read_map(&mut reader, length, &mut Vec::new(), &mut taken)?;
    if !reader.is_done() {
        return Err(CborError::Unexpected { offset: reader.offset(), wanted: "end" }.into());
    }
    Ok(taken.objects.into_objects())
}

struct Taken {
    objects: Gathered,
    values: usize,
}

/// Reads the pairs of a map. Each key makes the path longer, and a path has at most four numbers: recursion ends there.
fn read_map(
    reader: &mut Reader<'_>,
    length: Option<u64>,
    path: &mut Vec<u16>,
    taken: &mut Taken,
) -> Result<(), PayloadError> {
    let (depth, mut done) = (path.len(), 0);
    while reader.has_more(length, &mut done) {
        // Empty maps count too, or a small payload would keep us busy.
        taken.values += 1;
        if taken.values > MOST_VALUES {
            return Err(PayloadError::TooMuch { what: "values", found: taken.values, limit: MOST_VALUES });
        }
        read_key(reader, path)?;
        let offset = reader.offset();
        let mut item = reader.next_item()?;
        if matches!(item, Item::Tag(_)) {
            item = reader.next_item()?;
        }
        match item {
            Item::Map(inner) if path.len() < DEEPEST => read_map(reader, inner, path, taken)?,
            item => {
                let value = cbor_value(item).ok_or(CborError::Unexpected { offset, wanted: "value or map" })?;
                let misplaced = CborError::Unexpected { offset, wanted: "value of a resource that is not there yet" };
                taken.objects.put(path, value).ok_or(misplaced)?;
            }
        }
        path.truncate(depth);
    }
    Ok(())
}

fn read_key(reader: &mut Reader<'_>, path: &mut Vec<u16>) -> Result<(), CborError> {
    let offset = reader.offset();
    let wrong = CborError::Unexpected { offset, wanted: "number of a path" };
    let number = |item| match item {
        Item::Integer(number) => u16::try_from(number).map_err(|_| wrong),
        _ => Err(wrong),
    };
    let before = path.len();
    match reader.next_item()? {
        Item::Array(length) => {
            let mut done = 0;
            while path.len() <= DEEPEST && reader.has_more(length, &mut done) {
                path.push(number(reader.next_item()?)?);
            }
        }
        item => path.push(number(item)?),
    }
    if path.len() > DEEPEST || path.len() == before { Err(wrong) } else { Ok(()) }
}
