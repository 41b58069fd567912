//! Reading a partition, in clear, that somebody else may have made, worn or damaged on purpose.

use std::collections::{BTreeMap, HashMap, HashSet};

use zeroize::Zeroizing;

use crate::fleet::Secret;

use super::error::NvsError;
use super::item::{IntegerType, Item, LONGEST_NAME, MOST_NAMESPACES, Value, is_printable};
use super::page::{
    ACTIVE, BITMAP, BLOB_DATA, BLOB_INDEX, BLOB_V1, ENTRIES, ENTRY, FIRST, FREEING, FULL, MOST_CHUNKS, NO_CHUNK, PAGE,
    TEXT, UNUSED, VERSION_1, VERSION_2, entries_for, entry_checksum, header_checksum, value_checksum,
};

/// The largest partition that is read or made, in bytes.
pub const LONGEST: usize = 16 << 20;

/// What a partition holds.
pub struct Contents {
    /// Every value, in the order of pages and entries; a blob stands where its index does.
    pub items: Vec<Item>,
    /// Pages in the partition.
    pub pages: usize,
    /// Pages in use.
    pub used_pages: usize,
}

/// Reads every value of a partition in clear. Bits that a device has cleared to delete an entry are honoured; all else that
/// does not add up (checksums, spans, chunks without index, a key that is there twice) is an error.
///
/// # Errors
/// [`NvsError`]; at most [`LONGEST`] bytes are read.
pub fn decode(bytes: &[u8]) -> Result<Contents, NvsError> {
    check_size(bytes)?;
    let pages = used_pages(bytes)?;
    let mut found = Found::default();
    for offset in pages.values() {
        read_page(bytes, *offset, &mut found)?;
    }
    let items = found.items()?;
    Ok(Contents { items, pages: bytes.len() / PAGE, used_pages: pages.len() })
}

/// Returns true if `page` has the header of a page in use: state, version and checksum are those of one.
pub fn is_page(page: &[u8]) -> bool {
    page.len() >= PAGE
        && [ACTIVE, FULL, FREEING].contains(&long(page, 0))
        && [VERSION_1, VERSION_2].contains(&page[8])
        && header_checksum(page) == long(page, 28)
}

fn check_size(bytes: &[u8]) -> Result<(), NvsError> {
    let size = bytes.len() as u64;
    if bytes.is_empty() || !bytes.len().is_multiple_of(PAGE) {
        return Err(NvsError::Size { size, reason: format!("is no multiple of {PAGE}") });
    }
    if bytes.len() > LONGEST {
        return Err(NvsError::Size {
            size,
            reason: format!("is larger than {LONGEST}, which is the most that is read"),
        });
    }
    Ok(())
}

/// Returns the places of the pages in use by their sequence numbers.
fn used_pages(bytes: &[u8]) -> Result<BTreeMap<u32, usize>, NvsError> {
    let mut pages = BTreeMap::new();
    for (number, page) in bytes.chunks_exact(PAGE).enumerate() {
        let offset = number * PAGE;
        match long(page, 0) {
            UNUSED if page.iter().all(|byte| *byte == 0xFF) => continue,
            UNUSED => return Err(NvsError::damaged(offset, "a page that is not in use is not erased")),
            ACTIVE | FULL | FREEING => {}
            state => return Err(NvsError::damaged(offset, format!("the page has the state {state:08x}"))),
        }
        let (found, said) = (header_checksum(page), long(page, 28));
        if found != said {
            return Err(NvsError::damaged(offset, format!("the page has checksum {found:08x}, it says {said:08x}")));
        }
        if ![VERSION_1, VERSION_2].contains(&page[8]) {
            return Err(NvsError::damaged(offset, format!("the page has the version {:02x}", page[8])));
        }
        let sequence = long(page, 4);
        if pages.insert(sequence, offset).is_some() {
            return Err(NvsError::damaged(offset, format!("two pages have the number {sequence}")));
        }
    }
    Ok(pages)
}

/// Reads a little-endian number of 32 bits; `at` is inside the slice.
fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn short(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn read_page<'a>(bytes: &'a [u8], offset: usize, found: &mut Found<'a>) -> Result<(), NvsError> {
    let page = &bytes[offset..offset + PAGE];
    let mut entry = 0;
    while entry < ENTRIES {
        match state(page, entry) {
            0b10 => {
                let read = Entry::read(bytes, offset, entry)?;
                entry += read.span;
                found.add(read)?;
            }
            0b00 | 0b11 => entry += 1,
            _ => return Err(NvsError::damaged(offset + BITMAP, format!("entry {entry} is erased and never written"))),
        }
    }
    Ok(())
}

