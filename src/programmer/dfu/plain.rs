//! Plain DFU 1.1: one image, from the beginning of the alternate setting to wherever it ends.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::programmer::{Memory, ProgrammerError, Region, Traffic, Watch};

use super::memory::differ;
use super::session::Session;
use super::status::State;

/// The most bytes of an image: block numbers have 16 bits, and blocks at most 4 KiB.
const LONGEST: u64 = 0xffff * 4096;

/// Returns the memory: offsets into an image. The device does not say how long it may be.
pub(super) fn memory() -> Memory {
    Memory(vec![Region { range: 0..LONGEST, page: 1, writable: true }])
}

/// Reads a part of the image. A device gives it from its beginning on only.
pub(super) fn read(session: &mut Session, range: Range<u64>) -> Result<Secret, ProgrammerError> {
    if !session.layout.uploads {
        return Err(ProgrammerError::Unable { link: session.name(), what: "reading" });
    }
    let image = upload(session, range.end)?;
    let (start, end) = (as_usize(range.start), as_usize(range.end));
    match image.get(start..end) {
        Some(part) => Ok(Secret::new(part.to_vec())),
        None => Err(session.protocol("reading", format!("{} bytes, {end} were asked for", image.len()))),
    }
}

/// Uploads at most `end` bytes; a short block is the last one (DFU 1.1, section 6.2).
fn upload(session: &mut Session, end: u64) -> Result<Zeroizing<Vec<u8>>, ProgrammerError> {
    let end = as_usize(end.min(LONGEST));
    session.choose(first(session), "reading")?;
    let mut image = Zeroizing::new(Vec::with_capacity(end));
    for block in 0..=u16::MAX {
        let wanted = session.layout.transfer.min(end - image.len());
        if wanted == 0 {
            break;
        }
        let came = session.upload(block, wanted)?;
        image.extend_from_slice(&came);
        if came.len() < wanted {
            break;
        }
    }
    session.rest("reading")?;
    Ok(image)
}

/// Writes the image, if it is not there already. The segments must be one image from offset 0 on, without a gap.
///
/// Returns the traffic, and whether the device still waits for the empty block that ends the download: one which is not
/// manifestation-tolerant leaves by it, so it is sent at release.
pub(super) fn write(
    session: &mut Session,
    segments: &[Segment],
    watch: &Watch<'_>,
) -> Result<(Traffic, bool), ProgrammerError> {
    let image = image(session, segments)?;
    let length = image.len() as u64;
    if length == 0 {
        return Ok((Traffic::default(), false));
    }
    if session.layout.uploads && *upload(session, length)? == *image {
        return Ok((Traffic { unchanged: length, ..Traffic::default() }, false));
    }
    watch(0, length);
    session.choose(first(session), "writing")?;
    let mut done = 0;
    for (block, part) in (0..=u16::MAX).zip(image.chunks(session.layout.transfer)) {
        session.download(block, part, "writing")?;
        done += part.len() as u64;
        watch(done, length);
    }
    if session.layout.tolerant {
        end(session)?;
        if session.layout.uploads {
            let there = upload(session, length)?;
            if there.len() < image.len() {
                return Err(session.protocol("reading", format!("{} bytes of {length} came back", there.len())));
            }
            differ(session, 0, &image, &there)?;
        }
    }
    Ok((Traffic { programmed: length, ..Traffic::default() }, !session.layout.tolerant))
}

/// Ends a download and waits until the device is at rest again.
fn end(session: &mut Session) -> Result<(), ProgrammerError> {
    session.hand_over(0, &[], "writing")?;
    match session.settle("writing")?.state {
        State::Idle => Ok(()),
        other => Err(session.protocol("writing", format!("{} after the last block", other.words()))),
    }
}

/// Joins the segments; checked before anything is sent.
fn image(session: &Session, segments: &[Segment]) -> Result<Zeroizing<Vec<u8>>, ProgrammerError> {
    let mut ordered: Vec<&Segment> = segments.iter().filter(|segment| !segment.bytes.is_empty()).collect();
    ordered.sort_by_key(|segment| segment.address);
    let most = (session.layout.transfer as u64 * (u64::from(u16::MAX) + 1)).min(LONGEST);
    let mut end = 0;
    for segment in &ordered {
        let range = segment.address..segment.end().unwrap_or(u64::MAX);
        let wrong = |at, reason| Err(ProgrammerError::Range { range: range.clone(), at, reason });
        if segment.address < end {
            return wrong(segment.address, "is wanted twice");
        }
        if segment.address > end {
            return wrong(end, "is missing: this link writes one image from 0 on, without a gap");
        }
        if range.end > most {
            return wrong(most, "is not in the chip's memory");
        }
        end = range.end;
    }
    let mut image = Zeroizing::new(Vec::with_capacity(as_usize(end)));
    ordered.iter().for_each(|segment| segment.bytes.expose(|bytes| image.extend_from_slice(bytes)));
    Ok(image)
}

fn first(session: &Session) -> u8 {
    session.layout.alternates.first().map_or(0, |(alternate, _)| *alternate)
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
