//! The write engine: brings a target image onto a medium so that at any moment it is either whole or visibly nothing.
//!
//! The first sector is made zero before anything else changes and written last, after the rest has been read back. A medium
//! whose first sector is zero has no partition table and no volume: no device takes it for a bootstrap medium.

use std::collections::BTreeMap;
use std::io;

use crate::delivery::{Content, Extent, ImageHasher, TargetImage};
use crate::fleet::Digest;
use crate::host::{AlignedBuffer, BlockDevice};

use super::finding;

/// The largest request, in bytes; requests end at multiples of it, which erase blocks divide.
pub const CHUNK: u64 = 4 << 20;
/// The unit that is held back at the front, in bytes: what every medium writes as one.
pub const SECTOR: u64 = 512;
/// What a file system stores as one, in bytes.
const BLOCK: u64 = 4096;
const ZEROS: [u8; sector()] = [0; sector()];

/// What the engine needs of a medium. Offsets, lengths and buffer addresses it gives are multiples of [`SECTOR`].
pub trait BlockTarget {
    /// Returns the size in bytes.
    fn size(&self) -> u64;
    /// Fills `bytes` from `offset`.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes `bytes` at `offset`.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Returns when everything written would survive a power cut.
    fn sync(&self) -> io::Result<()>;
    /// Drops caches, so that the next read asks the medium.
    fn forget(&self) -> io::Result<()>;
}

impl BlockTarget for BlockDevice {
    fn size(&self) -> u64 {
        BlockDevice::size(self)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        BlockDevice::read_at(self, offset, bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        BlockDevice::write_at(self, offset, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        BlockDevice::sync(self)
    }

    fn forget(&self) -> io::Result<()> {
        self.flush_buffers()
    }
}

/// What the engine was doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Reading, writing or flushing on the way to a written medium.
    Writing,
    /// Reading back.
    ReadingBack,
}

impl Doing {
    /// Returns the word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Doing::Writing => "writing",
            Doing::ReadingBack => "reading back",
        }
    }
}

/// How the engine fails. In every case the first sector is zero, or the image is complete and merely not read back.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The system reports an error.
    #[error("{} at byte {offset} failed", doing.word())]
    Io {
        /// On the way to what.
        doing: Doing,
        /// Where.
        offset: u64,
        /// The system's words.
        source: io::Error,
    },
    /// What was read back differs.
    #[error("byte {offset} reads back differently: {finding}")]
    Differs {
        /// First difference.
        offset: u64,
        /// What it looks like.
        finding: String,
    },
}

impl EngineError {
    pub(super) fn io(doing: Doing, offset: u64) -> impl FnOnce(io::Error) -> Self {
        move |source| EngineError::Io { doing, offset, source }
    }
}

/// What listeners hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// So many bytes of so many are through, writing and reading back together.
    Bytes {
        /// Done.
        done: u64,
        /// In all.
        total: u64,
    },
    /// Everything is written and flushed.
    Written,
    /// Everything is read back and agrees.
    ReadBack,
}

/// The outcome: everything is on the medium.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Bytes written.
    pub written: u64,
    /// Bytes read back and compared.
    pub compared: u64,
    /// Digest of what was read back.
    pub read_back: Digest,
}

/// Writes `image` and reads it back.
///
/// Must-be-zero stretches are read, and written only where they are not zero. Don't-care is left alone.
pub fn write(target: &dyn BlockTarget, image: &TargetImage, watch: &dyn Fn(Moment)) -> Result<Outcome, EngineError> {
    let total = 2 * image.extents().iter().map(|extent| extent.length).sum::<u64>();
    let mut run = Run {
        target,
        watch,
        buffer: AlignedBuffer::new(longest_piece(image).max(sector())),
        before: BTreeMap::new(),
        written: 0,
        done: 0,
        total,
    };
    run.invalidate()?;
    for piece in pieces(image) {
        run.put(&piece)?;
    }
    run.settle(Doing::Writing)?;
    let verified = run.compare(image).and_then(|found| run.complete(image).map(|()| found));
    if matches!(verified, Err(EngineError::Differs { .. })) {
        run.invalidate_again();
    }
    let (read_back, compared) = verified?;
    Ok(Outcome { written: run.written, compared, read_back })
}

