//! What lies between a socket and the peers: nothing, or DTLS.

use std::collections::VecDeque;
use std::hash::Hash;
use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "dtls")]
use crate::dtls::Identity;
use crate::dtls::Proof;

/// What came off the wire.
pub(super) enum Heard<K> {
    /// A message of a peer.
    Said {
        /// How it is reached.
        key: K,
        from: SocketAddr,
        proof: Proof,
        bytes: Vec<u8>,
    },
    /// A handshake is complete.
    #[cfg(feature = "dtls")]
    Joined { from: SocketAddr, proof: Proof, suite: String },
    /// A key was proved that nobody had proved before.
    #[cfg(feature = "dtls")]
    Proved { identity: Vec<u8>, number: u32 },
    /// A peer is gone.
    #[cfg(feature = "dtls")]
    Gone {
        /// How it was reached.
        key: K,
        why: String,
    },
    /// A handshake came to nothing.
    #[cfg(feature = "dtls")]
    Failed(FailedHandshake),
}

/// A handshake that came to nothing.
#[cfg(feature = "dtls")]
pub(super) struct FailedHandshake {
    pub(super) from: SocketAddr,
    /// The identity that was named.
    pub(super) identity: Option<Vec<u8>>,
    /// By which it is counted.
    pub(super) reason: &'static str,
    pub(super) why: String,
    /// What to do about it.
    pub(super) fix: &'static str,
}

/// What lies between a socket and the peers.
pub(super) trait Wire: Send {
    /// How a peer is reached.
    type Key: Copy + Eq + Hash + Send;
    /// Takes a datagram of the socket.
    fn received(&mut self, at: Duration, from: SocketAddr, datagram: &[u8]);
    /// Sends a message to a peer.
    fn send(&mut self, at: Duration, to: Self::Key, bytes: Vec<u8>);
    /// Lets a peer go.
    fn close(&mut self, at: Duration, peer: Self::Key);
    /// Lets a peer be silent for longer than others, or as long as they.
    fn keep(&mut self, peer: Self::Key, idle: Option<Duration>);
    /// Does what is due.
    fn tick(&mut self, at: Duration);
    /// Returns when `tick` is due.
    fn deadline(&self) -> Option<Duration>;
    /// Returns the next datagram for the socket.
    fn datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)>;
    /// Returns how many were turned away for want of room so far.
    fn turned_away(&self) -> u64 {
        0
    }
    /// Takes another certificate to prove itself with, where that is how it is done; says why it cannot.
    #[cfg(feature = "dtls")]
    fn renew(&mut self, _identity: Identity) -> Result<(), String> {
        Ok(())
    }
    /// Returns how an address is reached that nothing was heard of yet; none where a handshake must come first.
    fn key(&self, address: SocketAddr) -> Option<Self::Key>;
    /// Returns what was heard next.
    fn heard(&mut self) -> Option<Heard<Self::Key>>;
}

/// Nothing between: a peer is its address.
#[derive(Default)]
pub(super) struct Plain {
    heard: VecDeque<Heard<SocketAddr>>,
    out: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Wire for Plain {
    type Key = SocketAddr;

    fn received(&mut self, _at: Duration, from: SocketAddr, datagram: &[u8]) {
        self.heard.push_back(Heard::Said { key: from, from, proof: Proof::None, bytes: datagram.to_vec() });
    }

    fn send(&mut self, _at: Duration, to: SocketAddr, bytes: Vec<u8>) {
        self.out.push_back((to, bytes));
    }

    fn close(&mut self, _at: Duration, _peer: SocketAddr) {}

    fn keep(&mut self, _peer: SocketAddr, _idle: Option<Duration>) {}

    fn tick(&mut self, _at: Duration) {}

    fn deadline(&self) -> Option<Duration> {
        None
    }

    fn datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.out.pop_front()
    }

    fn key(&self, address: SocketAddr) -> Option<SocketAddr> {
        Some(address)
    }

    fn heard(&mut self) -> Option<Heard<SocketAddr>> {
        self.heard.pop_front()
    }
}
