//! Reading an image that somebody else may have made, used, or damaged on purpose.

use std::collections::{HashMap, HashSet};

use zeroize::Zeroizing;

use crate::fleet::Secret;

use super::error::LittlefsError;
use super::metadata::{Metadata, pair, read_pair};
use super::tag::{
    CHAIN_STRUCT, FILE, FOLDER, FOLDER_STRUCT, INLINE_STRUCT, LARGEST_BLOCK, LEAST_BLOCK, LONGEST, MAGIC, MOST_LEVELS,
    SUPERBLOCK, pieces, pointers,
};

/// The most files and folders that are read.
const MOST_ENTRIES: usize = 65_536;
/// The one major version of the format that is read.
const MAJOR: u32 = 2;

/// A littlefs image, its folders read.
pub struct Volume<'a> {
    bytes: &'a [u8],
    block_size: usize,
    block_count: u32,
    version: u32,
    files: Vec<FileEntry<'a>>,
}

/// One file.
#[derive(Clone)]
pub struct FileEntry<'a> {
    /// Its path, folders divided by `/`.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    content: Content<'a>,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    /// Within the metadata.
    Inline(&'a [u8]),
    /// The last block of the chain.
    Chain(u32),
}

/// Two block numbers in their order: a pair may be named either way round.
type Key = [u32; 2];

impl<'a> Volume<'a> {
    /// Reads superblock, folders and names. The size of a block is found by itself.
    ///
    /// # Errors
    /// [`LittlefsError`]; at most 256 MiB, 65,536 entries and 32 levels are read.
    pub fn open(bytes: &'a [u8]) -> Result<Self, LittlefsError> {
        if bytes.len() as u64 > LONGEST {
            return Err(LittlefsError::TooMuch { what: "bytes", most: LONGEST });
        }
        let superblock = find_superblock(bytes)?;
        let block_size = superblock.block_size as usize;
        let mut volume = Self {
            bytes,
            block_size,
            block_count: superblock.block_count,
            version: superblock.version,
            files: Vec::new(),
        };
        let (pairs, root) = volume.thread()?;
        let mut walk = Walk { pairs: &pairs, seen: HashSet::new(), entries: 0, files: Vec::new() };
        walk.folder(root, "", 0)?;
        volume.files = walk.files;
        Ok(volume)
    }

    /// Returns every file, folder by folder.
    pub fn files(&self) -> &[FileEntry<'a>] {
        &self.files
    }

    /// Returns bytes of a block and number of blocks.
    pub fn blocks(&self) -> (u32, u32) {
        (u32::try_from(self.block_size).expect("at most 128 KiB"), self.block_count)
    }

    /// Returns the version of the format on disk: major and minor.
    pub fn version(&self) -> (u32, u32) {
        (self.version >> 16, self.version & 0xFFFF)
    }

    /// Reads a file of at most `most` bytes.
    ///
    /// # Errors
    /// [`LittlefsError::TooLarge`], or [`LittlefsError::Damaged`] if its chain leads out of the image.
    pub fn read(&self, file: &FileEntry<'_>, most: u64) -> Result<Secret, LittlefsError> {
        if file.size > most {
            return Err(LittlefsError::TooLarge { path: file.path.clone(), size: file.size, most });
        }
        let cut = || LittlefsError::damaged(&file.path, "its content leads out of the image");
        let size = usize::try_from(file.size).ok().filter(|size| *size <= self.bytes.len()).ok_or_else(cut)?;
        match file.content {
            Content::Inline(bytes) => Ok(Secret::new(bytes.to_vec())),
            Content::Chain(head) => self.chain(head, size).ok_or_else(cut),
        }
    }

    /// Goes back from the last block by each one's first pointer.
    fn chain(&self, head: u32, size: usize) -> Option<Secret> {
        let pieces = pieces(size, self.block_size);
        let mut content = Zeroizing::new(vec![0; size]);
        let (mut end, mut block) = (size, head);
        for (number, piece) in pieces.iter().enumerate().rev() {
            let number = u32::try_from(number).ok()?;
            let bytes = self.block(block)?;
            let from = pointers(number);
            content[end - piece..end].copy_from_slice(&bytes[from..from + piece]);
            end -= piece;
            if number > 0 {
                block = u32::from_le_bytes(*bytes.first_chunk()?);
            }
        }
        Some(Secret::new(std::mem::take(&mut *content)))
    }

