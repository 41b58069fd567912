//! Writing: which sectors differ, told by their digests; each erased once, programmed as far as it is not blank, digested again.

use std::ops::Range;

use md5::{Digest as _, Md5};

use super::super::pages::Run;
use super::super::{Look, Memory, Pages, ProgrammerError, Traffic, Watch};
use super::family::Family;
use super::flash::SECTOR;
use super::request::BLOCK;
use super::rom::{Fault, Rom};
use crate::fleet::Secret;
use crate::format::Segment;

/// A chip that is ready to be written.
pub(super) struct Writing<'a> {
    pub(super) rom: &'a mut Rom,
    pub(super) family: &'static Family,
    pub(super) link: &'a str,
    /// False if its ROM tells digests only.
    pub(super) reads_back: bool,
    /// What was read of sectors that are to be erased although only a part of them is written.
    pub(super) kept: &'a mut Kept,
}

/// Sectors as they were before a write that has not come to its end: an erase whose write failed would lose the neighbours.
#[derive(Default)]
pub(super) struct Kept(Vec<Run>);

/// Whole sectors of a run, erased together: those before `data` bytes are programmed.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Stretch {
    range: Range<usize>,
    data: usize,
}

impl Look for Writing<'_> {
    fn holds(&mut self, page: Range<u64>, wanted: &[u8]) -> Result<bool, ProgrammerError> {
        let digest = self.rom.md5(page).map_err(|fault| fault.told(self.link, "comparing"))?;
        Ok(digest == digest_of(wanted))
    }

    fn read(&mut self, page: Range<u64>) -> Result<Secret, ProgrammerError> {
        if !self.reads_back {
            let what = "keeping what lies beside the data in its sector, for its boot loader does not read";
            return Err(ProgrammerError::Unable { link: self.link.to_owned(), what });
        }
        let address = page.start;
        let mut bytes = self.rom.read_flash(page).map_err(|fault| fault.told(self.link, "reading"))?;
        let bytes = Secret::new(std::mem::take(&mut *bytes));
        self.kept.0.push(Run { address, bytes: bytes.duplicate() });
        Ok(bytes)
    }
}

impl Writing<'_> {
    /// Writes what differs and has the chip digest it.
    pub(super) fn write(
        &mut self,
        memory: &Memory,
        segments: &[Segment],
        watch: &Watch<'_>,
    ) -> Result<Traffic, ProgrammerError> {
        self.restore()?;
        let pages = Pages::compare(memory, segments, self)?;
        let mut traffic = Traffic { programmed: 0, ..pages.traffic() };
        let mut done = 0;
        watch(0, pages.bytes);
        for run in &pages.runs {
            traffic.programmed += self.program(run, &mut |bytes| watch(done + bytes, pages.bytes))?;
            self.prove(run)?;
            let range = run.address..run.address + run.bytes.len() as u64;
            self.kept.0.retain(|kept| !range.contains(&kept.address));
            done += run.bytes.len() as u64;
            watch(done, pages.bytes);
        }
        self.kept.0.clear();
        Ok(traffic)
    }

    /// Puts back what a write that failed had erased.
    fn restore(&mut self) -> Result<(), ProgrammerError> {
        while let Some(run) = self.kept.0.pop() {
            let restored = self.put_back(&run);
            if restored.is_err() {
                self.kept.0.push(run);
                return restored;
            }
        }
        Ok(())
    }

    fn put_back(&mut self, run: &Run) -> Result<(), ProgrammerError> {
        let range = run.address..run.address + run.bytes.len() as u64;
        if !run.bytes.expose(|bytes| self.holds(range, bytes))? {
            self.program(run, &mut |_| {})?;
            self.prove(run)?;
        }
        Ok(())
    }

    /// Erases and programs a run; returns how many bytes were programmed.
    fn program(&mut self, run: &Run, on_the_way: &mut dyn FnMut(u64)) -> Result<u64, ProgrammerError> {
        run.bytes.expose(|bytes| {
            let mut programmed = 0;
            for stretch in stretches(bytes) {
                let data = &bytes[stretch.range.start..stretch.range.start + stretch.data];
                self.begin(run.address, &stretch).map_err(|fault| fault.told(self.link, "erasing"))?;
                for (sequence, block) in data.chunks(usize::from(BLOCK)).enumerate() {
                    let number = u32::try_from(sequence).expect("no flash has that many blocks");
                    self.rom.block(block, number).map_err(|fault| fault.told(self.link, "writing"))?;
                    programmed += block.len() as u64;
                    on_the_way((stretch.range.start + sequence * usize::from(BLOCK) + block.len()) as u64);
                }
            }
            Ok(programmed)
        })
    }

    fn begin(&mut self, base: u64, stretch: &Stretch) -> Result<(), Fault> {
        let address = base + stretch.range.start as u64;
        let odd = |_| Fault::Odd(format!("{address:#x} is no address of its flash"));
        let address = u32::try_from(address).map_err(odd)?;
        let erased = u32::try_from(stretch.range.len()).map_err(odd)?;
        let blocks = u32::try_from(stretch.data.div_ceil(usize::from(BLOCK))).map_err(odd)?;
        self.rom.begin(self.family, address, erased, blocks)
    }

    /// Compares a run's digest; only if it is wrong, that of each sector, to name the first that differs.
    fn prove(&mut self, run: &Run) -> Result<(), ProgrammerError> {
        run.bytes.expose(|bytes| {
            if self.holds(run.address..run.address + bytes.len() as u64, bytes)? {
                return Ok(());
            }
            let mut address = run.address;
            for sector in bytes.chunks(usize::from(SECTOR)) {
                if !self.holds(address..address + sector.len() as u64, sector)? {
                    break;
                }
                address += sector.len() as u64;
            }
            // Nobody knows where, if each is right and all are not.
            let address = if address < run.address + bytes.len() as u64 { address } else { run.address };
            let finding = "the MD5 of its flash is not that of what was written".to_owned();
            Err(ProgrammerError::Differs { link: self.link.to_owned(), address, finding })
        })
    }
}

