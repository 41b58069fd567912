//! Clock and randomness, which come in as arguments.

use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the time in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// Draws random bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes`. `purpose` names what they are for; a seeded source derives from it, so that the order of the draws
    /// (several threads) does not matter. The same purpose must not be drawn twice.
    fn fill(&self, purpose: &str, bytes: &mut [u8]);
    /// Returns true if the bytes can be foretold (`--seed`): what is made from them is marked and never goes on real
    /// hardware.
    fn foretold(&self) -> bool {
        false
    }
}
