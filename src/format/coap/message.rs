//! One message: header, token, options, payload.

use std::fmt;

/// The longest message, in bytes: what a UDP datagram carries.
pub const LONGEST_MESSAGE: usize = 65_507;
/// The longest token, in bytes.
pub const LONGEST_TOKEN: usize = 8;
/// The longest value of an option, in bytes (section 3.1: 65535 + 269).
const LONGEST_OPTION: usize = 65_804;
/// Stands before a payload.
const PAYLOAD: u8 = 0xFF;
/// The only version.
const VERSION: u8 = 1;

/// Numbers of options (section 5.10; RFC 7959 for blocks, RFC 7641 for observe).
pub mod option {
    /// The host part of the request.
    pub const URI_HOST: u16 = 3;
    /// Tells two answers of one resource apart.
    pub const ETAG: u16 = 4;
    /// Asks to be told of changes.
    pub const OBSERVE: u16 = 6;
    /// The port part of the request.
    pub const URI_PORT: u16 = 7;
    /// One segment of the path of what was made.
    pub const LOCATION_PATH: u16 = 8;
    /// One segment of the path.
    pub const URI_PATH: u16 = 11;
    /// How the payload is written.
    pub const CONTENT_FORMAT: u16 = 12;
    /// For how many seconds an answer is fresh.
    pub const MAX_AGE: u16 = 14;
    /// One part of the query.
    pub const URI_QUERY: u16 = 15;
    /// How the payload of the answer may be written.
    pub const ACCEPT: u16 = 17;
    /// One part of the query of what was made.
    pub const LOCATION_QUERY: u16 = 20;
    /// Which block of the answer this is, or is wanted.
    pub const BLOCK2: u16 = 23;
    /// Which block of the request this is.
    pub const BLOCK1: u16 = 27;
    /// How long the whole answer is.
    pub const SIZE2: u16 = 28;
    /// How long the whole request is.
    pub const SIZE1: u16 = 60;
}

/// Why bytes are no message, or a message cannot be bytes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CoapError {
    /// Longer than a datagram.
    #[error("the CoAP message has {found} bytes, at most {LONGEST_MESSAGE} are possible")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// It ends in the middle.
    #[error("the CoAP message ends inside its {part}")]
    Short {
        /// "header", "token" or "option".
        part: &'static str,
    },
    /// A version that nobody knows.
    #[error("the CoAP message has version {found}, {VERSION} is known")]
    Version {
        /// The version.
        found: u8,
    },
    /// A token longer than eight bytes.
    #[error("the token of the CoAP message has {found} bytes, at most {LONGEST_TOKEN} are possible")]
    Token {
        /// Its length.
        found: usize,
    },
    /// Four bits of an option that are reserved.
    #[error("an option of the CoAP message begins with reserved bits")]
    Reserved,
    /// An option beyond the last number, or longer than one can be.
    #[error("option {number} of the CoAP message cannot be: {length} bytes")]
    Option {
        /// Its number.
        number: u32,
        /// Its length.
        length: usize,
    },
    /// A marker without a payload.
    #[error("the CoAP message announces a payload that is empty")]
    EmptyPayload,
    /// An empty message that holds something.
    #[error("the empty CoAP message is not empty")]
    NotEmpty,
}

/// What a message wants of the one who gets it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// To be acknowledged.
    Confirmable,
    /// Nothing.
    NonConfirmable,
    /// Acknowledges.
    Acknowledgement,
    /// Was not understood.
    Reset,
}

impl Kind {
    fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Confirmable,
            1 => Self::NonConfirmable,
            2 => Self::Acknowledgement,
            _ => Self::Reset,
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Confirmable => 0,
            Self::NonConfirmable => 1,
            Self::Acknowledgement => 2,
            Self::Reset => 3,
        }
    }
}

/// The code of a message: class and detail, shown as `2.05`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Code(pub u8);

impl Code {
    /// No request and no answer.
    pub const EMPTY: Self = Self(0);
    /// Asks for a resource.
    pub const GET: Self = Self(1);
    /// Gives something to a resource.
    pub const POST: Self = Self(2);
    /// Replaces a resource.
    pub const PUT: Self = Self(3);
    /// Takes a resource away.
    pub const DELETE: Self = Self(4);
    /// 2.05: here it is.
    pub const CONTENT: Self = Self(2 << 5 | 5);

    /// Returns the class: 0 request, 2 success, 4 fault of the client, 5 of the server.
    pub fn class(self) -> u8 {
        self.0 >> 5
    }

    /// Returns true for an answer.
    pub fn is_response(self) -> bool {
        matches!(self.class(), 2 | 4 | 5)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.0 & 0x1F)
    }
}

/// An option: its number and its value as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoapOption {
    /// Its number.
    pub number: u16,
    /// Its value.
    pub value: Vec<u8>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it wants.
    pub kind: Kind,
    /// Request, answer, or neither.
    pub code: Code,
    /// Tells repetitions, and what an acknowledgement is for.
    pub id: u16,
    /// Tells what an answer is for; at most eight bytes.
    pub token: Vec<u8>,
    /// In ascending order of their numbers once decoded; encoding sorts them, those of one number stay in order.
    pub options: Vec<CoapOption>,
    /// The payload; empty means none.
    pub payload: Vec<u8>,
}

