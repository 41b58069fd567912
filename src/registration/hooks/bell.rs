//! Threads that work until nothing is left, then wait for a bell.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked for work that nobody rang for: made by another server or a person, put off, left by a crash.
const LOOK: Duration = Duration::from_millis(500);
/// How long work under way is waited for at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// The threads; they end when this is let go.
pub(super) struct Crew {
    bell: Arc<Bell>,
}

#[derive(Default)]
struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    rings: u64,
    busy: usize,
    is_over: bool,
}

impl Crew {
    /// Starts `threads` threads; `work` returns false where it found nothing to do.
    pub(super) fn start(threads: usize, name: &str, work: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        let (bell, work) = (Arc::new(Bell::default()), Arc::new(work));
        for number in 0..threads {
            let (bell, work) = (Arc::clone(&bell), Arc::clone(&work));
            let thread = std::thread::Builder::new().name(format!("{name}-{number}"));
            // Where no thread can be made the others do it; without any, it waits for the next start.
            let _ = thread.spawn(move || bell.run(&*work));
        }
        Self { bell }
    }

    /// Returns what rings for this crew and does not keep it.
    pub(super) fn ringer(&self) -> Ringer {
        Ringer(Arc::clone(&self.bell))
    }
}

/// Rings for a crew, as long as there is one.
pub(in crate::registration) struct Ringer(Arc<Bell>);

impl Ringer {
    /// Tells that there is something to do.
    pub(in crate::registration) fn ring(&self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).rings += 1;
        self.0.rung.notify_one();
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let mut state = self.bell.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_over = true;
        self.bell.rung.notify_all();
        let until = Instant::now() + FAREWELL;
        while state.busy > 0 && Instant::now() < until {
            let waited = self.bell.rung.wait_timeout(state, Duration::from_millis(50));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Bell {
    fn run(&self, work: &dyn Fn() -> bool) {
        loop {
            let heard = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if state.is_over {
                    return;
                }
                state.busy += 1;
                state.rings
            };
            let found = work();
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.busy -= 1;
            if !found && !state.is_over && state.rings == heard {
                drop(self.rung.wait_timeout(state, LOOK));
            }
        }
    }
}
