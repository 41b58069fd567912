//! The first message of a client, read before anything is kept.

use super::record::{DTLS_1_0, HANDSHAKE, Head, MESSAGE_HEAD, Record};

/// Longest hello that is read.
const LONGEST: usize = 4096;
const CLIENT_HELLO: u8 = 1;
const HELLO_VERIFY_REQUEST: u8 = 3;

/// One `ClientHello` (RFC 6347, section 4.2.1), whole in one record in the clear.
///
/// A hello in fragments is none: to join them is to keep state for an address that proved nothing.
pub struct ClientHello<'a> {
    sequence: u64,
    message: u16,
    random: &'a [u8],
    /// Up to the cookie's length; the cookie; from the cipher suites on.
    before: &'a [u8],
    cookie: &'a [u8],
    after: &'a [u8],
    suites: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// Returns the hello that a datagram begins with, if it does.
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        let (record, _) = Record::split(datagram)?;
        let in_the_clear = record.kind() == HANDSHAKE && record.epoch() == 0;
        let (head, body) = record.content().split_at_checked(MESSAGE_HEAD).filter(|_| in_the_clear)?;
        let (length, offset, part) = (number(&head[1..4]), number(&head[6..9]), number(&head[9..12]));
        let whole = offset == 0 && part == length && body.len() == length && length <= LONGEST;
        if head[0] != CLIENT_HELLO || !whole {
            return None;
        }
        let random = body.get(2..34)?;
        let after_session = 35 + usize::from(*body.get(34)?);
        let (before, rest) = body.split_at_checked(after_session)?;
        let (cookie, after) = vector(rest, 1)?;
        let (suites, rest) = vector(after, 2)?;
        let (_compressions, _extensions) = vector(rest, 1)?;
        let message = u16::from_be_bytes([head[4], head[5]]);
        Some(Self { sequence: record.sequence(), message, random, before, cookie, after, suites })
    }

    /// Which of the client's messages it is: 0 is the first, 1 the one with the cookie.
    pub fn message(&self) -> u16 {
        self.message
    }

    /// The sequence number of its record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What tells one try of a client from another.
    pub fn random(&self) -> &'a [u8] {
        self.random
    }

    /// The cookie; empty in the first hello.
    pub fn cookie(&self) -> &'a [u8] {
        self.cookie
    }

    /// The two parts around the cookie, which must not change from the first hello to the second.
    pub fn constant(&self) -> [&'a [u8]; 2] {
        [self.before, self.after]
    }

    /// The cipher suites that are offered, as numbered by IANA.
    pub fn suites(&self) -> Vec<u16> {
        self.suites.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    }

    /// Returns the hello that the client must have sent before this one, as the first record of a connection.
    pub fn first(&self) -> Vec<u8> {
        let body = [self.before, &[0], self.after].concat();
        in_record(0, CLIENT_HELLO, &body)
    }

    /// Returns the answer that asks for `cookie`, under the hello's own numbers (section 4.2.1).
    pub fn verify_request(&self, cookie: &[u8]) -> Vec<u8> {
        let length = u8::try_from(cookie.len()).unwrap_or(u8::MAX);
        let body = [&DTLS_1_0[..], &[length], &cookie[..usize::from(length)]].concat();
        in_record(self.sequence, HELLO_VERIFY_REQUEST, &body)
    }
}

/// A datagram of one record with one message, the first of its side.
fn in_record(sequence: u64, message: u8, body: &[u8]) -> Vec<u8> {
    let length = &u32::try_from(body.len()).unwrap_or(0).to_be_bytes()[1..];
    let content = [&[message], length, &[0, 0, 0, 0, 0], length, body].concat();
    let mut datagram = Vec::with_capacity(content.len() + super::record::HEAD);
    Head { kind: HANDSHAKE, version: DTLS_1_0, sequence }.write(&content, &mut datagram);
    datagram
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Splits off a vector whose length stands before it in `width` bytes.
fn vector(bytes: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(width)?;
    rest.split_at_checked(number(length))
}
