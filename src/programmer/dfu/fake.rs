//! A DFU device made of software, for the many faults a real one has once in a life. It obeys the standard to the letter:
//! what a real device would refuse, it refuses.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::host::usb::{Setup, UsbFault, UsbInterface, UsbPort};
use crate::programmer::{ProgrammerError, UsbSelector};

use super::client::{Bus, Client};
use super::control::{Control, LONGEST_TRANSFER};
use super::map::Map;
use super::status::State;

/// What goes wrong at the n-th transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Stall,
    Silent,
    Vanish,
    /// Status `n`, from a question for the status.
    Status(u8),
    /// A report of another length.
    Nonsense,
}

#[allow(clippy::struct_excessive_bools)] // flags that do not depend on each other
pub(super) struct Fake {
    pub(super) names: Vec<&'static str>,
    pub(super) transfer: u16,
    pub(super) attributes: u8,
    pub(super) version: u16,
    pub(super) serial: Option<&'static str>,
    pub(super) map: Map,
    /// The bytes of each zone, or the one image.
    pub(super) memory: Vec<Vec<u8>>,
    pub(super) state: State,
    status: u8,
    pointer: u64,
    alternate: u8,
    pending: Option<(u16, Vec<u8>)>,
    /// How often it says that it is busy, and for how long it wants to be left alone.
    pub(super) busy: (u32, u32),
    asked: u32,
    /// At which transfer what goes wrong.
    pub(super) fault: Option<(usize, Fault)>,
    pub(super) transfers: usize,
    pub(super) there: bool,
    pub(super) address: u8,
    pub(super) clock: Duration,
    /// Read-out protection is on.
    pub(super) locked: bool,
    /// Written bytes get this bit turned.
    pub(super) flips: bool,
    /// Sectors at these addresses are not erased or written, and nothing is said.
    pub(super) protected: Option<u64>,
    pub(super) erased: Vec<u64>,
    pub(super) left: bool,
    pub(super) resets: usize,
    image: Vec<u8>,
}

/// The map of an STM32 with option bytes; sectors of two sizes.
pub(super) const FLASH: &str = "@Internal Flash  /0x08000000/02*001Kg,04*002Kg";
pub(super) const OPTIONS: &str = "@Option Bytes  /0x1FFFF800/01*016 e";

