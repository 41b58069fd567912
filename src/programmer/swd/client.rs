//! The programmer that the station sees.

use std::ops::Range;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::programmer::pages::{Pages, Run};
use crate::programmer::{
    Capabilities, Chip, Link, Mac, Memory, Programmer, ProgrammerError, Region, Registers, Traffic, UsbSelector, Watch,
};

use super::frame::{Frame, LONGEST_DATA};
use super::identity;
use super::order::{Answer, Choice, Failure, Found, Order};
use super::process::{Limits, Process};

/// Bytes that are read in one order.
const PIECE: u64 = 32 << 10;
/// The most bytes of one call of `read`.
const MOST_READ: u64 = 64 << 20;

/// A chip behind a debug probe.
pub struct Probe {
    choice: Choice,
    chip: Option<String>,
    program: PathBuf,
    limits: Limits,
    link: Link,
    process: Option<Process>,
    memory: Memory,
    identity: Option<String>,
    /// Pages of a write that did not end well, and whose they are. They hold the neighbours, which the chip may have lost.
    owed: Option<(Option<String>, Vec<Run>)>,
}

impl Probe {
    /// Names a probe and the chip it is connected to; nothing is opened yet. Without a name the chip is detected where
    /// probe-rs can. A name that is not known fails when it connects.
    pub fn open(select: &UsbSelector, chip: Option<&str>) -> Result<Box<dyn Programmer>, ProgrammerError> {
        let program = this_program().map_err(|source| {
            let link = format!("swd:{}", select.words());
            ProgrammerError::Io { link, doing: "finding its own program", source }
        })?;
        Ok(Box::new(Self::with(select, chip, program, Limits::default())))
    }

    /// Names a probe that `program`, a build of this program, drives within `limits`.
    pub fn with(select: &UsbSelector, chip: Option<&str>, program: PathBuf, limits: Limits) -> Self {
        let choice = match select {
            UsbSelector::Only => Choice::Only,
            UsbSelector::Port(port) => Choice::Port(port.clone()),
            UsbSelector::Serial(serial) => Choice::Serial(serial.clone()),
            UsbSelector::Driver(text) => Choice::Driver(text.clone()),
        };
        Self {
            choice,
            chip: chip.map(str::to_owned),
            program,
            limits,
            link: Link { name: format!("swd:{}", select.words()), port: None, serial: None },
            process: None,
            memory: Memory::default(),
            identity: None,
            owed: None,
        }
    }

    /// Gives an order, with frames that follow it, and returns its answer. The process does not outlive a failure of its own.
    fn ask(
        &mut self,
        doing: &'static str,
        order: &Order,
        more: Vec<Frame>,
        watch: &Watch<'_>,
    ) -> Result<Answer, ProgrammerError> {
        let limit = self.limit(order);
        let process = self.process.as_mut().ok_or(Failure::NoChip("it is not connected".to_owned()));
        let outcome = process.and_then(|process| {
            process.send(order, more)?;
            process.answer(limit, watch)
        });
        self.judged(doing, outcome)
    }

    fn limit(&self, order: &Order) -> std::time::Duration {
        if matches!(order, Order::Connect { .. }) { self.limits.connect } else { self.limits.step }
    }

    fn judged<T>(&mut self, doing: &'static str, outcome: Result<T, Failure>) -> Result<T, ProgrammerError> {
        outcome.map_err(|failure| {
            match failure {
                Failure::Silent => drop(self.process.take().map(Process::kill)),
                Failure::Broken(_) | Failure::Gone => self.process = None,
                _ => {}
            }
            failure.at(&self.link.name, doing)
        })
    }

    fn piece(&mut self, range: &Range<u64>) -> Result<Secret, ProgrammerError> {
        let doing = "reading";
        let length = range.end - range.start;
        let order = Order::Read { address: range.start, length: u32::try_from(length).unwrap_or(u32::MAX) };
        let limit = self.limits.step;
        let process = self.process.as_mut().ok_or(Failure::NoChip("it is not connected".to_owned()));
        let outcome = process.and_then(|process| {
            process.send(&order, Vec::new())?;
            match process.frame(limit)? {
                Frame::Data(data) if data.len() as u64 == length => Ok(data),
                Frame::Data(data) => Err(Failure::Protocol(format!("{} bytes of {length}", data.len()))),
                words @ Frame::Words(_) => match words.message() {
                    Ok(Answer::Failed(failure)) => Err(failure),
                    _ => Err(Failure::Protocol("no data".to_owned())),
                },
            }
        });
        self.judged(doing, outcome)
    }

