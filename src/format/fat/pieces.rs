//! From many small pieces to few large extents.

use crate::delivery::{Content, Extent};
use crate::fleet::Secret;

use super::geometry::SECTOR;

/// Widest gap that is written over with zeros rather than left out: a request costs a stick about as long as these bytes.
const WIDEST_BRIDGE: u64 = 16 << 10;

/// Most bytes that all bridges of a volume add, so that many small files in large clusters do not swell the image.
const MOST_BRIDGED: u64 = 96 << 10;

/// Bytes of a piece: made here, or a file's.
pub(super) enum Source<'a> {
    Made(Vec<u8>),
    File(&'a Secret),
}

impl Source<'_> {
    fn len(&self) -> u64 {
        match self {
            Source::Made(bytes) => bytes.len() as u64,
            Source::File(secret) => secret.len() as u64,
        }
    }

    fn append_to(&self, buffer: &mut Vec<u8>) {
        match self {
            Source::Made(bytes) => buffer.extend_from_slice(bytes),
            Source::File(secret) => secret.expose(|bytes| buffer.extend_from_slice(bytes)),
        }
    }
}

/// Bytes at their place in the volume; `offset` is a multiple of the sector size.
struct Piece<'a> {
    offset: u64,
    source: Source<'a>,
}

impl Piece<'_> {
    /// End in whole sectors.
    fn end(&self) -> u64 {
        self.offset + self.source.len().next_multiple_of(SECTOR)
    }
}

/// The pieces of a volume in the order of their places, and where it must be zero around them.
#[derive(Default)]
pub(super) struct Pieces<'a> {
    pieces: Vec<Piece<'a>>,
    /// Begin and end; data inside takes precedence.
    zeros: Vec<(u64, u64)>,
}

impl<'a> Pieces<'a> {
    /// Adds bytes behind all others.
    pub(super) fn data(&mut self, offset: u64, source: Source<'a>) {
        if source.len() > 0 {
            self.pieces.push(Piece { offset, source });
        }
    }

    /// Says that from `start` to `end` all must be zero but for the data; `start` is not before any earlier one's.
    pub(super) fn zero(&mut self, start: u64, end: u64) {
        self.zeros.push((start, end));
    }

    /// Joins pieces that touch or nearly touch, fills up to whole sectors, and puts the zeros between.
    pub(super) fn into_extents(self) -> Vec<Extent> {
        let groups = self.groups();
        let mut extents = Vec::new();
        let mut zeros = ZeroGaps { ranges: &self.zeros, from: 0 };
        for group in groups {
            let (start, end) = (group[0].offset, group[group.len() - 1].end());
            zeros.up_to(start, &mut extents);
            extents.push(Extent { offset: start, length: end - start, content: joined(group, start, end) });
            zeros.from = end;
        }
        zeros.up_to(u64::MAX, &mut extents);
        extents
    }

    fn groups(&self) -> Vec<&[Piece<'a>]> {
        let widest = self.widest_bridge();
        self.pieces.chunk_by(|one, next| next.offset - one.end() <= widest).collect()
    }

    /// Returns the widest gap for which all gaps up to it together stay within the budget.
    fn widest_bridge(&self) -> u64 {
        let mut gaps: Vec<u64> = self.pieces.windows(2).map(|pair| pair[1].offset - pair[0].end()).collect();
        gaps.sort_unstable();
        let (mut widest, mut sum) = (0, 0);
        for same in gaps.chunk_by(|one, next| one == next) {
            sum += same.iter().sum::<u64>();
            if sum > MOST_BRIDGED || same[0] > WIDEST_BRIDGE {
                break;
            }
            widest = same[0];
        }
        widest
    }
}

/// One buffer of exactly the right capacity: growing it would leave copies of secrets behind.
fn joined(group: &[Piece<'_>], start: u64, end: u64) -> Content {
    let place = |offset: u64| usize::try_from(offset - start).expect("what is in memory has an address");
    let mut buffer = Vec::with_capacity(place(end));
    for piece in group {
        buffer.resize(place(piece.offset), 0);
        piece.source.append_to(&mut buffer);
    }
    buffer.resize(place(end), 0);
    Content::Data(Secret::new(buffer))
}

/// What is left of the zero ranges between the data.
struct ZeroGaps<'a> {
    ranges: &'a [(u64, u64)],
    from: u64,
}

impl ZeroGaps<'_> {
    fn up_to(&mut self, end: u64, extents: &mut Vec<Extent>) {
        while let Some((&(range_start, range_end), rest)) = self.ranges.split_first() {
            let (start, stop) = (range_start.max(self.from), range_end.min(end));
            if start < stop {
                Self::push(start, stop, extents);
            }
            if range_end >= end {
                return;
            }
            self.ranges = rest;
        }
    }

    fn push(start: u64, stop: u64, extents: &mut Vec<Extent>) {
        match extents.last_mut() {
            Some(Extent { offset, length, content: Content::Zero }) if *offset + *length == start => {
                *length += stop - start;
            }
            _ => extents.push(Extent { offset: start, length: stop - start, content: Content::Zero }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: Pieces<'_>) -> Vec<(u64, u64, bool)> {
        let extents = pieces.into_extents();
        extents
            .iter()
            .map(|extent| (extent.offset, extent.length, matches!(extent.content, Content::Data(_))))
            .collect()
    }

    #[test]
    fn neighbours_join_and_zeros_fill_only_what_data_leaves() {
        let mut pieces = Pieces::default();
        pieces.zero(0, 8192);
        pieces.data(0, Source::Made(vec![1; 100]));
        pieces.data(512, Source::Made(vec![2; 512]));
        pieces.data(2048, Source::Made(vec![3; 1]));
        pieces.data(65536, Source::Made(vec![4; 513]));
        pieces.zero(65536, 66560 + 512);
        pieces.zero(66560 + 512, 70000);
        assert_eq!(shown(pieces), [(0, 2560, true), (2560, 5632, false), (65536, 1024, true), (66560, 3440, false)]);
    }

    #[test]
    fn bridges_stay_within_their_budget() {
        let mut pieces = Pieces::default();
        for number in 0..100 {
            pieces.data(number * 16384, Source::Made(vec![7; 512]));
        }
        assert_eq!(shown(pieces).len(), 100);
        let mut pieces = Pieces::default();
        for number in 0..100 {
            pieces.data(number * 1024, Source::Made(vec![7; 512]));
        }
        assert_eq!(shown(pieces).len(), 1);
    }
}
