//! Bytes at an address: what a programmer writes, and what the files for programmers hold.

use zeroize::Zeroizing;

use crate::fleet::Secret;

/// Raw bytes that belong at one address of a chip.
pub struct Segment {
    /// Address of the first byte.
    pub address: u64,
    /// The bytes; secret, because a device's own data is.
    pub bytes: Secret,
}

impl Segment {
    /// Puts `bytes` at `address`.
    pub fn new(address: u64, bytes: Vec<u8>) -> Self {
        Self { address, bytes: Secret::new(bytes) }
    }

    /// Returns the address behind the last byte; `None` if no such address can be counted.
    pub fn end(&self) -> Option<u64> {
        self.address.checked_add(u64::try_from(self.bytes.len()).ok()?)
    }
}

/// Two segments that want the same address, or one that ends beyond all addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Overlap {
    /// The first address in question.
    pub(super) address: u64,
}

/// Joins segments that touch, by rising address, without the empty ones.
pub(super) fn merged(segments: &[Segment]) -> Result<Vec<Segment>, Overlap> {
    let ordered = in_order(segments)?;
    let mut rest: usize = ordered.iter().map(|segment| segment.bytes.len()).sum();
    let mut merged: Vec<(u64, Zeroizing<Vec<u8>>)> = Vec::new();
    for segment in ordered {
        let touches = |(address, bytes): &(u64, Zeroizing<Vec<u8>>)| address + bytes.len() as u64 == segment.address;
        if !merged.last().is_some_and(touches) {
            // All that is left may touch: the buffer never grows, so no copy of a key is left behind.
            merged.push((segment.address, Zeroizing::new(Vec::with_capacity(rest))));
        }
        if let Some((_, bytes)) = merged.last_mut() {
            segment.bytes.expose(|more| bytes.extend_from_slice(more));
        }
        rest -= segment.bytes.len();
    }
    Ok(merged.into_iter().map(|(address, mut bytes)| Segment::new(address, std::mem::take(&mut *bytes))).collect())
}

/// Returns the segments by rising address, without the empty ones.
fn in_order(segments: &[Segment]) -> Result<Vec<&Segment>, Overlap> {
    let mut ordered: Vec<&Segment> = segments.iter().filter(|segment| !segment.bytes.is_empty()).collect();
    ordered.sort_by_key(|segment| segment.address);
    let mut free = 0;
    for segment in &ordered {
        let end = segment.end().filter(|_| segment.address >= free);
        free = end.ok_or(Overlap { address: segment.address })?;
    }
    Ok(ordered)
}

/// Joins pieces that touch into segments by rising address; each piece is an address and the bytes that belong there.
pub(super) fn join(mut pieces: Vec<(u64, &[u8])>) -> Result<Vec<Segment>, Overlap> {
    pieces.retain(|(_, bytes)| !bytes.is_empty());
    pieces.sort_by_key(|(address, _)| *address);
    let mut segments = Vec::new();
    let mut rest = pieces.as_slice();
    while let Some((address, _)) = rest.first() {
        let touching = touching(rest)?;
        let length = rest[..touching].iter().map(|(_, bytes)| bytes.len()).sum();
        let mut bytes = Vec::with_capacity(length);
        rest[..touching].iter().for_each(|(_, piece)| bytes.extend_from_slice(piece));
        segments.push(Segment::new(*address, bytes));
        rest = &rest[touching..];
    }
    Ok(segments)
}

/// Returns how many of the first pieces follow each other without a gap.
fn touching(pieces: &[(u64, &[u8])]) -> Result<usize, Overlap> {
    let mut end = pieces.first().map_or(0, |(address, _)| *address);
    for (index, (address, bytes)) in pieces.iter().enumerate() {
        match address.cmp(&end) {
            std::cmp::Ordering::Less => return Err(Overlap { address: *address }),
            std::cmp::Ordering::Greater => return Ok(index),
            std::cmp::Ordering::Equal => {}
        }
        end = end.checked_add(bytes.len() as u64).ok_or(Overlap { address: *address })?;
    }
    Ok(pieces.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_pieces_become_one_segment_and_gaps_divide() {
        let segments = join(vec![(20, &[3]), (4, &[1, 2]), (6, &[9, 9, 9]), (5, &[])]).unwrap();
        let seen: Vec<(u64, usize)> = segments.iter().map(|segment| (segment.address, segment.bytes.len())).collect();
        assert_eq!(seen, [(4, 5), (20, 1)]);
        assert!(segments[0].bytes.expose(|bytes| bytes == [1, 2, 9, 9, 9]));
    }

    #[test]
    fn an_address_wanted_twice_is_an_overlap() {
        assert_eq!(join(vec![(4, &[1, 2]), (5, &[1])]).err(), Some(Overlap { address: 5 }));
        assert_eq!(join(vec![(u64::MAX, &[1, 2])]).err(), Some(Overlap { address: u64::MAX }));
        let twice = [Segment::new(4, vec![1, 2]), Segment::new(5, vec![1])];
        assert_eq!(merged(&twice).err(), Some(Overlap { address: 5 }));
        let apart = [Segment::new(6, vec![1, 2]), Segment::new(7, vec![]), Segment::new(5, vec![1])];
        let merged = merged(&apart).unwrap();
        assert_eq!(merged.len(), 1);
        assert_eq!((merged[0].address, merged[0].bytes.len()), (5, 3));
    }
}
