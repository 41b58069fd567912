//! As much of CBOR (RFC 8949) as SenML needs: definite lengths written, definite and indefinite ones read.

/// Deepest nesting a reader follows.
const DEEPEST: usize = 8;

/// Why bytes are not the CBOR expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CborError {
    /// Ends inside an item.
    #[error("the CBOR ends inside the item at byte {offset}")]
    Short {
        /// Where.
        offset: usize,
    },
    /// Another kind of item than expected, or one that is not well-formed.
    #[error("the CBOR item at byte {offset} is no {wanted}")]
    Unexpected {
        /// Where.
        offset: usize,
        /// What was expected.
        wanted: &'static str,
    },
    /// Nested deeper than a reader follows.
    #[error("the CBOR is nested deeper than {DEEPEST} levels at byte {offset}")]
    Deep {
        /// Where.
        offset: usize,
    },
}

/// Writes an unsigned or negative integer in its shortest form (major types 0 and 1).
pub fn put_integer(out: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) => put_head(out, 0, number),
        Err(_) => put_head(out, 1, number.unsigned_abs() - 1),
    }
}

/// Writes an unsigned integer in its shortest form.
pub fn put_unsigned(out: &mut Vec<u8>, number: u64) {
    put_head(out, 0, number);
}

/// Writes a byte string.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_head(out, 2, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a text string.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_head(out, 3, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a tag; its item follows.
pub fn put_tag(out: &mut Vec<u8>, tag: u64) {
    put_head(out, 6, tag);
}

/// Writes the head of an array of `length` items.
pub fn put_array(out: &mut Vec<u8>, length: usize) {
    put_head(out, 4, length as u64);
}

/// Writes the head of a map of `length` pairs.
pub fn put_map(out: &mut Vec<u8>, length: usize) {
    put_head(out, 5, length as u64);
}

/// Writes a boolean.
pub fn put_boolean(out: &mut Vec<u8>, yes: bool) {
    out.push(if yes { 0xf5 } else { 0xf4 });
}

/// Writes a 64-bit float.
pub fn put_float(out: &mut Vec<u8>, number: f64) {
    out.push(0xfb);
    out.extend_from_slice(&number.to_be_bytes());
}

fn put_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (info, kept) = match argument {
        0..24 => return out.push(major << 5 | bytes[7]),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&bytes[8 - kept..]);
}

/// An item's head, or a whole item where it has no parts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Item<'a> {
    /// Integer; every CBOR integer fits.
    Integer(i128),
    /// Byte string.
    Bytes(&'a [u8]),
    /// Text string.
    Text(&'a str),
    /// Array; `None`: until [`Item::Break`].
    Array(Option<u64>),
    /// Map; `None`: until [`Item::Break`].
    Map(Option<u64>),
    /// Boolean.
    Boolean(bool),
    /// Float of any width.
    Float(f64),
    /// Null or undefined.
    Nothing,
    /// Tag; its item follows.
    Tag(u64),
    /// End of an array or map without length.
    Break,
}

/// Reads items one after another; never allocates.
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Returns where the next item begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns true if everything is read.
    pub fn is_done(&self) -> bool {
        self.offset == self.bytes.len()
    }

    /// Reads the next item or head. Strings without length (in chunks) are refused: nobody needs them here.
    pub fn next_item(&mut self) -> Result<Item<'a>, CborError> {
        let offset = self.offset;
        let wanted = |wanted| CborError::Unexpected { offset, wanted };
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        if info == 31 {
            return match major {
                4 => Ok(Item::Array(None)),
                5 => Ok(Item::Map(None)),
                7 => Ok(Item::Break),
                _ => Err(wanted("item of known length")),
            };
        }
        let argument = self.argument(info).ok_or(CborError::Short { offset })?;
        match major {
            0 => Ok(Item::Integer(i128::from(argument))),
            1 => Ok(Item::Integer(-1 - i128::from(argument))),
            2 => self.string(argument).map(Item::Bytes),
            3 => std::str::from_utf8(self.string(argument)?).map(Item::Text).map_err(|_| wanted("UTF-8 text")),
            4 => Ok(Item::Array(Some(argument))),
            5 => Ok(Item::Map(Some(argument))),
            6 => Ok(Item::Tag(argument)),
            _ => simple(info, argument).ok_or_else(|| wanted("known simple value")),
        }
    }

    /// Reads the head of an array.
    pub fn array(&mut self) -> Result<Option<u64>, CborError> {
        let offset = self.offset;
        match self.next_item()? {
            Item::Array(length) => Ok(length),
            _ => Err(CborError::Unexpected { offset, wanted: "array" }),
        }
    }

    /// Reads the head of a map.
    pub fn map(&mut self) -> Result<Option<u64>, CborError> {
        let offset = self.offset;
        match self.next_item()? {
            Item::Map(length) => Ok(length),
            _ => Err(CborError::Unexpected { offset, wanted: "map" }),
        }
    }

    /// Returns true, once for each part, while an array or map of `length` has more; `done` counts the parts read.
    pub fn has_more(&mut self, length: Option<u64>, done: &mut u64) -> bool {
        let more = match length {
            Some(length) => *done < length,
            None => self.bytes.get(self.offset) != Some(&0xff),
        };
        if more {
            *done += 1;
        } else if length.is_none() {
            self.offset += 1;
        }
        more
    }

    /// Reads and forgets one whole item.
    pub fn skip(&mut self) -> Result<(), CborError> {
        self.skip_at(0)
    }

    fn skip_at(&mut self, depth: usize) -> Result<(), CborError> {
        let offset = self.offset;
        if depth > DEEPEST {
            return Err(CborError::Deep { offset });
        }
        let (length, each) = match self.next_item()? {
            Item::Array(length) => (length, 1),
            Item::Map(length) => (length, 2),
            Item::Tag(_) => (Some(1), 1),
            Item::Break => return Err(CborError::Unexpected { offset, wanted: "item" }),
            _ => return Ok(()),
        };
        let mut done = 0;
        while self.has_more(length, &mut done) {
            for _ in 0..each {
                self.skip_at(depth + 1)?;
            }
        }
        Ok(())
    }

    fn argument(&mut self, info: u8) -> Option<u64> {
        let bytes = match info {
            0..24 => return Some(u64::from(info)),
            24 => self.take(1).ok()?,
            25 => self.take(2).ok()?,
            26 => self.take(4).ok()?,
            27 => self.take(8).ok()?,
            _ => return None,
        };
        Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn string(&mut self, length: u64) -> Result<&'a [u8], CborError> {
        let offset = self.offset;
        self.take(usize::try_from(length).map_err(|_| CborError::Short { offset })?)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CborError> {
        let end = self.offset.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(CborError::Short { offset: self.offset })?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }
}

