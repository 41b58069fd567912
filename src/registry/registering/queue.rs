//! The queue of registrations: what waits while the disk is busy goes into the next transaction together.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::registry::times::millis;
use crate::registry::{Registry, RegistryError};

use super::apply::register_all;
use super::asked::{Asked, Decision};
use super::decide::needs_check;
use super::snapshot::Snapshot;

/// Most registrations of one transaction.
const MOST: usize = 128;

/// Who is told what became of a registration.
type Done = Box<dyn FnOnce(Result<Decision, RegistryError>) + Send>;

/// Takes registrations and decides them in batches, one transaction each.
pub struct Registrar {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Asked, Done)>,
    closed: bool,
}

impl Registrar {
    /// Starts the queue's thread.
    pub fn start(registry: Registry) -> Self {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("registrar".into()).spawn(move || serve(&theirs, &registry)).ok();
        Self { queue, thread }
    }

    /// Asks for a registration; `done` is called when it is on the disk, on a thread of the queue's.
    pub fn submit(&self, asked: Asked, done: impl FnOnce(Result<Decision, RegistryError>) + Send + 'static) {
        let mut state = self.queue.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.push_back((asked, Box::new(done)));
        drop(state);
        self.queue.wake.notify_one();
    }

    /// Asks for a registration and waits.
    pub fn register(&self, asked: Asked) -> Result<Decision, RegistryError> {
        let (tell, hear) = std::sync::mpsc::channel();
        self.submit(asked, move |decision| {
            let _ = tell.send(decision);
        });
        hear.recv().unwrap_or_else(|_| {
            Err(RegistryError::Away { store: String::new(), reason: "its thread has ended".to_owned() })
        })
    }
}

impl Registry {
    /// Returns true if the group's own check is to be asked: not about what is refused anyway, nor about a repetition.
    pub fn needs_check(&self, asked: &Asked) -> Result<bool, RegistryError> {
        let now = millis(self.now());
        self.read(|reading| {
            let found = Snapshot::read(reading.sql, reading.tenant, now, std::slice::from_ref(asked))?;
            Ok(needs_check(asked, &found, now))
        })
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        self.queue.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.queue.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(queue: &Queue, registry: &Registry) {
    while let Some(waiting) = next(queue) {
        let (batch, done): (Vec<Asked>, Vec<Done>) = waiting.into_iter().unzip();
        match registry.write(move |writing| register_all(writing, &batch)) {
            Ok(decisions) => done.into_iter().zip(decisions).for_each(|(done, decision)| done(Ok(decision))),
            Err(error) => done.into_iter().for_each(|done| done(Err(error.clone()))),
        }
    }
}

fn next(queue: &Queue) -> Option<Vec<(Asked, Done)>> {
    let mut state = queue.state.lock().unwrap_or_else(PoisonError::into_inner);
    while state.waiting.is_empty() {
        if state.closed {
            return None;
        }
        state = queue.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let some = state.waiting.len().min(MOST);
    Some(state.waiting.drain(..some).collect())
}
