//! The one thread that writes: requests are closures, and all that wait are committed together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use crate::delivery::Clock;

use super::work::{Surroundings, Work};
use super::{LedgerError, connection};

/// The most requests of one commit: bounds the memory of a transaction and how long another process waits.
const LARGEST_GROUP: usize = 256;

/// A request on its way to the thread and its answer on its way back.
trait Request: Send {
    /// Does the work inside a savepoint; an error means that it is not to be kept.
    fn work(&mut self, conn: &Connection, around: &Surroundings, clock: &dyn Clock) -> Result<(), LedgerError>;
    /// Answers, after the commit. A failed commit is everybody's failure.
    fn answer(self: Box<Self>, committed: Result<(), LedgerError>);
}

struct Typed<T, F> {
    job: Option<F>,
    result: Option<Result<T, LedgerError>>,
    reply: SyncSender<Result<T, LedgerError>>,
}

impl<T, F> Request for Typed<T, F>
where
    T: Send,
    F: FnOnce(&mut Work<'_>) -> Result<T, LedgerError> + Send,
{
    fn work(&mut self, conn: &Connection, around: &Surroundings, clock: &dyn Clock) -> Result<(), LedgerError> {
        let Some(job) = self.job.take() else { return Ok(()) };
        let attempt = || {
            let mut work = Work::begin(conn, around, clock)?;
            let value = job(&mut work)?;
            work.end()?;
            Ok(value)
        };
        let result = attempt();
        let verdict = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, committed: Result<(), LedgerError>) {
        let result = match (committed, self.result) {
            (Err(error), Some(Ok(_)) | None) => Err(error),
            (_, Some(result)) => result,
            (Ok(()), None) => Err(LedgerError::Misuse { what: "a request was answered before it ran".into() }),
        };
        // Whoever asked may be gone; what is committed stays.
        let _ = self.reply.send(result);
    }
}

/// Counts of what a writer did.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) requests: AtomicU64,
    pub(super) commits: AtomicU64,
}

/// Faults put in by tests, at every commit: where, the commit's number, the writer's connection.
pub(super) type Fault = Arc<dyn Fn(Point, u64, &Connection) -> Result<(), LedgerError> + Send + Sync>;

/// Where a fault can strike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Point {
    BeforeCommit,
    AfterCommit,
}

/// The writer thread, seen from outside. Dropping it waits for what is queued, then truncates the write-ahead log.
pub(super) struct Writer {
    queue: Option<Sender<Box<dyn Request>>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(
        path: &Path,
        around: Surroundings,
        clock: Arc<dyn Clock>,
        counts: Arc<Counts>,
        fault: Option<Fault>,
    ) -> Result<Self, LedgerError> {
        let conn = connection::open(path).map_err(|error| error.located(path))?;
        let (queue, requests) = channel();
        let thread = Thread { conn, around, clock, counts, fault, path: path.into() };
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || thread.serve(&requests))
            .map_err(|source| LedgerError::file(path, "starting a thread for", source))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), path: path.into() })
    }

    /// Runs `job` in the next group and returns when it is on the disk, or rolled back.
    pub(super) fn run<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let stopped = || LedgerError::Misuse { what: "the writer has stopped".into() };
        let (reply, answer) = sync_channel(1);
        let request = Box::new(Typed { job: Some(job), result: None, reply });
        self.queue.as_ref().ok_or_else(stopped)?.send(request).map_err(|_| stopped())?;
        answer.recv().map_err(|_| stopped())?.map_err(|error| error.located(&self.path))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    conn: Connection,
    around: Surroundings,
    clock: Arc<dyn Clock>,
    counts: Arc<Counts>,
    fault: Option<Fault>,
    path: PathBuf,
}

impl Thread {
    fn serve(self, requests: &Receiver<Box<dyn Request>>) {
        while let Ok(first) = requests.recv() {
            let mut group = vec![first];
            group.extend(requests.try_iter().take(LARGEST_GROUP - 1));
            self.counts.requests.fetch_add(group.len() as u64, Ordering::Relaxed);
            let committed = self.commit(&mut group).map_err(|error| error.located(&self.path));
            for request in group {
                request.answer(committed.clone());
            }
        }
        // So that what was destroyed does not live on in the log. A reader of another process may prevent it; the log is
        // then truncated by whoever closes last.
        let _ = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }

    /// Runs a group in one transaction, each request in a savepoint of its own.
    fn commit(&self, group: &mut [Box<dyn Request>]) -> Result<(), LedgerError> {
        self.run("BEGIN IMMEDIATE")?;
        let outcome = self.work_and_commit(group);
        if outcome.is_err() && !self.conn.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
        outcome
    }

    fn work_and_commit(&self, group: &mut [Box<dyn Request>]) -> Result<(), LedgerError> {
        let mut keep = false;
        for request in group {
            keep |= self.work(request.as_mut())?;
        }
        if !keep {
            return self.run("ROLLBACK");
        }
        let number = self.counts.commits.fetch_add(1, Ordering::Relaxed) + 1;
        self.strike(Point::BeforeCommit, number)?;
        self.run("COMMIT")?;
        self.strike(Point::AfterCommit, number)
    }

    /// Runs one request; true if it changed something. An error that made SQLite give up the whole transaction (disk full, I/O) ends the group.
    fn work(&self, request: &mut dyn Request) -> Result<bool, LedgerError> {
        self.run("SAVEPOINT request")?;
        let before = self.conn.total_changes();
        let verdict = request.work(&self.conn, &self.around, &*self.clock);
        if self.conn.is_autocommit() {
            return Err(verdict.err().unwrap_or_else(|| LedgerError::Full { path: self.path.clone() }));
        }
        let keep = verdict.is_ok();
        if !keep {
            self.run("ROLLBACK TO request")?;
        }
        self.run("RELEASE request")?;
        Ok(keep && self.conn.total_changes() != before)
    }

    /// Runs one of the statements that frame every request, parsed once.
    fn run(&self, statement: &str) -> Result<(), LedgerError> {
        self.conn.prepare_cached(statement)?.execute([])?;
        Ok(())
    }

    fn strike(&self, point: Point, number: u64) -> Result<(), LedgerError> {
        self.fault.as_ref().map_or(Ok(()), |fault| fault(point, number, &self.conn))
    }
}