impl Message {
    /// Returns a message without token, options and payload.
    pub fn new(kind: Kind, code: Code, id: u16) -> Self {
        Self { kind, code, id, token: Vec::new(), options: Vec::new(), payload: Vec::new() }
    }

    /// Returns a request for `path` (`/a/b`).
    pub fn get(kind: Kind, id: u16, token: &[u8], path: &str) -> Self {
        let mut message = Self { token: token.to_vec(), ..Self::new(kind, Code::GET, id) };
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            message.add(option::URI_PATH, segment.as_bytes().to_vec());
        }
        message
    }

    /// Adds an option.
    pub fn add(&mut self, number: u16, value: Vec<u8>) {
        self.options.push(CoapOption { number, value });
    }

    /// Adds an option whose value is a number, in as few bytes as it needs (section 3.2).
    pub fn add_number(&mut self, number: u16, value: u32) {
        let bytes = value.to_be_bytes();
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        self.add(number, bytes[first..].to_vec());
    }

    /// Returns the value of the first option of a number.
    pub fn option(&self, number: u16) -> Option<&[u8]> {
        self.options.iter().find(|option| option.number == number).map(|option| option.value.as_slice())
    }

    /// Returns the value of the first option of a number as a number; none where it is longer than four bytes.
    pub fn number(&self, number: u16) -> Option<u32> {
        let value = self.option(number).filter(|value| value.len() <= 4)?;
        Some(value.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }

    /// Reads a datagram.
    pub fn decode(bytes: &[u8]) -> Result<Self, CoapError> {
        if bytes.len() > LONGEST_MESSAGE {
            return Err(CoapError::TooLong { found: bytes.len() });
        }
        let [first, code, high, low, rest @ ..] = bytes else { return Err(CoapError::Short { part: "header" }) };
        if first >> 6 != VERSION {
            return Err(CoapError::Version { found: first >> 6 });
        }
        let length = usize::from(first & 0x0F);
        if length > LONGEST_TOKEN {
            return Err(CoapError::Token { found: length });
        }
        let code = Code(*code);
        if code == Code::EMPTY && (length > 0 || !rest.is_empty()) {
            return Err(CoapError::NotEmpty);
        }
        let (token, rest) = rest.split_at_checked(length).ok_or(CoapError::Short { part: "token" })?;
        let (options, payload) = options(rest)?;
        let (kind, id) = (Kind::of(first >> 4), u16::from_be_bytes([*high, *low]));
        Ok(Self { kind, code, id, token: token.to_vec(), options, payload })
    }

    /// Writes a datagram.
    pub fn encode(&self) -> Result<Vec<u8>, CoapError> {
        if self.token.len() > LONGEST_TOKEN {
            return Err(CoapError::Token { found: self.token.len() });
        }
        if self.code == Code::EMPTY && !(self.token.is_empty() && self.options.is_empty() && self.payload.is_empty()) {
            return Err(CoapError::NotEmpty);
        }
        let length = u8::try_from(self.token.len()).expect("at most eight");
        let mut bytes = vec![VERSION << 6 | self.kind.bits() << 4 | length, self.code.0];
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(&self.token);
        let mut sorted: Vec<&CoapOption> = self.options.iter().collect();
        sorted.sort_by_key(|option| option.number);
        let mut before = 0;
        for option in sorted {
            write_option(option, before, &mut bytes)?;
            before = option.number;
        }
        if !self.payload.is_empty() {
            bytes.push(PAYLOAD);
            bytes.extend(&self.payload);
        }
        if bytes.len() > LONGEST_MESSAGE {
            return Err(CoapError::TooLong { found: bytes.len() });
        }
        Ok(bytes)
    }
}

/// Reads options up to the payload.
fn options(mut rest: &[u8]) -> Result<(Vec<CoapOption>, Vec<u8>), CoapError> {
    let (mut options, mut number) = (Vec::new(), 0_u32);
    while let Some((first, after)) = rest.split_first() {
        if *first == PAYLOAD {
            if after.is_empty() {
                return Err(CoapError::EmptyPayload);
            }
            return Ok((options, after.to_vec()));
        }
        let (delta, after) = extended(first >> 4, after)?;
        let (length, after) = extended(first & 0x0F, after)?;
        number += delta;
        let length = length as usize;
        let Ok(known) = u16::try_from(number) else { return Err(CoapError::Option { number, length }) };
        let (value, after) = after.split_at_checked(length).ok_or(CoapError::Short { part: "option" })?;
        options.push(CoapOption { number: known, value: value.to_vec() });
        rest = after;
    }
    Ok((options, Vec::new()))
}

/// Reads what four bits stand for: themselves, or one or two bytes that follow.
fn extended(bits: u8, rest: &[u8]) -> Result<(u32, &[u8]), CoapError> {
    let short = CoapError::Short { part: "option" };
    match bits {
        13 => {
            let (byte, rest) = rest.split_first().ok_or(short)?;
            Ok((u32::from(*byte) + 13, rest))
        }
        14 => {
            let (bytes, rest) = rest.split_first_chunk::<2>().ok_or(short)?;
            Ok((u32::from(u16::from_be_bytes(*bytes)) + 269, rest))
        }
        15 => Err(CoapError::Reserved),
        bits => Ok((bits.into(), rest)),
    }
}

