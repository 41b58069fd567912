//! Which blocks hold what, decided before a byte is placed.

use super::error::LittlefsError;
use super::spec::{Geometry, ImageFile};
use super::tag::{LONGEST_NAME, MAGIC, TAG, pieces};
use super::tree::{Entry, Node, folders};

/// Bytes of a superblock's fields, and of a pointer to a pair or a chain.
pub(super) const SUPERBLOCK_FIELDS: usize = 24;
const POINTER: usize = 8;
/// The most bytes that a tag can be followed by.
const LONGEST_DATA: usize = 0x3FE;
/// What every block of metadata has beside entries: revision, tail, checksum.
const FIXED: usize = 4 + (TAG + POINTER) + (TAG + 4);

/// Every block in use.
pub(super) struct Layout {
    /// In the order of the thread that runs through all of them.
    pub(super) pairs: Vec<Pair>,
    /// Blocks in use.
    pub(super) blocks: u64,
}

/// Two blocks of metadata, of which the first is written.
pub(super) struct Pair {
    pub(super) blocks: [u32; 2],
    pub(super) items: Vec<Item>,
    /// Another pair of the same folder follows.
    pub(super) continues: bool,
}

/// One entry and where its content is.
pub(super) struct Item {
    pub(super) name: Vec<u8>,
    pub(super) place: Place,
}

/// Where the content of an entry is.
pub(super) enum Place {
    /// A folder, whose first pair this is.
    Folder([u32; 2]),
    /// A file within the metadata.
    Inline(usize),
    /// A file in blocks of its own, one after the other from this one.
    Chain { file: usize, first: u32 },
}

/// Plans the image.
pub(super) fn plan(geometry: &Geometry, files: &[ImageFile<'_>]) -> Result<Layout, LittlefsError> {
    let paths: Vec<&str> = files.iter().map(|file| file.path).collect();
    let folders = folders(&paths)?;
    let mut splits = Vec::with_capacity(folders.len());
    for (number, folder) in folders.iter().enumerate() {
        splits.push(split(geometry, files, folder, number == 0)?);
    }
    let firsts = first_blocks(&splits);
    let metadata: u64 = splits.iter().map(|lengths| 2 * lengths.len() as u64).sum();
    let chained = |file: &ImageFile<'_>| if is_chained(geometry, file) { chain(geometry, file) } else { 0 };
    let blocks = metadata + files.iter().map(chained).sum::<u64>();
    if blocks > u64::from(geometry.block_count) {
        return Err(LittlefsError::Full { need: blocks, have: u64::from(geometry.block_count) });
    }
    let starts = starts(metadata, files.iter().map(chained));
    let place = |node| match node {
        Node::Folder(number) => Place::Folder([firsts[number], firsts[number] + 1]),
        Node::File(file) if is_chained(geometry, &files[file]) => Place::Chain { file, first: starts[file] },
        Node::File(file) => Place::Inline(file),
    };
    let folders = folders.into_iter().zip(splits).zip(&firsts);
    let pairs = folders.flat_map(|((folder, lengths), first)| pairs(folder, &lengths, *first, &place)).collect();
    Ok(Layout { pairs, blocks })
}

/// Returns the first block of each file, which come one after the other behind the metadata.
fn starts(metadata: u64, lengths: impl Iterator<Item = u64>) -> Vec<u32> {
    let mut next = metadata;
    let start = |length| {
        let start = u32::try_from(next).expect("no more than there are blocks");
        next += length;
        start
    };
    lengths.map(start).collect()
}

/// Puts a folder's entries into pairs of these lengths, which lie one after the other from block `first`.
fn pairs(folder: Vec<Entry>, lengths: &[usize], first: u32, place: &dyn Fn(Node) -> Place) -> Vec<Pair> {
    let mut entries = folder.into_iter();
    let blocks = (first..).step_by(2).map(|block| [block, block + 1]);
    let pair = |(number, (length, blocks)): (usize, (&usize, [u32; 2]))| {
        let items = entries.by_ref().take(*length);
        let items = items.map(|entry| Item { name: entry.name, place: place(entry.node) }).collect();
        Pair { blocks, items, continues: number + 1 < lengths.len() }
    };
    lengths.iter().zip(blocks).enumerate().map(pair).collect()
}

/// Returns the first block of each folder's pairs.
fn first_blocks(splits: &[Vec<usize>]) -> Vec<u32> {
    let mut next = 0_u32;
    let mut firsts = Vec::with_capacity(splits.len());
    for lengths in splits {
        firsts.push(next);
        next = next.saturating_add(2 * u32::try_from(lengths.len()).unwrap_or(u32::MAX / 2));
    }
    firsts
}

/// Returns how many entries stand in each pair of a folder. Half of a block is left for what the device adds, as drivers do.
fn split(
    geometry: &Geometry,
    files: &[ImageFile<'_>],
    folder: &[Entry],
    is_root: bool,
) -> Result<Vec<usize>, LittlefsError> {
    let (half, whole) = (geometry.block_size as usize / 2, geometry.block_size as usize);
    let superblock = if is_root { TAG + MAGIC.len() + TAG + SUPERBLOCK_FIELDS } else { 0 };
    let (mut lengths, mut used) = (vec![0], FIXED + superblock);
    for entry in folder {
        let room = entry_room(geometry, files, entry);
        if FIXED + room > whole {
            let most = (whole - FIXED - 2 * TAG - POINTER).min(LONGEST_NAME);
            let path = String::from_utf8_lossy(&entry.name).into_owned();
            let reason =
                format!("has {} bytes, blocks of {whole} bytes hold names of at most {most}", entry.name.len());
            return Err(LittlefsError::Name { path, reason });
        }
        let is_first = used == FIXED;
        if !is_first && used + room > half {
            lengths.push(0);
            used = FIXED;
        }
        used += room;
        *lengths.last_mut().expect("there is always one") += 1;
    }
    Ok(lengths)
}

fn entry_room(geometry: &Geometry, files: &[ImageFile<'_>], entry: &Entry) -> usize {
    let content = match entry.node {
        Node::File(file) if !is_chained(geometry, &files[file]) => files[file].bytes.len(),
        _ => POINTER,
    };
    2 * TAG + entry.name.len() + content
}

/// Small files lie in the metadata, if a driver can hold them in its cache and a block still has room for names.
fn is_chained(geometry: &Geometry, file: &ImageFile<'_>) -> bool {
    let most = (geometry.block_size / 8).min(geometry.cache_size) as usize;
    file.bytes.len() > most.min(LONGEST_DATA)
}

fn chain(geometry: &Geometry, file: &ImageFile<'_>) -> u64 {
    pieces(file.bytes.len(), geometry.block_size as usize).len() as u64
}
