//! UF2: blocks of 512 bytes that a bootloader's drive takes in any order (microsoft/uf2, README, "File format").

use std::collections::BTreeMap;

use crate::fleet::{Class, Diagnose, Secret};

use super::segment::{self, Overlap, Segment};

/// The longest file that is read, in bytes.
pub const LONGEST: usize = 128 << 20;

const BLOCK: usize = 512;
const MAGIC_START: [u32; 2] = [0x0A32_4655, 0x9E5D_5157];
const MAGIC_END: u32 = 0x0AB1_6F30;
const HEADER: usize = 32;
/// Data bytes of every block that is written: the one size that all bootloaders take.
const PAYLOAD: usize = 256;
/// The most data bytes of a block, and of one with a checksum behind them.
const MOST_PAYLOAD: usize = 476;
const MOST_WITH_MD5: usize = 452;
/// The most blocks that are written, so that a file is at most [`LONGEST`].
const MOST_BLOCKS: u64 = (LONGEST / BLOCK) as u64;
const ADDRESSES: u64 = 1 << 32;

const NOT_FOR_FLASH: u32 = 0x0000_0001;
const FILE_CONTAINER: u32 = 0x0000_1000;
const HAS_FAMILY: u32 = 0x0000_2000;
const HAS_MD5: u32 = 0x0000_4000;

/// Which chips take the blocks: a bootloader passes over the blocks of other families in silence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Family(pub u32);

impl Family {
    /// Families by the names of microsoft/uf2, `utils/uf2families.json`.
    pub const NAMES: [(&'static str, Self); 18] = [
        ("RP2040", Self(0xE48B_FF56)),
        ("RP2XXX_ABSOLUTE", Self(0xE48B_FF57)),
        ("RP2XXX_DATA", Self(0xE48B_FF58)),
        ("RP2350_ARM_S", Self(0xE48B_FF59)),
        ("RP2350_RISCV", Self(0xE48B_FF5A)),
        ("RP2350_ARM_NS", Self(0xE48B_FF5B)),
        ("NRF52", Self(0x1B57_745F)),
        ("NRF52833", Self(0x621E_937A)),
        ("NRF52840", Self(0xADA5_2840)),
        ("SAMD21", Self(0x68ED_2B88)),
        ("SAMD51", Self(0x5511_4460)),
        ("STM32F1", Self(0x5EE2_1072)),
        ("STM32F4", Self(0x5775_5A57)),
        ("STM32L4", Self(0x00FF_6919)),
        ("ESP32S2", Self(0xBFDD_4EEE)),
        ("ESP32S3", Self(0xC47E_5767)),
        ("ESP32C3", Self(0xD42B_A06C)),
        ("ESP32", Self(0x1C5F_21B0)),
    ];

    /// Returns the family of that name, whatever its case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, family)| *family)
    }

    /// Returns the name, if the family is a known one.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(_, known)| *known == self).map(|(name, _)| *name)
    }
}

/// What is for one family, by rising address.
pub struct Image {
    /// The family; `None` where the blocks name none.
    pub family: Option<Family>,
    /// Pieces that touch are one.
    pub segments: Vec<Segment>,
}

/// Why a file cannot be made or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Uf2Error {
    /// Two pieces want one address.
    #[error("two pieces of the UF2 data hold the address {address:#x}")]
    Overlap {
        /// The address.
        address: u64,
    },
    /// An address beyond 4 GiB.
    #[error("the UF2 data ends at {end:#x}, such addresses reach to {limit:#x}")]
    Beyond {
        /// Address behind the last byte.
        end: u64,
        /// The first address that cannot be written.
        limit: u64,
    },
    /// More than is made or read.
    #[error("the UF2 file has {found} bytes, at most {most} are made or read")]
    TooLong {
        /// Bytes found.
        found: u64,
        /// Bytes allowed.
        most: u64,
    },
    /// No whole number of blocks.
    #[error("the UF2 file has {found} bytes, which is no multiple of 512: it is cut off")]
    CutOff {
        /// Bytes found.
        found: usize,
    },
    /// A block that cannot be meant.
    #[error("block {block} of the UF2 file {reason}")]
    Block {
        /// Which, from 0, by place in the file.
        block: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Blocks that are not there.
    #[error("the UF2 file has {found} of {expected} blocks{family}, block number {missing} is missing")]
    Missing {
        /// Blocks found.
        found: usize,
        /// Blocks that each of them counts.
        expected: u32,
        /// For which family, in words.
        family: String,
        /// Number of the first that is missing.
        missing: u32,
    },
}

