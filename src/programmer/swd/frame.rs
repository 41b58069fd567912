//! Frames on the pipe between the station and the process that has the probe: a kind, a length, bytes.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::fleet::Secret;

/// The longest message in words, in bytes.
const LONGEST_WORDS: usize = 1 << 20;
/// The longest piece of memory, in bytes.
pub(super) const LONGEST_DATA: usize = 16 << 20;
const WORDS: u8 = b'w';
const DATA: u8 = b'd';

/// What came through the pipe.
pub(super) enum Frame {
    /// A message, as JSON; holds no secret.
    Words(Vec<u8>),
    /// Memory of a chip.
    Data(Secret),
}

impl Frame {
    /// Makes a frame of a message.
    pub(super) fn words(message: &impl Serialize) -> io::Result<Self> {
        Ok(Self::Words(serde_json::to_vec(message)?))
    }

    /// Reads the message; an error where it is none.
    pub(super) fn message<T: DeserializeOwned>(&self) -> io::Result<T> {
        match self {
            Self::Words(bytes) => Ok(serde_json::from_slice(bytes)?),
            Self::Data(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "data where words belong")),
        }
    }

    /// Writes the frame and flushes.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Words(bytes) => put(to, WORDS, bytes, LONGEST_WORDS),
            Self::Data(secret) => secret.expose(|bytes| put(to, DATA, bytes, LONGEST_DATA)),
        }
    }

    /// Reads a frame; `None` where the pipe ended between two.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut kind = [0];
        if from.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        let limit = match kind[0] {
            WORDS => LONGEST_WORDS,
            DATA => LONGEST_DATA,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no frame")),
        };
        if length > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame that is too long"));
        }
        let mut bytes = Zeroizing::new(vec![0; length]);
        from.read_exact(&mut bytes)?;
        let bytes = std::mem::take(&mut *bytes);
        Ok(Some(if kind[0] == WORDS { Self::Words(bytes) } else { Self::Data(Secret::new(bytes)) }))
    }
}

fn put(to: &mut impl Write, kind: u8, bytes: &[u8], limit: usize) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= limit);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame that is too long"))?;
    to.write_all(&[kind])?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Option<Frame>> {
        Frame::read(&mut &*bytes)
    }

    #[test]
    fn a_frame_comes_out_as_it_went_in() {
        let mut pipe = Vec::new();
        Frame::words(&("read", 5)).unwrap().write(&mut pipe).unwrap();
        Frame::Data(Secret::new(vec![1, 2, 3])).write(&mut pipe).unwrap();
        let mut from = &pipe[..];
        let words = Frame::read(&mut from).unwrap().unwrap();
        assert_eq!(words.message::<(String, u8)>().unwrap(), ("read".to_owned(), 5));
        let Some(Frame::Data(data)) = Frame::read(&mut from).unwrap() else { panic!("no data") };
        assert!(data.expose(|bytes| bytes == [1, 2, 3]));
        assert!(Frame::read(&mut from).unwrap().is_none());
    }

    #[test]
    fn what_is_no_frame_is_an_error_before_anything_is_reserved_for_it() {
        assert!(read(b"x\0\0\0\0").is_err());
        assert!(read(b"w\xff\xff\xff\xff").is_err());
        assert!(read(b"d\x01\0\0\x01").is_err());
        assert!(read(b"w\x05\0\0\0ab").is_err());
        assert!(read(b"w\x05").is_err());
    }
}
