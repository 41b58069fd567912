//! A breaker for each hook: one that fails again and again is left alone for a while, then tried by one request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After how many failures in a row a hook is left alone.
const MOST_FAILURES: u32 = 5;
/// For how long.
const REST: Duration = Duration::from_secs(30);
/// Most calls of one hook at a time: a slow one must not take all threads of the server.
const MOST_CALLS: u32 = 16;

#[derive(Default)]
struct Circuit {
    failures: u32,
    rests_until: Option<Instant>,
    calls: u32,
}

/// The breakers of all hooks, by a text that names each.
#[derive(Default)]
pub(super) struct Breakers {
    circuits: Mutex<HashMap<String, Circuit>>,
}

/// Why a hook is not called now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Closed {
    /// It failed too often: how long it is still left alone.
    Rests(Duration),
    /// As many calls as possible are under way.
    Busy,
}

impl Breakers {
    /// Begins a call at `now`.
    pub(super) fn begin(&self, hook: &str, now: Instant) -> Result<(), Closed> {
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        let circuit = circuits.entry(hook.to_owned()).or_default();
        if let Some(until) = circuit.rests_until {
            if now < until {
                return Err(Closed::Rests(until - now));
            }
            // One request tries; the others wait for what it finds.
            circuit.rests_until = Some(now + REST);
        }
        if circuit.calls >= MOST_CALLS {
            return Err(Closed::Busy);
        }
        circuit.calls += 1;
        Ok(())
    }

    /// Ends a call that was begun.
    pub(super) fn end(&self, hook: &str, has_worked: bool, now: Instant) {
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        let circuit = circuits.entry(hook.to_owned()).or_default();
        circuit.calls = circuit.calls.saturating_sub(1);
        if has_worked {
            (circuit.failures, circuit.rests_until) = (0, None);
            return;
        }
        circuit.failures = circuit.failures.saturating_add(1);
        if circuit.failures >= MOST_FAILURES {
            circuit.rests_until = Some(now + REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_fails_again_and_again_is_left_alone_then_tried_once() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        for _ in 0..MOST_FAILURES {
            assert_eq!(breakers.begin("a", now), Ok(()));
            breakers.end("a", false, now);
        }
        assert_eq!(breakers.begin("a", now), Err(Closed::Rests(REST)));
        assert_eq!(breakers.begin("b", now), Ok(()), "another hook has a breaker of its own");
        let later = now + REST;
        assert_eq!(breakers.begin("a", later), Ok(()), "one tries");
        assert_eq!(breakers.begin("a", later), Err(Closed::Rests(REST)), "the others wait");
        breakers.end("a", true, later);
        assert_eq!(breakers.begin("a", later), Ok(()));
        breakers.end("a", false, later);
        assert_eq!(breakers.begin("a", later), Ok(()), "one failure is none");
    }

    #[test]
    fn a_slow_hook_does_not_take_all_threads() {
        let (breakers, now) = (Breakers::default(), Instant::now());
        assert!((0..MOST_CALLS).all(|_| breakers.begin("a", now).is_ok()));
        assert_eq!(breakers.begin("a", now), Err(Closed::Busy));
        breakers.end("a", true, now);
        assert_eq!(breakers.begin("a", now), Ok(()));
    }
}