fn write_option(option: &CoapOption, before: u16, bytes: &mut Vec<u8>) -> Result<(), CoapError> {
    let (number, length) = (option.number, option.value.len());
    if length > LONGEST_OPTION {
        return Err(CoapError::Option { number: number.into(), length });
    }
    let (delta_bits, delta) = extension(usize::from(number - before));
    let (length_bits, more) = extension(length);
    bytes.push(delta_bits << 4 | length_bits);
    bytes.extend(delta);
    bytes.extend(more);
    bytes.extend(&option.value);
    Ok(())
}

/// Returns the four bits for a number up to 65,804, and the bytes that follow.
fn extension(number: usize) -> (u8, Vec<u8>) {
    match number {
        0..=12 => (u8::try_from(number).expect("small"), Vec::new()),
        13..=268 => (13, vec![u8::try_from(number - 13).expect("one byte")]),
        _ => (14, u16::try_from(number - 269).expect("two bytes").to_be_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7252, appendix A, figure 16: GET /temperature and its answer.
    #[test]
    fn the_examples_of_the_standard_are_read_and_written() {
        let asked = b"\x40\x01\x7d\x34\xbbtemperature";
        let message = Message::get(Kind::Confirmable, 0x7d34, &[], "/temperature");
        assert_eq!(message.encode().unwrap(), asked);
        assert_eq!(Message::decode(asked).unwrap(), message);
        let answer = Message::decode(b"\x60\x45\x7d\x34\xff22.3 C").unwrap();
        assert_eq!((answer.kind, answer.code, answer.id), (Kind::Acknowledgement, Code::CONTENT, 0x7d34));
        assert_eq!((answer.payload.as_slice(), answer.code.to_string().as_str()), (&b"22.3 C"[..], "2.05"));
        // Figure 17: with a token.
        let tokened = b"\x41\x01\x7d\x35\x20\xbbtemperature";
        assert_eq!(Message::decode(tokened).unwrap().token, [0x20]);
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        let cases: [(&[u8], CoapError); 9] = [
            (b"", CoapError::Short { part: "header" }),
            (b"\x40\x01\x00", CoapError::Short { part: "header" }),
            (b"\x80\x01\x00\x00", CoapError::Version { found: 2 }),
            (b"\x49\x01\x00\x00123456789", CoapError::Token { found: 9 }),
            (b"\x42\x01\x00\x00\x01", CoapError::Short { part: "token" }),
            (b"\x40\x01\x00\x00\xff", CoapError::EmptyPayload),
            (b"\x40\x01\x00\x00\xf1x", CoapError::Reserved),
            (b"\x40\x01\x00\x00\xb5abc", CoapError::Short { part: "option" }),
            (b"\x40\x00\x00\x00\xffx", CoapError::NotEmpty),
        ];
        for (bytes, error) in cases {
            assert_eq!(Message::decode(bytes).unwrap_err(), error, "{bytes:02x?}");
        }
        // Two deltas that lead beyond the last number.
        let far = b"\x40\x01\x00\x00\xe0\xff\xff\xe0\xff\xff";
        assert!(matches!(Message::decode(far), Err(CoapError::Option { .. })));
    }

    #[test]
    fn numbers_are_as_short_as_can_be() {
        let mut message = Message::new(Kind::NonConfirmable, Code::GET, 1);
        for (number, value) in [(option::URI_PORT, 0), (option::ACCEPT, 40), (option::MAX_AGE, 0x0001_0000)] {
            message.add_number(number, value);
            assert_eq!(message.number(number), Some(value));
        }
        let lengths: Vec<usize> = message.options.iter().map(|option| option.value.len()).collect();
        assert_eq!(lengths, [0, 1, 3]);
    }

    fn any_message() -> impl Strategy<Value = Message> {
        let options = proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..300)), 0..8);
        let token = proptest::collection::vec(any::<u8>(), 0..=LONGEST_TOKEN);
        let payload = proptest::collection::vec(any::<u8>(), 0..100);
        (0..4_u8, 1..=255_u8, any::<u16>(), token, options, payload).prop_map(
            |(kind, code, id, token, options, payload)| {
                let mut message = Message { token, payload, ..Message::new(Kind::of(kind), Code(code), id) };
                options.into_iter().for_each(|(number, value)| message.add(number, value));
                message
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(mut message in any_message()) {
            let bytes = message.encode().unwrap();
            message.options.sort_by_key(|option| option.number);
            prop_assert_eq!(Message::decode(&bytes).unwrap(), message);
        }

        #[test]
        fn what_is_read_is_written_alike_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() {
                *first = 0x40 | *first & 0x38;
            }
            if let Ok(message) = Message::decode(&bytes) {
                let again = message.encode().unwrap();
                prop_assert_eq!(Message::decode(&again).unwrap(), message);
            }
        }
    }
}
