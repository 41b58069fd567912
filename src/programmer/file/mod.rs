//! A simulated chip in a folder, for CI and rehearsals: `file:PATH`.
//!
//! The folder holds `chip.json` (name, unique number, MAC address, memory map, words, locks, faults) and `flash.bin`. Memory is
//! NOR flash: erasing sets bits, programming clears them. Each operation is durable before the next one begins, so that a killed
//! program leaves what a real chip would hold.

mod body;
mod description;
mod element;
mod fate;
mod flash;
mod known;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::fleet::Secret;
use crate::format::Segment;

use super::pages::{Pages, Run};
use super::{Capabilities, Chip, Link, Memory, Programmer, ProgrammerError, Registers, Traffic, Watch};

use body::Body;
use description::{Fault, Operation, Protects};
use fate::{Fate, Way};

/// A simulated chip.
pub struct SimulatedChip {
    link: String,
    folder: PathBuf,
    wanted: Option<String>,
    /// True if a folder without a chip is an empty socket, not a new chip.
    may_be_empty: bool,
    firmware: Vec<Segment>,
    body: Option<Body>,
    fate: Fate,
}

impl SimulatedChip {
    /// Names the chip in the folder `path`, which is made when it is connected to. A new chip is of the kind `chip`; one that is
    /// there must be of it. A path that ends in `?` is a socket: without a `chip.json` in it there is no chip. While it is connected no other process gets it.
    pub fn open(path: &str, chip: Option<&str>) -> Result<Box<dyn Programmer>, ProgrammerError> {
        Ok(Box::new(Self::at(path, chip)))
    }

    fn at(path: &str, chip: Option<&str>) -> Self {
        let (path, may_be_empty) = path.strip_suffix('?').map_or((path, false), |path| (path, true));
        Self {
            link: format!("file:{path}"),
            folder: PathBuf::from(path),
            wanted: chip.map(str::to_owned),
            may_be_empty,
            firmware: Vec::new(),
            body: None,
            fate: Fate::default(),
        }
    }

    fn meet(&mut self, operation: Operation) -> Result<Way, ProgrammerError> {
        let faults = self.body.as_ref().map(|body| body.description.faults.as_slice()).unwrap_or_default();
        self.fate.meet(operation, faults, &self.link)
    }

    fn body(&mut self) -> Result<&mut Body, ProgrammerError> {
        let missing = || ProgrammerError::NoChip { link: self.link.clone(), reason: "it is not connected".to_owned() };
        self.body.as_mut().ok_or_else(missing)
    }

    /// Returns what the chip says of itself, if it is the right one.
    fn introduce(&mut self) -> Result<Chip, ProgrammerError> {
        let (link, wanted) = (self.link.clone(), self.wanted.clone());
        let body = self.body()?;
        body.check_open(Protects::Debug)?;
        let chip = &body.description;
        let other = chip.faults.iter().find_map(|fault| match fault {
            Fault::Says { name } => Some(name),
            _ => None,
        });
        let have = other.unwrap_or(&chip.name).clone();
        if let Some(want) = wanted.filter(|want| !want.eq_ignore_ascii_case(&have)) {
            return Err(ProgrammerError::WrongChip { link, want, have });
        }
        let knows = chip.can.knows_uid;
        let uid = chip.uid.clone().filter(|_| knows);
        let mac = chip.mac().filter(|_| knows);
        Ok(Chip { name: have, uid, mac, memory: chip.map() })
    }

    /// Reads memory as one operation.
    fn fetch(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        let memory = self.body()?.description.map();
        check_range(&memory, &range)?;
        let way = self.meet(Operation::Read)?;
        let link = self.link.clone();
        let body = self.body()?;
        let bytes = match way {
            Way::Whole => body.read(&range)?,
            Way::Nothing => zeroize::Zeroizing::new(vec![0; usize::try_from(range.end - range.start).unwrap_or(0)]),
            Way::Half => return Err(fate::gone(&link, "reading")),
        };
        body.description.wait(bytes.len());
        let mut bytes = bytes;
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }

    /// Erases and programs a run page by page; `done` counts the bytes.
    fn put(&mut self, run: &Run, memory: &Memory, done: &mut dyn FnMut(u64)) -> Result<(), ProgrammerError> {
        let end = run.address + run.bytes.len() as u64;
        let mut at = run.address;
        while at < end {
            let page = memory.page(at).expect("a run consists of pages");
            let way = self.meet(Operation::Erase)?;
            self.body()?.erase(&page, way)?;
            let way = self.meet(Operation::Program)?;
            let within = usize::try_from(at - run.address).expect("a run fits in memory");
            let length = usize::try_from(page.end - page.start).expect("a page fits in memory");
            let body = self.body()?;
            run.bytes.expose(|bytes| body.program(at, &bytes[within..within + length], way))?;
            body.description.wait(length);
            done(page.end - page.start);
            at = page.end;
        }
        Ok(())
    }

    fn compare(&mut self, run: &Run) -> Result<(), ProgrammerError> {
        let link = self.link.clone();
        let range = run.address..run.address + run.bytes.len() as u64;
        let is = self.body()?.read(&range)?;
        let first = run.bytes.expose(|wanted| is.iter().zip(wanted).position(|(is, wanted)| is != wanted));
        match first {
            Some(at) => {
                let (address, finding) = (run.address + at as u64, "not what was written".to_owned());
                Err(ProgrammerError::Differs { link, address, finding })
            }
            None => Ok(()),
        }
    }

