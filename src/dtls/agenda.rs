//! When which peer wants attention.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::outcome::PeerId;

/// The times at which peers want attention, the earliest first. A peer may be called too early or in vain, never too late.
#[derive(Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Duration, PeerId)>>,
}

impl Agenda {
    pub(super) fn note(&mut self, at: Duration, peer: PeerId) {
        self.heap.push(Reverse((at, peer)));
    }

    /// Returns the next entry that has come, and strikes it out.
    pub(super) fn due(&mut self, now: Duration) -> Option<(Duration, PeerId)> {
        self.heap.peek().filter(|Reverse((at, _))| *at <= now)?;
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    pub(super) fn next(&self) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// Strikes out what `keep` does not keep, once the entries outnumber `peers` by far.
    pub(super) fn tidy(&mut self, peers: usize, keep: impl Fn(Duration, PeerId) -> bool) {
        if self.heap.len() > 4 * peers + 64 {
            self.heap.retain(|Reverse((at, peer))| keep(*at, *peer));
        }
    }
}
