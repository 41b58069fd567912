//! Placing entries on pages, as Espressif's generator places them.

use std::collections::HashMap;

use crate::fleet::Secret;

use super::error::NvsError;
use super::item::{IntegerType, Item, LONGEST_NAME, Value, check};
use super::page::{
    ACTIVE, BITMAP, BLOB_DATA, BLOB_INDEX, ENTRIES, ENTRY, FIRST, FULL, MOST_CHUNKS, NO_CHUNK, PAGE, TEXT, VERSION_2,
    entries_for, entry_checksum, header_checksum, value_checksum,
};

/// The smallest partition that a device can write to: smaller ones must be marked `readonly` in its partition table.
pub const LEAST_READ_WRITE: u64 = 3 * PAGE as u64;

/// The partition that an image is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Partition {
    size: usize,
}

impl Partition {
    /// A partition of `size` bytes that the device may write to: its last page stays erased, as NVS needs it.
    ///
    /// # Errors
    /// [`NvsError::Size`] if `size` is no multiple of a page or below [`LEAST_READ_WRITE`].
    pub fn read_write(size: u64) -> Result<Self, NvsError> {
        if size < LEAST_READ_WRITE {
            let reason = format!("is too small, one that the device writes to has at least {LEAST_READ_WRITE}");
            return Err(NvsError::Size { size, reason });
        }
        Self::of(size)
    }

    /// A partition of one page or more that is marked `readonly` in the partition table. Below [`LEAST_READ_WRITE`] all of
    /// its pages are used.
    ///
    /// # Errors
    /// [`NvsError::Size`] if `size` is no multiple of a page.
    pub fn read_only(size: u64) -> Result<Self, NvsError> {
        Self::of(size)
    }

    fn of(size: u64) -> Result<Self, NvsError> {
        if size == 0 || !size.is_multiple_of(PAGE as u64) {
            return Err(NvsError::Size { size, reason: format!("is no multiple of {PAGE}") });
        }
        if size > super::read::LONGEST as u64 {
            return Err(NvsError::Size { size, reason: format!("is larger than {}", super::read::LONGEST) });
        }
        let size = usize::try_from(size).expect("at most 16 MiB");
        Ok(Self { size })
    }

    /// Pages that stay erased.
    fn spare(self) -> usize {
        usize::from(self.size as u64 >= LEAST_READ_WRITE)
    }
}

/// Encodes `items` in their order. A namespace is written before its first key.
///
/// # Errors
/// [`NvsError`] for the first item that breaks a rule, and [`NvsError::Full`] before a byte is placed.
pub fn encode(partition: Partition, items: &[Item]) -> Result<Secret, NvsError> {
    check_fits(partition, items)?;
    let mut image = vec![0xFF; partition.size];
    Placing::of(items, &mut image)?;
    Ok(Secret::new(image))
}

/// Does what [`encode`] does in a buffer that is used again for the next device; wiping it is the caller's.
///
/// # Errors
/// As [`encode`], with the buffer left as it was; [`NvsError::Size`] if it does not have the partition's size.
pub fn encode_into(partition: Partition, items: &[Item], image: &mut [u8]) -> Result<(), NvsError> {
    if image.len() != partition.size {
        let reason = format!("is not one of {} bytes", partition.size);
        return Err(NvsError::Size { size: image.len() as u64, reason });
    }
    check_fits(partition, items)?;
    image.fill(0xFF);
    Placing::of(items, image).map(drop)
}

fn check_fits(partition: Partition, items: &[Item]) -> Result<(), NvsError> {
    check(items)?;
    let pages = Placing::of(items, &mut [])?;
    let need = (pages + partition.spare()) * PAGE;
    if need > partition.size {
        return Err(NvsError::Full { need: need as u64, have: partition.size as u64 });
    }
    Ok(())
}

/// Where the next entry goes. With an empty image entries are counted and nothing is written.
struct Placing<'a> {
    image: &'a mut [u8],
    page: usize,
    entry: usize,
}

impl<'a> Placing<'a> {
    /// Places all items; returns the number of pages used.
    fn of(items: &[Item], image: &'a mut [u8]) -> Result<usize, NvsError> {
        let mut placing = Placing { image, page: 0, entry: 0 };
        let mut namespaces: HashMap<&str, u8> = HashMap::new();
        let (mut last, mut namespace) = ("", 0);
        placing.open_page();
        for item in items {
            // Items of one namespace mostly stand together.
            if item.namespace != last {
                let next = u8::try_from(namespaces.len() + 1).expect("at most 254 namespaces");
                namespace = *namespaces.entry(&item.namespace).or_insert(next);
                if namespace == next {
                    placing.integer(0, &item.namespace, IntegerType::U8, i128::from(namespace));
                }
                last = &item.namespace;
            }
            match &item.value {
                Value::Integer { kind, number } => placing.integer(namespace, &item.key, *kind, *number),
                Value::Text(text) => text.expose(|text| placing.text(namespace, &item.key, text)),
                Value::Blob(blob) => blob.expose(|blob| placing.blob(namespace, &item.key, blob))?,
            }
        }
        Ok(placing.page + 1)
    }

