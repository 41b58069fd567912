//! The programmer: a chip of the family in its ROM loader.

use std::ops::Range;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::host::Machine;

use super::super::{
    Capabilities, Chip, EspLine, Link, Mac, Memory, Programmer, ProgrammerError, ProgrammerSelector, Region, Registers,
    Traffic, Watch,
};
use super::connecting::{greeted, hasten, leave, let_be, mac, reads_back, unique};
use super::family::{Family, MAGIC, Sign, flash_size};
use super::flash::{MOST_FLASH, SECTOR};
use super::opening::{Opening, open_line};
use super::rom::{Fault, Rom};
use super::writing::{Kept, Writing, digest_of};

/// A chip of the ESP32 family in its ROM loader.
///
/// A sector of which only a part is written is read before it is erased. If the line breaks between the two, the next write to the
/// same chip puts it back first; if the machine loses its power there, what lay beside the data is lost.
pub struct Loader {
    opening: Opening,
    link: Link,
    wanted: Option<&'static Family>,
    session: Option<Session>,
    /// What an unfinished write may have erased, and on which chip.
    kept: Option<(Mac, Kept)>,
}

/// A chip that answers.
struct Session {
    rom: Rom,
    family: &'static Family,
    mac: Mac,
    memory: Memory,
    reads_back: bool,
}

impl Loader {
    /// Prepares to reach a chip by `line`; `chip` is the profile's (`esp32c3`). Nothing is opened yet.
    pub fn open(line: &EspLine, chip: Option<&str>, machine: &Machine) -> Result<Box<dyn Programmer>, ProgrammerError> {
        let name = ProgrammerSelector::Esp(line.clone()).words();
        let (line, machine) = (line.clone(), machine.clone());
        let link = Link { name: name.clone(), port: None, serial: None };
        let opening = Box::new(move || open_line(&line, &name, &machine));
        Ok(Box::new(Self::with(opening, link, chip)?))
    }

    pub(super) fn with(opening: Opening, link: Link, chip: Option<&str>) -> Result<Self, ProgrammerError> {
        let unknown = |chip: &str| ProgrammerError::UnknownChip {
            link: link.name.clone(),
            chip: chip.to_owned(),
            near: Family::names(),
        };
        let wanted = chip.map(|chip| Family::named(chip).ok_or_else(|| unknown(chip))).transpose()?;
        Ok(Self { opening, link, wanted, session: None, kept: None })
    }

    fn told(&self, doing: &'static str) -> impl Fn(Fault) -> ProgrammerError + use<> {
        let link = self.link.name.clone();
        move |fault| fault.told(&link, doing)
    }

    fn session(&mut self) -> Result<&mut Session, ProgrammerError> {
        let link = &self.link.name;
        let reason = "it is not connected";
        self.session.as_mut().ok_or_else(|| ProgrammerError::NoChip { link: link.clone(), reason: reason.to_owned() })
    }

    /// After an error nobody knows what the ROM awaits: the next thing to do is to connect again.
    fn ended<T>(&mut self, outcome: Result<T, ProgrammerError>) -> Result<T, ProgrammerError> {
        use ProgrammerError as E;
        if matches!(
            outcome,
            Err(E::Silent { .. } | E::Gone { .. } | E::Io { .. } | E::Device { .. } | E::Protocol { .. })
        ) {
            self.session = None;
        }
        outcome
    }