fn simple<'a>(info: u8, argument: u64) -> Option<Item<'a>> {
    match info {
        20 | 21 => Some(Item::Boolean(info == 21)),
        22 | 23 => Some(Item::Nothing),
        25 => Some(Item::Float(half(u16::try_from(argument).ok()?))),
        26 => Some(Item::Float(f64::from(f32::from_bits(u32::try_from(argument).ok()?)))),
        27 => Some(Item::Float(f64::from_bits(argument))),
        _ => None,
    }
}

/// IEEE 754 binary16 (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(hex: &str) -> Result<Item<'static>, CborError> {
        Reader::new(hex::decode(hex).unwrap().leak()).next_item()
    }

    /// Vectors of RFC 8949, appendix A.
    #[test]
    fn the_vectors_of_the_rfc_read() {
        for (hex, number) in [
            ("00", 0),
            ("17", 23),
            ("1818", 24),
            ("1903e8", 1000),
            ("1bffffffffffffffff", 18_446_744_073_709_551_615),
            ("20", -1),
            ("3903e7", -1000),
            ("3bffffffffffffffff", -18_446_744_073_709_551_616),
        ] {
            assert_eq!(read(hex), Ok(Item::Integer(number)), "{hex}");
        }
        for (hex, number) in [
            ("f90001", 5.960_464_477_539_063e-8),
            ("f93c00", 1.0),
            ("f97bff", 65_504.0),
            ("f9c400", -4.0),
            ("fa47c35000", 100_000.0),
            ("fb3ff199999999999a", 1.1),
            ("f97c00", f64::INFINITY),
        ] {
            assert_eq!(read(hex), Ok(Item::Float(number)), "{hex}");
        }
        assert_eq!(read("6449455446"), Ok(Item::Text("IETF")));
        assert_eq!(read("4401020304"), Ok(Item::Bytes(&[1, 2, 3, 4])));
        assert_eq!(read("f5"), Ok(Item::Boolean(true)));
        assert_eq!(read("9f"), Ok(Item::Array(None)));
    }

    #[test]
    fn integers_are_written_in_their_shortest_form() {
        for (number, hex) in
            [(0, "00"), (24, "1818"), (256, "190100"), (-1, "20"), (-500, "3901f3"), (65_536, "1a00010000")]
        {
            let mut out = Vec::new();
            put_integer(&mut out, number);
            assert_eq!(hex::encode(out), hex, "{number}");
        }
    }

    #[test]
    fn a_nested_bomb_is_refused() {
        let bomb = vec![0x81; 100_000];
        assert!(matches!(Reader::new(&bomb).skip(), Err(CborError::Deep { .. })));
        assert!(matches!(
            Reader::new(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255]).skip(),
            Err(CborError::Short { .. })
        ));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_done() && reader.skip().is_ok() {}
        }

        #[test]
        fn every_number_reads_back_through_a_foreign_reader(integer: i64, unsigned: u64, float: f64) {
            let mut out = Vec::new();
            put_array(&mut out, 3);
            put_integer(&mut out, integer);
            put_unsigned(&mut out, unsigned);
            put_float(&mut out, float);
            let (a, b, c): (i64, u64, f64) = ciborium::from_reader(&out[..]).unwrap();
            prop_assert_eq!((a, b, c.to_bits()), (integer, unsigned, float.to_bits()));
        }
    }
}
