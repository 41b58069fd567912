//! Who a peer proved to be, and what proves us.

use std::fmt;

use crate::fleet::Secret;

/// What a peer proved in its handshake.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Nothing: there was no handshake (LwM2M NoSec).
    None,
    /// That it holds the key of this identity.
    Psk(Vec<u8>),
    /// That it holds the key of the first of these certificates (DER). Who issued it is for others to judge.
    Certificates(Vec<Vec<u8>>),
    /// That it holds the key of this public key (SPKI, DER).
    RawPublicKey(Vec<u8>),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Psk(identity) => write!(f, "the key of identity {:?}", String::from_utf8_lossy(identity)),
            Self::Certificates(chain) => write!(f, "{} certificates", chain.len()),
            Self::RawPublicKey(key) => write!(f, "a public key of {} bytes", key.len()),
        }
    }
}

/// A key that a device may have.
pub struct Candidate {
    /// The key.
    pub key: Secret,
    /// By which whoever handed it out knows it again.
    pub number: u32,
    /// True if no device has proved yet that it has it.
    pub is_new: bool,
}

/// Where pre-shared keys come from. Asked in the middle of a handshake.
pub trait PreSharedKeys: Send + Sync {
    /// Returns the keys of an identity as the peer sent it (at most 128 bytes), the likeliest first; none if there is no
    /// such identity. They are several while nobody knows which of them the device has: each handshake tries one.
    fn keys(&self, identity: &[u8]) -> Vec<Candidate>;

    /// Is told, where it may wait, that a peer has proved a key that was said to be new.
    fn proved(&self, identity: &[u8], number: u32) {
        let _ = (identity, number);
    }
}
