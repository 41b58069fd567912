//! A chip without a line: what is sent is answered at once, and the n-th exchange goes wrong in a way of the test's choice.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use md5::{Digest as _, Md5};

use super::super::Loader;
use super::super::family::{FAMILY, MAGIC, Sign};
use super::super::lines::Lines;
use super::super::slip::framed;
use super::super::wire::Wire;
use crate::programmer::{Link, Programmer};

pub(super) const FLASH: usize = 1 << 18;
pub(super) const MAC: [u8; 6] = [0x7c, 0xdf, 0xa1, 0, 1, 2];

/// How an exchange goes wrong.
#[derive(Clone, Debug)]
pub(super) enum Mishap {
    /// Nothing comes.
    Silence,
    /// The line ends.
    Unplugged,
    /// The request cannot be sent.
    NotSent,
    /// The ROM says no.
    Refused(u8),
    /// These bytes come in place of an answer.
    Bytes(Vec<u8>),
    /// It is done, and the answer is lost.
    Lost,
}

/// What the test and the wire share.
#[allow(clippy::struct_excessive_bools, reason = "each is a peculiarity of a chip, none depends on another")]
pub(super) struct Bench {
    pub(super) name: &'static str,
    pub(super) flash: Vec<u8>,
    pub(super) registers: HashMap<u32, u32>,
    pub(super) mishap: Option<(usize, Mishap)>,
    pub(super) exchanges: usize,
    /// Sectors erased, by address.
    pub(super) erased: Vec<usize>,
    /// Addresses of blocks programmed.
    pub(super) blocks: Vec<usize>,
    /// Commands in their order.
    pub(super) commands: Vec<u8>,
    pub(super) reads: bool,
    pub(super) secure_download: bool,
    /// A byte that keeps another value than was written.
    pub(super) worn: Option<usize>,
    /// What was done to the control lines; `None` if there are none.
    pub(super) lines: Option<Vec<String>>,
    pub(super) chips_usb: bool,
    /// False if the chip does not take another speed.
    pub(super) follows: bool,
    speeds: (u32, u32),
    writing: Option<(usize, usize)>,
}

#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Bench>>);

