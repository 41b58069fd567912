//! The client: a device in DFU mode as a programmer.

use std::ops::Range;
use std::time::Duration;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::host::Machine;
use crate::host::usb::{UsbFault, UsbHandle, UsbPort, usb_ports};
use crate::programmer::{
    Capabilities, Chip, Link, Programmer, ProgrammerError, Registers, Traffic, UsbSelector, Watch,
};

use super::control::{Control, Real};
use super::layout::DFU_MODE;
use super::select::find;
use super::session::{Session, usb_error};
use super::{leave, memory, plain};

/// How long a chip that resets itself may take to go, and to come back.
const GOES_WITHIN: Duration = Duration::from_secs(2);
const COMES_BACK_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Where devices are found and opened: this machine, or a test's.
pub(super) trait Bus: Send {
    /// Finds the device that is selected.
    fn find(&self, select: &UsbSelector) -> Result<UsbPort, ProgrammerError>;
    /// Opens it.
    fn open(&self, port: &UsbPort) -> Result<Box<dyn Control>, UsbFault>;
    /// Returns true while this very appearance of it is there.
    fn is_there(&self, port: &UsbPort) -> bool;
    /// Lets time pass.
    fn pause(&self, time: Duration);
}

impl Bus for Machine {
    fn find(&self, select: &UsbSelector) -> Result<UsbPort, ProgrammerError> {
        find(self, select)
    }

    fn open(&self, port: &UsbPort) -> Result<Box<dyn Control>, UsbFault> {
        let dfu = port.interfaces.iter().find(|interface| interface.class == DFU_MODE);
        let handle = UsbHandle::open(self, port, dfu.map_or(0, |interface| interface.number))?;
        Ok(Box::new(Real::new(handle)))
    }

