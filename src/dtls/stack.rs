//! What we ask of a library that does the cryptography of DTLS. It sees datagrams of one peer and no clock of ours.

use std::net::IpAddr;

use super::turns::Choice;
use super::words::Proof;

/// Makes the library's side of associations.
pub(super) trait Stack: Send + Sync {
    /// Returns the server's side of a new association with a host, which will ask for `cookie` and take it.
    fn accept(&self, cookie: &[u8], host: IpAddr) -> Result<Box<dyn Channel>, String>;
}

/// The library's side of one association.
pub(super) trait Channel: Send {
    /// Hands over a datagram; nothing is done with it before the next call of another method.
    fn feed(&mut self, datagram: Vec<u8>);
    /// Goes on with the handshake as far as what was fed allows.
    fn shake(&mut self) -> Shaken;
    /// Returns the next record that was said, after the handshake.
    fn read(&mut self) -> Heard;
    /// Says something, in one record.
    fn write(&mut self, bytes: &[u8]) -> Result<(), String>;
    /// Says goodbye.
    fn close(&mut self);
    /// Returns the datagrams to be sent, and forgets them.
    fn sent(&mut self) -> Vec<Vec<u8>>;
    /// Returns the identity that the peer named, as soon as it did.
    fn named(&self) -> Option<Named>;
    /// Returns what the peer proved, after the handshake.
    fn proof(&self) -> Proof;
    /// Returns the cipher suite, after the handshake.
    fn suite(&self) -> String;
}

/// How far a handshake is.
pub(super) enum Shaken {
    Waiting,
    Done,
    /// No cipher suite in common.
    Apart,
    Broken(String),
}

/// What was read.
pub(super) enum Heard {
    Nothing,
    Said(Vec<u8>),
    Closed,
    Broken(String),
}

/// An identity that a peer named.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) identity: Vec<u8>,
    pub(super) key: Found,
}

/// What was found under an identity.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Found {
    Key(Choice),
    Nothing,
    /// A key of this many bytes, which the library cannot use.
    Unusable(usize),
}
