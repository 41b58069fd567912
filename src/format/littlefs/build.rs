//! Building an image: metadata pairs on one thread, files in chains of blocks.

use crate::fleet::Secret;
use crate::format::crc32::advance;

use super::error::LittlefsError;
use super::layout::{Item, Layout, Pair, Place, SUPERBLOCK_FIELDS, plan};
use super::spec::{Geometry, ImageFile};
use super::tag::{
    CHAIN_STRUCT, CHECKSUM, FILE, FIRST_MIX, FOLDER, FOLDER_STRUCT, HARD_TAIL, INLINE_STRUCT, LONGEST_NAME, MAGIC,
    NONE, SOFT_TAIL, SUPERBLOCK, Tag, pieces, pointers,
};

/// Version 2.0 of the format on disk.
const VERSION: u32 = 0x0002_0000;
/// The largest file and the longest attribute, as drivers have them by default.
const LARGEST_FILE: u32 = i32::MAX.cast_unsigned();
const LONGEST_ATTRIBUTE: u32 = 1022;
/// The revision of every pair that is written.
const REVISION: u32 = 1;

/// Builds the image: `block_size` times `block_count` bytes, unused blocks erased. The same files make the same bytes, whatever
/// their order.
///
/// # Errors
/// [`LittlefsError`], before anything is built.
pub fn build(geometry: &Geometry, files: &[ImageFile<'_>]) -> Result<Secret, LittlefsError> {
    geometry.check()?;
    let mut files = files.to_vec();
    files.sort_by_key(|file| file.path);
    let layout = plan(geometry, &files)?;
    let size = geometry.block_size as usize * geometry.block_count as usize;
    let mut image = vec![0xFF; size];
    debug_assert!(layout.blocks <= u64::from(geometry.block_count), "what is planned fits");
    let mut writing = Writing { geometry, files: &files, image: &mut image };
    writing.pairs(&layout);
    Ok(Secret::new(image))
}

struct Writing<'a> {
    geometry: &'a Geometry,
    files: &'a [ImageFile<'a>],
    image: &'a mut [u8],
}

impl Writing<'_> {
    fn pairs(&mut self, layout: &Layout) {
        for (number, pair) in layout.pairs.iter().enumerate() {
            let next = layout.pairs.get(number + 1).map(|next| next.blocks);
            self.pair(pair, number == 0, next);
        }
    }

    fn pair(&mut self, pair: &Pair, is_root: bool, next: Option<[u32; 2]>) {
        let at = self.place(pair.blocks[0]);
        let mut commit = Commit::begin(&mut self.image[at..at + self.geometry.block_size as usize]);
        if is_root {
            commit.put(SUPERBLOCK, 0, MAGIC);
            commit.put(INLINE_STRUCT, 0, &superblock(self.geometry));
        }
        for (id, item) in (u32::from(is_root)..).zip(&pair.items) {
            put_item(&mut commit, id, item, self.files, self.geometry);
        }
        if let Some(next) = next {
            commit.put(if pair.continues { HARD_TAIL } else { SOFT_TAIL }, NONE, &words(next));
        }
        commit.end();
        for item in &pair.items {
            if let Place::Chain { file, first } = item.place {
                self.chain(file, first);
            }
        }
    }

    fn place(&self, block: u32) -> usize {
        block as usize * self.geometry.block_size as usize
    }

    /// Writes a file block by block; pointer n of a block leads 2 to the n blocks back.
    fn chain(&mut self, file: usize, first: u32) {
        let bytes = self.files[file].bytes;
        let pieces = pieces(bytes.len(), self.geometry.block_size as usize);
        let mut from = 0;
        for (number, piece) in (0_u32..).zip(pieces) {
            let at = self.place(first + number);
            let head = pointers(number);
            for (power, pointer) in self.image[at..at + head].chunks_exact_mut(4).enumerate() {
                pointer.copy_from_slice(&(first + number - (1 << power)).to_le_bytes());
            }
            let place = &mut self.image[at + head..at + head + piece];
            bytes.expose(|bytes| place.copy_from_slice(&bytes[from..from + piece]));
            from += piece;
        }
    }
}

fn put_item(commit: &mut Commit<'_>, id: u32, item: &Item, files: &[ImageFile<'_>], geometry: &Geometry) {
    let kind = if matches!(item.place, Place::Folder(_)) { FOLDER } else { FILE };
    commit.put(kind, id, &item.name);
    match item.place {
        Place::Folder(pair) => commit.put(FOLDER_STRUCT, id, &words(pair)),
        Place::Inline(file) => files[file].bytes.expose(|bytes| commit.put(INLINE_STRUCT, id, bytes)),
        Place::Chain { file, first } => {
            let size = files[file].bytes.len();
            let blocks = pieces(size, geometry.block_size as usize).len();
            let head = first + u32::try_from(blocks).expect("no more than there are blocks") - 1;
            let size = u32::try_from(size).expect("no more than the image");
            commit.put(CHAIN_STRUCT, id, &words([head, size]));
        }
    }
}

fn words(words: [u32; 2]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&words[0].to_le_bytes());
    bytes[4..].copy_from_slice(&words[1].to_le_bytes());
    bytes
}

pub(super) fn superblock(geometry: &Geometry) -> [u8; SUPERBLOCK_FIELDS] {
    let longest_name = u32::try_from(LONGEST_NAME).expect("255");
    let fields = [VERSION, geometry.block_size, geometry.block_count, longest_name, LARGEST_FILE, LONGEST_ATTRIBUTE];
    let mut bytes = [0; SUPERBLOCK_FIELDS];
    for (place, field) in bytes.chunks_exact_mut(4).zip(fields) {
        place.copy_from_slice(&field.to_le_bytes());
    }
    bytes
}

/// One commit that begins a block: tags, each mixed with the one before, and a checksum.
pub(super) struct Commit<'a> {
    block: &'a mut [u8],
    at: usize,
    mix: u32,
}

impl<'a> Commit<'a> {
    pub(super) fn begin(block: &'a mut [u8]) -> Self {
        block[..4].copy_from_slice(&REVISION.to_le_bytes());
        Self { block, at: 4, mix: FIRST_MIX }
    }

    pub(super) fn put(&mut self, kind: u32, id: u32, data: &[u8]) {
        self.tag(Tag { kind, id, length: u32::try_from(data.len()).expect("at most 1022 bytes") });
        self.block[self.at..self.at + data.len()].copy_from_slice(data);
        self.at += data.len();
    }

    fn tag(&mut self, tag: Tag) {
        self.block[self.at..self.at + 4].copy_from_slice(&(tag.bits() ^ self.mix).to_be_bytes());
        (self.at, self.mix) = (self.at + 4, tag.bits());
    }

    /// The checksum covers everything from the revision to its own tag.
    pub(super) fn end(mut self) {
        self.tag(Tag { kind: CHECKSUM, id: NONE, length: 4 });
        let checksum = advance(FIRST_MIX, &self.block[..self.at]);
        self.block[self.at..self.at + 4].copy_from_slice(&checksum.to_le_bytes());
    }
}