    /// Finds out which chip it is.
    fn identify(&self, rom: &mut Rom) -> Result<&'static Family, ProgrammerError> {
        let told = self.told("connecting");
        let magic = match rom.read32(MAGIC) {
            Ok(magic) => Some(magic),
            Err(fault) if fault.is_unknown_command() => None,
            Err(fault) => return Err(told(fault)),
        };
        if let Some(family) = magic.and_then(|magic| Family::with(Sign::Magic(magic))) {
            return Ok(family);
        }
        let security = rom.security().map_err(&told)?;
        if security.is_locked || magic.is_none() {
            let reason = "its boot loader is in secure download mode".to_owned();
            return Err(ProgrammerError::Locked { link: self.link.name.clone(), reason });
        }
        security.chip.and_then(|id| Family::with(Sign::Id(id))).ok_or_else(|| {
            let id = security.chip.map_or_else(|| "none".to_owned(), |id| id.to_string());
            let reason =
                format!("a chip of the family that is not known (chip id {id}, magic {:#010x})", magic.unwrap_or(0));
            ProgrammerError::NoChip { link: self.link.name.clone(), reason }
        })
    }

    fn check(&self, family: &Family) -> Result<(), ProgrammerError> {
        match self.wanted {
            Some(wanted) if wanted.name != family.name => Err(ProgrammerError::WrongChip {
                link: self.link.name.clone(),
                want: wanted.name.to_owned(),
                have: family.name.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Makes the flash reachable; returns its bytes.
    fn attach(&self, rom: &mut Rom, family: &Family) -> Result<u64, ProgrammerError> {
        let told = self.told("looking for its flash");
        rom.attach(family).map_err(&told)?;
        let id = rom.flash_id(family).map_err(&told)?;
        let size = flash_size(id).ok_or_else(|| ProgrammerError::NoChip {
            link: self.link.name.clone(),
            reason: format!("its flash does not say how large it is (JEDEC id {id:#08x})"),
        })?;
        rom.parameters(size).map_err(&told)?;
        Ok(size.min(MOST_FLASH))
    }
}

impl Programmer for Loader {
    fn link(&self) -> Link {
        self.link.clone()
    }

    fn capabilities(&self) -> Capabilities {
        let reads_back = self.session.as_ref().is_none_or(|session| session.reads_back);
        Capabilities { reads_back, locks: true, knows_uid: true, makes_keys: false }
    }

    fn connect(&mut self) -> Result<Chip, ProgrammerError> {
        self.session = None;
        let (wire, link) = (self.opening)()?;
        self.link = link;
        let told = self.told("connecting");
        let mut rom = greeted(wire).map_err(&told)?;
        let family = self.identify(&mut rom)?;
        self.check(family)?;
        if rom.wire.is_chips_usb()
            && let Some(watchdogs) = family.watchdogs
        {
            let_be(&mut rom, watchdogs).map_err(&told)?;
        }
        hasten(&mut rom, family).map_err(&told)?;
        let mac = mac(&mut rom, family).map_err(&told)?;
        let uid = unique(&mut rom, family).map_err(&told)?;
        let size = self.attach(&mut rom, family)?;
        let reads_back = reads_back(&mut rom).map_err(&told)?;
        let memory = Memory(vec![Region { range: 0..size, page: SECTOR.into(), writable: true }]);
        self.session = Some(Session { rom, family, mac, memory: memory.clone(), reads_back });
        Ok(Chip { name: family.name.to_owned(), uid, mac: Some(mac), memory })
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        let told = self.told("reading");
        let link = self.link.name.clone();
        let session = self.session()?;
        if let Some(at) = session.memory.first_unwritable(range.clone()) {
            return Err(ProgrammerError::Range { range, at, reason: "is not in the chip's memory" });
        }
        if !session.reads_back {
            return Err(ProgrammerError::Unable { link, what: "reading, which its boot loader refuses" });
        }
        let read = session.rom.read_flash(range.start..range.end.max(range.start)).map_err(told);
        let mut read = self.ended(read)?;
        Ok(Secret::new(std::mem::take(&mut *read)))
    }

    fn holds(&mut self, address: u64, bytes: &[u8]) -> Result<bool, ProgrammerError> {
        let told = self.told("comparing");
        let range = address..address.saturating_add(bytes.len() as u64);
        let session = self.session()?;
        if let Some(at) = session.memory.first_unwritable(range.clone()) {
            return Err(ProgrammerError::Range { range, at, reason: "is not in the chip's memory" });
        }
        let digest = session.rom.md5(range).map_err(told);
        Ok(self.ended(digest)? == digest_of(bytes))
    }

    fn digests(&self) -> bool {
        true
    }

    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError> {
        let link = self.link.name.clone();
        self.session()?;
        let before = self.kept.take();
        let Session { rom, family, memory, reads_back, mac } = self.session()?;
        let mac = *mac;
        let (_, mut kept) = before.filter(|(chip, _)| *chip == mac).unwrap_or_else(|| (mac, Kept::default()));
        let mut writing = Writing { rom, family, link: &link, reads_back: *reads_back, kept: &mut kept };
        let written = writing.write(memory, segments, watch);
        self.kept = Some((mac, kept));
        self.ended(written)
    }

    fn registers(&mut self) -> Option<&mut dyn Registers> {
        Some(self)
    }

    fn release(&mut self) -> Result<(), ProgrammerError> {
        let told = self.told("leaving its boot loader");
        let Some(mut session) = self.session.take() else { return Ok(()) };
        leave(&mut session.rom, session.family).map_err(told)
    }
}

impl Registers for Loader {
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
        let told = self.told("reading a register");
        let address = register(address)?;
        let read = self.session()?.rom.read32(address).map_err(told);
        self.ended(read)
    }

    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
        let told = self.told("writing a register");
        let address = register(address)?;
        let written = self.session()?.rom.write32(address, value).map_err(told);
        self.ended(written)
    }

    fn reset(&mut self) -> Result<(), ProgrammerError> {
        let link = self.link.name.clone();
        let session = self.session()?;
        let before = session.mac;
        if session.rom.wire.lines().is_none() {
            return Err(ProgrammerError::Unable { link, what: "resetting the chip over a line without control lines" });
        }
        match self.connect()?.mac {
            Some(mac) if mac == before => Ok(()),
            _ => {
                self.session = None;
                let reason = format!("behind the reset is another chip than {before}");
                Err(ProgrammerError::NoChip { link, reason })
            }
        }
    }
}

fn register(address: u64) -> Result<u32, ProgrammerError> {
    let range = address..address.saturating_add(4);
    let wrong = ProgrammerError::Range { range, at: address, reason: "is no address of a word" };
    u32::try_from(address).ok().filter(|address| address % 4 == 0).ok_or(wrong)
}