    fn block(&self, block: u32) -> Option<&'a [u8]> {
        let at = (block as usize).checked_mul(self.block_size).filter(|_| block < self.block_count)?;
        self.bytes.get(at..at + self.block_size)
    }

    fn pair(&self, pair: Key) -> Result<Metadata<'a>, LittlefsError> {
        let wrong =
            |reason: String| LittlefsError::damaged("", format!("blocks {} and {}: {reason}", pair[0], pair[1]));
        let both = self.block(pair[0]).zip(self.block(pair[1])).filter(|_| pair[0] != pair[1]);
        let (a, b) = both.ok_or_else(|| wrong(format!("no pair of {} blocks", self.block_count)))?;
        read_pair([a, b]).map_err(wrong)
    }

    /// Reads all pairs along the thread; the last superblock on it is the root. An entry that a rename was taking away when
    /// power failed is gone.
    fn thread(&self) -> Result<(HashMap<Key, Metadata<'a>>, Key), LittlefsError> {
        let (mut pairs, mut root, mut state) = (HashMap::new(), [0, 1], [0; 12]);
        let (mut next, mut held) = (Some([0, 1]), 0);
        while let Some(pair) = next {
            let metadata = self.pair(pair)?;
            // Few bytes can say that an entry has a high number: what they claim is bounded too.
            held += metadata.entries.len();
            if held > MOST_ENTRIES {
                return Err(LittlefsError::TooMuch { what: "files and folders", most: MOST_ENTRIES as u64 });
            }
            if metadata.entries.iter().any(|entry| entry.name == Some((SUPERBLOCK, MAGIC))) {
                root = pair;
            }
            state.iter_mut().zip(metadata.state).for_each(|(byte, part)| *byte ^= part);
            next = metadata.tail.map(|tail| tail.pair);
            if pairs.insert(key(pair), metadata).is_some() {
                return Err(LittlefsError::damaged("", format!("the thread meets block {} twice", pair[0])));
            }
        }
        forget_moved(&mut pairs, &state);
        Ok((pairs, root))
    }
}

fn key([a, b]: Key) -> Key {
    if a < b { [a, b] } else { [b, a] }
}

/// The shared state is a tag, whose kind is not zero and whose id is the entry's while a rename is unfinished, and a pair.
fn forget_moved(pairs: &mut HashMap<Key, Metadata<'_>>, state: &[u8; 12]) {
    let tag = u32::from_le_bytes([state[0], state[1], state[2], state[3]]);
    let (kind, id) = (tag >> 20 & 0x700, (tag >> 10 & 0x3FF) as usize);
    let moved = pair(&state[4..]).filter(|_| kind != 0).and_then(|pair| pairs.get_mut(&key(pair)));
    if let Some(metadata) = moved.filter(|metadata| id < metadata.entries.len()) {
        metadata.entries.remove(id);
    }
}

/// What the superblock says.
struct Superblock {
    version: u32,
    block_size: u32,
    block_count: u32,
}

/// Looks at block 0, then at block 1 for every size that a block can have.
fn find_superblock(bytes: &[u8]) -> Result<Superblock, LittlefsError> {
    let sizes = || (LEAST_BLOCK.ilog2()..=LARGEST_BLOCK.ilog2()).map(|bits| 1_usize << bits);
    let window = |at: usize| bytes.get(at..bytes.len().min(at + LARGEST_BLOCK as usize));
    let places = std::iter::once(0).chain(sizes());
    let found = places.filter_map(window).find_map(fields).ok_or_else(|| LittlefsError::NotLittlefs {
        reason: "neither of the first two blocks holds a superblock".into(),
    })?;
    let wrong = |reason| Err(LittlefsError::NotLittlefs { reason });
    if found.version >> 16 != MAJOR {
        return wrong(format!(
            "the superblock has version {}.{}, only 2 is read",
            found.version >> 16,
            found.version & 0xFFFF
        ));
    }
    if !sizes().any(|size| size == found.block_size as usize) {
        return wrong(format!("the superblock has blocks of {} bytes", found.block_size));
    }
    let claimed = u64::from(found.block_size) * u64::from(found.block_count);
    if found.block_count < 2 || claimed > bytes.len() as u64 {
        return wrong(format!("the superblock claims {claimed} bytes, there are {}", bytes.len()));
    }
    Ok(found)
}

/// Reads the superblock's fields where a block has the magic at its place and a good commit.
fn fields(block: &[u8]) -> Option<Superblock> {
    block.get(8..16).filter(|magic| magic == MAGIC)?;
    let metadata = read_pair([block, &[]]).ok()?;
    let entry = metadata.entries.iter().find(|entry| entry.name == Some((SUPERBLOCK, MAGIC)))?;
    let (INLINE_STRUCT, data) = entry.content? else { return None };
    let field = |number: usize| Some(u32::from_le_bytes(*data.get(4 * number..)?.first_chunk()?));
    Some(Superblock { version: field(0)?, block_size: field(1)?, block_count: field(2)? })
}

