//! DTLS 1.2 with many peers on one socket (RFC 6347): a gate that keeps no state, and associations behind it.
//!
//! No socket and no clock: datagrams and the time come in, datagrams and what was said go out. The cryptography is
//! OpenSSL's, behind `stack`; cookies, timers, budgets and the life of a peer are ours. Without the cargo feature `dtls`
//! only the words remain that others speak of.

#[cfg(feature = "dtls")]
mod agenda;
#[cfg(feature = "dtls")]
mod associations;
#[cfg(feature = "dtls")]
mod bounds;
#[cfg(feature = "dtls")]
mod gate;
#[cfg(feature = "dtls")]
mod hello;
#[cfg(feature = "dtls")]
mod libssl;
#[cfg(feature = "dtls")]
mod outcome;
#[cfg(feature = "dtls")]
mod peer;
#[cfg(feature = "dtls")]
mod record;
#[cfg(feature = "dtls")]
mod stack;
#[cfg(test)]
#[cfg(feature = "dtls")]
mod tests;
#[cfg(feature = "dtls")]
mod turns;
mod words;

#[cfg(feature = "dtls")]
pub use associations::Associations;
#[cfg(feature = "dtls")]
pub use bounds::{DtlsBounds, DtlsError, Identity};
#[cfg(feature = "dtls")]
pub use hello::ClientHello;
#[cfg(feature = "dtls")]
pub use outcome::{Departure, DtlsWord, HandshakeFailure, PeerId};
pub use words::{Candidate, PreSharedKeys, Proof};
