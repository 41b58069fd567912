//! The programmer: a chip of the family in its ROM loader.

use std::io;
use std::ops::Range;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use crate::fleet::Secret;
use crate::format::Segment;
use crate::host::{Machine, SerialPort, serial_ports};

use super::super::{
    Capabilities, Chip, EspLine, Link, Mac, Memory, Programmer, ProgrammerError, ProgrammerSelector, Region, Registers,
    Traffic, Watch,
};
use super::family::{Family, MAGIC, Sign, Watchdogs, flash_size};
use super::flash::{MOST_FLASH, SECTOR};
use super::lines::{into_firmware, into_loader, ways};
use super::rom::{Fault, Rom};
use super::serial::{FIRST_SPEED, Serial};
use super::socket::Socket;
use super::wire::Wire;
use super::writing::{Kept, Writing};

/// The speed of a real serial port once the chip is known; adapters of every make have it.
const SPEED: u32 = 460_800;
/// How long each greeting waits; the line may be slow, and a loader that is busy answers late.
const GREETINGS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];
/// A USB product of Espressif's: the serial port that is part of the chip.
const CHIPS_USB: (u16, u16) = (0x303a, 0x1001);

/// Opens the line anew, and says where it hangs.
type Opening = Box<dyn FnMut() -> Result<(Box<dyn Wire>, Link), ProgrammerError> + Send>;

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
    pub fn open(
        line: &EspLine,
        chip: Option<&str>,
        machine: &Machine,
    ) -> Result<Box<dyn Programmer>, ProgrammerError> {
        let name = ProgrammerSelector::Esp(line.clone()).words();
        let (line, machine) = (line.clone(), machine.clone());
        let link = Link { name: name.clone(), port: None, serial: None };
        let opening = Box::new(move || open_line(&line, &name, &machine));
        Ok(Box::new(Self::with(opening, link, chip)?))
    }

    pub(super) fn with(opening: Opening, link: Link, chip: Option<&str>) -> Result<Self, ProgrammerError> {
        let unknown = |chip: &str| ProgrammerError::UnknownChip { link: link.name.clone(), chip: chip.to_owned() };
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
        if matches!(outcome, Err(E::Silent { .. } | E::Gone { .. } | E::Io { .. } | E::Device { .. } | E::Protocol { .. })) {
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
            let reason = format!("a chip of the family that is not known (chip id {id}, magic {:#010x})", magic.unwrap_or(0));
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
        let memory = Memory(vec![Region { range: 0..size, page: SECTOR, writable: true }]);
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

/// Opens the line; a serial port is told by the USB device it belongs to.
fn open_line(line: &EspLine, name: &str, machine: &Machine) -> Result<(Box<dyn Wire>, Link), ProgrammerError> {
    let failed = |node: &str, error: io::Error| not_opened(name, node, error);
    match line {
        EspLine::Socket(address) => {
            let socket = Socket::open(address).map_err(|error| failed(address, error))?;
            Ok((Box::new(socket), Link { name: name.to_owned(), port: None, serial: None }))
        }
        EspLine::Node(node) => {
            let path = machine.path(node);
            let real = path.canonicalize().map_err(|error| failed(node, error))?;
            let usb = serial_ports(machine).into_iter().find(|port| Path::new(&port.node).file_name() == real.file_name());
            open_port(&real, usb, name)
        }
        EspLine::Port(port) => {
            let mut found: Vec<SerialPort> =
                serial_ports(machine).into_iter().filter(|serial| serial.port == *port).collect();
            if found.len() > 1 {
                let found = found.into_iter().map(|serial| serial.node).collect();
                return Err(ProgrammerError::Several { link: name.to_owned(), found });
            }
            let serial = found.pop().ok_or_else(|| ProgrammerError::Absent { link: name.to_owned() })?;
            open_port(&machine.path(&serial.node), Some(serial), name)
        }
    }
}

fn open_port(node: &Path, usb: Option<SerialPort>, name: &str) -> Result<(Box<dyn Wire>, Link), ProgrammerError> {
    let failed = |error| not_opened(name, &node.to_string_lossy(), error);
    let is_port = std::fs::metadata(node).map_err(failed)?.file_type().is_char_device();
    if !is_port {
        let reason = format!("{} is no serial port", node.display());
        return Err(ProgrammerError::Selector { text: name.to_owned(), reason });
    }
    let is_chips_usb = usb.as_ref().is_some_and(|usb| (usb.vendor_id, usb.product_id) == CHIPS_USB);
    let serial = Serial::open(node, is_chips_usb).map_err(failed)?;
    let (port, number) = usb.map(|usb| (usb.port, usb.serial)).unzip();
    Ok((Box::new(serial), Link { name: name.to_owned(), port, serial: number.flatten() }))
}

fn not_opened(name: &str, node: &str, error: io::Error) -> ProgrammerError {
    use io::ErrorKind as K;
    let link = name.to_owned();
    match error.kind() {
        K::NotFound | K::ConnectionRefused => ProgrammerError::Absent { link },
        K::PermissionDenied => ProgrammerError::Permission { link, node: node.to_owned() },
        K::ResourceBusy => ProgrammerError::Busy { link },
        K::TimedOut => ProgrammerError::Silent { link, doing: "connecting" },
        _ => ProgrammerError::Io { link, doing: "connecting", source: error },
    }
}

/// Resets the chip into its loader, where the line can, and greets it until it answers.
fn greeted(wire: Box<dyn Wire>) -> Result<Rom, Fault> {
    let mut rom = Rom::new(wire);
    if rom.wire.lines().is_none() {
        return greet(&mut rom).map(|()| rom);
    }
    let mut last = Fault::Silent;
    for way in ways(rom.wire.is_chips_usb()) {
        rom.wire.set_speed(FIRST_SPEED)?;
        if let Some(lines) = rom.wire.lines() {
            into_loader(lines, *way)?;
        }
        match greet(&mut rom) {
            Ok(()) => return Ok(rom),
            Err(fault @ (Fault::Silent | Fault::Odd(_))) => last = fault,
            Err(fault) => return Err(fault),
        }
    }
    Err(last)
}

fn greet(rom: &mut Rom) -> Result<(), Fault> {
    let mut last = Fault::Silent;
    for limit in GREETINGS {
        rom.empty()?;
        match rom.sync(limit) {
            Ok(()) => return Ok(()),
            Err(fault @ (Fault::Silent | Fault::Odd(_) | Fault::Refused(_))) => last = fault,
            Err(fault) => return Err(fault),
        }
    }
    Err(last)
}

/// Talks faster where that can be taken back: a chip that does not follow is reset to the first speed.
fn hasten(rom: &mut Rom, family: &Family) -> Result<(), Fault> {
    if rom.wire.is_chips_usb() || rom.wire.lines().is_none() || !family.keeps_speed {
        return Ok(());
    }
    let followed = rom.change_speed(SPEED).and_then(|()| rom.read32(MAGIC));
    match followed {
        Ok(_) => Ok(()),
        Err(fault @ Fault::Wire(_)) => Err(fault),
        Err(_) => {
            rom.wire.set_speed(FIRST_SPEED)?;
            if let Some(lines) = rom.wire.lines() {
                into_loader(lines, ways(false)[1])?;
            }
            greet(rom)
        }
    }
}

/// Keeps the watchdogs from resetting a chip that is reached by its own USB port.
fn let_be(rom: &mut Rom, dogs: Watchdogs) -> Result<(), Fault> {
    rom.write32(dogs.protect, dogs.key)?;
    rom.write32(dogs.config, 0)?;
    rom.write32(dogs.protect, 0)?;
    rom.write32(dogs.super_protect, dogs.super_key)?;
    let config = rom.read32(dogs.super_config)?;
    rom.write32(dogs.super_config, config | dogs.super_feeds_itself)?;
    rom.write32(dogs.super_protect, 0)
}

/// Reads the factory MAC address from its fuses.
fn mac(rom: &mut Rom, family: &Family) -> Result<Mac, Fault> {
    let (low, high) = (rom.read32(family.mac)?, rom.read32(family.mac + 4)?);
    let ([_, _, a, b], [c, d, e, f]) = (high.to_be_bytes(), low.to_be_bytes());
    let mac = [a, b, c, d, e, f];
    if mac == [0; 6] || mac == [0xff; 6] {
        return Err(Fault::Odd(format!("its fuses have no MAC address ({})", Mac(mac))));
    }
    Ok(Mac(mac))
}

/// Reads the unique number of 128 bits that the factory burns into most chips.
fn unique(rom: &mut Rom, family: &Family) -> Result<Option<String>, Fault> {
    let Some(first) = family.unique else { return Ok(None) };
    let mut bytes = [0; 16];
    for (index, word) in bytes.chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&rom.read32(first + 4 * index as u32)?.to_le_bytes());
    }
    Ok((bytes != [0; 16]).then(|| hex::encode(bytes)))
}

/// Asks for a few bytes of flash: some ROMs refuse.
fn reads_back(rom: &mut Rom) -> Result<bool, Fault> {
    match rom.read_flash(0..4) {
        Ok(_) => Ok(true),
        Err(fault) if fault.is_unknown_command() => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Lets the firmware run.
fn leave(rom: &mut Rom, family: &Family) -> Result<(), Fault> {
    if rom.wire.lines().is_none() {
        return rom.end(family);
    }
    if let Some(register) = family.forces_download {
        rom.write_masked(register, 0, 1)?;
    }
    if let Some(lines) = rom.wire.lines() {
        into_firmware(lines)?;
    }
    Ok(())
}

fn register(address: u64) -> Result<u32, ProgrammerError> {
    let range = address..address.saturating_add(4);
    let wrong = ProgrammerError::Range { range, at: address, reason: "is no address of a word" };
    u32::try_from(address).ok().filter(|address| address % 4 == 0).ok_or(wrong)
}
