//! A chip as a sink: who it is and what would be lost, then the image, its read-back and its meaning.

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::delivery::target::accept_id;
use crate::delivery::{
    Cargo, ChipIdentity, Consent, Effect, Event, Footprint, Locks, Observation, Preflight, Receipt, Sink, SinkError,
    Step, TargetIdentity, TargetKind,
};
use crate::fleet::recipe::LockStep;
use crate::fleet::{Diagnose, Digest, FactoryPlan, Secret};
use crate::format::Segment;
use crate::format::esp_partition_table::{self, TABLE_BYTES};

use super::image::{self, Files, ImageError, Layout};
use super::{Chip, Programmer, ProgrammerError, locks};

/// An erased byte of flash.
const BLANK: u8 = 0xFF;
/// Bytes of a piece that is read or not; what a ROM gives at a time.
const PIECE: usize = 64;

/// A chip behind a programmer.
pub struct ChipSink {
    programmer: Box<dyn Programmer>,
}

impl ChipSink {
    /// Takes a programmer; nothing is connected yet.
    pub fn new(programmer: Box<dyn Programmer>) -> Self {
        Self { programmer }
    }

    /// Connects and returns who is there; no stored bit changes, but the chip may be reset.
    pub fn who(&mut self) -> Result<TargetIdentity, ProgrammerError> {
        let chip = self.programmer.connect()?;
        Ok(self.identity(&chip))
    }

    fn name(&self) -> String {
        self.programmer.link().name
    }