    /// Writes whole pages. What does not end well is owed to the chip.
    fn put(&mut self, runs: Vec<Run>, watch: &Watch<'_>) -> Result<(), ProgrammerError> {
        if runs.is_empty() {
            return Ok(());
        }
        let order = Order::Write { runs: runs.iter().map(|run| run.address).collect() };
        let more = runs.iter().map(|run| Frame::Data(run.bytes.duplicate())).collect();
        let outcome = self.ask("writing", &order, more, watch);
        if outcome.is_err() {
            self.owed = Some((self.identity.clone(), runs));
        }
        outcome.map(|_| ())
    }

    /// Completes the write that failed before, if this is the same chip: its neighbours are in our memory only.
    fn settle(&mut self) -> Result<(), ProgrammerError> {
        match self.owed.take() {
            Some((identity, runs)) if identity.is_some() && identity == self.identity => self.put(runs, &|_, _| {}),
            _ => Ok(()),
        }
    }

    fn take_over(&mut self, found: Found) -> Chip {
        let region =
            |&(start, end, page, writable): &(u64, u64, u64, bool)| Region { range: start..end, page, writable };
        self.memory = Memory(found.memory.iter().map(region).collect());
        self.link.port = found.port;
        self.link.serial = found.serial;
        let chip = Chip { name: found.name, uid: found.uid, mac: found.mac.map(Mac), memory: self.memory.clone() };
        self.identity = chip.identity();
        chip
    }
}

/// Returns the file of this program. On Linux that of the running one, even where an update has put another in its place.
fn this_program() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}

impl Programmer for Probe {
    fn link(&self) -> Link {
        self.link.clone()
    }

    fn capabilities(&self) -> Capabilities {
        let knows_uid = self.identity.is_some() || self.chip.as_deref().is_some_and(identity::has_uid);
        Capabilities { reads_back: true, locks: true, knows_uid, makes_keys: false }
    }

    fn connect(&mut self) -> Result<Chip, ProgrammerError> {
        self.process = None;
        self.identity = None;
        let started = Process::start(&self.program);
        self.process = Some(started.map_err(|source| ProgrammerError::Io {
            link: self.link.name.clone(),
            doing: "starting the worker",
            source,
        })?);
        let order = Order::Connect { choice: self.choice.clone(), chip: self.chip.clone() };
        match self.ask("connecting", &order, Vec::new(), &|_, _| {}) {
            Ok(Answer::Found(found)) => Ok(self.take_over(*found)),
            Ok(_) => self.judged("connecting", Err(Failure::Broken("its answer is another".to_owned()))),
            Err(error) => {
                self.process = None;
                Err(error)
            }
        }
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        let length = range.end.saturating_sub(range.start);
        if length > MOST_READ {
            let at = range.start + MOST_READ;
            return Err(ProgrammerError::Range { range, at, reason: "is more than is read at once" });
        }
        let mut all = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or_default()));
        let mut at = range.start;
        while at < range.end {
            let piece = at..range.end.min(at + PIECE);
            at = piece.end;
            self.piece(&piece)?.expose(|bytes| all.extend_from_slice(bytes));
        }
        Ok(Secret::new(std::mem::take(&mut *all)))
    }

    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError> {
        if self.process.is_none() {
            return self.judged("writing", Err(Failure::NoChip("it is not connected".to_owned())));
        }
        let memory = self.memory.clone();
        let too_long = |segment: &&Segment| segment.bytes.len() > LONGEST_DATA / 2;
        if let Some(segment) = segments.iter().find(too_long) {
            let range = segment.address..segment.end().unwrap_or(u64::MAX);
            return Err(ProgrammerError::Range { at: range.start, range, reason: "begins a segment that is too long" });
        }
        if self.owed.is_some() {
            // Everything is judged before what is owed is written.
            Pages::plan(&memory, segments, &mut |range| self.read(range))?;
            self.settle()?;
        }
        let pages = Pages::plan(&memory, segments, &mut |range| self.read(range))?;
        let traffic = pages.traffic();
        self.put(pages.runs, watch)?;
        Ok(traffic)
    }

    fn registers(&mut self) -> Option<&mut dyn Registers> {
        Some(self)
    }

    fn release(&mut self) -> Result<(), ProgrammerError> {
        let outcome = self.ask("letting the chip go", &Order::Release, Vec::new(), &|_, _| {});
        self.process = None;
        outcome.map(|_| ())
    }
}

impl Registers for Probe {
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
        match self.ask("reading a word", &Order::Read32 { address }, Vec::new(), &|_, _| {})? {
            Answer::Word(word) => Ok(word),
            _ => self.judged("reading a word", Err(Failure::Broken("its answer is another".to_owned()))),
        }
    }

    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
        self.ask("writing a word", &Order::Write32 { address, value }, Vec::new(), &|_, _| {}).map(|_| ())
    }

    fn reset(&mut self) -> Result<(), ProgrammerError> {
        self.ask("resetting", &Order::Reset, Vec::new(), &|_, _| {}).map(|_| ())
    }
}
