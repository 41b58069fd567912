//! Reading and writing by address: DfuSe.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::programmer::pages::{Pages, Run};
use crate::programmer::{ProgrammerError, Traffic, Watch};

use super::map::Zone;
use super::session::Session;

/// The first block that is memory; those before are commands (AN3156, section 5.1).
const FIRST_BLOCK: u16 = 2;
/// The most blocks behind one address command: block numbers have 16 bits.
const MOST_BLOCKS: usize = 0xff00;
/// The most bytes of one read, 256 MiB.
const LONGEST_READ: u64 = 256 << 20;

/// Reads what lies at `range`, which may cross zones.
pub(super) fn read(session: &mut Session, range: Range<u64>) -> Result<Secret, ProgrammerError> {
    if !session.layout.uploads {
        return Err(ProgrammerError::Unable { link: session.name(), what: "reading" });
    }
    let length = range.end.saturating_sub(range.start);
    if length > LONGEST_READ {
        return Err(outside(&range, range.start + LONGEST_READ, "is more than is read at once"));
    }
    for zone in zones(session, &range)? {
        if !zone.readable {
            return Err(outside(&range, zone.range.start.max(range.start), "cannot be read"));
        }
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(as_usize(length)));
    for zone in zones(session, &range)? {
        session.choose(zone.alternate, "reading")?;
        let part = range.start.max(zone.range.start)..range.end.min(zone.range.end);
        read_zone(session, part, &mut bytes)?;
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

/// Returns the zones that `range` lies in; all of it must lie in one.
fn zones(session: &Session, range: &Range<u64>) -> Result<Vec<Zone>, ProgrammerError> {
    let (mut found, mut at) = (Vec::new(), range.start);
    while at < range.end {
        let zone = session.map.zone(at).ok_or_else(|| outside(range, at, "is not in the chip's memory"))?;
        at = zone.range.end;
        found.push(zone.clone());
    }
    Ok(found)
}

fn outside(range: &Range<u64>, at: u64, reason: &'static str) -> ProgrammerError {
    ProgrammerError::Range { range: range.clone(), at, reason }
}

fn read_zone(session: &mut Session, range: Range<u64>, bytes: &mut Zeroizing<Vec<u8>>) -> Result<(), ProgrammerError> {
    let mut at = range.start;
    while at < range.end {
        session.point(at, "reading")?;
        // An address command begins a download, and an upload begins at rest.
        session.rest("reading")?;
        let mut block = FIRST_BLOCK;
        while at < range.end && usize::from(block) < MOST_BLOCKS {
            let wanted = as_usize((range.end - at).min(session.layout.transfer as u64));
            let came = session.upload(block, wanted)?;
            if came.len() != wanted {
                let answer = format!("{} bytes at {at:#x}, {wanted} were asked for", came.len());
                return Err(session.protocol("reading", answer));
            }
            bytes.extend_from_slice(&came);
            at += wanted as u64;
            block += 1;
        }
        session.rest("reading")?;
    }
    Ok(())
}

/// Writes segments: only sectors that differ are erased, and what lies in them beside the segments is kept.
pub(super) fn write(
    session: &mut Session,
    segments: &[Segment],
    watch: &Watch<'_>,
) -> Result<Traffic, ProgrammerError> {
    let memory = session.map.memory();
    let pages = Pages::plan(&memory, segments, &mut |range| read(session, range))?;
    let mut done = 0;
    watch(done, pages.bytes);
    for run in &pages.runs {
        write_run(session, run, &mut |more| {
            done += more;
            watch(done, pages.bytes);
        })?;
        compare(session, run)?;
    }
    Ok(pages.traffic())
}

/// A run lies within one zone, so its sectors have one size. Each is erased and programmed before the next one is erased: what is
/// lost when the cable is pulled is what lay in one sector beside the segments, and no more.
fn write_run(session: &mut Session, run: &Run, wrote: &mut dyn FnMut(u64)) -> Result<(), ProgrammerError> {
    let zone = zones(session, &(run.address..run.address + run.bytes.len() as u64))?.remove(0);
    session.choose(zone.alternate, "erasing")?;
    run.bytes.expose(|bytes| {
        let sectors = (run.address..).step_by(as_usize(zone.sector));
        for (address, sector) in sectors.zip(bytes.chunks(as_usize(zone.sector))) {
            session.erase(address)?;
            program(session, address, sector, wrote)?;
        }
        Ok(())
    })
}

/// Programs bytes that lie in one zone, whose alternate setting is chosen.
fn program(
    session: &mut Session,
    address: u64,
    bytes: &[u8],
    wrote: &mut dyn FnMut(u64),
) -> Result<(), ProgrammerError> {
    let transfer = session.layout.transfer;
    let mut at = address;
    for stretch in bytes.chunks(transfer * MOST_BLOCKS) {
        session.point(at, "writing")?;
        for (block, part) in (FIRST_BLOCK..).zip(stretch.chunks(transfer)) {
            session.download(block, part, "writing")?;
            wrote(part.len() as u64);
        }
        at += stretch.len() as u64;
    }
    Ok(())
}

/// Writes one word where nothing is erased before: one-time memory, RAM.
pub(super) fn write_word(session: &mut Session, zone: &Zone, word: &Segment) -> Result<(), ProgrammerError> {
    session.choose(zone.alternate, "writing")?;
    word.bytes.expose(|bytes| program(session, word.address, bytes, &mut |_| ()))
}

/// The chip's own word is not enough: a boot loader of ST's says nothing when a sector is write-protected.
fn compare(session: &mut Session, run: &Run) -> Result<(), ProgrammerError> {
    let there = read(session, run.address..run.address + run.bytes.len() as u64)?;
    run.bytes.expose(|wanted| there.expose(|there| differ(session, run.address, wanted, there)))
}

/// Fails at the first byte that is not what was written.
pub(super) fn differ(session: &Session, address: u64, wanted: &[u8], there: &[u8]) -> Result<(), ProgrammerError> {
    let Some(at) = wanted.iter().zip(there).position(|(one, two)| one != two) else { return Ok(()) };
    let different = wanted.iter().zip(there).filter(|(one, two)| one != two).count();
    let finding = format!("{different} of {} bytes differ", wanted.len());
    Err(ProgrammerError::Differs { link: session.name(), address: address + at as u64, finding })
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).expect("a length within 32 bits")
}

/// Writes one word of the option bytes: all of them, as they are, with the word in its place. They must fit in one block. The
/// device may be gone before it can be asked how it went: it resets itself.
pub(super) fn write_options(session: &mut Session, zone: &Zone, word: &Segment) -> Result<(), ProgrammerError> {
    let length = zone.range.end - zone.range.start;
    if length > session.layout.transfer as u64 {
        return Err(ProgrammerError::Unable {
            link: session.name(),
            what: "writing option bytes of more than a block",
        });
    }
    let there = read(session, zone.range.clone())?;
    let mut all = Zeroizing::new(there.expose(<[u8]>::to_vec));
    let at = as_usize(word.address - zone.range.start);
    word.bytes.expose(|bytes| all[at..at + bytes.len()].copy_from_slice(bytes));
    session.choose(zone.alternate, "writing")?;
    session.point(zone.range.start, "writing")?;
    session.hand_over(FIRST_BLOCK, &all, "writing")?;
    match session.settle("writing") {
        Ok(_) | Err(ProgrammerError::Gone { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}
