//! Questions and answers: one request, the answer that belongs to it, a limit on the wait.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::super::ProgrammerError;
use super::answer::{Answer, Refusal};
use super::request::{Command, Request};
use super::slip::{Deframer, framed};
use super::wire::{Wire, is_gone};

/// How long a request that moves nothing may take.
pub(super) const SHORT: Duration = Duration::from_secs(3);
/// The most frames that are passed over while an answer is awaited: a ROM greets eight times, and says eight times that it does
/// not know a command.
const MOST_PASSED_OVER: usize = 100;
/// How long a line is quiet before it is taken as empty.
const QUIET: Duration = Duration::from_millis(100);

/// A ROM loader at the other end of a line.
pub(super) struct Rom {
    /// The line.
    pub(super) wire: Box<dyn Wire>,
    deframer: Deframer,
    frames: VecDeque<Zeroizing<Vec<u8>>>,
}

/// Why a question was not answered.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing came in time.
    Silent,
    /// The line broke.
    Wire(io::Error),
    /// The ROM said no.
    Refused(Refusal),
    /// It answered with something else.
    Odd(String),
}

impl Fault {
    /// Returns the error, by the name of the link and what was being done.
    pub(super) fn told(self, link: &str, doing: &'static str) -> ProgrammerError {
        let link = link.to_owned();
        match self {
            Self::Silent => ProgrammerError::Silent { link, doing },
            Self::Wire(error) if error.kind() == io::ErrorKind::TimedOut => ProgrammerError::Silent { link, doing },
            Self::Wire(error) if is_gone(&error) => ProgrammerError::Gone { link, doing },
            Self::Wire(source) => ProgrammerError::Io { link, doing, source },
            Self::Refused(refusal) => ProgrammerError::Device { link, doing, answer: refusal.to_string() },
            Self::Odd(answer) => ProgrammerError::Protocol { link, doing, answer },
        }
    }

    /// True if the ROM does not know the command.
    pub(super) fn is_unknown_command(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_unknown_command())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Wire(error)
    }
}

/// What a chip says of its protection.
pub(super) struct Security {
    /// Which chip it is; the second of the family does not say.
    pub(super) chip: Option<u32>,
    /// True if the ROM neither reads registers nor flash any more.
    pub(super) is_locked: bool,
}

impl Rom {
    /// Talks over `wire`.
    pub(super) fn new(wire: Box<dyn Wire>) -> Self {
        Self { wire, deframer: Deframer::default(), frames: VecDeque::new() }
    }

    /// Asks, and returns the answer, whose body has `length` bytes and a good status behind them.
    pub(super) fn ask(&mut self, request: &Request, length: usize, limit: Duration) -> Result<Answer, Fault> {
        self.frames.clear();
        self.wire.send(&framed(&request.packet()))?;
        let deadline = Instant::now() + limit;
        for _ in 0..MOST_PASSED_OVER {
            let frame = self.frame(deadline)?;
            let Some(answer) = Answer::read(&frame) else { continue };
            if answer.command != request.command as u8 {
                if answer.is_unknown_command() {
                    return Err(self.unknown_command());
                }
                continue;
            }
            return match answer.body(length) {
                Some(Ok(_)) => Ok(answer),
                Some(Err(refusal)) if refusal.is_unknown_command() => Err(self.unknown_command()),
                Some(Err(refusal)) => Err(Fault::Refused(refusal)),
                None => Err(Fault::Odd(format!("{} bytes where {length} and a status were to come", answer.length()))),
            };
        }
        Err(Fault::Odd(format!("{MOST_PASSED_OVER} answers to what was not asked")))
    }

    /// The ROM repeats that it does not know a command; the line is emptied of it.
    fn unknown_command(&mut self) -> Fault {
        match self.empty() {
            Ok(()) => Fault::Refused(Refusal(0x05)),
            Err(fault) => fault,
        }
    }

    /// Forgets what came and what is still coming.
    pub(super) fn empty(&mut self) -> Result<(), Fault> {
        self.wire.discard(QUIET)?;
        self.frames.clear();
        self.deframer = Deframer::default();
        Ok(())
    }

    fn frame(&mut self, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut buffer = Zeroizing::new([0; 1024]);
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let taken = self.wire.receive(&mut buffer[..], left)?;
            if taken == 0 || left.is_zero() {
                return Err(Fault::Silent);
            }
            for byte in &buffer[..taken] {
                self.frames.extend(self.deframer.push(*byte));
            }
        }
    }

    /// Greets; the ROM measures the speed of the line by it.
    pub(super) fn sync(&mut self, limit: Duration) -> Result<(), Fault> {
        self.ask(&Request::sync(), 0, limit).map(drop)
    }

    /// Reads a word.
    pub(super) fn read32(&mut self, address: u32) -> Result<u32, Fault> {
        let answer = self.ask(&Request::words(Command::ReadRegister, &[address]), 0, SHORT)?;
        Ok(answer.value)
    }

    /// Writes a word.
    pub(super) fn write32(&mut self, address: u32, value: u32) -> Result<(), Fault> {
        self.write_masked(address, value, u32::MAX)
    }

    /// Writes those bits of a word that `mask` has.
    pub(super) fn write_masked(&mut self, address: u32, value: u32, mask: u32) -> Result<(), Fault> {
        self.ask(&Request::words(Command::WriteRegister, &[address, value, mask, 0]), 0, SHORT).map(drop)
    }

    /// Asks for the security information: flags, a count, seven key purposes, the chip's id, a version. The second of the family
    /// gives less, and no id.
    pub(super) fn security(&mut self) -> Result<Security, Fault> {
        let answer = match self.ask(&Request::words(Command::SecurityInfo, &[]), 20, SHORT) {
            Err(fault @ (Fault::Refused(_) | Fault::Odd(_))) if !fault.is_unknown_command() => None,
            answer => Some(answer?),
        };
        let body = answer.as_ref().and_then(|answer| answer.body(20)).and_then(Result::ok).unwrap_or_default();
        let word = |at: usize| body.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
        Ok(Security { chip: word(12), is_locked: word(0).is_some_and(|flags| flags & 1 << 2 != 0) })
    }

    /// Tells the ROM to talk at `told`, which comes out as `baud`, and does so.
    pub(super) fn change_speed(&mut self, told: u32, baud: u32) -> Result<(), Fault> {
        self.ask(&Request::words(Command::ChangeBaud, &[told, 0]), 0, SHORT)?;
        self.wire.set_speed(baud)?;
        // What was on its way while the speed changed is noise.
        self.empty()
    }
}