/// What an image is read back from when it was not written by [`write()`].
pub(super) trait ReadBack {
    /// Fills `bytes`, which are aligned, from `offset`.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Returns the first stretch (first byte, end) from `offset` up to `end` in which anything is stored; what lies outside
    /// can only read as zeros. Both are multiples of [`SECTOR`] where `offset` and `end` are.
    fn stored(&self, offset: u64, end: u64) -> Option<(u64, u64)>;
}

/// Reads `image` back and compares; returns digest and number of bytes compared.
pub(super) fn read_back(source: &dyn ReadBack, image: &TargetImage) -> Result<(Digest, u64), EngineError> {
    let mut window = Window { buffer: AlignedBuffer::new(0), start: 0, end: 0 };
    let mut hasher = ImageHasher::new(image.size());
    let mut compared = 0;
    for extent in image.extents() {
        hasher.begin(extent);
        compared += extent.length;
        for piece in worth_reading(source, extent) {
            let found = window.read(source, &piece, image.size())?;
            piece.check(found, image, &BTreeMap::new())?;
            if !piece.is_zero() {
                hasher.data(found);
            }
        }
    }
    Ok((hasher.finish(), compared))
}

/// What was read last, up to the end of its block: the zeros behind the data of a block come with it.
struct Window {
    /// Grows with what is read: most zeros are holes, and wiping a buffer for them would cost more than all the reading.
    buffer: AlignedBuffer,
    start: u64,
    end: u64,
}

impl Window {
    fn read(&mut self, source: &dyn ReadBack, piece: &Piece<'_>, size: u64) -> Result<&[u8], EngineError> {
        if piece.offset < self.start || piece.offset + piece.length > self.end {
            self.start = piece.offset;
            self.end = (piece.offset + piece.length).next_multiple_of(BLOCK).min(size);
            let length = usize::try_from(self.end - self.start).expect("at most a chunk and a block");
            if self.buffer.len() < length {
                self.buffer = AlignedBuffer::new(length);
            }
            let read = source.read_at(piece.offset, &mut self.buffer[..length]);
            read.map_err(EngineError::io(Doing::ReadingBack, piece.offset))?;
        }
        let at = usize::try_from(piece.offset - self.start).expect("inside the buffer");
        Ok(&self.buffer[at..at + piece.len()])
    }
}

/// All of a data extent; of a zero extent what is not a hole.
fn worth_reading<'a>(source: &dyn ReadBack, extent: &'a Extent) -> impl Iterator<Item = Piece<'a>> {
    let (mut next, end) = (extent.offset, extent.offset + extent.length);
    std::iter::from_fn(move || {
        let (from, to) = match extent.content {
            Content::Data(_) => (next < end).then_some((next, end))?,
            Content::Zero => source.stored(next, end)?,
        };
        next = to;
        Some(cut(extent, from, to))
    })
    .flatten()
}

struct Run<'a> {
    target: &'a dyn BlockTarget,
    watch: &'a dyn Fn(Moment),
    buffer: AlignedBuffer,
    /// Digests of sectors as they were before we wrote: tells a write that never arrived.
    before: BTreeMap<u64, Digest>,
    written: u64,
    done: u64,
    total: u64,
}