impl Fake {
    pub(super) fn dfuse(names: &[&'static str]) -> Self {
        let alternates: Vec<(u8, String)> = (0..).zip(names.iter().map(|name| (*name).to_owned())).collect();
        let map = Map::read(&alternates).unwrap_or_default();
        let memory =
            map.0.iter().map(|zone| vec![0xff; usize::try_from(zone.range.end - zone.range.start).unwrap_or(0)]);
        Self { memory: memory.collect(), ..Self::with(names.to_vec(), map, 0x0b, 0x011a) }
    }

    pub(super) fn plain(attributes: u8) -> Self {
        Self { memory: vec![vec![0xff; 8192]], ..Self::with(vec!["flash"], Map::default(), attributes, 0x0110) }
    }

    fn with(names: Vec<&'static str>, map: Map, attributes: u8, version: u16) -> Self {
        Self {
            names,
            map,
            attributes,
            version,
            transfer: 256,
            serial: Some("377B35573037"),
            memory: Vec::new(),
            state: State::Idle,
            status: 0,
            pointer: 0,
            alternate: 0,
            pending: None,
            busy: (1, 5),
            asked: 0,
            fault: None,
            transfers: 0,
            there: true,
            address: 5,
            clock: Duration::ZERO,
            locked: false,
            flips: false,
            protected: None,
            erased: Vec::new(),
            left: false,
            resets: 0,
            image: Vec::new(),
        }
    }

    fn fail(&mut self, status: u8) {
        (self.state, self.status) = (State::Error, status);
    }

    /// It is plugged in again, or comes back by itself.
    pub(super) fn replug(&mut self) {
        (self.there, self.state, self.status, self.pending) = (true, State::Idle, 0, None);
        (self.alternate, self.pointer, self.fault) = (0, 0, None);
        self.address += 1;
    }

    /// Counts a transfer and has it fail if it is its turn.
    fn turn(&mut self) -> Result<(), UsbFault> {
        self.transfers += 1;
        if !self.there {
            return Err(UsbFault::Gone);
        }
        match self.fault {
            Some((at, Fault::Stall)) if at == self.transfers => Err(UsbFault::Stalled),
            Some((at, Fault::Silent)) if at == self.transfers => Err(UsbFault::Silent),
            Some((at, Fault::Vanish)) if at == self.transfers => {
                self.there = false;
                Err(UsbFault::Gone)
            }
            _ => Ok(()),
        }
    }

    fn ask(&mut self, setup: Setup, most: usize) -> Result<Vec<u8>, UsbFault> {
        self.turn()?;
        assert!(most <= LONGEST_TRANSFER);
        let mut answer = match (setup.request_type, setup.request) {
            (0x80, 6) => self.descriptor(setup.value)?,
            (0xa1, 2) => self.upload(setup.value, most)?,
            (0xa1, 3) => self.report(),
            (0xa1, 5) => vec![number(self.state)],
            other => panic!("no such request: {other:?}"),
        };
        answer.truncate(most);
        Ok(answer)
    }

    fn descriptor(&self, value: u16) -> Result<Vec<u8>, UsbFault> {
        let [index, kind] = value.to_le_bytes();
        if kind == 3 {
            let name = self.names.get(usize::from(index) - 4).ok_or(UsbFault::Stalled)?;
            let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            return Ok([&[u8::try_from(units.len() + 2).unwrap(), 3], &units[..]].concat());
        }
        let mut all = vec![9, 2, 0, 0, 1, 1, 0, 0x80, 50];
        for alternate in (0u8..).take(self.names.len()) {
            all.extend([9, 4, 0, alternate, 0, 0xfe, 1, 2, 4 + alternate]);
        }
        let ([low, high], [minor, major]) = (self.transfer.to_le_bytes(), self.version.to_le_bytes());
        all.extend([9, 0x21, self.attributes, 255, 0, low, high, minor, major]);
        Ok(all)
    }

    fn report(&mut self) -> Vec<u8> {
        match self.fault {
            Some((at, Fault::Status(status))) if at == self.transfers => self.fail(status),
            Some((at, Fault::Nonsense)) if at == self.transfers => return vec![0; 3],
            _ => {}
        }
        let mut poll = 0;
        match self.state {
            State::DownloadSync if self.asked < self.busy.0 => {
                self.asked += 1;
                poll = self.busy.1;
                self.state = State::DownloadBusy;
            }
            State::DownloadBusy if self.asked < self.busy.0 => {
                self.asked += 1;
                poll = self.busy.1;
            }
            State::DownloadSync | State::DownloadBusy => {
                let (block, bytes) = self.pending.take().unwrap();
                self.state = State::DownloadIdle;
                self.work(block, bytes);
            }
            State::ManifestSync => self.manifest(),
            _ => {}
        }
        let [a, b, c, _] = poll.to_le_bytes();
        vec![self.status, a, b, c, number(self.state), 0]
    }

    fn manifest(&mut self) {
        if self.version == 0x011a {
            // It jumps to its firmware.
            (self.left, self.there, self.state) = (true, false, State::Manifest);
        } else if self.attributes & 4 != 0 {
            self.memory[0].splice(..self.image.len(), self.image.drain(..)).for_each(drop);
            self.state = State::Idle;
        } else {
            self.memory[0].splice(..self.image.len(), self.image.drain(..)).for_each(drop);
            self.state = State::ManifestWaitReset;
        }
    }

    fn tell(&mut self, setup: Setup, bytes: &[u8]) -> Result<(), UsbFault> {
        self.turn()?;
        assert_eq!(setup.request_type, 0x21);
        match (setup.request, self.state) {
            (1, State::Idle | State::DownloadIdle) if !bytes.is_empty() => {
                assert!(bytes.len() <= usize::from(self.transfer));
                if self.state == State::Idle {
                    self.image.clear();
                }
                (self.pending, self.state, self.asked) = (Some((setup.value, bytes.to_vec())), State::DownloadSync, 0);
            }
            (1, State::DownloadIdle) => self.state = State::ManifestSync,
            (1, State::Idle) if self.version == 0x011a => self.state = State::ManifestSync,
            (4, State::Error) => (self.state, self.status) = (State::Idle, 0),
            (6, State::Idle | State::DownloadSync | State::DownloadIdle | State::ManifestSync | State::UploadIdle) => {
                (self.state, self.pending) = (State::Idle, None);
            }
            _ => {
                self.fail(15);
                return Err(UsbFault::Stalled);
            }
        }
        Ok(())
    }

    fn work(&mut self, block: u16, bytes: Vec<u8>) {
        if self.version != 0x011a {
            let flipped = bytes.iter().map(|byte| byte ^ u8::from(self.flips));
            self.image.extend(flipped);
            if self.image.len() > self.memory[0].len() {
                self.fail(8);
            }
        } else if block == 0 {
            self.command(&bytes);
        } else {
            let at = self.pointer + u64::from(block - 2) * u64::from(self.transfer);
            self.program(at, &bytes);
        }
    }

    fn command(&mut self, bytes: &[u8]) {
        let [command, a, b, c, d] = *bytes else { return self.fail(15) };
        let address = u64::from(u32::from_le_bytes([a, b, c, d]));
        let zone = self.map.zone(address).filter(|zone| zone.alternate == self.alternate).cloned();
        match (command, zone) {
            _ if self.locked => self.fail(11),
            (_, None) => self.fail(1),
            (0x21, _) => self.pointer = address,
            (0x41, Some(zone)) if zone.erasable => {
                let index = self.map.0.iter().position(|one| *one == zone).unwrap();
                let start = (address - zone.range.start) / zone.sector * zone.sector;
                self.erased.push(zone.range.start + start);
                if self.protected != Some(zone.range.start + start) {
                    let start = usize::try_from(start).unwrap();
                    self.memory[index][start..start + usize::try_from(zone.sector).unwrap()].fill(0xff);
                }
            }
            _ => self.fail(4),
        }
    }

    fn program(&mut self, at: u64, bytes: &[u8]) {
        let Some(zone) = self.map.zone(at).filter(|zone| zone.alternate == self.alternate).cloned() else {
            return self.fail(8);
        };
        if self.locked || at + bytes.len() as u64 > zone.range.end {
            return self.fail(if self.locked { 11 } else { 8 });
        }
        let start = zone.range.start + (at - zone.range.start) / zone.sector * zone.sector;
        if self.protected == Some(start) {
            return;
        }
        let index = self.map.0.iter().position(|one| *one == zone).unwrap();
        let from = usize::try_from(at - zone.range.start).unwrap();
        let there = &mut self.memory[index][from..from + bytes.len()];
        if zone.is_options() {
            there.copy_from_slice(bytes);
            // The first byte is the protection's, as on an STM32F1; then it resets itself.
            (self.locked, self.there) = (bytes[0] != 0xa5, false);
            return;
        }
        if there.iter().any(|byte| *byte != 0xff) {
            return self.fail(5);
        }
        there.copy_from_slice(bytes);
        there[0] ^= u8::from(self.flips);
    }

    fn upload(&mut self, block: u16, most: usize) -> Result<Vec<u8>, UsbFault> {
        if !matches!(self.state, State::Idle | State::UploadIdle) || self.locked {
            self.fail(if self.locked { 11 } else { 15 });
            return Err(UsbFault::Stalled);
        }
        let (bytes, offset) = if self.version == 0x011a {
            let at = self.pointer + u64::from(block - 2) * u64::from(self.transfer);
            let index = self.map.0.iter().position(|zone| zone.range.contains(&at)).ok_or(UsbFault::Stalled)?;
            (&self.memory[index], usize::try_from(at - self.map.0[index].range.start).unwrap())
        } else {
            (&self.memory[0], usize::from(block) * usize::from(self.transfer))
        };
        let part: Vec<u8> = bytes[offset.min(bytes.len())..].iter().take(most).copied().collect();
        self.state = if part.len() == most { State::UploadIdle } else { State::Idle };
        Ok(part)
    }
}

fn number(state: State) -> u8 {
    (0..=10).find(|byte| State::read(*byte) == Some(state)).unwrap()
}

/// A fake that a client and a test share.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Fake>>);

impl Shared {
    pub(super) fn new(fake: Fake) -> Self {
        Self(Arc::new(Mutex::new(fake)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Fake> {
        self.0.lock().unwrap()
    }

    pub(super) fn client(&self) -> Client {
        Client::on(Box::new(self.clone()), &UsbSelector::Only, None)
    }
}

impl Bus for Shared {
    fn find(&self, _: &UsbSelector) -> Result<UsbPort, ProgrammerError> {
        let fake = self.lock();
        if !fake.there {
            return Err(ProgrammerError::Absent { link: "dfu:".to_owned() });
        }
        Ok(UsbPort {
            port: "1-2".to_owned(),
            vendor_id: 0x0483,
            product_id: 0xdf11,
            serial: fake.serial.map(str::to_owned),
            product: None,
            hub: false,
            node: "/dev/bus/usb/001/005".into(),
            address: fake.address,
            interfaces: vec![UsbInterface { number: 0, alternate: 0, class: (0xfe, 1, 2), name: None }],
            lines: Vec::new(),
        })
    }

    fn open(&self, _: &UsbPort) -> Result<Box<dyn Control>, UsbFault> {
        Ok(Box::new(self.clone()))
    }

    fn is_there(&self, port: &UsbPort) -> bool {
        let fake = self.lock();
        fake.there && fake.address == port.address
    }

    /// A chip that reset itself is back after a while.
    fn pause(&self, time: Duration) {
        let mut fake = self.lock();
        fake.clock += time;
        if !fake.there && !fake.left {
            fake.replug();
        }
    }
}

impl Control for Shared {
    fn ask(&mut self, setup: Setup, most: usize) -> Result<Zeroizing<Vec<u8>>, UsbFault> {
        self.lock().ask(setup, most).map(Zeroizing::new)
    }

    fn tell(&mut self, setup: Setup, bytes: &[u8]) -> Result<(), UsbFault> {
        self.lock().tell(setup, bytes)
    }

    fn alternate(&mut self, alternate: u8) -> Result<(), UsbFault> {
        let mut fake = self.lock();
        fake.turn()?;
        fake.alternate = alternate;
        Ok(())
    }

    fn reset(&mut self) -> Result<(), UsbFault> {
        let mut fake = self.lock();
        fake.turn()?;
        fake.resets += 1;
        Ok(())
    }

    fn pause(&mut self, time: Duration) {
        self.lock().clock += time;
    }

    fn clock(&self) -> Duration {
        self.lock().clock
    }
}
