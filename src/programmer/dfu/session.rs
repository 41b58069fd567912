//! One connection: the state machine of DFU, block by block.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::host::usb::{Setup, UsbFault};
use crate::programmer::ProgrammerError;

use super::control::Control;
use super::layout::{Layout, Unread};
use super::map::Map;
use super::status::{REPORT, Report, State, VENDOR, status_words};

/// Class requests to an interface (DFU 1.1, table 3.2).
const DETACHED: u8 = 0x21;
const ASKED: u8 = 0xa1;
const DNLOAD: u8 = 1;
const UPLOAD: u8 = 2;
const GETSTATUS: u8 = 3;
const CLRSTATUS: u8 = 4;
const GETSTATE: u8 = 5;
const ABORT: u8 = 6;
/// Commands of DfuSe in block 0 (AN3156, section 5).
const SET_ADDRESS: u8 = 0x21;
const ERASE: u8 = 0x41;
/// How long a device may be busy with one block or one sector.
const BUSY_WITHIN: Duration = Duration::from_secs(40);
/// The most requests by which a device is brought to rest.
const MOST_TRIES: usize = 12;

/// A device that is open, and what it said of itself.
pub(super) struct Session {
    control: Box<dyn Control>,
    /// The link in words.
    name: String,
    /// What it said of itself.
    pub(super) layout: Layout,
    /// Its memory; empty where it speaks plain DFU.
    pub(super) map: Map,
    alternate: Option<u8>,
}

impl Session {
    /// Asks an open device what it is and brings it to rest, whatever another program left it in.
    pub(super) fn begin(mut control: Box<dyn Control>, name: String) -> Result<Self, ProgrammerError> {
        let doing = "connecting";
        let broken = |answer| ProgrammerError::Protocol { link: name.clone(), doing, answer };
        let layout = Layout::ask(control.as_mut()).map_err(|unread| match unread {
            Unread::Usb(fault) => usb_error(&name, doing, fault),
            Unread::Nonsense(answer) => broken(answer),
        })?;
        let map = if layout.dfuse { Map::read(&layout.alternates).map_err(broken)? } else { Map::default() };
        let mut session = Self { control, name, layout, map, alternate: None };
        session.rest(doing)?;
        Ok(session)
    }

    /// Brings the device to dfuIDLE: leftovers are aborted, errors cleared, and what is at work is waited for.
    pub(super) fn rest(&mut self, doing: &'static str) -> Result<(), ProgrammerError> {
        for _ in 0..MOST_TRIES {
            // Not GETSTATUS at first: to it a device may begin the work that a block of another program asked for.
            match self.state(doing)? {
                State::Idle => return Ok(()),
                State::Error => self.request(CLRSTATUS, doing)?,
                State::DownloadBusy | State::Manifest => {
                    let report = self.report(doing)?;
                    self.control.pause(report.poll.max(Duration::from_millis(100)));
                }
                State::AppIdle | State::AppDetach => {
                    let reason = "it runs its firmware; put it into its boot loader".to_owned();
                    return Err(ProgrammerError::NoChip { link: self.name.clone(), reason });
                }
                State::ManifestWaitReset => {
                    let reason = "it was written and waits for a reset; unplug it and plug it in again".to_owned();
                    return Err(ProgrammerError::NoChip { link: self.name.clone(), reason });
                }
                _ => self.request(ABORT, doing)?,
            }
        }
        Err(self.protocol(doing, "it does not come to rest".to_owned()))
    }

    /// Chooses the alternate setting, if another one is chosen; the device is at rest then.
    pub(super) fn choose(&mut self, alternate: u8, doing: &'static str) -> Result<(), ProgrammerError> {
        if self.alternate != Some(alternate) {
            // A device with one setting may refuse to have it chosen, and needs not.
            if self.layout.alternates.len() > 1 {
                self.control.alternate(alternate).map_err(|fault| self.usb(doing, fault))?;
            }
            self.alternate = Some(alternate);
        }
        self.rest(doing)
    }

    /// Erases the sector at `address` (DfuSe).
    pub(super) fn erase(&mut self, address: u64) -> Result<(), ProgrammerError> {
        self.command(ERASE, address, "erasing")
    }

    /// Points to `address` for the blocks that follow (DfuSe).
    pub(super) fn point(&mut self, address: u64, doing: &'static str) -> Result<(), ProgrammerError> {
        self.command(SET_ADDRESS, address, doing)
    }

    fn command(&mut self, command: u8, address: u64, doing: &'static str) -> Result<(), ProgrammerError> {
        let Ok(short) = u32::try_from(address) else {
            return Err(self.protocol(doing, format!("{address:#x} is no address of 32 bits")));
        };
        let [a, b, c, d] = short.to_le_bytes();
        self.download(0, &[command, a, b, c, d], doing)
    }

    /// Downloads one block and waits until the device has dealt with it.
    pub(super) fn download(&mut self, block: u16, bytes: &[u8], doing: &'static str) -> Result<(), ProgrammerError> {
        self.hand_over(block, bytes, doing)?;
        match self.settle(doing)?.state {
            State::DownloadIdle => Ok(()),
            other => Err(self.protocol(doing, format!("{} after a block", other.words()))),
        }
    }

    /// Hands a block over without asking what becomes of it.
    pub(super) fn hand_over(&mut self, block: u16, bytes: &[u8], doing: &'static str) -> Result<(), ProgrammerError> {
        match self.control.tell(self.setup(DETACHED, DNLOAD, block), bytes) {
            Err(UsbFault::Stalled) => Err(self.stalled(doing)),
            told => told.map_err(|fault| self.usb(doing, fault)),
        }
    }

