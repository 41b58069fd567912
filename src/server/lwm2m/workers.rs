//! Threads that may wait for registry, disk and hooks.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Work>,
    is_closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn next(&self) -> Option<Work> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(work) = queue.waiting.pop_front() {
                return Some(work);
            }
            if queue.is_closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Threads that do what is given to them; dropped, they finish it first.
pub(super) struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts so many.
    pub(super) fn start(number: usize) -> std::io::Result<Self> {
        let mut workers = Self { shared: Arc::default(), threads: Vec::new() };
        for _ in 0..number.max(1) {
            let shared = Arc::clone(&workers.shared);
            let work = move || {
                while let Some(work) = shared.next() {
                    // What one device met must not end the thread that serves others.
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
                }
            };
            workers.threads.push(std::thread::Builder::new().name("bootstrap-work".into()).spawn(work)?);
        }
        Ok(workers)
    }

    /// Has something done.
    pub(super) fn put(&self, work: impl FnOnce() + Send + 'static) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).waiting.push_back(Box::new(work));
        self.shared.changed.notify_one();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_work_is_done_whatever_one_of_it_does() {
        let workers = Workers::start(2).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        for number in 0..20 {
            let count = Arc::clone(&count);
            workers.put(move || {
                count.fetch_add(1, Ordering::SeqCst);
                assert_ne!(number, 7, "this one panics");
            });
        }
        drop(workers);
        assert_eq!(count.load(Ordering::SeqCst), 20);
    }
}
