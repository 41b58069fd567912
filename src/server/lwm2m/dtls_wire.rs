//! DTLS between a socket and the peers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::dtls::{Associations, DtlsWord, HandshakeFailure, Identity, PeerId, Proof};

use super::wire::{FailedHandshake, Heard, Wire};

/// DTLS with many peers.
pub(super) struct Dtls {
    associations: Associations,
    joined: HashMap<PeerId, (SocketAddr, Proof)>,
}

impl Dtls {
    pub(super) fn new(associations: Associations) -> Self {
        Self { associations, joined: HashMap::new() }
    }
}

impl Wire for Dtls {
    type Key = PeerId;

    fn received(&mut self, at: Duration, from: SocketAddr, datagram: &[u8]) {
        self.associations.received(at, from, datagram);
    }

    fn send(&mut self, at: Duration, to: PeerId, bytes: Vec<u8>) {
        self.associations.send(at, to, &bytes);
    }

    fn close(&mut self, at: Duration, peer: PeerId) {
        self.associations.close(at, peer);
    }

    fn keep(&mut self, peer: PeerId, idle: Option<Duration>) {
        self.associations.keep(peer, idle);
    }

    fn tick(&mut self, at: Duration) {
        self.associations.tick(at);
    }

    fn deadline(&self) -> Option<Duration> {
        self.associations.deadline()
    }

    fn datagram(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.associations.datagram()
    }

    fn turned_away(&self) -> u64 {
        self.associations.turned_away()
    }

    fn renew(&mut self, identity: Identity) -> Result<(), String> {
        self.associations.renew(identity).map_err(|error| error.to_string())
    }

    fn key(&self, _address: SocketAddr) -> Option<PeerId> {
        None
    }

    fn heard(&mut self) -> Option<Heard<PeerId>> {
        loop {
            return Some(match self.associations.word()? {
                DtlsWord::Joined { peer, from, proof, suite } => {
                    self.joined.insert(peer, (from, proof.clone()));
                    Heard::Joined { from, proof, suite }
                }
                DtlsWord::Proved { identity, number } => Heard::Proved { identity, number },
                DtlsWord::Said { peer, bytes } => {
                    let Some((from, proof)) = self.joined.get(&peer) else { continue };
                    Heard::Said { key: peer, from: *from, proof: proof.clone(), bytes }
                }
                DtlsWord::Left { peer, why } => {
                    self.joined.remove(&peer);
                    Heard::Gone { key: peer, why: why.to_string() }
                }
                DtlsWord::Failed { from, identity, why } => Heard::Failed(failed(from, identity, &why)),
            });
        }
    }
}

/// Why a handshake failed, with what to do about it: for us alone, the peer is told nothing.
fn failed(from: SocketAddr, identity: Option<Vec<u8>>, why: &HandshakeFailure) -> FailedHandshake {
    let (reason, fix) = match why {
        HandshakeFailure::UnknownIdentity => (
            "unknown-identity",
            "no device of this fleet has this identity for its bootstrap server: look with `devices show`, whether it was \
             made here (`issue`, `write`), and whether the device holds the identity as text or as hexadecimal digits",
        ),
        HandshakeFailure::WrongKey => (
            "wrong-key",
            "the device holds another key: often the hexadecimal digits as text in place of the bytes, or the other way \
             round, or the key of an earlier generation; write its bundle again",
        ),
        HandshakeFailure::UnusableKey { .. } => {
            ("unusable-key", "give the credential another length: `bytes: 16` fits every client")
        }
        HandshakeFailure::NoSharedSuite { .. } => (
            "no-shared-suite",
            "have the client offer TLS_PSK_WITH_AES_128_CCM_8 (c0a8) or TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 (c0ae)",
        ),
        HandshakeFailure::TimedOut => (
            "timed-out",
            "the device did not go on: a wrong certificate of the server in its eyes, a key that is too long for its \
             buffer, or a bad link",
        ),
        HandshakeFailure::OverBudget { .. } => {
            ("over-budget", "it sends more than a handshake needs: a chain that is too long, or no client at all")
        }
        HandshakeFailure::Refused(_) => ("refused", "see the words of the library; the client's own log says more"),
    };
    FailedHandshake { from, identity, reason, why: why.to_string(), fix }
}