impl Shared {
    pub(super) fn new(name: &'static str) -> Self {
        let family = FAMILY.iter().find(|family| family.name == name).unwrap();
        let mut registers = HashMap::from([
            (family.mac, u32::from_be_bytes(MAC[2..].try_into().unwrap())),
            (family.mac + 4, u32::from(MAC[0]) << 8 | u32::from(MAC[1])),
            (MAGIC, if let Sign::Magic(magic) = family.sign { magic } else { 0x6921_506f }),
        ]);
        for at in [0x80, 0x58] {
            registers.insert(family.spi + at, 0x0012_40ef);
        }
        Self(Arc::new(Mutex::new(Bench {
            name,
            flash: vec![0xff; FLASH],
            registers,
            mishap: None,
            exchanges: 0,
            erased: Vec::new(),
            blocks: Vec::new(),
            commands: Vec::new(),
            reads: true,
            secure_download: false,
            worn: None,
            lines: None,
            chips_usb: false,
            follows: true,
            speeds: (115_200, 115_200),
            writing: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Bench> {
        self.0.lock().unwrap()
    }

    pub(super) fn loader(&self, chip: Option<&str>) -> Loader {
        let bench = self.clone();
        let link = Link { name: "esp:bench".into(), port: None, serial: None };
        let named = link.clone();
        let opening = Box::new(move || {
            let mut lock = bench.lock();
            lock.writing = None;
            lock.speeds = (115_200, 115_200);
            drop(lock);
            let wire = FakeWire { bench: bench.clone(), answers: Vec::new(), ended: false };
            Ok((Box::new(wire) as Box<dyn Wire>, named.clone()))
        });
        Loader::with(opening, link, chip).unwrap()
    }

    /// Makes the `n`-th exchange from now go wrong; the first is 0.
    pub(super) fn spoil(&self, n: usize, mishap: Mishap) {
        let mut bench = self.lock();
        bench.exchanges = 0;
        bench.mishap = Some((n, mishap));
    }

    pub(super) fn connected(&self) -> Loader {
        let mut loader = self.loader(None);
        loader.connect().unwrap();
        loader
    }
}

impl Bench {
    fn answer(&mut self, command: u8, body: &[u8]) -> Result<(u32, Vec<u8>), u8> {
        let word = |at: usize| {
            let bytes = body.get(4 * at..4 * at + 4).map(|word| word.try_into().unwrap());
            bytes.map_or(0, u32::from_le_bytes)
        };
        let range = |at: u32, length: u32| {
            let range = at as usize..at as usize + length as usize;
            if range.end > FLASH { Err(9) } else { Ok(range) }
        };
        if self.secure_download && [9, 0x0a, 0x0e].contains(&command) || !self.reads && command == 0x0e {
            return Err(5);
        }
        let mut value = 0;
        let mut more = Vec::new();
        match command {
            0x02 => {
                let range = range(word(3), word(0))?;
                assert!(range.start % 0x1000 == 0 && range.end % 0x1000 == 0, "{range:?} are no whole sectors");
                assert_eq!(body.len(), if self.name == "esp32" { 16 } else { 20 });
                self.erased.extend(range.clone().step_by(0x1000));
                self.writing = Some((range.start, word(1) as usize));
                self.flash[range].fill(0xff);
            }
            0x03 => {
                let (at, left) = self.writing.ok_or(6)?;
                assert!(left > 0, "more blocks than were announced");
                for (byte, new) in self.flash[at..at + 0x400].iter_mut().zip(&body[16..]) {
                    *byte &= new;
                }
                if let Some(worn) = self.worn.filter(|worn| (at..at + 0x400).contains(worn)) {
                    self.flash[worn] ^= 1;
                }
                self.blocks.push(at);
                self.writing = Some((at + 0x400, left - 1));
            }
            0x08 => value = 0x2012_0707,
            0x09 => {
                let old = self.registers.get(&word(0)).copied().unwrap_or(0);
                let spi =
                    FAMILY.iter().any(|family| [family.spi, family.spi + 0x58, family.spi + 0x80].contains(&word(0)));
                if !spi {
                    self.registers.insert(word(0), old & !word(2) | word(1) & word(2));
                }
            }
            0x0a => value = self.registers.get(&word(0)).copied().unwrap_or(0),
            0x0e => more = self.flash[range(word(0), 64)?].to_vec(),
            0x13 => {
                let digest: [u8; 16] = Md5::digest(&self.flash[range(word(0), word(1))?]).into();
                more = hex::encode(digest).into_bytes();
            }
            0x14 => {
                let family = FAMILY.iter().find(|family| family.name == self.name).unwrap();
                let Sign::Id(id) = family.sign else { return Err(5) };
                more = vec![0; 20];
                more[0] = u8::from(self.secure_download) << 2;
                more[12] = u8::try_from(id).unwrap();
            }
            0x0f if self.follows => self.speeds.1 = word(0),
            0x04 | 0x0b | 0x0d | 0x0f => {}
            _ => return Err(5),
        }
        Ok((value, more))
    }
}

struct FakeWire {
    bench: Shared,
    answers: Vec<u8>,
    ended: bool,
}

impl Wire for FakeWire {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let packet = unframed(bytes);
        let mut bench = self.bench.lock();
        if bench.speeds.0 != bench.speeds.1 || self.ended {
            return Ok(());
        }
        let number = bench.exchanges;
        bench.exchanges += 1;
        let mishap = bench.mishap.clone().filter(|(at, _)| *at == number).map(|(_, mishap)| mishap);
        match mishap {
            Some(Mishap::Silence) => return Ok(()),
            Some(Mishap::Unplugged) => {
                self.ended = true;
                return Ok(());
            }
            Some(Mishap::NotSent) => return Err(io::Error::from_raw_os_error(libc::EIO)),
            Some(Mishap::Bytes(bytes)) => {
                self.answers.extend(bytes);
                return Ok(());
            }
            _ => {}
        }
        bench.commands.push(packet[1]);
        let answer = match mishap {
            Some(Mishap::Refused(status)) => Err(status),
            _ => bench.answer(packet[1], &packet[8..]),
        };
        let (value, more, status) = match answer {
            Ok((value, more)) => (value, more, [0; 4]),
            Err(status) => (0, Vec::new(), [1, status, 0, 0]),
        };
        if matches!(mishap, Some(Mishap::Lost)) {
            return Ok(());
        }
        let mut frame = vec![1, packet[1], 0, 0];
        frame.extend_from_slice(&value.to_le_bytes());
        frame.extend_from_slice(&more);
        frame.extend_from_slice(&status);
        self.answers.extend_from_slice(&framed(&frame));
        Ok(())
    }

    fn receive(&mut self, into: &mut [u8], _wait: Duration) -> io::Result<usize> {
        if self.ended {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let taken = self.answers.len().min(into.len());
        into[..taken].copy_from_slice(&self.answers[..taken]);
        self.answers.drain(..taken);
        Ok(taken)
    }

    fn set_speed(&mut self, baud: u32) -> io::Result<()> {
        self.bench.lock().speeds.0 = baud;
        Ok(())
    }

    fn lines(&mut self) -> Option<&mut dyn Lines> {
        let has_lines = self.bench.lock().lines.is_some();
        if has_lines { Some(self) } else { None }
    }

    fn is_chips_usb(&self) -> bool {
        self.bench.lock().chips_usb
    }
}

impl Lines for FakeWire {
    fn set(&mut self, dtr: bool, rts: bool) -> io::Result<()> {
        let mut bench = self.bench.lock();
        bench.lines.as_mut().unwrap().push(format!("D{}R{}", u8::from(dtr), u8::from(rts)));
        if rts {
            bench.speeds.1 = 115_200;
        }
        Ok(())
    }

    fn pause(&mut self, _time: Duration) {}
}

fn unframed(frame: &[u8]) -> Vec<u8> {
    let (mut packet, mut escaped) = (Vec::new(), false);
    for byte in &frame[1..frame.len() - 1] {
        match (escaped, *byte) {
            (false, 0xdb) => escaped = true,
            (true, byte) => {
                packet.push(if byte == 0xdc { 0xc0 } else { 0xdb });
                escaped = false;
            }
            (false, byte) => packet.push(byte),
        }
    }
    packet
}
