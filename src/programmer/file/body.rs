//! The simulated chip itself: NOR memory, words with their side effects, and locks.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use crate::format::Segment;
use crate::programmer::ProgrammerError;

use super::description::{Burns, Condition, Description, Lock, Number, Part, Protects};
use super::fate::{self, Way};
use super::flash::{ERASED, Flash};
use super::known;

const DESCRIPTION: &str = "chip.json";
const FLASH: &str = "flash.bin";

/// The chip, held by this process alone.
pub(super) struct Body {
    pub(super) description: Description,
    link: String,
    folder: PathBuf,
    flash: Flash,
    keyholes: BTreeMap<u64, Keyhole>,
    alone: File,
}

impl Drop for Body {
    fn drop(&mut self) {
        // Closing is not enough: a child that another thread is starting just now holds the folder open, too.
        let _ = flock(&self.alone, FlockOperation::Unlock);
    }
}

/// Returns true if a chip is in `folder`.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(DESCRIPTION).symlink_metadata().is_ok()
}

/// How far a row of keys is.
enum Keyhole {
    Taken(usize),
    Jammed,
}

impl Body {
    /// Opens the chip in `folder`, or makes a new one of the name `wanted` that holds `firmware`.
    pub(super) fn open(
        folder: &Path,
        wanted: Option<&str>,
        firmware: &[Segment],
        link: &str,
    ) -> Result<Self, ProgrammerError> {
        let failed = |error| fate::io(link, "connecting")(error);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let alone = File::open(folder).map_err(failed)?;
        flock(&alone, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
            rustix::io::Errno::WOULDBLOCK => ProgrammerError::Busy { link: link.to_owned() },
            other => failed(other.into()),
        })?;
        let whole = fs::canonicalize(folder).map_err(failed)?;
        let is_new = !is_there(&whole);
        let path = whole.join(DESCRIPTION);
        let description = if is_new { known::new(&whole, wanted) } else { load(&path, link)? };
        let flash = Flash::open(&whole.join(FLASH)).map_err(failed)?;
        let keyholes = BTreeMap::new();
        let mut body = Self { description, link: link.to_owned(), folder: whole, flash, keyholes, alone };
        if is_new {
            // The description comes last: a chip whose making was cut short is made again.
            body.furnish(firmware)?;
            body.description.save(&path).map_err(|reason| fate::refused(link, "connecting", reason))?;
        }
        Ok(body)
    }

    fn furnish(&mut self, firmware: &[Segment]) -> Result<(), ProgrammerError> {
        firmware.iter().try_for_each(|segment| {
            segment.bytes.expose(|bytes| self.put(segment.address, bytes, Way::Whole, "making the chip"))
        })
    }

    /// Returns the folder the chip lives in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails while a lock on this holds; one on everything does always.
    pub(super) fn check_open(&self, what: Protects) -> Result<(), ProgrammerError> {
        let held = |lock: &&Lock| lock.holds && (lock.protects == what || lock.protects == Protects::Debug);
        let Some(lock) = self.description.locks.iter().find(held) else { return Ok(()) };
        let closed = match lock.protects {
            Protects::Read => "reading is closed",
            Protects::Write => "writing is closed",
            Protects::Debug => "its debug port is closed",
        };
        let reason = format!("{closed} by the word at {:#x}", lock.register.0);
        Err(ProgrammerError::Locked { link: self.link.clone(), reason })
    }

    /// Reads memory.
    pub(super) fn read(&self, range: &Range<u64>) -> Result<Zeroizing<Vec<u8>>, ProgrammerError> {
        self.check_open(Protects::Read)?;
        self.peek(range)
    }

    /// Reads memory as the chip itself does, locked or not.
    fn peek(&self, range: &Range<u64>) -> Result<Zeroizing<Vec<u8>>, ProgrammerError> {
        let outside = |at| ProgrammerError::Range { range: range.clone(), at, reason: "is not in the chip's memory" };
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or(0)));
        let mut at = range.start;
        while at < range.end {
            let part = self.part(at).ok_or_else(|| outside(at))?;
            let end = (part.start.0 + part.length.0).min(range.end);
            let offset = self.description.offset(at).ok_or_else(|| outside(at))?;
            let length = usize::try_from(end - at).map_err(|_| outside(at))?;
            bytes.extend_from_slice(&self.flash.read(offset, length).map_err(fate::io(&self.link, "reading"))?);
            at = end;
        }
        Ok(bytes)
    }

    /// Erases one page.
    pub(super) fn erase(&mut self, page: &Range<u64>, way: Way) -> Result<(), ProgrammerError> {
        let length = usize::try_from(page.end - page.start).expect("a page fits in memory");
        self.put(page.start, &vec![ERASED; length], way, "erasing")
    }

    /// Programs bytes within one page: bits are cleared only. A bit that should become 1 again is an error, after what could be
    /// programmed was.
    pub(super) fn program(&mut self, address: u64, bytes: &[u8], way: Way) -> Result<(), ProgrammerError> {
        let old = self.peek(&(address..address + bytes.len() as u64))?;
        let new: Zeroizing<Vec<u8>> = Zeroizing::new(old.iter().zip(bytes).map(|(old, new)| old & new).collect());
        self.put(address, &new, way, "writing")?;
        match new.iter().zip(bytes).position(|(is, wanted)| is != wanted) {
            Some(at) if way == Way::Whole => {
                let at = address + at as u64;
                let answer = format!("bits at {at:#x} are 0 and become 1 only by erasing");
                Err(fate::refused(&self.link, "writing", answer))
            }
            _ => Ok(()),
        }
    }

    /// Turns one bit round, as wear does.
    pub(super) fn flip(&mut self, address: u64, bit: u8) -> Result<(), ProgrammerError> {
        let byte = self.peek(&(address..address + 1))?[0] ^ (1 << bit);
        self.put(address, &[byte], Way::Whole, "writing")
    }

    fn put(&mut self, address: u64, bytes: &[u8], way: Way, doing: &'static str) -> Result<(), ProgrammerError> {
        let bytes = match way {
            Way::Whole => bytes,
            Way::Half => &bytes[..bytes.len() / 2],
            Way::Nothing => &[],
        };
        let missing = || fate::refused(&self.link, doing, format!("nothing is at {address:#x}"));
        let offset = self.description.offset(address).ok_or_else(missing)?;
        if !bytes.is_empty() {
            self.flash.put(offset, bytes).map_err(fate::io(&self.link, doing))?;
        }
        match way {
            Way::Half => Err(fate::gone(&self.link, doing)),
            Way::Whole | Way::Nothing => Ok(()),
        }
    }

    /// Reads the word at `address`.
    pub(super) fn read_word(&self, address: u64) -> Result<u32, ProgrammerError> {
        self.check_open(Protects::Debug)?;
        if self.word(address).is_none() && self.part(address).is_some() {
            self.check_open(Protects::Read)?;
        }
        let missing = || fate::refused(&self.link, "reading a word", format!("nothing is at {address:#x}"));
        self.look(address)?.ok_or_else(missing)
    }

    /// Writes the word at `address`, with what follows from it.
    pub(super) fn write_word(&mut self, address: u64, value: u32, way: Way) -> Result<(), ProgrammerError> {
        self.check_open(Protects::Debug)?;
        // Half a word is not written: power was gone before.
        match way {
            Way::Whole => {}
            Way::Half => return Err(fate::gone(&self.link, "writing a word")),
            Way::Nothing => return Ok(()),
        }
        if let Some(at) = self.word(address) {
            self.set_word(at, value)?;
            return self.settle(false);
        }
        let missing = fate::refused(&self.link, "writing a word", format!("nothing to write is at {address:#x}"));
        let Some(part) = self.part(address).copied().filter(|part| part.writable) else { return Err(missing) };
        self.check_open(Protects::Write)?;
        if self.holds(part.needs)? {
            self.program(address, &value.to_le_bytes(), Way::Whole)?;
        }
        self.settle(false)
    }

    fn set_word(&mut self, at: usize, value: u32) -> Result<(), ProgrammerError> {
        let word = &self.description.words[at];
        if word.read_only || !self.holds(word.needs)? {
            return Ok(());
        }
        if !word.keys.is_empty() {
            self.turn(at, value);
            return Ok(());
        }
        if let Some(burns) = word.burns {
            self.burn(burns, value);
            return Ok(());
        }
        let word = &mut self.description.words[at];
        let value = u64::from(value);
        if word.one_way {
            word.value.0 |= value;
            word.at_reset = word.at_reset.map(|kept| Number(kept.0 | value));
        } else if let Some(saves) = word.saves {
            let rest = Number(value & !saves.0);
            let kept = if value & saves.0 == 0 { word.at_reset.unwrap_or(word.value) } else { rest };
            (word.value, word.at_reset) = (rest, Some(kept));
        } else {
            word.at_reset = word.at_reset.or(Some(word.value));
            word.value = Number(value);
        }
        Ok(())
    }

    /// Sets the fuses whose bits were laid down, if it is that command.
    fn burn(&mut self, burns: Burns, command: u32) {
        if u64::from(command) & burns.command.0 == 0 {
            return;
        }
        for offset in (0..u64::from(burns.words)).map(|word| 4 * word) {
            let places = (self.word(burns.from.0.wrapping_add(offset)), self.word(burns.to.0.wrapping_add(offset)));
            if let (Some(from), Some(to)) = places {
                self.description.words[to].value.0 |= self.description.words[from].value.0;
            }
        }
    }

    /// Takes the next key of a row.
    fn turn(&mut self, at: usize, value: u32) {
        let word = &self.description.words[at];
        let taken = match self.keyholes.get(&word.address.0) {
            Some(Keyhole::Jammed) => return,
            Some(Keyhole::Taken(taken)) => *taken,
            None => 0,
        };
        let fits = word.keys.get(taken).is_some_and(|key| key.0 == u64::from(value));
        let keyhole = if fits { Keyhole::Taken(taken + 1) } else { Keyhole::Jammed };
        let opened = fits && taken + 1 == word.keys.len();
        let (address, opens) = (word.address.0, word.opens);
        self.keyholes.insert(address, if opened { Keyhole::Taken(0) } else { keyhole });
        if let Some(bits) = opens.filter(|_| opened)
            && let Some(target) = self.word(bits.register.0)
        {
            let word = &mut self.description.words[target];
            word.at_reset = word.at_reset.or(Some(word.value));
            word.value.0 &= !bits.mask.0;
        }
    }

    /// Resets the chip: words are what they are after a reset, locks are looked at.
    pub(super) fn reset(&mut self) -> Result<(), ProgrammerError> {
        self.keyholes.clear();
        let closed: Vec<_> = self.description.words.iter().filter_map(|word| word.opens).collect();
        for word in &mut self.description.words {
            word.value = word.at_reset.unwrap_or(word.value);
        }
        for bits in closed {
            if let Some(at) = self.word(bits.register.0) {
                self.description.words[at].value.0 |= bits.mask.0;
            }
        }
        self.settle(true)
    }

    /// Looks which locks hold now, and keeps it all.
    fn settle(&mut self, is_reset: bool) -> Result<(), ProgrammerError> {
        let mut opened = false;
        for at in 0..self.description.locks.len() {
            let lock = self.description.locks[at];
            if lock.after_reset && !is_reset {
                continue;
            }
            let condition = Condition { register: lock.register, mask: lock.mask, value: lock.value };
            let holds = self.holds(Some(condition))? != lock.unless;
            opened |= lock.protects == Protects::Read && lock.holds && !holds;
            self.description.locks[at].holds = holds;
        }
        if opened {
            self.flash.wipe().map_err(fate::io(&self.link, "erasing"))?;
        }
        let path = self.folder.join(DESCRIPTION);
        self.description.save(&path).map_err(|reason| fate::refused(&self.link, "writing", reason))
    }

    fn holds(&self, condition: Option<Condition>) -> Result<bool, ProgrammerError> {
        let Some(condition) = condition else { return Ok(true) };
        let value = u64::from(self.look(condition.register.0)?.unwrap_or(0));
        Ok(value & condition.mask.0 == condition.value.0)
    }

    /// Reads a word as the chip itself does.
    fn look(&self, address: u64) -> Result<Option<u32>, ProgrammerError> {
        if let Some(at) = self.word(address) {
            return Ok(u32::try_from(self.description.words[at].value.0).ok());
        }
        if self.part(address).is_none() {
            return Ok(None);
        }
        let bytes = self.peek(&(address..address + 4))?;
        Ok(bytes.as_slice().try_into().ok().map(u32::from_le_bytes))
    }

    fn word(&self, address: u64) -> Option<usize> {
        self.description.words.iter().position(|word| word.address.0 == address)
    }

    fn part(&self, address: u64) -> Option<&Part> {
        let within = |part: &&Part| address.checked_sub(part.start.0).is_some_and(|within| within < part.length.0);
        self.description.memory.iter().find(within)
    }
}

/// Reads the description of the chip in `folder`; none where there is no chip yet.
pub(super) fn peek(folder: &Path, link: &str) -> Result<Option<Description>, ProgrammerError> {
    let path = folder.join(DESCRIPTION);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    load(&path, link).map(Some)
}

fn load(path: &Path, link: &str) -> Result<Description, ProgrammerError> {
    Description::load(path).map_err(|reason| ProgrammerError::Selector { text: link.to_owned(), reason })
}
