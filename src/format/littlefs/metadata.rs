//! Reading one metadata pair: the newer of two blocks whose commits add up.

use crate::format::crc32::advance;

use super::tag::{CHECKSUM, CREATE, DELETE, FIRST_MIX, HARD_TAIL, MOVE_STATE, NONE, SOFT_TAIL, TAG, Tag};

/// The parts of a tag's kind: its family, and the family with the first bit of the rest.
const FAMILY: u32 = 0x700;
const SUBFAMILY: u32 = 0x780;
const NAMES: u32 = 0x000;
const STRUCTS: u32 = 0x200;

/// What a pair says after its last good commit.
#[derive(Default)]
pub(super) struct Metadata<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) tail: Option<Tail>,
    /// This pair's part of the state that all pairs share.
    pub(super) state: [u8; 12],
}

/// One entry; a tag's kind and its data.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry<'a> {
    pub(super) name: Option<(u32, &'a [u8])>,
    pub(super) content: Option<(u32, &'a [u8])>,
}

/// The pair that follows on the thread.
#[derive(Clone, Copy)]
pub(super) struct Tail {
    pub(super) pair: [u32; 2],
    /// It holds more of the same folder.
    pub(super) continues: bool,
}

/// Reads the newer of two blocks, or the other one if that has no good commit.
pub(super) fn read_pair(blocks: [&[u8]; 2]) -> Result<Metadata<'_>, String> {
    let revision = |block: &[u8]| block.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let age = revision(blocks[1]).wrapping_sub(revision(blocks[0])).cast_signed();
    let order = if age > 0 { [blocks[1], blocks[0]] } else { blocks };
    let Some(tags) = order.into_iter().find_map(committed) else {
        return Err("neither block has a good commit".into());
    };
    apply(&tags)
}

/// Returns the tags up to the last good commit, with their data; `None` if there is none.
fn committed(block: &[u8]) -> Option<Vec<(Tag, &[u8])>> {
    let (mut tags, mut good) = (Vec::new(), None);
    let (mut at, mut mix, mut sum) = (4, FIRST_MIX, advance(FIRST_MIX, block.get(..4)?));
    while let Some(bytes) = block.get(at..at + TAG) {
        let bits = u32::from_be_bytes(bytes.try_into().expect("a tag has four bytes")) ^ mix;
        sum = advance(sum, bytes);
        let Some((tag, data)) =
            Tag::from_bits(bits).and_then(|tag| Some((tag, block.get(at + TAG..at + TAG + tag.data())?)))
        else {
            break;
        };
        (at, mix) = (at + TAG + data.len(), bits);
        if tag.kind & SUBFAMILY != CHECKSUM {
            sum = advance(sum, data);
            tags.push((tag, data));
            continue;
        }
        if data.first_chunk().is_none_or(|said| u32::from_le_bytes(*said) != sum) {
            break;
        }
        good = Some(tags.len());
        // The kind's last bit says what the highest bit of the next tag is in erased flash.
        (mix, sum) = (mix ^ (tag.kind & 1) << 31, FIRST_MIX);
    }
    tags.truncate(good?);
    Some(tags)
}

/// Replays the tags in their order.
fn apply<'a>(tags: &[(Tag, &'a [u8])]) -> Result<Metadata<'a>, String> {
    let mut metadata = Metadata::default();
    for (tag, data) in tags {
        let id = tag.id as usize;
        match tag.kind {
            CREATE if id <= metadata.entries.len() && tag.id < NONE => metadata.entries.insert(id, Entry::default()),
            DELETE if id < metadata.entries.len() => drop(metadata.entries.remove(id)),
            CREATE | DELETE => return Err(format!("entry {id} of {} is made or deleted", metadata.entries.len())),
            SOFT_TAIL | HARD_TAIL => metadata.tail = tail(*tag, data)?,
            MOVE_STATE => mix_state(&mut metadata.state, data)?,
            kind if kind & FAMILY == NAMES => metadata.entry(tag.id)?.name = some(*tag, data),
            kind if kind & FAMILY == STRUCTS => metadata.entry(tag.id)?.content = some(*tag, data),
            _ => {}
        }
    }
    Ok(metadata)
}

fn some(tag: Tag, data: &[u8]) -> Option<(u32, &[u8])> {
    (tag.length != NONE).then_some((tag.kind, data))
}

fn tail(tag: Tag, data: &[u8]) -> Result<Option<Tail>, String> {
    let pair = pair(data).ok_or_else(|| format!("a tail has {} bytes, not 8", data.len()))?;
    Ok((pair != [u32::MAX; 2]).then_some(Tail { pair, continues: tag.kind == HARD_TAIL }))
}

/// Reads two little-endian numbers.
pub(super) fn pair(data: &[u8]) -> Option<[u32; 2]> {
    let ([first, second], []) = data.as_chunks() else { return None };
    Some([u32::from_le_bytes(*first), u32::from_le_bytes(*second)])
}

/// A later state replaces the pair's earlier one.
fn mix_state(state: &mut [u8; 12], data: &[u8]) -> Result<(), String> {
    *state = data.try_into().map_err(|_| format!("a move state has {} bytes, not 12", data.len()))?;
    Ok(())
}

impl<'a> Metadata<'a> {
    /// Names count the entries where nothing else does.
    fn entry(&mut self, id: u32) -> Result<&mut Entry<'a>, String> {
        if id == NONE {
            return Err("a name or content belongs to no entry".into());
        }
        let needed = id as usize + 1;
        if self.entries.len() < needed {
            self.entries.resize(needed, Entry::default());
        }
        Ok(&mut self.entries[id as usize])
    }
}
