//! Intel HEX: bytes at addresses as text (Intel Hexadecimal Object File Format Specification, revision A, 1988).
//!
//! Written are data, extended addresses of either kind, a start address and the end record; the same are read, with mistrust.

use zeroize::Zeroizing;

use crate::fleet::{Class, Diagnose, Secret};

use super::segment::{self, Overlap, Segment};

/// The longest file that is read, in bytes.
pub const LONGEST: usize = 64 << 20;

const DATA: u8 = 0x00;
const END: u8 = 0x01;
const SEGMENT_ADDRESS: u8 = 0x02;
const START_SEGMENT: u8 = 0x03;
const LINEAR_ADDRESS: u8 = 0x04;
const START_LINEAR: u8 = 0x05;

/// Data bytes of a record that is written.
const ROW: usize = 16;
/// Characters of such a record with its line end.
const LONGEST_LINE: usize = 1 + 2 * (5 + ROW) + 1;
/// How far an offset reaches from the extended address.
const REACH: u64 = 1 << 16;

/// How addresses beyond 64 KiB are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Addressing {
    /// Upper 16 bits of 32 (record 04): the usual way.
    Linear,
    /// A paragraph of 16 bytes (record 02): up to 1 MiB, for old readers.
    Segmented,
}

impl Addressing {
    fn limit(self) -> u64 {
        match self {
            Addressing::Linear => 1 << 32,
            Addressing::Segmented => 1 << 20,
        }
    }
}

/// Where a program begins. Programmers mostly pass over it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// A 32-bit address (record 05).
    Linear(u32),
    /// Code segment and instruction pointer (record 03).
    Segment {
        /// Code segment.
        cs: u16,
        /// Instruction pointer.
        ip: u16,
    },
}

/// What a file holds.
pub struct HexFile {
    /// By rising address; pieces that touch are one.
    pub segments: Vec<Segment>,
    /// Start address, if there is one.
    pub start: Option<Start>,
}

/// Why a file cannot be made or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HexError {
    /// Two pieces want one address.
    #[error("two pieces of the Intel HEX data hold the address {address:#x}")]
    Overlap {
        /// The address.
        address: u64,
    },
    /// An address beyond the format.
    #[error("the Intel HEX data ends at {end:#x}, such addresses reach to {limit:#x}")]
    Beyond {
        /// Address behind the last byte.
        end: u64,
        /// The first address that cannot be written.
        limit: u64,
    },
    /// A file longer than is read.
    #[error("the Intel HEX file has {found} bytes, at most {most} are read")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A line that is no record.
    #[error("line {line} of the Intel HEX file {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No end record: the file was cut off.
    #[error("the Intel HEX file has no end record after line {lines}: it is cut off")]
    CutOff {
        /// Lines found.
        lines: usize,
    },
}

impl From<Overlap> for HexError {
    fn from(Overlap { address }: Overlap) -> Self {
        HexError::Overlap { address }
    }
}

impl Diagnose for HexError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// Encodes `segments` by rising address, 16 bytes a record, lines ended by LF.
///
/// # Errors
/// [`HexError::Overlap`], and [`HexError::Beyond`] if an address cannot be written.
pub fn encode(segments: &[Segment], addressing: Addressing, start: Option<Start>) -> Result<Secret, HexError> {
    let segments = segment::merged(segments)?;
    let end = segments.last().and_then(Segment::end).unwrap_or(0);
    if end > addressing.limit() {
        return Err(HexError::Beyond { end, limit: addressing.limit() });
    }
    let room = room(&segments);
    let mut text = Vec::with_capacity(room);
    put_start(&mut text, start);
    let mut base = (end <= REACH).then_some(0);
    for segment in &segments {
        segment.bytes.expose(|bytes| put_rows(&mut text, segment.address, bytes, addressing, &mut base));
    }
    put_record(&mut text, 0, END, &[]);
    debug_assert!(text.len() <= room, "the buffer never grows, so no copy of a key is left behind");
    Ok(Secret::new(text))
}

/// Returns more characters than the file can get.
fn room(segments: &[Segment]) -> usize {
    let rows = |segment: &Segment| segment.bytes.len() / ROW + 2 + 2 * (segment.bytes.len() >> 16) + 2;
    (segments.iter().map(rows).sum::<usize>() + 2) * LONGEST_LINE
}

fn put_start(text: &mut Vec<u8>, start: Option<Start>) {
    match start {
        Some(Start::Linear(address)) => put_record(text, 0, START_LINEAR, &address.to_be_bytes()),
        Some(Start::Segment { cs, ip }) => {
            let ([a, b], [c, d]) = (cs.to_be_bytes(), ip.to_be_bytes());
            put_record(text, 0, START_SEGMENT, &[a, b, c, d]);
        }
        None => {}
    }
}

/// No record crosses a multiple of 64 KiB, in front of which an extended address is written.
fn put_rows(text: &mut Vec<u8>, mut address: u64, mut bytes: &[u8], addressing: Addressing, base: &mut Option<u64>) {
    while !bytes.is_empty() {
        let [.., high, low] = address.to_be_bytes();
        if *base != Some(address - address % REACH) {
            *base = Some(address - address % REACH);
            put_base(text, address, addressing);
        }
        let until = usize::try_from(REACH - address % REACH).expect("at most 64 KiB");
        let (row, rest) = bytes.split_at(bytes.len().min(ROW).min(until));
        put_record(text, u16::from_be_bytes([high, low]), DATA, row);
        (address, bytes) = (address + row.len() as u64, rest);
    }
}