/// Going through all folders.
struct Walk<'w, 'a> {
    pairs: &'w HashMap<Key, Metadata<'a>>,
    seen: HashSet<Key>,
    entries: usize,
    files: Vec<FileEntry<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn folder(&mut self, first: Key, path: &str, level: usize) -> Result<(), LittlefsError> {
        let damaged = |reason: &str| LittlefsError::damaged(path, reason);
        if level > MOST_LEVELS {
            return Err(LittlefsError::TooMuch { what: "levels of folders", most: MOST_LEVELS as u64 });
        }
        let (mut next, mut names) = (Some(first), HashSet::new());
        while let Some(pair) = next {
            if !self.seen.insert(key(pair)) {
                return Err(damaged("two folders have the same blocks"));
            }
            let pairs = self.pairs;
            let metadata = pairs.get(&key(pair)).ok_or_else(|| damaged("its blocks are not on the thread"))?;
            for entry in &metadata.entries {
                let (Some((kind @ (FILE | FOLDER), name)), content) = (entry.name, entry.content) else { continue };
                self.count()?;
                let name = std::str::from_utf8(name)
                    .ok()
                    .filter(|name| is_name(name))
                    .ok_or_else(|| damaged("a name is none"))?;
                if !names.insert(name) {
                    return Err(damaged(&format!("{name:?} is there twice")));
                }
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
                self.entry(kind, content, path, level)?;
            }
            next = metadata.tail.filter(|tail| tail.continues).map(|tail| tail.pair);
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), LittlefsError> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(LittlefsError::TooMuch { what: "files and folders", most: MOST_ENTRIES as u64 });
        }
        Ok(())
    }

    fn entry(
        &mut self,
        kind: u32,
        content: Option<(u32, &'a [u8])>,
        path: String,
        level: usize,
    ) -> Result<(), LittlefsError> {
        let (size, content) = match (kind, content) {
            (FOLDER, Some((FOLDER_STRUCT, data))) if data.len() == 8 => {
                let first = pair(data).expect("eight bytes are a pair");
                return self.folder(first, &path, level + 1);
            }
            (FILE, Some((INLINE_STRUCT, data))) => (data.len() as u64, Content::Inline(data)),
            (FILE, Some((CHAIN_STRUCT, data))) if data.len() == 8 => {
                let [head, size] = pair(data).expect("eight bytes are a pair");
                (u64::from(size), Content::Chain(head))
            }
            _ => return Err(LittlefsError::damaged(&path, "it has no content of its kind")),
        };
        self.files.push(FileEntry { path, size, content });
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::super::build::{Commit, superblock};
    use super::super::spec::Geometry;
    use super::super::tag::{NONE, SOFT_TAIL};
    use super::*;

    /// Pairs of 128 bytes, each with one name whose number claims a thousand entries.
    fn boastful(pairs: u32) -> Vec<u8> {
        let geometry = Geometry { block_size: 128, block_count: 2 * pairs, cache_size: 64 };
        let mut image = vec![0xFF; 256 * pairs as usize];
        for (number, block) in (0..pairs).zip(image.chunks_exact_mut(256)) {
            let mut commit = Commit::begin(&mut block[..128]);
            if number == 0 {
                commit.put(SUPERBLOCK, 0, MAGIC);
                commit.put(INLINE_STRUCT, 0, &superblock(&geometry));
            }
            commit.put(FILE, 1000, b"x");
            commit.put(INLINE_STRUCT, 1000, b"");
            if number + 1 < pairs {
                let next = [2 * number + 2, 2 * number + 3].map(u32::to_le_bytes).concat();
                commit.put(SOFT_TAIL, NONE, &next);
            }
            commit.end();
        }
        image
    }

    #[test]
    fn entries_that_are_only_claimed_are_bounded() {
        assert_eq!(Volume::open(&boastful(65)).map(|volume| volume.files().len()).unwrap(), 1);
        let error = Volume::open(&boastful(66)).err().unwrap().to_string();
        assert_eq!(error, "the littlefs image has more than 65536 files and folders, which is more than is read");
    }

    #[test]
    fn a_thread_that_comes_back_to_itself_is_an_error() {
        let mut image = boastful(2);
        let mut commit = Commit::begin(&mut image[256..384]);
        commit.put(SOFT_TAIL, NONE, &[1_u32, 0].map(u32::to_le_bytes).concat());
        commit.end();
        let error = Volume::open(&image).err().unwrap().to_string();
        assert_eq!(error, r#"the littlefs image is damaged at "/": the thread meets block 1 twice"#);
    }
}
