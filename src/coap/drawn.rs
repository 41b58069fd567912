//! Message ids, tokens and jitter, out of a seed.

use std::time::Duration;

/// Bytes of a token: too many to be guessed by who does not see them (RFC 7252, section 5.3.1).
const TOKEN_BYTES: usize = 4;

/// What is drawn: not random, but unknown to who does not know the seed.
pub(super) struct Drawn {
    state: u64,
    step: u64,
    last_id: u16,
}

impl Drawn {
    pub(super) fn new(seed: [u8; 16]) -> Self {
        let half = |from: usize| u64::from_be_bytes(std::array::from_fn(|at| seed[from + at]));
        let mut drawn = Self { state: half(0), step: half(8) | 1, last_id: 0 };
        drawn.last_id = drawn.short();
        drawn
    }

    /// Returns the next message id; each comes again after 65,536 others.
    pub(super) fn id(&mut self) -> u16 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    pub(super) fn token(&mut self) -> Vec<u8> {
        self.number().to_be_bytes()[..TOKEN_BYTES].to_vec()
    }

    /// Returns a pause of once to one and a half times `least` (`ACK_RANDOM_FACTOR`).
    pub(super) fn jittered(&mut self, least: Duration) -> Duration {
        let part = u32::from(self.short());
        least.saturating_add(least / 2 / (1 << 16) * part)
    }

    fn short(&mut self) -> u16 {
        let [.., high, low] = self.number().to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// A counter whose bits are mixed until none is like its neighbour's (the finisher of `SplitMix64`).
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.step);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}
