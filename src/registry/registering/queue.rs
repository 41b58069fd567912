//! The queue of registrations: what waits while the disk is busy goes into the next transaction together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::registry::handle::Writing;
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

/// Takes registrations and decides them in batches, one transaction each. It has no thread: the registry's one writer takes
/// what waits at the moment it gets to it.
pub struct Registrar {
    counter: Arc<Counter>,
}

struct Counter {
    registry: Registry,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    registrations: VecDeque<(Asked, Done)>,
    /// The writer was asked to take them.
    is_called: bool,
}

/// What the writer took; none before.
type Batch = Arc<Mutex<Option<(Vec<Asked>, Vec<Done>)>>>;

impl Registrar {
    /// Starts to take registrations for a registry.
    pub fn start(registry: Registry) -> Self {
        Self { counter: Arc::new(Counter { registry, waiting: Mutex::default() }) }
    }

    /// Asks for a registration; `done` is called when it is on the disk, on the registry's thread.
    pub fn submit(&self, asked: Asked, done: impl FnOnce(Result<Decision, RegistryError>) + Send + 'static) {
        let mut waiting = self.counter.waiting();
        waiting.registrations.push_back((asked, Box::new(done)));
        let was_called = std::mem::replace(&mut waiting.is_called, true);
        drop(waiting);
        if !was_called {
            self.counter.call();
        }
    }

    /// Asks for a registration and waits.
    pub fn register(&self, asked: Asked) -> Result<Decision, RegistryError> {
        let (tell, hear) = std::sync::mpsc::channel();
        self.submit(asked, move |decision| {
            let _ = tell.send(decision);
        });
        hear.recv().unwrap_or_else(|_| {
            let (store, reason) = (self.counter.registry.store().to_owned(), "its thread has ended".to_owned());
            Err(RegistryError::Away { store, reason })
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

impl Counter {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the writer. It takes the batch once: where the transaction does not come about, the same ones again.
    fn call(self: &Arc<Self>) {
        let batch = Batch::default();
        let (counter, taken) = (Arc::clone(self), Arc::clone(&batch));
        let work = move |writing: &mut Writing<'_>| {
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            let (asked, _) = taken.get_or_insert_with(|| counter.take());
            register_all(writing, asked)
        };
        let counter = Arc::clone(self);
        let done = move |decided: Result<Vec<Decision>, RegistryError>| {
            let taken = batch.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Where the store could not be reached nothing was taken yet: those who wait are told so.
            let (_, done) = taken.unwrap_or_else(|| counter.take());
            match decided {
                Ok(decisions) => done.into_iter().zip(decisions).for_each(|(done, decision)| done(Ok(decision))),
                Err(error) => done.into_iter().for_each(|done| done(Err(error.clone()))),
            }
        };
        self.registry.submit(work, done);
    }

    /// Takes the next batch; the writer is called again for what it leaves, and for what comes later.
    fn take(self: &Arc<Self>) -> (Vec<Asked>, Vec<Done>) {
        let mut waiting = self.waiting();
        let some = waiting.registrations.len().min(MOST);
        let batch = waiting.registrations.drain(..some).unzip();
        waiting.is_called = !waiting.registrations.is_empty();
        let is_rest = waiting.is_called;
        drop(waiting);
        if is_rest {
            self.call();
        }
        batch
    }
}