    fn open_page(&mut self) {
        let Some(page) = self.image.get_mut(self.page * PAGE..(self.page + 1) * PAGE) else { return };
        page[..4].copy_from_slice(&ACTIVE.to_le_bytes());
        page[4..8].copy_from_slice(&u32::try_from(self.page).expect("at most 4096 pages").to_le_bytes());
        page[8] = VERSION_2;
        let checksum = header_checksum(page);
        page[28..32].copy_from_slice(&checksum.to_le_bytes());
    }

    fn turn_page(&mut self) {
        if let Some(state) = self.image.get_mut(self.page * PAGE..self.page * PAGE + 4) {
            state.copy_from_slice(&FULL.to_le_bytes());
        }
        (self.page, self.entry) = (self.page + 1, 0);
        self.open_page();
    }

    fn integer(&mut self, namespace: u8, key: &str, kind: IntegerType, number: i128) {
        if self.entry == ENTRIES {
            self.turn_page();
        }
        let mut entry = header(namespace, kind as u8, 1, NO_CHUNK, key);
        entry[24..24 + kind.bytes()].copy_from_slice(&number.to_le_bytes()[..kind.bytes()]);
        self.put(entry, &[]);
    }

    /// The generator puts a text that would fill a page to its last entry on the next page; a text that fills a page alone
    /// it cannot place at all.
    fn text(&mut self, namespace: u8, key: &str, text: &[u8]) {
        let span = 1 + entries_for(text.len() + 1);
        if self.entry > 0 && self.entry + span >= ENTRIES {
            self.turn_page();
        }
        self.sized(header(namespace, TEXT, span, NO_CHUNK, key), &[text, &[0]]);
    }

    /// Chunks fill what is left of each page, down to a chunk of no bytes on its last entry; the index comes last.
    fn blob(&mut self, namespace: u8, key: &str, blob: &[u8]) -> Result<(), NvsError> {
        if self.entry == ENTRIES {
            self.turn_page();
        }
        let (mut rest, mut chunks) = (blob, 0);
        loop {
            let room = (ENTRIES - self.entry - 1) * ENTRY;
            let (chunk, behind) = rest.split_at(rest.len().min(room));
            let number = u8::try_from(chunks).unwrap_or(NO_CHUNK);
            self.sized(header(namespace, BLOB_DATA, 1 + entries_for(chunk.len()), number, key), &[chunk]);
            (rest, chunks) = (behind, chunks + 1);
            if !rest.is_empty() || self.entry == ENTRIES {
                self.turn_page();
            }
            if rest.is_empty() {
                break;
            }
        }
        if chunks > MOST_CHUNKS {
            return Err(NvsError::Chunks { key: key.to_owned(), found: chunks, most: MOST_CHUNKS });
        }
        self.put(index(namespace, key, blob.len(), chunks), &[]);
        Ok(())
    }

    fn sized(&mut self, mut entry: [u8; ENTRY], parts: &[&[u8]]) {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        entry[24..26].copy_from_slice(&u16::try_from(length).expect("less than a page").to_le_bytes());
        if !self.image.is_empty() {
            entry[28..32].copy_from_slice(&value_checksum(parts).to_le_bytes());
        }
        self.put(entry, parts);
    }

    /// Writes an entry with the bytes behind it, and marks all of it as written.
    fn put(&mut self, mut entry: [u8; ENTRY], parts: &[&[u8]]) {
        let span = 1 + entries_for(parts.iter().map(|part| part.len()).sum());
        let first = self.entry;
        self.entry += span;
        let Some(page) = self.image.get_mut(self.page * PAGE..(self.page + 1) * PAGE) else { return };
        let checksum = entry_checksum(&entry);
        entry[4..8].copy_from_slice(&checksum.to_le_bytes());
        let mut at = FIRST + first * ENTRY;
        for part in std::iter::once(&entry[..]).chain(parts.iter().copied()) {
            page[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        for written in first..first + span {
            page[BITMAP + written / 4] &= !(1 << (written % 4 * 2));
        }
    }
}

/// Returns an entry without its checksum; its value is still erased.
fn header(namespace: u8, code: u8, span: usize, chunk: u8, key: &str) -> [u8; ENTRY] {
    let mut entry = [0xFF; ENTRY];
    entry[..4].copy_from_slice(&[namespace, code, u8::try_from(span).expect("at most a page"), chunk]);
    entry[8..=8 + LONGEST_NAME].fill(0);
    entry[8..8 + key.len()].copy_from_slice(key.as_bytes());
    entry
}

fn index(namespace: u8, key: &str, length: usize, chunks: usize) -> [u8; ENTRY] {
    let mut entry = header(namespace, BLOB_INDEX, 1, NO_CHUNK, key);
    entry[24..28].copy_from_slice(&u32::try_from(length).expect("at most 508,000 bytes").to_le_bytes());
    entry[28..30].copy_from_slice(&[u8::try_from(chunks).expect("at most 127"), 0]);
    entry
}