impl From<Overlap> for Uf2Error {
    fn from(Overlap { address }: Overlap) -> Self {
        Uf2Error::Overlap { address }
    }
}

impl Diagnose for Uf2Error {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// Encodes `segments` in blocks of 256 bytes at multiples of 256; `fill` (0xFF leaves flash erased) stands where a block holds
/// more than the segments do.
///
/// # Errors
/// [`Uf2Error`] for segments that overlap, lie beyond 4 GiB, or are too large for a file of [`LONGEST`].
pub fn encode(segments: &[Segment], family: Option<Family>, fill: u8) -> Result<Secret, Uf2Error> {
    let segments = segment::merged(segments)?;
    if let Some(end) = segments.last().and_then(Segment::end).filter(|end| *end > ADDRESSES) {
        return Err(Uf2Error::Beyond { end, limit: ADDRESSES });
    }
    let addresses = addresses(&segments)?;
    let count = u32::try_from(addresses.len()).expect("at most 262,144");
    let mut file = vec![0; addresses.len() * BLOCK];
    for (number, (block, address)) in (0..).zip(file.chunks_exact_mut(BLOCK).zip(&addresses)) {
        put_block(block, *address, (number, count), family, fill);
    }
    for segment in &segments {
        segment.bytes.expose(|bytes| put_bytes(&mut file, &addresses, segment.address, bytes));
    }
    Ok(Secret::new(file))
}

/// Returns the address of each block.
fn addresses(segments: &[Segment]) -> Result<Vec<u32>, Uf2Error> {
    let payload = PAYLOAD as u64;
    let bounds = |segment: &Segment| (segment.address / payload, segment.end().unwrap_or(0).div_ceil(payload));
    let most = segments.iter().map(bounds).map(|(first, end)| end - first).sum::<u64>();
    if most > MOST_BLOCKS {
        return Err(Uf2Error::TooLong { found: most * BLOCK as u64, most: LONGEST as u64 });
    }
    let mut addresses: Vec<u32> = segments
        .iter()
        .map(bounds)
        .flat_map(|(first, end)| first..end)
        .map(|number| u32::try_from(number * payload).expect("below 4 GiB"))
        .collect();
    addresses.dedup();
    Ok(addresses)
}

fn put_block(block: &mut [u8], address: u32, (number, count): (u32, u32), family: Option<Family>, fill: u8) {
    let flags = if family.is_some() { HAS_FAMILY } else { 0 };
    let [first, second] = MAGIC_START;
    let size = u32::try_from(PAYLOAD).expect("256");
    let words = [first, second, flags, address, size, number, count, family.map_or(0, |family| family.0)];
    for (place, word) in block.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    block[HEADER..HEADER + PAYLOAD].fill(fill);
    block[BLOCK - 4..].copy_from_slice(&MAGIC_END.to_le_bytes());
}

fn put_bytes(file: &mut [u8], addresses: &[u32], mut address: u64, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let within = usize::try_from(address % PAYLOAD as u64).expect("below 256");
        let start = u32::try_from(address - within as u64).expect("below 4 GiB");
        let block = addresses.binary_search(&start).expect("every byte has its block");
        let (now, later) = bytes.split_at(bytes.len().min(PAYLOAD - within));
        let at = block * BLOCK + HEADER + within;
        file[at..at + now.len()].copy_from_slice(now);
        (address, bytes) = (address + now.len() as u64, later);
    }
}

