//! A confirmable message until it is acknowledged (RFC 7252, section 4.2).

use std::time::Duration;

use zeroize::Zeroizing;

use super::drawn::Drawn;
use super::words::Timing;

/// A message that is repeated until it is acknowledged.
pub(super) struct Flight {
    pub id: u16,
    /// True for a request of ours, false for an answer.
    pub asks: bool,
    bytes: Zeroizing<Vec<u8>>,
    repetitions_left: u32,
    pause: Duration,
    due: Duration,
}

impl Flight {
    pub(super) fn new(at: Duration, id: u16, asks: bool, bytes: Zeroizing<Vec<u8>>, by: (&Timing, &mut Drawn)) -> Self {
        let (timing, drawn) = by;
        let pause = drawn.jittered(timing.ack_timeout);
        Self { id, asks, bytes, repetitions_left: timing.most_repetitions, pause, due: at.saturating_add(pause) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns when it is repeated or given up.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// Repeats it; false if that was done often enough.
    pub(super) fn repeat(&mut self, at: Duration) -> bool {
        if self.repetitions_left == 0 {
            return false;
        }
        self.repetitions_left -= 1;
        self.pause = self.pause.saturating_mul(2);
        self.due = at.saturating_add(self.pause);
        true
    }
}