impl Run<'_> {
    fn invalidate(&mut self) -> Result<(), EngineError> {
        let failed = |source| EngineError::Io { doing: Doing::Writing, offset: 0, source };
        let first = &mut self.buffer[..sector()];
        self.target.read_at(0, first).map_err(failed)?;
        if !is_zero(first) {
            self.before.insert(0, Digest::of(first));
            first.fill(0);
            self.target.write_at(0, first).map_err(failed)?;
            self.target.sync().map_err(failed)?;
            self.written += SECTOR;
        }
        Ok(())
    }

    /// A medium that wraps may have brought anything to the first sector. What is reported is the difference; that a medium
    /// does not even take zeros makes it no worse.
    fn invalidate_again(&mut self) {
        self.buffer[..sector()].fill(0);
        let _ = self.target.write_at(0, &self.buffer[..sector()]).and_then(|()| self.target.sync());
    }

    fn put(&mut self, piece: &Piece<'_>) -> Result<(), EngineError> {
        let failed = EngineError::io(Doing::Writing, piece.offset);
        let written = if piece.is_zero() { self.put_zeros(piece) } else { self.put_data(piece) };
        self.written += written.map_err(failed)?;
        self.tick(piece.length);
        Ok(())
    }

    fn put_data(&mut self, piece: &Piece<'_>) -> io::Result<u64> {
        self.target.read_at(piece.offset, &mut self.buffer[..sector()])?;
        self.before.insert(piece.offset, Digest::of(&self.buffer[..sector()]));
        piece.expose(|bytes| self.buffer[..bytes.len()].copy_from_slice(bytes));
        self.target.write_at(piece.offset, &self.buffer[..piece.len()])?;
        Ok(piece.length)
    }

    /// Writes from the first dirty sector to the last one.
    fn put_zeros(&mut self, piece: &Piece<'_>) -> io::Result<u64> {
        let found = &mut self.buffer[..piece.len()];
        self.target.read_at(piece.offset, found)?;
        let dirty = |part: &[u8]| !is_zero(part);
        let Some(first) = found.chunks(sector()).position(dirty) else { return Ok(0) };
        let last = found.chunks(sector()).rposition(dirty).unwrap_or(first);
        let stretch = &mut found[first * sector()..(last + 1) * sector()];
        let offset = piece.offset + first as u64 * SECTOR;
        self.before.insert(offset, Digest::of(&stretch[..sector()]));
        stretch.fill(0);
        self.target.write_at(offset, stretch)?;
        Ok(stretch.len() as u64)
    }

    fn settle(&self, doing: Doing) -> Result<(), EngineError> {
        self.target.sync().map_err(EngineError::io(doing, 0))?;
        self.target.forget().map_err(EngineError::io(doing, 0))
    }

    /// Compares all but the first sector, which is not there yet: in the digest it stands as it will be written, and
    /// [`Run::complete`] compares it before the digest leaves this module.
    fn compare(&mut self, image: &TargetImage) -> Result<(Digest, u64), EngineError> {
        let mut hasher = ImageHasher::new(image.size());
        let mut compared = 0;
        for extent in image.extents() {
            hasher.begin(extent);
            if let Some(front) = front_of(extent).filter(|front| !front.is_zero()) {
                front.expose(|bytes| hasher.data(bytes));
            }
            for piece in split(extent, SECTOR.max(extent.offset)) {
                let found = &mut self.buffer[..piece.len()];
                let failed = EngineError::io(Doing::ReadingBack, piece.offset);
                self.target.read_at(piece.offset, found).map_err(failed)?;
                piece.check(found, image, &self.before)?;
                if !piece.is_zero() {
                    hasher.data(found);
                }
                compared += piece.length;
                self.tick(piece.length);
            }
        }
        Ok((hasher.finish(), compared + SECTOR))
    }

    /// Writes the first sector and reads it back.
    fn complete(&mut self, image: &TargetImage) -> Result<(), EngineError> {
        if let Some(front) = image.extents().first().and_then(front_of).filter(|front| !front.is_zero()) {
            front.expose(|bytes| self.buffer[..sector()].copy_from_slice(bytes));
            let failed = |source| EngineError::Io { doing: Doing::Writing, offset: 0, source };
            self.target.write_at(0, &self.buffer[..sector()]).map_err(failed)?;
            self.written += SECTOR;
        }
        self.settle(Doing::Writing)?;
        (self.watch)(Moment::Written);
        self.compare_front(image)?;
        self.done = self.total;
        self.tick(0);
        (self.watch)(Moment::ReadBack);
        Ok(())
    }

    fn compare_front(&mut self, image: &TargetImage) -> Result<(), EngineError> {
        let found = &mut self.buffer[..sector()];
        self.target.read_at(0, found).map_err(EngineError::io(Doing::ReadingBack, 0))?;
        match image.extents().first().and_then(front_of) {
            Some(front) => front.check(found, image, &self.before),
            None => Ok(()),
        }
    }

    fn tick(&mut self, bytes: u64) {
        self.done += bytes;
        (self.watch)(Moment::Bytes { done: self.done, total: self.total });
    }
}

