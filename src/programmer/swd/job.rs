//! What is done with a probe: the orders, by probe-rs.

use std::time::Duration;

use probe_rs::flashing::{DownloadOptions, FlashProgress, ProgressEvent, ProgressOperation};
use probe_rs::{Core, MemoryInterface as _, Session};
use zeroize::Zeroizing;

use crate::fleet::Secret;

use super::attach::{self, Attached};
use super::choose::{self, Chosen};
use super::failure::{of_core, of_flash};
use super::frame::LONGEST_DATA;
use super::identity;
use super::order::{Choice, Failure, Found};
use super::target;

/// How long the core may take to stop.
const STOPPING: Duration = Duration::from_secs(1);

/// Bytes that are read back at once.
const PIECE: usize = 32 << 10;

/// One probe and its chip, once connected.
#[derive(Default)]
pub(super) struct Job {
    session: Option<Session>,
    chosen: Option<Chosen>,
    /// Why the chip is not connected any more, since a reset.
    shut: Option<Failure>,
}

impl Job {
    /// Opens the probe, connects to the chip, stops it, and asks who it is.
    pub(super) fn connect(&mut self, choice: &Choice, chip: Option<&str>) -> Result<Found, Failure> {
        *self = Self::default();
        let wanted = chip.map(target::by_name).transpose()?;
        let chosen = choose::probe(choice)?;
        let Attached { mut session, detected } = attach::attach(&chosen, wanted)?;
        let name = session.target().name.clone();
        if let Some(have) = detected.filter(|have| !target::is_same(&name, have)) {
            return Err(Failure::WrongChip { want: name, have });
        }
        let memory = target::memory(session.target());
        let kind = target::core(session.target());
        let mut core = stopped(&mut session)?;
        let mut word = |address| core.read_word_32(address).map_err(|error| of_core(&error));
        identity::check(&name, kind, &mut word)?;
        let uid = identity::uid(&name, &mut word)?;
        let mac = identity::mac(&name, &mut word)?;
        drop(core);
        self.session = Some(session);
        let (port, serial) = (chosen.port.clone(), chosen.serial.clone());
        self.chosen = Some(chosen);
        Ok(Found { name, uid, mac, memory, port, serial })
    }

    /// Reads memory.
    pub(super) fn read(&mut self, address: u64, length: u32) -> Result<Secret, Failure> {
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST_DATA);
        let length = length.ok_or_else(|| Failure::Protocol("more than is read at once".to_owned()))?;
        let mut bytes = Zeroizing::new(vec![0; length]);
        self.core()?.read(address, &mut bytes).map_err(|error| of_core(&error))?;
        Ok(Secret::new(std::mem::take(&mut *bytes)))
    }

    /// Erases the pages of `runs` and programs them, then reads them back.
    pub(super) fn write(&mut self, runs: &[(u64, Secret)], watch: &mut dyn FnMut(u64, u64)) -> Result<(), Failure> {
        let all = runs.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let session = self.session()?;
        let mut loader = session.target().flash_loader();
        for (address, bytes) in runs {
            bytes.expose(|bytes| loader.add_data(*address, bytes)).map_err(|error| of_flash(&error))?;
        }
        let mut done = 0;
        let mut options = DownloadOptions::new();
        options.keep_unwritten_bytes = true;
        options.progress = FlashProgress::new(|event| {
            if let ProgressEvent::Progress { operation, size, .. } = event {
                done += if matches!(operation, ProgressOperation::Program) { size } else { 0 };
                watch(done.min(all), all);
            }
        });
        loader.commit(session, options).map_err(|error| of_flash(&error))?;
        // Each piece is a sign of life; on a slow probe the whole takes longer than the station waits.
        self.compare(runs, &mut || watch(all, all))
    }

    fn compare(&mut self, runs: &[(u64, Secret)], alive: &mut dyn FnMut()) -> Result<(), Failure> {
        for (address, want) in runs {
            let mut at = 0;
            while at < want.len() {
                let end = want.len().min(at + PIECE);
                let have = self.read(address + at as u64, u32::try_from(end - at).unwrap_or(u32::MAX))?;
                let differs = |want: &[u8]| have.expose(|have| want.iter().zip(have).position(|(a, b)| a != b));
                if let Some(byte) = want.expose(|want| differs(&want[at..end])) {
                    let finding = "the page does not hold what was programmed".to_owned();
                    return Err(Failure::Differs { address: address + (at + byte) as u64, finding });
                }
                at = end;
                alive();
            }
        }
        Ok(())
    }

    /// Reads a word.
    pub(super) fn read32(&mut self, address: u64) -> Result<u32, Failure> {
        self.core()?.read_word_32(address).map_err(|error| of_core(&error))
    }

    /// Writes a word.
    pub(super) fn write32(&mut self, address: u64, value: u32) -> Result<(), Failure> {
        self.core()?.write_word_32(address, value).map_err(|error| of_core(&error))
    }

    /// Resets the chip and stops it before its first instruction; connects anew where the reset cut the connection. A lock that
    /// then lets nobody in is no failure of the reset: what is asked of the chip next fails with it.
    pub(super) fn reset(&mut self) -> Result<(), Failure> {
        let reset = |mut core: Core<'_>| core.reset_and_halt(STOPPING).map(|_| ()).map_err(|error| of_core(&error));
        let outcome = self.core().and_then(reset);
        match (outcome, self.session.as_ref().map(|session| session.target().clone()), &self.chosen) {
            (Err(failure), Some(target), Some(chosen)) if !is_of_probe(&failure) => {
                self.session = None;
                match attach::attach(chosen, Some(target)) {
                    Ok(attached) => self.session = Some(attached.session),
                    Err(failure) if is_of_probe(&failure) => return Err(failure),
                    Err(failure) => self.shut = Some(failure),
                }
                Ok(())
            }
            (outcome, ..) => outcome,
        }
    }

    /// Resets the chip, lets it run, closes the probe.
    pub(super) fn release(&mut self) -> Result<(), Failure> {
        if self.shut.is_some() {
            // A lock that took hold at a reset has let it go already.
            return Ok(());
        }
        let reset = self.core().and_then(|mut core| core.reset().map_err(|error| of_core(&error)));
        self.session = None;
        reset
    }

    fn session(&mut self) -> Result<&mut Session, Failure> {
        let shut = &self.shut;
        let why = || shut.clone().unwrap_or_else(|| Failure::NoChip("it is not connected".to_owned()));
        self.session.as_mut().ok_or_else(why)
    }

    fn core(&mut self) -> Result<Core<'_>, Failure> {
        self.session()?.core(0).map_err(|error| of_core(&error))
    }
}

/// True where it is the probe that failed, whatever the chip is.
fn is_of_probe(failure: &Failure) -> bool {
    matches!(failure, Failure::Gone | Failure::Silent | Failure::Absent | Failure::Busy | Failure::Permission(_))
}

/// Stops the core after a reset, so that what its firmware has set up does not matter.
fn stopped(session: &mut Session) -> Result<Core<'_>, Failure> {
    let mut core = session.core(0).map_err(|error| of_core(&error))?;
    core.reset_and_halt(STOPPING).map_err(|error| of_core(&error))?;
    Ok(core)
}
