//! Files of a card: select, read, write, make (ISO 7816-4, ISO 7816-9, ETSI TS 102 221 and 102 222).

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::pkcs15::{AID, APPLICATION};

use super::apdu::{Answer, Channel};
use super::error::CardError;

/// The largest file whose every byte can be named: 15 bits of offset.
pub(super) const LARGEST: usize = 0x7fff;
/// Bytes a command carries: cards with a secure channel have no more room.
const CHUNK: usize = 240;
/// The master file.
pub(super) const MASTER: u16 = 0x3f00;

/// A PIN and which of the card's it is.
pub struct Pin {
    digits: Secret,
    reference: u8,
}

impl Pin {
    /// Takes 4 to 8 digits; a newline at the end of a file is no part of it.
    pub fn new(text: &Secret, reference: u8) -> Result<Self, CardError> {
        text.expose(|bytes| {
            let digits = bytes.trim_ascii_end();
            if !(4..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
                return Err(CardError::NoPin);
            }
            Ok(Self { digits: Secret::new(digits.to_vec()), reference })
        })
    }
}

/// A file that is selected.
pub(super) struct Selected {
    /// Its size, where the card says it.
    pub size: Option<usize>,
}

impl Channel<'_> {
    /// Shows the PIN. A wrong one is never tried twice.
    pub(super) fn verify(&mut self, pin: &Pin) -> Result<(), CardError> {
        let mut padded = Zeroizing::new([0xff; 8]);
        pin.digits.expose(|digits| padded[..digits.len()].copy_from_slice(digits));
        let answer = self.send("VERIFY", [0, 0x20, 0, pin.reference], &*padded, None)?;
        match answer.status {
            status if status & 0xfff0 == 0x63c0 => Err(CardError::Pin { left: (status & 0xf).to_be_bytes()[1] }),
            _ => answer.expect("VERIFY").map(drop),
        }
    }

    /// Selects the PKCS#15 application by its identifier; false if there is none.
    pub(super) fn select_application(&mut self) -> Result<bool, CardError> {
        self.chosen("SELECT of the PKCS#15 application", 4, &AID).map(|found| found.is_some())
    }

    /// Selects a file of the selected folder; none if it is not there.
    pub(super) fn select(&mut self, id: u16) -> Result<Option<Selected>, CardError> {
        self.chosen(&format!("SELECT of {id:04X}"), 0, &id.to_be_bytes())
    }

    /// Selects a file by its path: of one id in the application (which is selected), of more from the master file on.
    pub(super) fn select_path(&mut self, path: &[u8]) -> Result<Option<Selected>, CardError> {
        let mut selected = None;
        for id in path.chunks_exact(2) {
            selected = self.select(u16::from_be_bytes([id[0], id[1]]))?;
            if selected.is_none() {
                return Ok(None);
            }
        }
        Ok(selected)
    }

    /// Cards for mobile phones answer with file control parameters (P2 = 4), others know only the older form (P2 = 0).
    fn chosen(&mut self, doing: &str, by: u8, name: &[u8]) -> Result<Option<Selected>, CardError> {
        let mut answer = self.send(doing, [0, 0xa4, by, 4], name, Some(0))?;
        if answer.status == 0x6a86 {
            answer = self.send(doing, [0, 0xa4, by, 0], name, Some(0))?;
        }
        match answer.status {
            0x6a82 | 0x6a88 | 0x6a87 => Ok(None),
            _ => {
                let answer = answer.expect(doing)?;
                Ok(Some(Selected { size: size_of_file(&answer.data) }))
            }
        }
    }

    /// Reads the selected file: as long as it is, or to where the card says that it ends.
    pub(super) fn read(&mut self, file: &Selected) -> Result<Zeroizing<Vec<u8>>, CardError> {
        let size = file.size.unwrap_or(LARGEST).min(LARGEST);
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        while bytes.len() < size {
            let wanted = CHUNK.min(size - bytes.len());
            let [high, low] = u16::try_from(bytes.len()).expect("below 15 bits").to_be_bytes();
            let length = u8::try_from(wanted).expect("at most a chunk");
            let answer = self.send("READ BINARY", [0, 0xb0, high, low], &[], Some(length))?;
            if file.size.is_none() && is_past_end(&answer) {
                break;
            }
            let answer = answer.expect("READ BINARY")?;
            let taken = &answer.data[..answer.data.len().min(wanted)];
            bytes.extend_from_slice(taken);
            if taken.len() < wanted {
                break;
            }
        }
        Ok(bytes)
    }

    /// Writes into the selected file from `offset` on.
    pub(super) fn update(&mut self, offset: usize, bytes: &[u8]) -> Result<(), CardError> {
        for (at, part) in (offset..).step_by(CHUNK).zip(bytes.chunks(CHUNK)) {
            let [high, low] = u16::try_from(at).expect("callers stay within the file").to_be_bytes();
            self.send("UPDATE BINARY", [0, 0xd6, high, low], part, None)?.expect("UPDATE BINARY")?;
        }
        Ok(())
    }

    /// Makes the PKCS#15 application below the master file, and selects it.
    pub(super) fn make_application(&mut self) -> Result<(), CardError> {
        self.select(MASTER)?;
        let name = [&[0x84, 12][..], &AID].concat();
        self.make(APPLICATION, [0x78, 0x21], &name)?;
        self.select(APPLICATION).map(drop)
    }

    /// Makes a file of `size` bytes in the selected folder, and selects it.
    pub(super) fn make_file(&mut self, id: u16, size: usize) -> Result<Selected, CardError> {
        let [high, low] = u16::try_from(size).expect("at most 15 bits").to_be_bytes();
        self.make(id, [0x41, 0x21], &[0x80, 2, high, low])?;
        Ok(self.select(id)?.unwrap_or(Selected { size: Some(size) }))
    }

    fn make(&mut self, id: u16, kind: [u8; 2], more: &[u8]) -> Result<(), CardError> {
        let [high, low] = id.to_be_bytes();
        let inner = [&[0x82, 2, kind[0], kind[1], 0x83, 2, high, low, 0x8a, 1, 5][..], more].concat();
        let template = [&[0x62, u8::try_from(inner.len()).expect("short")][..], &inner].concat();
        let doing = format!("CREATE FILE of {id:04X}");
        self.send(&doing, [0, 0xe0, 0, 0], &template, None)?.expect(&doing).map(drop)
    }
}

fn is_past_end(answer: &Answer) -> bool {
    matches!(answer.status, 0x6b00 | 0x6a86 | 0x6700 | 0x6282)
}

/// Finds the size (tag 80) in file control parameters (62) or information (6F).
fn size_of_file(control: &[u8]) -> Option<usize> {
    let [0x62 | 0x6f, length, rest @ ..] = control else { return None };
    let mut rest = rest.get(..usize::from(*length)).unwrap_or(rest);
    while let [tag, length, after @ ..] = rest {
        let value = after.get(..usize::from(*length))?;
        if *tag == 0x80 {
            return Some(value.iter().fold(0, |size, byte| size << 8 & 0xff_ffff | usize::from(*byte)));
        }
        rest = &after[value.len()..];
    }
    None
}