fn state(page: &[u8], entry: usize) -> u8 {
    page[BITMAP + entry / 4] >> (entry % 4 * 2) & 0b11
}

/// One entry with the bytes behind it.
struct Entry<'a> {
    offset: usize,
    namespace: u8,
    code: u8,
    span: usize,
    chunk: u8,
    key: &'a str,
    value: &'a [u8],
    behind: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads a written entry; all that it spans must be on its page and written.
    fn read(bytes: &'a [u8], page: usize, number: usize) -> Result<Self, NvsError> {
        let offset = page + FIRST + number * ENTRY;
        let entry = &bytes[offset..offset + ENTRY];
        let (found, said) = (entry_checksum(entry), long(entry, 4));
        if found != said {
            return Err(NvsError::Checksum { offset, found, said });
        }
        let span = usize::from(entry[2]);
        if span == 0 || number + span > ENTRIES {
            return Err(NvsError::damaged(offset, format!("the entry spans {span} from number {number} of {ENTRIES}")));
        }
        if !(number..number + span).all(|spanned| state(&bytes[page..page + PAGE], spanned) == 0b10) {
            return Err(NvsError::damaged(offset, format!("the entry spans {span}, not all of them are written")));
        }
        let behind = &bytes[offset + ENTRY..offset + span * ENTRY];
        let key = name(&entry[8..24]).ok_or_else(|| NvsError::damaged(offset, "the key is no name"))?;
        Ok(Self {
            offset,
            namespace: entry[0],
            code: entry[1],
            span,
            chunk: entry[3],
            key,
            value: &entry[24..],
            behind,
        })
    }

    /// Returns the bytes of a text, a chunk or an old blob.
    fn sized(&self) -> Result<&'a [u8], NvsError> {
        let length = short(self.value, 0);
        if self.span != 1 + entries_for(length) {
            let reason = format!("the entry spans {}, its {length} bytes need {}", self.span, 1 + entries_for(length));
            return Err(NvsError::damaged(self.offset, reason));
        }
        let bytes = &self.behind[..length];
        let (found, said) = (value_checksum(&[bytes]), long(self.value, 4));
        if found != said {
            return Err(NvsError::Checksum { offset: self.offset + ENTRY, found, said });
        }
        Ok(bytes)
    }

    fn integer(&self, kind: IntegerType) -> Result<i128, NvsError> {
        self.single()?;
        let (_, most) = kind.range();
        let unsigned = (0..kind.bytes()).rev().fold(0, |sum, at| sum << 8 | i128::from(self.value[at]));
        Ok(if unsigned > most { unsigned - (1 << (8 * kind.bytes())) } else { unsigned })
    }

    fn single(&self) -> Result<(), NvsError> {
        match self.span {
            1 => Ok(()),
            span => Err(NvsError::damaged(self.offset, format!("the entry spans {span}, its type needs 1"))),
        }
    }

    fn text(&self) -> Result<Value, NvsError> {
        match self.sized()?.split_last() {
            Some((0, text)) if !text.contains(&0) => Ok(Value::Text(Secret::new(text.to_vec()))),
            _ => Err(NvsError::damaged(self.offset, "the text does not end with its only NUL")),
        }
    }
}

/// Reads a name: printable characters, then nothing but NUL.
fn name(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let good = (1..=LONGEST_NAME).contains(&end) && text.chars().all(is_printable);
    (good && bytes[end..].iter().all(|byte| *byte == 0)).then_some(text)
}

/// Namespace and key.
type Name<'a> = (u8, &'a str);