    /// Uploads one block of at most `most` bytes.
    pub(super) fn upload(&mut self, block: u16, most: usize) -> Result<Zeroizing<Vec<u8>>, ProgrammerError> {
        match self.control.ask(self.setup(ASKED, UPLOAD, block), most) {
            Err(UsbFault::Stalled) => Err(self.stalled("reading")),
            asked => asked.map_err(|fault| self.usb("reading", fault)),
        }
    }

    /// Asks for the status until the device is no longer busy. Its own wait times are kept, up to 5 s each and 40 s in all.
    pub(super) fn settle(&mut self, doing: &'static str) -> Result<Report, ProgrammerError> {
        let until = self.control.clock() + BUSY_WITHIN;
        loop {
            let report = self.report(doing)?;
            match report.state {
                State::Error => return Err(self.refused(report.status, doing)),
                State::DownloadBusy | State::DownloadSync | State::ManifestSync | State::Manifest => {}
                _ => return Ok(report),
            }
            if self.control.clock() >= until {
                return Err(ProgrammerError::Silent { link: self.name.clone(), doing });
            }
            self.control.pause(report.poll.max(Duration::from_millis(1)));
        }
    }

    /// Asks for the status once.
    pub(super) fn report(&mut self, doing: &'static str) -> Result<Report, ProgrammerError> {
        let bytes =
            self.control.ask(self.setup(ASKED, GETSTATUS, 0), REPORT).map_err(|fault| self.usb(doing, fault))?;
        Report::read(&bytes).ok_or_else(|| self.protocol(doing, format!("the status {:02x?}", *bytes)))
    }

    /// Asks for the status once, for one who knows what a fault means.
    pub(super) fn try_report(&mut self) -> Result<Option<Report>, UsbFault> {
        let bytes = self.control.ask(self.setup(ASKED, GETSTATUS, 0), REPORT)?;
        Ok(Report::read(&bytes))
    }

    /// Hands over the empty block that ends a download, for one who knows what a fault means.
    pub(super) fn try_end(&mut self, block: u16) -> Result<(), UsbFault> {
        self.control.tell(self.setup(DETACHED, DNLOAD, block), &[])
    }

    /// Resets the device's port.
    pub(super) fn reset_port(&mut self) -> Result<(), UsbFault> {
        self.control.reset()
    }

    /// The time, from any moment on.
    pub(super) fn clock(&self) -> Duration {
        self.control.clock()
    }

    /// Lets time pass.
    pub(super) fn pause(&mut self, time: Duration) {
        self.control.pause(time);
    }

    fn state(&mut self, doing: &'static str) -> Result<State, ProgrammerError> {
        match self.control.ask(self.setup(ASKED, GETSTATE, 0), 1) {
            Ok(bytes) => match *bytes.as_slice() {
                [byte] => State::read(byte).ok_or_else(|| self.protocol(doing, format!("state {byte}"))),
                _ => Err(self.protocol(doing, format!("a state of {} bytes", bytes.len()))),
            },
            Err(UsbFault::Stalled) => Ok(self.report(doing)?.state),
            Err(fault) => Err(self.usb(doing, fault)),
        }
    }

    /// Asks the device to come to rest. One that refuses is asked anew what it is doing: it may be in dfuERROR by now.
    fn request(&mut self, request: u8, doing: &'static str) -> Result<(), ProgrammerError> {
        match self.control.tell(self.setup(DETACHED, request, 0), &[]) {
            Ok(()) | Err(UsbFault::Stalled) => Ok(()),
            Err(fault) => Err(self.usb(doing, fault)),
        }
    }

    fn setup(&self, request_type: u8, request: u8, value: u16) -> Setup {
        Setup { request_type, request, value, index: u16::from(self.layout.interface) }
    }

    /// A device that stalls a request says why in its status.
    pub(super) fn stalled(&mut self, doing: &'static str) -> ProgrammerError {
        match self.report(doing) {
            Ok(report) if report.status != 0 => self.refused(report.status, doing),
            Ok(_) => self.protocol(doing, "it stalls the request".to_owned()),
            Err(error) => error,
        }
    }

    /// Makes an error of a status that is not OK.
    pub(super) fn refused(&self, status: u8, doing: &'static str) -> ProgrammerError {
        let link = self.name.clone();
        if self.layout.dfuse && status == VENDOR {
            return ProgrammerError::Locked {
                link,
                reason: format!("it refuses {doing} with {}", status_words(status)),
            };
        }
        ProgrammerError::Device { link, doing, answer: status_words(status) }
    }

    /// Makes an error of an answer that is not as it should be.
    pub(super) fn protocol(&self, doing: &'static str, answer: String) -> ProgrammerError {
        ProgrammerError::Protocol { link: self.name.clone(), doing, answer }
    }

    /// Makes an error of a fault of USB.
    pub(super) fn usb(&self, doing: &'static str, fault: UsbFault) -> ProgrammerError {
        usb_error(&self.name, doing, fault)
    }

    /// Returns the link in words.
    pub(super) fn name(&self) -> String {
        self.name.clone()
    }
}

/// Makes an error of a fault of USB.
pub(super) fn usb_error(name: &str, doing: &'static str, fault: UsbFault) -> ProgrammerError {
    let link = name.to_owned();
    match fault {
        UsbFault::Stalled => ProgrammerError::Protocol {
            link,
            doing,
            answer: "it stalls a request that every device has to answer".to_owned(),
        },
        UsbFault::Silent => ProgrammerError::Silent { link, doing },
        UsbFault::Gone => ProgrammerError::Gone { link, doing },
        UsbFault::Busy => ProgrammerError::Busy { link },
        UsbFault::Denied | UsbFault::Other(_) => {
            ProgrammerError::Io { link, doing, source: std::io::Error::other(fault.to_string()) }
        }
    }
}
