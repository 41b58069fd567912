//! Whether a connection does anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// When a connection last did something, and how many of its requests are at work.
pub(super) struct Activity {
    began: Instant,
    last: AtomicU64,
    working: AtomicUsize,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), last: AtomicU64::new(0), working: AtomicUsize::new(0) })
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn touch(&self) {
        self.last.store(self.millis(), Ordering::Relaxed);
    }

    /// Counts a request as at work until the value is dropped.
    pub(super) fn working(self: &Arc<Self>) -> Working {
        self.working.fetch_add(1, Ordering::Relaxed);
        self.touch();
        Working(Arc::clone(self))
    }

    /// Returns how long nothing was done; none while a request is at work.
    pub(super) fn idle(&self) -> Option<Duration> {
        let since = self.millis().saturating_sub(self.last.load(Ordering::Relaxed));
        (self.working.load(Ordering::Relaxed) == 0).then(|| Duration::from_millis(since))
    }
}

/// A request at work.
pub(super) struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.touch();
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}