/// What the entries say, before namespaces and blobs are put together.
#[derive(Default)]
struct Found<'a> {
    namespaces: HashMap<u8, &'a str>,
    values: Vec<(Name<'a>, usize, Raw)>,
    chunks: HashMap<(Name<'a>, u8), &'a [u8]>,
}

/// A value, or the index of a blob.
enum Raw {
    Whole(Value),
    Index { length: usize, chunks: u8, first: u8 },
}

impl<'a> Found<'a> {
    fn add(&mut self, entry: Entry<'a>) -> Result<(), NvsError> {
        if entry.namespace == 0 {
            return self.add_namespace(&entry);
        }
        let name = (entry.namespace, entry.key);
        let raw = match entry.code {
            TEXT => Raw::Whole(entry.text()?),
            BLOB_V1 => Raw::Whole(Value::Blob(Secret::new(entry.sized()?.to_vec()))),
            BLOB_DATA => return self.add_chunk(name, &entry),
            BLOB_INDEX => {
                entry.single()?;
                let length = usize::try_from(long(entry.value, 0)).unwrap_or(usize::MAX);
                Raw::Index { length, chunks: entry.value[4], first: entry.value[5] }
            }
            code => match IntegerType::from_code(code) {
                Some(kind) => Raw::Whole(Value::Integer { kind, number: entry.integer(kind)? }),
                None => return Err(NvsError::damaged(entry.offset, format!("the entry has the type {code:02x}"))),
            },
        };
        self.values.push((name, entry.offset, raw));
        Ok(())
    }

    fn add_namespace(&mut self, entry: &Entry<'a>) -> Result<(), NvsError> {
        let wrong = |reason: &str| Err(NvsError::damaged(entry.offset, reason));
        if entry.code != IntegerType::U8 as u8 {
            return wrong("a namespace has no number");
        }
        let number = u8::try_from(entry.integer(IntegerType::U8)?).expect("one byte");
        if number == 0 || usize::from(number) > MOST_NAMESPACES {
            return wrong("a namespace has the number of none");
        }
        if self.namespaces.values().any(|name| *name == entry.key)
            || self.namespaces.insert(number, entry.key).is_some()
        {
            return wrong("a namespace is there twice");
        }
        Ok(())
    }

    fn add_chunk(&mut self, name: Name<'a>, entry: &Entry<'a>) -> Result<(), NvsError> {
        if entry.chunk == NO_CHUNK {
            return Err(NvsError::damaged(entry.offset, "a chunk of a blob has no number"));
        }
        match self.chunks.insert((name, entry.chunk), entry.sized()?) {
            None => Ok(()),
            Some(_) => Err(NvsError::damaged(entry.offset, format!("chunk {} of a blob is there twice", entry.chunk))),
        }
    }

    fn items(mut self) -> Result<Vec<Item>, NvsError> {
        let mut seen = HashSet::new();
        let mut items = Vec::with_capacity(self.values.len());
        for (name, offset, raw) in std::mem::take(&mut self.values) {
            let Some(namespace) = self.namespaces.get(&name.0) else {
                return Err(NvsError::damaged(offset, format!("key {:?} is in no namespace", name.1)));
            };
            let (namespace, key) = ((*namespace).to_owned(), name.1.to_owned());
            if !seen.insert(name) {
                return Err(NvsError::Twice { namespace, key });
            }
            let value = match raw {
                Raw::Whole(value) => value,
                Raw::Index { length, chunks, first } => self.blob(name, offset, length, (chunks, first))?,
            };
            items.push(Item { namespace, key, value });
        }
        match self.chunks.keys().next() {
            Some(((_, key), chunk)) => Err(NvsError::damaged(0, format!("chunk {chunk} of {key:?} has no index"))),
            None => Ok(items),
        }
    }

    /// Puts a blob together from the chunks that its index counts.
    fn blob(
        &mut self,
        name: Name<'a>,
        offset: usize,
        length: usize,
        (chunks, first): (u8, u8),
    ) -> Result<Value, NvsError> {
        let wrong = |reason: String| NvsError::damaged(offset, format!("blob {:?} {reason}", name.1));
        if usize::from(chunks) > MOST_CHUNKS || ![0, 0x80].contains(&first) {
            return Err(wrong(format!("has {chunks} chunks from number {first}")));
        }
        let parts: Vec<&[u8]> = (first..first + chunks).map_while(|chunk| self.chunks.remove(&(name, chunk))).collect();
        let sum: usize = parts.iter().map(|part| part.len()).sum();
        if parts.len() != usize::from(chunks) || sum != length {
            let found = parts.len();
            return Err(wrong(format!("has {found} chunks of {sum} bytes, its index says {chunks} of {length} bytes")));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Ok(Value::Blob(Secret::new(std::mem::take(&mut *bytes))))
    }
}