    fn identity(&self, chip: &Chip) -> TargetIdentity {
        let link = self.programmer.link();
        let simulated = self.programmer.is_simulated();
        TargetIdentity {
            kind: if simulated { TargetKind::SimulatedChip } else { TargetKind::Chip },
            path: link.name.clone(),
            name: link.name,
            size: None,
            port: link.port,
            serial: link.serial,
            cid: None,
            diskseq: None,
            chip: Some(ChipIdentity {
                name: chip.name.clone(),
                uid: chip.uid.clone(),
                mac: chip.mac.map(|mac| mac.to_string()),
            }),
        }
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, SinkError> {
        self.programmer.read(range).map_err(failed)
    }

    /// Refuses a link or a chip that the plan's demands cannot be met with.
    fn check_able(&self, plan: &FactoryPlan, chip: &Chip) -> Result<(), SinkError> {
        let can = self.programmer.capabilities();
        let refuse = |reason: &str, hint: &str| {
            let (target, hint) = (self.name(), Some(hint.to_owned()));
            Err(SinkError::Refused { target, reason: reason.to_owned(), hint })
        };
        if !can.reads_back {
            return refuse("it cannot read back what it wrote", "use a programmer that can");
        }
        if chip.identity().is_none() && !plan.anonymous {
            return refuse(
                "the chip does not say who it is, so that no record could be bound to it",
                "where that is meant write in the fleet file: factory: {identity: none}",
            );
        }
        if plan.lock.is_some() && !can.locks {
            return refuse("it cannot apply the lock recipe", "use a programmer that can, or leave out the lock");
        }
        Ok(())
    }

    /// The chip must have the very partition table of the fleet: else every address would be wrong.
    fn check_table(&mut self, layout: &Layout<'_>) -> Result<(), SinkError> {
        let Some(wanted) = &layout.table else { return Ok(()) };
        let offset = u64::from(layout.table_offset);
        let image = esp_partition_table::encode(wanted).map_err(|error| unmade(error.into()))?;
        if self.programmer.holds(offset, &image).map_err(failed)? {
            return Ok(());
        }
        let bytes = self.read(offset..offset + TABLE_BYTES as u64)?;
        let found = bytes.expose(esp_partition_table::decode);
        let is_blank = bytes.expose(|bytes| bytes.iter().all(|byte| *byte == 0xFF));
        let reason = match found {
            Ok(found) if found == *wanted => return Ok(()),
            _ if is_blank => "it has no partition table yet".to_owned(),
            Ok(found) => table_difference(&found, wanted),
            Err(error) => format!("its partition table cannot be read: {error}"),
        };
        let hint = "flash the firmware with its partition table first, or correct partition_table in the fleet file";
        Err(SinkError::Refused { target: self.name(), reason, hint: Some(hint.to_owned()) })
    }

    /// A simulated chip that is made now has the fleet's partition table, as if its firmware had been flashed before.
    fn furnish(&mut self, layout: &Layout<'_>) -> Result<(), SinkError> {
        let Some(table) = layout.table.as_ref().filter(|_| self.programmer.makes_chip()) else { return Ok(()) };
        let bytes = esp_partition_table::encode(table).map_err(|error| unmade(error.into()))?;
        self.programmer.furnish(Segment::new(layout.table_offset.into(), bytes));
        Ok(())
    }

    /// Says what lies where the parts go; nothing if all of it is blank.
    fn losses(&mut self, layout: &Layout<'_>) -> Result<Vec<String>, SinkError> {
        let mut lines = Vec::new();
        for placed in &layout.parts {
            let blank = vec![BLANK; usize::try_from(placed.size).unwrap_or_default()];
            if !self.programmer.holds(placed.address, &blank).map_err(failed)? {
                let name = &placed.part.name;
                lines.push(format!("{name} at {:#x}, {} bytes, is in use", placed.address, placed.size));
            }
        }
        Ok(lines)
    }

    fn connect(&mut self) -> Result<Chip, SinkError> {
        self.programmer.connect().map_err(failed)
    }
}

/// Returns the first difference of two partition tables in words.
fn table_difference(found: &[esp_partition_table::Partition], wanted: &[esp_partition_table::Partition]) -> String {
    for partition in wanted {
        let name = &partition.name;
        match found.iter().find(|found| found.name == *name) {
            None => return format!("its partition table has no {name:?}"),
            Some(found) if found.offset != partition.offset || found.size != partition.size => {
                return format!(
                    "its partition {name:?} is at {:#x} with {} bytes, the fleet's at {:#x} with {}",
                    found.offset, found.size, partition.offset, partition.size
                );
            }
            Some(_) => {}
        }
    }
    "its partition table is another than the fleet's".to_owned()
}

fn failed(error: ProgrammerError) -> SinkError {
    SinkError::Link { class: error.class(), hint: error.hint(), source: Box::new(error) }
}

fn unmade(error: ImageError) -> SinkError {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    SinkError::Link { class: error.class(), hint: error.hint(), source: words.into() }
}

impl Sink for ChipSink {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let plan = Arc::clone(need.factory(&self.name())?);
        let layout = Layout::of(&plan).map_err(unmade)?;
        self.furnish(&layout)?;
        let chip = self.connect()?;
        self.check_able(&plan, &chip)?;
        for piece in image::pieces(&layout) {
            if let Some(at) = chip.memory.first_unwritable(piece.clone()) {
                let reason = "is not in the chip's memory, or not to be written";
                return Err(failed(ProgrammerError::Range { range: piece, at, reason }));
            }
        }
        self.check_table(&layout)?;
        let losses = self.losses(&layout)?;
        let target = self.identity(&chip);
        let effect = if losses.is_empty() { Effect::Creates } else { Effect::Overwrites(losses) };
        let accept = accept_id(&target, Digest::of(b"chip"));
        Ok(Preflight::new(target, effect, need.carrier.clone(), Some(accept)))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let plan = Arc::clone(consent.factory()?);
        let layout = Layout::of(&plan).map_err(unmade)?;
        let files = Files::of(cargo.parts()[0].artifact());
        let segments = image::encode(&layout, &files).map_err(unmade)?;
        let chip = self.connect()?;
        let target = self.identity(&chip);
        if !target.is_same_appearance(consent.target()) {
            let difference = format!("{} is in its place", shown(&target));
            return Err(SinkError::Swapped { target: shown(consent.target()), difference });
        }
        let total = 2 * segments.iter().map(|segment| segment.bytes.len() as u64).sum::<u64>();
        let tell = |done| watch(Event::Bytes { device: cargo.device(), done, total });
        let traffic = self.programmer.write(&segments, &|done, _| tell(done)).map_err(failed)?;
        watch(Event::Step { device: cargo.device(), step: Step::Written });
        let (read, compared) = self.read_back(&layout, &segments, &|done| tell(total / 2 + done))?;
        image::judge(&layout, &files, &read).map_err(unmade)?;
        watch(Event::Step { device: cargo.device(), step: Step::ReadBack });
        let image = digest(&segments);
        Ok(Receipt {
            target,
            artifact: cargo.digest(),
            image,
            read_back: image,
            written: traffic.programmed,
            compared,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }

    fn check_fit(&mut self, cargo: &Cargo<'_>, need: &Footprint) -> Result<(), SinkError> {
        let plan = Arc::clone(need.factory(&self.name())?);
        let layout = Layout::of(&plan).map_err(unmade)?;
        image::encode(&layout, &Files::of(cargo.parts()[0].artifact())).map(drop).map_err(unmade)
    }

    fn locks(&mut self) -> Option<&mut dyn Locks> {
        Some(self)
    }

    fn key_request(&mut self, slot: &str, fresh: bool) -> Result<Vec<u8>, SinkError> {
        self.programmer.make_key(slot, fresh).map_err(failed)
    }

    fn release(&mut self) -> Result<(), SinkError> {
        self.programmer.release().map_err(failed)
    }
}

impl ChipSink {
    /// Reads every segment back and compares it; returns what was read of each part, and how many bytes that were.
    fn read_back(
        &mut self,
        layout: &Layout<'_>,
        segments: &[Segment],
        tell: &dyn Fn(u64),
    ) -> Result<(Vec<Secret>, u64), SinkError> {
        let (mut parts, mut compared) = (Vec::new(), 0);
        for segment in segments {
            let there = self.read_segment(segment)?;
            let differs = there.expose(|there| {
                segment.bytes.expose(|wanted| {
                    let first = there.iter().zip(wanted).position(|(there, wanted)| there != wanted);
                    first.or_else(|| (there.len() != wanted.len()).then_some(there.len().min(wanted.len())))
                })
            });
            if let Some(at) = differs {
                let (link, address) = (self.name(), segment.address + at as u64);
                let finding = "not what was written".to_owned();
                return Err(failed(ProgrammerError::Differs { link, address, finding }));
            }
            compared += there.len() as u64;
            tell(compared);
            if layout.parts.iter().any(|placed| placed.address == segment.address) {
                parts.push(there);
            }
        }
        Ok((parts, compared))
    }

