//! The thread that writes: what waits goes into one transaction, so that one flush of the disk serves many.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::connection::{Connection, Opener, Purpose};
use super::{RegistryError, Sql};

/// Most requests of one transaction.
const MOST: usize = 64;
/// Times that requests are tried again on a fresh connection.
const TRIES: u32 = 3;
/// How long to wait before that.
const PAUSE: Duration = Duration::from_millis(50);

/// What is done in a transaction. It may be run again where the transaction did not come about.
pub(super) type Work = Box<dyn FnMut(&mut dyn Sql) -> Result<(), RegistryError> + Send>;
/// Who is told how it ended.
pub(super) type Done = Box<dyn FnOnce(Result<(), RegistryError>) + Send>;

/// A request in the queue.
struct Request {
    work: Work,
    done: Done,
}

/// The queue and its thread; ends with the last request when it is dropped.
pub(super) struct Writer {
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
    waiting: VecDeque<Request>,
    closed: bool,
}

impl Writer {
    /// Starts the thread; its connection is opened by the first request.
    pub(super) fn start(opener: Arc<dyn Opener>) -> Self {
        let queue = Arc::new(Queue::default());
        let theirs = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("registry".into()).spawn(move || serve(&theirs, &*opener)).ok();
        Self { queue, thread }
    }

    /// Puts a request into the queue; `done` is called on the writer's thread after the commit.
    pub(super) fn submit(&self, work: Work, done: Done) {
        let mut state = self.queue.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.push_back(Request { work, done });
        drop(state);
        self.queue.wake.notify_one();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.queue.wake.notify_all();
        let own = self.thread.as_ref().is_some_and(|thread| thread.thread().id() == std::thread::current().id());
        if let Some(thread) = self.thread.take().filter(|_| !own) {
            let _ = thread.join();
        }
    }
}

fn serve(queue: &Queue, opener: &dyn Opener) {
    let mut connection = None;
    while let Some(mut requests) = next(queue) {
        let results = group(&mut connection, opener, &mut requests);
        for (request, result) in requests.into_iter().zip(results) {
            (request.done)(result);
        }
    }
}

/// Waits for requests; none once the queue is closed and empty.
fn next(queue: &Queue) -> Option<Vec<Request>> {
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

type Results = Vec<Result<(), RegistryError>>;

/// Runs the requests in one transaction; where that does not come about, on a fresh connection again.
fn group(connection: &mut Option<Box<dyn Connection>>, opener: &dyn Opener, requests: &mut [Request]) -> Results {
    let mut failure = None;
    for tries in 0..TRIES {
        if tries > 0 {
            std::thread::sleep(PAUSE * tries);
        }
        let ran = opened(connection, opener).and_then(|connection| transaction(connection, requests));
        match ran {
            Ok(results) => return results,
            Err(error) => {
                discard(connection);
                let is_final = !matches!(error, RegistryError::Away { .. });
                failure = Some(error);
                if is_final {
                    break;
                }
            }
        }
    }
    let failure = failure.expect("a group that was not run has failed");
    requests.iter().map(|_| Err(failure.clone())).collect()
}

fn opened<'a>(
    connection: &'a mut Option<Box<dyn Connection>>,
    opener: &dyn Opener,
) -> Result<&'a mut dyn Connection, RegistryError> {
    if connection.is_none() {
        *connection = Some(opener.open(Purpose::Write)?);
    }
    Ok(connection.as_deref_mut().expect("it was opened right above"))
}

/// A connection that failed is given up: what state it is in is not known.
fn discard(connection: &mut Option<Box<dyn Connection>>) {
    if let Some(mut lost) = connection.take()
        && !lost.is_lost()
    {
        let _ = lost.rollback();
    }
}

/// One transaction. An error of a single request undoes that request alone; an error returned undid all of them.
fn transaction(connection: &mut dyn Connection, requests: &mut [Request]) -> Result<Results, RegistryError> {
    connection.begin(Purpose::Write)?;
    let mut results = Vec::with_capacity(requests.len());
    match requests {
        [request] => results.push(alone(connection, request)?),
        requests => {
            for request in requests {
                results.push(single(connection, request)?);
            }
        }
    }
    if results.iter().all(Result::is_err) {
        connection.rollback()?;
    } else {
        connection.commit()?;
    }
    Ok(results)
}

/// A request that is alone in its transaction needs no savepoint: with an error of its own all is undone anyway.
fn alone(connection: &mut dyn Connection, request: &mut Request) -> Result<Result<(), RegistryError>, RegistryError> {
    match (request.work)(connection) {
        Err(error) if error.is_passing() || connection.is_lost() => Err(error),
        ended => Ok(ended),
    }
}

/// One request within a savepoint: the inner result is its own, the outer one the connection's.
fn single(connection: &mut dyn Connection, request: &mut Request) -> Result<Result<(), RegistryError>, RegistryError> {
    connection.run("SAVEPOINT request")?;
    match (request.work)(connection) {
        Ok(()) => {
            connection.run("RELEASE SAVEPOINT request")?;
            Ok(Ok(()))
        }
        Err(error) if error.is_passing() || connection.is_lost() => Err(error),
        Err(error) => {
            connection.run("ROLLBACK TO SAVEPOINT request")?;
            connection.run("RELEASE SAVEPOINT request")?;
            Ok(Err(error))
        }
    }
}
