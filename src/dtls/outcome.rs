//! What became of a peer.

use std::fmt;
use std::net::SocketAddr;

use super::words::Proof;

/// A peer: one handshake's association. A device that comes back is another peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub(super) u64);

/// What was heard.
#[derive(Clone, PartialEq, Eq)]
pub enum DtlsWord {
    /// A handshake is complete.
    Joined {
        /// Who it is from now on.
        peer: PeerId,
        /// Where it is.
        from: SocketAddr,
        /// What it proved.
        proof: Proof,
        /// The cipher suite, as the standard names it.
        suite: String,
    },
    /// A peer that joins next has proved a key that was said to be new.
    Proved {
        /// The key's identity.
        identity: Vec<u8>,
        /// Its number.
        number: u32,
    },
    /// A peer said something.
    Said {
        /// Who.
        peer: PeerId,
        /// One record's content.
        bytes: Vec<u8>,
    },
    /// A peer that had joined is gone.
    Left {
        /// Who.
        peer: PeerId,
        /// Why.
        why: Departure,
    },
    /// A handshake came to nothing.
    Failed {
        /// Where it came from; the address answered once, which is all that it proved.
        from: SocketAddr,
        /// The identity of a pre-shared key that was named.
        identity: Option<Vec<u8>>,
        /// Why.
        why: HandshakeFailure,
    },
}

/// Why a peer is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// The peer said so.
    Closed,
    /// We closed.
    Dismissed,
    /// The same address began anew: the device was rebooted.
    Replaced,
    /// Nothing was heard or said for too long.
    Idle,
    /// The association broke, in the library's words.
    Broken(String),
}

/// Why a handshake came to nothing. Said to us alone: the peer cannot tell the first three apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// No key is known for the identity.
    UnknownIdentity,
    /// The identity is known, but the peer's key is another.
    WrongKey,
    /// The identity is known, but its key is of a length that the library cannot use.
    UnusableKey {
        /// Its length in bytes.
        length: usize,
    },
    /// No cipher suite that both can do.
    NoSharedSuite {
        /// What the peer offered, as numbered by IANA.
        offered: Vec<u16>,
    },
    /// The peer stopped answering.
    TimedOut,
    /// The peer sent more than a handshake takes.
    OverBudget {
        /// Datagrams that it sent.
        datagrams: usize,
        /// Bytes that it sent.
        bytes: usize,
    },
    /// The library refused what the peer sent, or the peer gave up; in the library's words.
    Refused(String),
}

/// Shows how much was said, not what: keys are read and written here.
impl fmt::Debug for DtlsWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined { peer, from, proof, suite } => {
                write!(f, "peer {} joined from {from} by {suite}, proved {proof:?}", peer.0)
            }
            Self::Proved { identity, number } => {
                write!(f, "key {number} of identity {:?} was proved", String::from_utf8_lossy(identity))
            }
            Self::Said { peer, bytes } => write!(f, "peer {} said {} bytes", peer.0, bytes.len()),
            Self::Left { peer, why } => write!(f, "peer {} left: {why}", peer.0),
            Self::Failed { from, identity, why } => {
                let identity = identity.as_deref().map(String::from_utf8_lossy);
                write!(f, "handshake from {from} with identity {identity:?} failed: {why}")
            }
        }
    }
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed"),
            Self::Dismissed => f.write_str("closed by the server"),
            Self::Replaced => f.write_str("a new handshake came from the same address"),
            Self::Idle => f.write_str("silent for too long"),
            Self::Broken(why) => write!(f, "broken: {why}"),
        }
    }
}

impl fmt::Display for HandshakeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIdentity => f.write_str("no key is known for this identity"),
            Self::WrongKey => f.write_str("the peer's key is not the one of its identity"),
            Self::UnusableKey { length } => write!(f, "a key of {length} bytes cannot be used for DTLS"),
            Self::NoSharedSuite { offered } => {
                f.write_str("no cipher suite in common, the peer offers")?;
                offered.iter().try_for_each(|suite| write!(f, " {suite:04x}"))
            }
            Self::TimedOut => f.write_str("the peer stopped answering"),
            Self::OverBudget { datagrams, bytes } => {
                write!(f, "the peer sent {datagrams} datagrams of {bytes} bytes in one handshake")
            }
            Self::Refused(why) => f.write_str(why),
        }
    }
}