/// A part of an extent, at most [`CHUNK`] long.
struct Piece<'a> {
    offset: u64,
    length: u64,
    extent: &'a Extent,
}

impl Piece<'_> {
    fn len(&self) -> usize {
        usize::try_from(self.length).expect("at most a chunk")
    }

    fn is_zero(&self) -> bool {
        matches!(self.extent.content, Content::Zero)
    }

    fn expose<R>(&self, using: impl FnOnce(&[u8]) -> R) -> R {
        let start = usize::try_from(self.offset - self.extent.offset).expect("data is in memory");
        match &self.extent.content {
            Content::Data(bytes) => bytes.expose(|bytes| using(&bytes[start..start + self.len()])),
            Content::Zero => using(&[]),
        }
    }

    fn check(&self, found: &[u8], image: &TargetImage, before: &BTreeMap<u64, Digest>) -> Result<(), EngineError> {
        let difference = match self.extent.content {
            Content::Zero if is_zero(found) => None,
            Content::Zero => found.iter().position(|byte| *byte != 0),
            Content::Data(_) => self.expose(|bytes| first_difference(bytes, found)),
        };
        let Some(at) = difference else { return Ok(()) };
        let start = at / sector() * sector();
        let end = (start + sector()).min(found.len());
        let place = self.offset + start as u64;
        let classify = |wanted: &[u8]| finding::classify(wanted, &found[start..end], place, image, before);
        let finding = match self.extent.content {
            Content::Zero => classify(&ZEROS[..end - start]),
            Content::Data(_) => self.expose(|bytes| classify(&bytes[start..end])),
        };
        Err(EngineError::Differs { offset: self.offset + at as u64, finding })
    }
}

fn first_difference(wanted: &[u8], found: &[u8]) -> Option<usize> {
    if wanted == found { None } else { wanted.iter().zip(found).position(|(wanted, found)| wanted != found) }
}

/// All but the first sector, in ascending order.
fn pieces(image: &TargetImage) -> impl Iterator<Item = Piece<'_>> {
    image.extents().iter().flat_map(|extent| split(extent, SECTOR.max(extent.offset)))
}

/// The extent from `from` on, cut at multiples of [`CHUNK`].
fn split(extent: &Extent, from: u64) -> impl Iterator<Item = Piece<'_>> {
    cut(extent, from, extent.offset + extent.length)
}

/// The extent between `from` and `end`, cut at multiples of [`CHUNK`].
fn cut(extent: &Extent, from: u64, end: u64) -> impl Iterator<Item = Piece<'_>> {
    let mut next = from;
    std::iter::from_fn(move || {
        let offset = next;
        next = end.min((offset / CHUNK + 1) * CHUNK);
        (offset < end).then(|| Piece { offset, length: next - offset, extent })
    })
}

/// Buffers are wiped after use, so they are no longer than needed.
fn longest_piece(image: &TargetImage) -> usize {
    let longest = image.extents().iter().map(|extent| extent.length.min(CHUNK)).max().unwrap_or(0);
    usize::try_from(longest).expect("at most a chunk")
}

/// The first sector, where the extent begins with it.
fn front_of(extent: &Extent) -> Option<Piece<'_>> {
    (extent.offset == 0 && extent.length >= SECTOR).then_some(Piece { offset: 0, length: SECTOR, extent })
}

/// By sectors, for whole slices compare fast.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(sector()).all(|part| part == &ZEROS[..part.len()])
}

const fn sector() -> usize {
    512
}