    fn is_there(&self, port: &UsbPort) -> bool {
        usb_ports(self).is_ok_and(|ports| ports.iter().any(|it| it.port == port.port && it.address == port.address))
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A device in DFU mode: DfuSe with its memory map, or plain DFU with one image.
///
/// A DFU boot loader does not say which chip it runs on, so the chip is named by its USB identity, `0483:df11`. Its unique
/// number is its USB serial number, all that such a boot loader tells: ST's derives it from the chip's own; clones may
/// all have the same, which the station notices because a number binds one record only.
///
/// Plain DFU has no addresses: offsets into one image, written as a whole. A device that leaves by the end of a download (not
/// manifestation-tolerant) cannot be read back before it leaves, so it says that it does not read back.
pub struct Client {
    bus: Box<dyn Bus>,
    select: UsbSelector,
    chip: Option<String>,
    open: Option<Open>,
    /// Where the device was when it was connected last; known after it is let go, too.
    seen: Option<(UsbPort, Capabilities)>,
}

struct Open {
    session: Session,
    /// The download was not ended yet: that is done at release.
    ends: bool,
    /// Option bytes were written: the chip resets itself.
    resets: bool,
}

impl Client {
    /// Names the device that is to be connected; touches nothing. `chip` is the profile's, checked where it is a USB identity.
    pub fn open(
        select: &UsbSelector,
        chip: Option<&str>,
        machine: &Machine,
    ) -> Result<Box<dyn Programmer>, ProgrammerError> {
        Ok(Box::new(Self::on(Box::new(machine.clone()), select, chip)))
    }

    pub(super) fn on(bus: Box<dyn Bus>, select: &UsbSelector, chip: Option<&str>) -> Self {
        Self { bus, select: select.clone(), chip: chip.map(str::to_owned), open: None, seen: None }
    }

    fn name(&self) -> String {
        match (&self.select, &self.seen) {
            (UsbSelector::Only, Some((port, _))) => format!("dfu:port={}", port.port),
            (select, _) => format!("dfu:{}", select.words()),
        }
    }

    fn session(&mut self, doing: &'static str) -> Result<&mut Open, ProgrammerError> {
        let link = self.name();
        self.open.as_mut().ok_or(ProgrammerError::Gone { link, doing })
    }

    fn connect_to(&mut self, select: &UsbSelector) -> Result<Chip, ProgrammerError> {
        self.open = None;
        let port = self.bus.find(select)?;
        let name = format!("dfu:port={}", port.port);
        let control = self.bus.open(&port).map_err(|fault| match fault {
            UsbFault::Denied => {
                ProgrammerError::Permission { link: name.clone(), node: port.node.display().to_string() }
            }
            fault => usb_error(&name, "connecting", fault),
        })?;
        let chip_name = format!("{:04x}:{:04x}", port.vendor_id, port.product_id);
        self.check_chip(&name, &chip_name)?;
        let session = Session::begin(control, name)?;
        let uid = port.serial.as_ref().map(|serial| serial.to_lowercase());
        let memory = if session.layout.dfuse { session.map.memory() } else { plain::memory() };
        self.seen = Some((port, capabilities(&session, uid.is_some())));
        self.open = Some(Open { session, ends: false, resets: false });
        Ok(Chip { name: chip_name, uid, mac: None, memory })
    }

    /// A boot loader that cannot say its chip is believed, unless the profile names the boot loader itself.
    fn check_chip(&self, link: &str, have: &str) -> Result<(), ProgrammerError> {
        match &self.chip {
            Some(want) if want.contains(':') && !want.eq_ignore_ascii_case(have) => {
                Err(ProgrammerError::WrongChip { link: link.to_owned(), want: want.clone(), have: have.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

fn capabilities(session: &Session, knows_uid: bool) -> Capabilities {
    let layout = &session.layout;
    Capabilities {
        reads_back: layout.uploads && (layout.dfuse || layout.tolerant),
        locks: layout.dfuse && layout.uploads && layout.downloads,
        knows_uid,
        makes_keys: false,
    }
}

impl Programmer for Client {
    fn link(&self) -> Link {
        let port = self.seen.as_ref().map(|(port, _)| port);
        Link {
            name: self.name(),
            port: port.map(|port| port.port.clone()),
            serial: port.and_then(|port| port.serial.clone()),
        }
    }

    /// Known after `connect`; before it, nothing is claimed.
    fn capabilities(&self) -> Capabilities {
        self.seen.as_ref().map(|(_, capabilities)| *capabilities).unwrap_or_default()
    }

    fn connect(&mut self) -> Result<Chip, ProgrammerError> {
        self.connect_to(&self.select.clone())
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        let Open { session, ends, .. } = self.session("reading")?;
        if *ends {
            // To read now would abort the download that release has to end.
            return Err(ProgrammerError::Unable { link: session.name(), what: "reading back before it leaves" });
        }
        if session.layout.dfuse { memory::read(session, range) } else { plain::read(session, range) }
    }

    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError> {
        let Open { session, ends, .. } = self.session("writing")?;
        if !session.layout.downloads {
            return Err(ProgrammerError::Unable { link: session.name(), what: "writing" });
        }
        if session.layout.dfuse {
            return memory::write(session, segments, watch);
        }
        *ends = false;
        let (traffic, unended) = plain::write(session, segments, watch)?;
        *ends = unended;
        Ok(traffic)
    }

    fn registers(&mut self) -> Option<&mut dyn Registers> {
        if self.capabilities().locks { Some(self) } else { None }
    }

    fn release(&mut self) -> Result<(), ProgrammerError> {
        let Some(Open { mut session, ends, resets }) = self.open.take() else { return Ok(()) };
        if !session.layout.dfuse {
            return leave::plain(&mut session, ends);
        }
        match leave::dfuse(&mut session) {
            // It was to reset itself, and did.
            Err(ProgrammerError::Gone { .. }) if resets => Ok(()),
            left => left,
        }
    }
}

impl Client {
    fn is_there(&self) -> bool {
        self.seen.as_ref().is_some_and(|(port, _)| self.bus.is_there(port))
    }

    /// Waits until the device's appearance is gone, or for `limit`.
    fn await_departure(&self, limit: Duration) {
        let mut waited = Duration::ZERO;
        while self.is_there() && waited < limit {
            self.bus.pause(BETWEEN_LOOKS);
            waited += BETWEEN_LOOKS;
        }
    }
}

/// Words of the chip, for lock recipes. A word of the option bytes is written together with all of them, as they were read:
/// the boot loader erases them all at once, then resets the chip. Other memory that is not erased (one-time memory) is written
/// as the word alone. A word of flash is data, and written as such.
impl Registers for Client {
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
        let link = self.name();
        self.read(address..address.saturating_add(4))?.expose(|bytes| match *bytes {
            [a, b, c, d] => Ok(u32::from_le_bytes([a, b, c, d])),
            _ => Err(ProgrammerError::Protocol { link, doing: "reading", answer: format!("{} bytes", bytes.len()) }),
        })
    }

    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
        let open = self.session("writing")?;
        let range = address..address.saturating_add(4);
        let zone = open.session.map.zone(address).cloned();
        let Some(zone) = zone.filter(|zone| range.end <= zone.range.end) else {
            return Err(ProgrammerError::Range { range, at: address, reason: "is not in the chip's memory" });
        };
        let word = Segment::new(address, value.to_le_bytes().to_vec());
        match (zone.writable, zone.erasable, zone.is_options()) {
            (false, ..) => Err(ProgrammerError::Range { range, at: address, reason: "is write-protected" }),
            (_, _, true) => memory::write_options(&mut open.session, &zone, &word).map(|()| open.resets = true),
            (_, true, _) => self.write(&[word], &|_, _| ()).map(drop),
            _ => memory::write_word(&mut open.session, &zone, &word),
        }
    }

    /// Option bytes reset the chip by themselves: waits until it went (2 s) and is back (10 s). There is no other reset by DFU
    /// that keeps a chip in its boot loader: then it is only connected anew.
    fn reset(&mut self) -> Result<(), ProgrammerError> {
        let resets = self.open.take().is_some_and(|open| open.resets);
        let Some((port, _)) = &self.seen else { return self.connect().map(drop) };
        let select = UsbSelector::Port(port.port.clone());
        if resets {
            self.await_departure(GOES_WITHIN);
        }
        let mut waited = Duration::ZERO;
        loop {
            match self.connect_to(&select) {
                Err(
                    ProgrammerError::Absent { .. } | ProgrammerError::Gone { .. } | ProgrammerError::Permission { .. },
                ) if waited < COMES_BACK_WITHIN => {}
                connected => return connected.map(drop),
            }
            self.bus.pause(BETWEEN_LOOKS);
            waited += BETWEEN_LOOKS;
        }
    }
}