    /// Reads a segment. A link on which reading is dear, and a digest is not, reads what is not blank only, once the digest has
    /// told that the rest is.
    fn read_segment(&mut self, segment: &Segment) -> Result<Secret, SinkError> {
        let whole = segment.address..segment.address + segment.bytes.len() as u64;
        let is_told = self.programmer.digests()
            && segment.bytes.expose(|bytes| self.programmer.holds(segment.address, bytes)).map_err(failed)?;
        if !is_told {
            return self.read(whole);
        }
        let mut there = Zeroizing::new(vec![BLANK; segment.bytes.len()]);
        for range in segment.bytes.expose(inked) {
            let start = segment.address + range.start as u64;
            let read = self.read(start..start + range.len() as u64)?;
            if read.len() != range.len() {
                // It differs from here on, which the comparison tells.
                there.truncate(range.start);
                break;
            }
            read.expose(|read| there[range].copy_from_slice(read));
        }
        Ok(Secret::new(std::mem::take(&mut *there)))
    }
}

/// Returns the ranges of `bytes` that are not blank, in whole pieces.
fn inked(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (index, piece) in bytes.chunks(PIECE).enumerate() {
        let start = index * PIECE;
        if piece.iter().all(|byte| *byte == BLANK) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end = start + piece.len(),
            _ => ranges.push(start..start + piece.len()),
        }
    }
    ranges
}

impl Locks for ChipSink {
    fn apply(&mut self, step: &LockStep) -> Result<(), SinkError> {
        let link = self.programmer.link();
        let unable = || ProgrammerError::Unable { link: link.name.clone(), what: "writing single words" };
        let registers = self.programmer.registers().ok_or_else(|| failed(unable()))?;
        locks::apply(step, &link, registers, &std::thread::sleep).map_err(failed)
    }

    fn observe(&mut self, step: &LockStep) -> Result<Observation, SinkError> {
        let link = self.name();
        let registers = self.programmer.registers();
        let registers =
            registers.ok_or_else(|| failed(ProgrammerError::Unable { link, what: "reading single words" }))?;
        Ok(match locks::observe(step, registers).map_err(failed)? {
            locks::Observation::Holds => Observation::Holds,
            locks::Observation::Open => Observation::Open,
            locks::Observation::Unobservable => Observation::Unobservable,
        })
    }
}

fn digest(segments: &[Segment]) -> Digest {
    let digests: Vec<([u8; 8], Digest)> =
        segments.iter().map(|segment| (segment.address.to_be_bytes(), segment.bytes.expose(Digest::of))).collect();
    Digest::of_parts(digests.iter().flat_map(|(address, digest)| [address.as_slice(), digest.as_bytes()]))
}

/// A chip as a person reads it: where it hangs and who it is.
fn shown(target: &TargetIdentity) -> String {
    match target.chip_number() {
        Some(number) => format!("{} (chip {number})", target.name),
        None => target.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pieces_that_are_not_blank_are_read() {
        let mut bytes = vec![BLANK; 300];
        assert!(inked(&bytes).is_empty());
        (bytes[63], bytes[64], bytes[299]) = (0, 1, 2);
        assert_eq!(inked(&bytes), [0..128, 256..300]);
        assert_eq!(inked(&[0; 65]), vec![std::ops::Range { start: 0, end: 65 }]);
    }
}
