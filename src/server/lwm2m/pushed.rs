//! Bootstraps that the server begins without being asked (LwM2M 1.0, Server Initiated Bootstrap).

use std::hash::Hash;
use std::net::SocketAddr;
use std::time::Duration;

use crate::bootstrap::BootstrapRequest;
use crate::dtls::Proof;

use super::peer::Push;
use super::peers::Peers;
use super::pump::{Letter, Post};

/// Begins bootstraps that nobody asked for.
#[derive(Clone)]
pub struct Pusher {
    pub(super) post: Post,
}

impl Pusher {
    /// Begins one of the device that calls itself `endpoint`: without protection at `to`, or over the DTLS association that
    /// lives from there. Returns false where no socket of this kind is open.
    pub fn push(&self, endpoint: String, to: SocketAddr, is_protected: bool) -> bool {
        let inbox = if is_protected { &self.post.protected } else { &self.post.plain };
        let Some(inbox) = inbox else { return false };
        inbox.put(Letter::Push(Push { endpoint, to }));
        true
    }
}

impl<K: Copy + Eq + Hash> Peers<K> {
    /// Begins a bootstrap that was not asked for. What the device is told is found out as if it had asked.
    pub(super) fn push(&mut self, at: Duration, push: Push, key: impl FnOnce(SocketAddr) -> Option<K>) {
        let Push { endpoint, to } = push;
        let known = match key(to) {
            Some(key) => Some(self.admit(at, key, to, &Proof::None)),
            None => self.by_number.iter().find(|(_, peer)| peer.from == to).map(|(number, _)| *number),
        };
        let Some(number) = known else { return };
        let request = BootstrapRequest { endpoint: Some(endpoint), preferred: None };
        self.decide(at, number, None, request, None);
        self.with(at, number, |peer| peer.heard = at);
    }
}