fn put_base(text: &mut Vec<u8>, address: u64, addressing: Addressing) {
    let upper = u16::try_from(address >> 16).expect("checked against the limit");
    match addressing {
        Addressing::Linear => put_record(text, 0, LINEAR_ADDRESS, &upper.to_be_bytes()),
        Addressing::Segmented => put_record(text, 0, SEGMENT_ADDRESS, &(upper << 12).to_be_bytes()),
    }
}

fn put_record(text: &mut Vec<u8>, offset: u16, kind: u8, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let [high, low] = offset.to_be_bytes();
    let head = [u8::try_from(bytes.len()).expect("at most 16"), high, low, kind];
    let sum = head.iter().chain(bytes).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(b':');
    for byte in head.iter().chain(bytes).chain(&[sum.wrapping_neg()]) {
        text.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text.push(b'\n');
}

/// Reads a whole file. Lines end in LF or CR LF; digits may be of either case; nothing may follow the end record.
///
/// # Errors
/// [`HexError`]; at most [`LONGEST`] bytes are read.
pub fn decode(text: &[u8]) -> Result<HexFile, HexError> {
    if text.len() > LONGEST {
        return Err(HexError::TooLong { found: text.len(), most: LONGEST });
    }
    let mut reading = Reading { bytes: Zeroizing::new(Vec::with_capacity(text.len() / 2)), ..Reading::default() };
    let mut lines = 0;
    for line in text.split(|byte| *byte == b'\n') {
        lines += 1;
        let record = line.strip_suffix(b"\r").unwrap_or(line);
        if !record.is_empty() {
            reading.line(record).map_err(|reason| HexError::Line { line: lines, reason })?;
        }
    }
    if !reading.ended {
        return Err(HexError::CutOff { lines });
    }
    let pieces = reading.pieces.iter().map(|(address, from, to)| (*address, &reading.bytes[*from..*to]));
    Ok(HexFile { segments: segment::join(pieces.collect())?, start: reading.start })
}

/// What the extended address means.
#[derive(Clone, Copy)]
enum Base {
    Linear(u64),
    Segment(u64),
}

/// What was read so far: the data bytes of all records, and which of them belong where.
struct Reading {
    bytes: Zeroizing<Vec<u8>>,
    pieces: Vec<(u64, usize, usize)>,
    base: Base,
    start: Option<Start>,
    ended: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { bytes: Zeroizing::default(), pieces: Vec::new(), base: Base::Linear(0), start: None, ended: false }
    }
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if self.ended {
            return Err("follows the end record".into());
        }
        let record = digits(line)?;
        let [length, high, low, kind, rest @ ..] = record.as_slice() else { return Err("is cut off".into()) };
        let [data @ .., _] = rest else { return Err("is cut off".into()) };
        if data.len() != usize::from(*length) {
            return Err(format!("holds {} data bytes, it says {length}", data.len()));
        }
        let sum = record.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if sum != 0 {
            return Err(format!("has a wrong checksum: the sum of its bytes is {sum:#04x}, not 0"));
        }
        self.record(u16::from_be_bytes([*high, *low]), *kind, data)
    }

    fn record(&mut self, offset: u16, kind: u8, data: &[u8]) -> Result<(), String> {
        match (kind, data) {
            (DATA, _) => return self.data(u64::from(offset), data),
            (END, []) => self.ended = true,
            (SEGMENT_ADDRESS, [a, b]) => self.base = Base::Segment(u64::from(u16::from_be_bytes([*a, *b])) << 4),
            (LINEAR_ADDRESS, [a, b]) => self.base = Base::Linear(u64::from(u16::from_be_bytes([*a, *b])) << 16),
            (START_SEGMENT | START_LINEAR, _) if self.start.is_some() => {
                return Err("gives a second start address".into());
            }
            (START_SEGMENT, [a, b, c, d]) => {
                self.start =
                    Some(Start::Segment { cs: u16::from_be_bytes([*a, *b]), ip: u16::from_be_bytes([*c, *d]) });
            }
            (START_LINEAR, [a, b, c, d]) => self.start = Some(Start::Linear(u32::from_be_bytes([*a, *b, *c, *d]))),
            (END | SEGMENT_ADDRESS | START_SEGMENT | LINEAR_ADDRESS | START_LINEAR, _) => {
                return Err(format!("has the type {kind:02X} with {} data bytes", data.len()));
            }
            _ => return Err(format!("has the unknown type {kind:02X}")),
        }
        Ok(())
    }

    /// An offset that would run over its segment, or over 4 GiB, would begin again at zero: nobody means that.
    fn data(&mut self, offset: u64, data: &[u8]) -> Result<(), String> {
        let behind = offset + data.len() as u64;
        let (address, runs_over) = match self.base {
            Base::Linear(base) => (base + offset, base + behind > Addressing::Linear.limit()),
            Base::Segment(base) => (base + offset, behind > REACH),
        };
        if runs_over {
            return Err(format!("runs over the last address with {} bytes at {address:#x}", data.len()));
        }
        let from = self.bytes.len();
        self.bytes.extend_from_slice(data);
        match self.pieces.last_mut() {
            Some((before, start, end)) if *before + (*end - *start) as u64 == address => *end = self.bytes.len(),
            _ => self.pieces.push((address, from, self.bytes.len())),
        }
        Ok(())
    }
}

fn digits(line: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some((b':', digits)) = line.split_first() else { return Err("does not begin with a colon".into()) };
    let mut bytes = Zeroizing::new(vec![0; digits.len() / 2]);
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| "is not made of pairs of hexadecimal digits".to_owned())?;
    Ok(bytes)
}
