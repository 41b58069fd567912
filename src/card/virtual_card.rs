//! A card that is no hardware: the files of one, and the commands that read, write and make them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::error::CardError;
use super::files::LARGEST;

const MASTER: &str = "3f00";
/// Tries of a PIN before it is blocked.
const TRIES: u8 = 3;
/// Most files of a card.
const MOST_FILES: usize = 256;

/// Master file, folders and files; what commands select and show is not kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VirtualCard {
    /// What it is: `firstlight virtual card 1`.
    card: String,
    /// Identifiers of folders (hex), by path.
    folders: BTreeMap<String, String>,
    /// Contents of files (hex), by path.
    files: BTreeMap<String, String>,
    /// The PIN that is needed to write, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
    /// Tries that are left.
    #[serde(default = "tries", skip_serializing_if = "is_full")]
    tries: u8,
    #[serde(skip)]
    folder: String,
    #[serde(skip)]
    file: Option<String>,
    #[serde(skip)]
    shown: bool,
}

fn tries() -> u8 {
    TRIES
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_full(tries: &u8) -> bool {
    *tries == TRIES
}

impl Drop for VirtualCard {
    fn drop(&mut self) {
        self.files.values_mut().for_each(Zeroize::zeroize);
        self.pin.zeroize();
    }
}

const KIND: &str = "firstlight virtual card 1";

impl VirtualCard {
    /// A card as its issuer hands it out, with nothing but its number: 19 or 20 digits.
    pub fn blank(number: &str) -> Self {
        let digits: Vec<u8> = number.bytes().map(|byte| byte.wrapping_sub(b'0') & 0xf).chain([0xf]).collect();
        let swapped: Vec<u8> = digits.chunks_exact(2).take(10).map(|pair| pair[1] << 4 | pair[0]).collect();
        Self {
            card: KIND.to_owned(),
            folders: BTreeMap::from([(MASTER.to_owned(), String::new())]),
            files: BTreeMap::from([(format!("{MASTER}2fe2"), hex::encode(swapped))]),
            pin: None,
            tries: TRIES,
            folder: MASTER.to_owned(),
            file: None,
            shown: false,
        }
    }

    /// Reads one from its JSON.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let mut card: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("line {}, column {}: not of the right shape", error.line(), error.column()))?;
        if card.card != KIND {
            return Err(format!("it says it is {:?}, known is {KIND:?}", card.card));
        }
        let is_path = |path: &String| path.starts_with(MASTER) && path.len().is_multiple_of(4) && path.len() <= 32;
        let is_file = |hex: &String| {
            hex.len() <= 2 * LARGEST && hex.len().is_multiple_of(2) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if card.files.len() > MOST_FILES || !card.files.keys().chain(card.folders.keys()).all(is_path) {
            return Err("it has too many files, or paths that are none".to_owned());
        }
        if !card.files.values().all(is_file) {
            return Err(format!("a file is no hex, or longer than {LARGEST} bytes"));
        }
        MASTER.clone_into(&mut card.folder);
        Ok(card)
    }

    /// Returns its JSON, which holds what the card holds: keys.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a card is plain data");
        bytes.push(b'\n');
        Zeroizing::new(bytes)
    }

    /// Answers a command: data and status word.
    pub fn answer(&mut self, command: &[u8]) -> Zeroizing<Vec<u8>> {
        let (mut data, status) = match self.execute(command) {
            Ok(data) => (data, 0x9000_u16),
            Err(status) => (Zeroizing::default(), status),
        };
        data.extend_from_slice(&status.to_be_bytes());
        data
    }

    fn execute(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let [_, instruction, first, second, rest @ ..] = command else { return Err(0x6700) };
        match instruction {
            0xa4 => self.select(*first, body(rest)?),
            0xb0 => self.read(u16::from_be_bytes([*first, *second]), rest),
            0xd6 => self.update(u16::from_be_bytes([*first, *second]), body(rest)?),
            0x20 => self.verify(body(rest)?),
            0xe0 => self.create(body(rest)?),
            _ => Err(0x6d00),
        }
    }

    fn select(&mut self, by: u8, name: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let name = hex::encode(name);
        if by == 4 {
            let found =
                self.folders.iter().find(|(_, aid)| !aid.is_empty() && **aid == name).map(|(path, _)| path.clone());
            self.folder = found.ok_or(0x6a82_u16)?;
            self.file = None;
            return Ok(Zeroizing::default());
        }
        if by != 0 {
            return Err(0x6a86);
        }
        let path = if name == MASTER { name } else { format!("{}{name}", self.folder) };
        if let Some(content) = self.files.get(&path) {
            let [.., high, low] = (content.len() / 2).to_be_bytes();
            self.file = Some(path);
            return Ok(Zeroizing::new(vec![0x62, 4, 0x80, 2, high, low]));
        }
        if !self.folders.contains_key(&path) {
            return Err(0x6a82);
        }
        (self.folder, self.file) = (path, None);
        Ok(Zeroizing::default())
    }

    fn content(&self) -> Result<Zeroizing<Vec<u8>>, u16> {
        let hex = self.file.as_ref().and_then(|path| self.files.get(path)).ok_or(0x6986_u16)?;
        hex::decode(hex).map(Zeroizing::new).map_err(|_| 0x6581)
    }

    fn read(&self, offset: u16, rest: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let wanted = match rest {
            [0] => 256,
            [length] => usize::from(*length),
            _ => return Err(0x6700),
        };
        let (content, start) = (self.content()?, usize::from(offset));
        let part = content.get(start..).ok_or(0x6b00_u16)?;
        Ok(Zeroizing::new(part[..part.len().min(wanted)].to_vec()))
    }

    fn update(&mut self, offset: u16, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        self.may_write()?;
        let (mut content, start) = (self.content()?, usize::from(offset));
        content.get_mut(start..start + bytes.len()).ok_or(0x6b00_u16)?.copy_from_slice(bytes);
        if let Some(hex) = self.file.as_ref().and_then(|path| self.files.get_mut(path)) {
            hex.zeroize();
            *hex = hex::encode(&*content);
        }
        Ok(Zeroizing::default())
    }

    fn may_write(&self) -> Result<(), u16> {
        if self.pin.is_some() && !self.shown { Err(0x6982) } else { Ok(()) }
    }

    fn verify(&mut self, padded: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        let digits = padded.split(|byte| *byte == 0xff).next().unwrap_or_default();
        if self.tries == 0 {
            return Err(0x6983);
        }
        if self.pin.as_ref().is_some_and(|pin| pin.as_bytes() != digits) {
            self.tries -= 1;
            return Err(0x63c0 | u16::from(self.tries));
        }
        (self.shown, self.tries) = (true, TRIES);
        Ok(Zeroizing::default())
    }

    fn create(&mut self, template: &[u8]) -> Result<Zeroizing<Vec<u8>>, u16> {
        self.may_write()?;
        let [0x62, _, fields @ ..] = template else { return Err(0x6a80) };
        let mut rest = fields;
        let (mut id, mut size, mut aid) = (None, None, String::new());
        while let [tag, length, after @ ..] = rest {
            let (value, next) = after.split_at_checked(usize::from(*length)).ok_or(0x6a80_u16)?;
            match (tag, value) {
                (0x83, [_, _]) => id = Some(hex::encode(value)),
                (0x80, [high, low]) => size = Some(usize::from(u16::from_be_bytes([*high, *low]))),
                (0x84, _) => aid = hex::encode(value),
                _ => {}
            }
            rest = next;
        }
        let path = format!("{}{}", self.folder, id.ok_or(0x6a80_u16)?);
        if self.files.contains_key(&path) || self.folders.contains_key(&path) {
            return Err(0x6a89);
        }
        if self.files.len() + self.folders.len() >= MOST_FILES || path.len() > 32 {
            return Err(0x6a84);
        }
        match size {
            Some(size) if size <= LARGEST => {
                self.files.insert(path.clone(), "ff".repeat(size));
                self.file = Some(path);
            }
            Some(_) => return Err(0x6a84),
            None => {
                self.folders.insert(path.clone(), aid);
                (self.folder, self.file) = (path, None);
            }
        }
        Ok(Zeroizing::default())
    }
}

/// Returns what a command carries; the length that is wanted back may follow.
fn body(rest: &[u8]) -> Result<&[u8], u16> {
    let [length, rest @ ..] = rest else { return Err(0x6700) };
    let (data, after) = rest.split_at_checked(usize::from(*length)).ok_or(0x6700_u16)?;
    if after.len() > 1 { Err(0x6700) } else { Ok(data) }
}

impl super::apdu::Card for VirtualCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
        Ok(self.answer(command))
    }
}