/// Reads a whole file, the blocks of each family by themselves. Gaps between addresses are good; blocks that are missing, there
/// twice or at odds with each other are not. Blocks that are not for flash are passed over. Behind a whole row of blocks another
/// may follow that counts anew.
///
/// # Errors
/// [`Uf2Error`]; at most [`LONGEST`] bytes are read.
pub fn decode(bytes: &[u8]) -> Result<Vec<Image>, Uf2Error> {
    if bytes.len() > LONGEST {
        return Err(Uf2Error::TooLong { found: bytes.len() as u64, most: LONGEST as u64 });
    }
    if !bytes.len().is_multiple_of(BLOCK) {
        return Err(Uf2Error::CutOff { found: bytes.len() });
    }
    let mut families: BTreeMap<Option<Family>, Blocks<'_>> = BTreeMap::new();
    for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
        let wrong = |reason| Uf2Error::Block { block: number, reason };
        if let Some(block) = Block::read(block).map_err(wrong)? {
            families.entry(block.family).or_default().add(block).map_err(wrong)?;
        }
    }
    families.into_iter().map(|(family, blocks)| blocks.image(family)).collect()
}

/// One block for flash.
struct Block<'a> {
    family: Option<Family>,
    address: u64,
    number: u32,
    count: u32,
    payload: &'a [u8],
}

impl<'a> Block<'a> {
    fn read(block: &'a [u8]) -> Result<Option<Self>, String> {
        let word = |at: usize| u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]]);
        if [word(0), word(4)] != MAGIC_START || word(BLOCK - 4) != MAGIC_END {
            return Err("is none: its magic numbers are wrong".into());
        }
        let (flags, address, number, count) = (word(8), u64::from(word(12)), word(20), word(24));
        if flags & FILE_CONTAINER != 0 {
            return Err("holds a part of a file, not of flash".into());
        }
        if flags & NOT_FOR_FLASH != 0 {
            return Ok(None);
        }
        let most = if flags & HAS_MD5 == 0 { MOST_PAYLOAD } else { MOST_WITH_MD5 };
        let length = usize::try_from(word(16)).unwrap_or(usize::MAX);
        if length == 0 || length > most {
            return Err(format!("says it holds {length} bytes, it can hold 1 to {most}"));
        }
        if address + length as u64 > ADDRESSES {
            return Err(format!("ends beyond the last address with {length} bytes at {address:#x}"));
        }
        if number >= count {
            return Err(format!("has the number {number} of {count}"));
        }
        let family = (flags & HAS_FAMILY != 0).then(|| Family(word(28)));
        Ok(Some(Self { family, address, number, count, payload: &block[HEADER..HEADER + length] }))
    }
}

/// The blocks of one family: a row of them, in any order.
#[derive(Default)]
struct Blocks<'a> {
    count: u32,
    numbers: BTreeMap<u32, (u64, &'a [u8])>,
    /// What whole rows of blocks before this one held.
    before: Vec<(u64, &'a [u8])>,
}

impl<'a> Blocks<'a> {
    fn add(&mut self, block: Block<'a>) -> Result<(), String> {
        // esptool counts the blocks of each file that it joins by themselves: behind a whole row another may begin.
        if self.numbers.len() == self.count as usize && block.number == 0 {
            self.before.extend(std::mem::take(&mut self.numbers).into_values());
        }
        if self.numbers.is_empty() {
            self.count = block.count;
        }
        if self.count != block.count {
            return Err(format!("counts {} blocks, the first one counts {}", block.count, self.count));
        }
        match self.numbers.insert(block.number, (block.address, block.payload)) {
            None => Ok(()),
            Some(_) => Err(format!("has the number {}, which is there already", block.number)),
        }
    }

    fn image(self, family: Option<Family>) -> Result<Image, Uf2Error> {
        if let Some(missing) = (0..self.count).find(|number| !self.numbers.contains_key(number)) {
            let family = family.map(|family| format!(" for family {:#010x}", family.0)).unwrap_or_default();
            return Err(Uf2Error::Missing { found: self.numbers.len(), expected: self.count, family, missing });
        }
        let pieces = self.before.into_iter().chain(self.numbers.into_values()).collect();
        Ok(Image { family, segments: segment::join(pieces)? })
    }
}