/// Cuts a run where data follows what is blank: what is blank at a stretch's end is only erased. A stretch has a block at least,
/// for no program of the trade asks a ROM for none.
fn stretches(bytes: &[u8]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (index, sector) in bytes.chunks(usize::from(SECTOR)).enumerate() {
        let start = index * usize::from(SECTOR);
        let written = sector.iter().rposition(|byte| *byte != 0xff).map_or(0, |last| last + 1);
        let end = start + sector.len();
        match stretches.last_mut() {
            Some(open) if written == 0 => open.range.end = end,
            // Data up to here: another beginning would cost more than it saves.
            Some(open) if open.range.start + open.data == start => {
                open.data = in_blocks(start - open.range.start + written);
                open.range.end = end;
            }
            _ => stretches.push(Stretch { range: start..end, data: in_blocks(written) }),
        }
    }
    stretches
}

fn in_blocks(bytes: usize) -> usize {
    bytes.max(1).next_multiple_of(usize::from(BLOCK))
}

pub(super) fn digest_of(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sectors: &[(u8, usize)]) -> Vec<(Range<usize>, usize)> {
        let mut bytes = Vec::new();
        for (value, length) in sectors {
            bytes.extend(vec![*value; *length]);
            bytes.resize(bytes.len().next_multiple_of(0x1000), 0xff);
        }
        stretches(&bytes).into_iter().map(|stretch| (stretch.range, stretch.data)).collect()
    }

    #[test]
    fn what_is_blank_behind_data_is_erased_and_not_sent() {
        assert_eq!(of(&[(1, 0x1000)]), [(0..0x1000, 0x1000)]);
        assert_eq!(of(&[(1, 1), (0xff, 0x2000)]), [(0..0x3000, 0x400)]);
        assert_eq!(of(&[(1, 0x1000), (2, 0x401), (0xff, 0x1000)]), [(0..0x3000, 0x1800)]);
        assert_eq!(of(&[(0xff, 0x2000)]), [(0..0x2000, 0x400)]);
    }

    #[test]
    fn data_behind_blank_sectors_begins_a_stretch_of_its_own() {
        assert_eq!(of(&[(1, 0x10), (0xff, 0x1000), (2, 0x800)]), [(0..0x2000, 0x400), (0x2000..0x3000, 0x800)]);
        assert_eq!(of(&[(0xff, 0x1000), (2, 0x800)]), [(0..0x1000, 0x400), (0x1000..0x2000, 0x800)]);
        assert_eq!(of(&[(1, 0x10), (2, 0x800)]), [(0..0x1000, 0x400), (0x1000..0x2000, 0x800)]);
    }
}