    /// Lets the bits of the faults flip that lie in what was programmed.
    fn wear(&mut self, runs: &[Run]) -> Result<(), ProgrammerError> {
        let body = self.body()?;
        for fault in body.description.faults.clone() {
            let Fault::Flip { address, bit } = fault else { continue };
            let inside = |run: &Run| (run.address..run.address + run.bytes.len() as u64).contains(&address.0);
            if runs.iter().any(inside) {
                body.flip(address.0, bit)?;
            }
        }
        Ok(())
    }
}

impl Programmer for SimulatedChip {
    fn link(&self) -> Link {
        Link { name: self.link.clone(), port: None, serial: None }
    }

    fn is_simulated(&self) -> bool {
        self.body.as_ref().is_none_or(|body| !body.description.stands_for_hardware)
    }

    fn furnish(&mut self, firmware: Segment) {
        self.firmware = vec![firmware];
    }

    fn makes_chip(&self) -> bool {
        self.body.is_none() && !body::is_there(&self.folder)
    }

    fn capabilities(&self) -> Capabilities {
        if let Some(body) = &self.body {
            return body.description.can.into();
        }
        let described = body::peek(Path::new(&self.folder), &self.link).ok().flatten();
        described.map(|description| description.can).unwrap_or_default().into()
    }

    fn connect(&mut self) -> Result<Chip, ProgrammerError> {
        if self.may_be_empty && self.body.is_none() && body::peek(&self.folder, &self.link)?.is_none() {
            let reason = "nothing is in the socket".to_owned();
            return Err(ProgrammerError::NoChip { link: self.link.clone(), reason });
        }
        if self.body.is_none() {
            self.body = Some(Body::open(&self.folder, self.wanted.as_deref(), &self.firmware, &self.link)?);
        }
        let way = self.meet(Operation::Connect)?;
        if way != Way::Whole {
            return Err(fate::gone(&self.link, "connecting"));
        }
        self.body()?.reset()?;
        self.introduce()
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        if !self.capabilities().reads_back {
            return Err(ProgrammerError::Unable { link: self.link.clone(), what: "reading back" });
        }
        self.fetch(range)
    }

    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError> {
        let memory = self.body()?.description.map();
        let pages = Pages::plan(&memory, segments, &mut |range| self.fetch(range))?;
        self.body()?.check_open(Protects::Write)?;
        let mut done = 0;
        for run in &pages.runs {
            self.put(run, &memory, &mut |bytes| {
                done += bytes;
                watch(done, pages.bytes);
            })?;
            self.compare(run)?;
        }
        self.wear(&pages.runs)?;
        Ok(pages.traffic())
    }

    fn registers(&mut self) -> Option<&mut dyn Registers> {
        if self.capabilities().locks { Some(self) } else { None }
    }

    fn release(&mut self) -> Result<(), ProgrammerError> {
        if self.body.is_some() {
            let way = self.meet(Operation::Reset)?;
            match way {
                Way::Whole => self.body()?.reset()?,
                Way::Nothing => {}
                Way::Half => return Err(fate::gone(&self.link, "resetting")),
            }
        }
        self.body = None;
        Ok(())
    }

    fn make_key(&mut self, slot: &str, fresh: bool) -> Result<Vec<u8>, ProgrammerError> {
        if !self.capabilities().makes_keys {
            return Err(ProgrammerError::Unable { link: self.link.clone(), what: "making a key on the chip" });
        }
        let way = self.meet(Operation::MakeKey)?;
        let link = self.link.clone();
        let body = self.body()?;
        body.check_open(Protects::Debug)?;
        if way != Way::Whole {
            return Err(fate::gone(&link, "making a key"));
        }
        let name = body.description.uid.as_deref().unwrap_or(&body.description.name);
        element::make_key(body.folder(), slot, name, fresh)
            .map_err(|reason| fate::refused(&link, "making a key", reason))
    }
}

impl Registers for SimulatedChip {
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
        check_word(address)?;
        match self.meet(Operation::ReadWord)? {
            Way::Whole => self.body()?.read_word(address),
            Way::Nothing => Ok(0),
            Way::Half => Err(fate::gone(&self.link, "reading a word")),
        }
    }

    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
        check_word(address)?;
        let way = self.meet(Operation::WriteWord)?;
        self.body()?.write_word(address, value, way)
    }

    fn reset(&mut self) -> Result<(), ProgrammerError> {
        match self.meet(Operation::Reset)? {
            Way::Whole => self.body()?.reset(),
            Way::Nothing => Ok(()),
            Way::Half => Err(fate::gone(&self.link, "resetting")),
        }
    }
}

/// Refuses addresses that are not there, before memory is taken for them.
fn check_range(memory: &Memory, range: &Range<u64>) -> Result<(), ProgrammerError> {
    let mut at = range.start;
    while at < range.end {
        let Some(region) = memory.region(at) else {
            return Err(ProgrammerError::Range { range: range.clone(), at, reason: "is not in the chip's memory" });
        };
        at = region.range.end;
    }
    if range.start > range.end {
        return Err(ProgrammerError::Range { range: range.clone(), at: range.end, reason: "is before its start" });
    }
    Ok(())
}

fn check_word(address: u64) -> Result<(), ProgrammerError> {
    if address.is_multiple_of(4) && address.checked_add(4).is_some() {
        return Ok(());
    }
    let range = address..address.saturating_add(4);
    Err(ProgrammerError::Range { range, at: address, reason: "is no multiple of 4" })
}

impl description::Description {
    /// Takes as long as `bytes` take on the link.
    fn wait(&self, bytes: usize) {
        if let Some(rate) = self.bytes_per_second {
            let nanoseconds = (bytes as u64).saturating_mul(1_000_000_000) / rate.max(1);
            thread::sleep(Duration::from_nanos(nanoseconds));
        }
    }
}
