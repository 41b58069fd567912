//! A complaint that may come with every datagram is made seldom, with how often it came.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

/// How long nothing is said after something was.
const PAUSE: Duration = Duration::from_secs(10);

/// Says when a complaint is made.
#[derive(Default)]
pub(super) struct Seldom(Mutex<State>);

#[derive(Default)]
struct State {
    said: Option<OffsetDateTime>,
    unsaid: u64,
}

impl Seldom {
    /// Returns how often it was not said since it was said last, if it is to be said now.
    pub(super) fn due(&self, now: OffsetDateTime) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back is no reason to be silent until it has caught up.
        let rests = state.said.is_some_and(|said| said <= now && now - said < PAUSE);
        if rests {
            state.unsaid += 1;
            return None;
        }
        state.said = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_complaints_is_one_and_then_a_count_every_ten_seconds() {
        let seldom = Seldom::default();
        let at = |millis: i64| OffsetDateTime::UNIX_EPOCH + time::Duration::milliseconds(1_000_000 + millis);
        let said: Vec<_> = (0..25_000).step_by(10).filter_map(|now| Some((now, seldom.due(at(now))?))).collect();
        assert_eq!(said, [(0, 0), (10_000, 999), (20_000, 999)]);
        // Long after, and after the clock was set back, it is said at once.
        assert_eq!(seldom.due(at(100_000)), Some(499));
        assert_eq!(seldom.due(at(-900_000)), Some(0));
    }
}
