//! Bringing SQLite's write-ahead log into its file, on a thread beside the writer: it writes many pages and waits for the disk,
//! and meanwhile the writer goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

/// What opens the keeper's own connection.
pub(super) type Opening = Box<dyn Fn() -> rusqlite::Result<Connection> + Send>;

/// Keeps the log of one writer short.
pub(super) struct LogKeeper {
    /// Pages of the log that are worth a turn.
    worth: i64,
    ended: Arc<AtomicBool>,
    bell: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    opening: Option<Opening>,
}

impl LogKeeper {
    /// Begins a turn whenever the log has `worth` pages that are not in the file; the thread is started by the first.
    pub(super) fn new(worth: i64, opening: Opening) -> Self {
        Self { worth, ended: Arc::default(), bell: None, thread: None, opening: Some(opening) }
    }

    /// Looks after the log; called by the writer after a commit.
    ///
    /// What fails here is tried again after the next commit: a commit is on the disk as soon as it is in the log.
    pub(super) fn tend(&mut self, writer: &Connection) {
        if self.ended.swap(false, Ordering::Acquire) {
            // The little that was written during the turn: only when all is in the file does the log begin anew.
            let _ = checkpoint(writer, "PRAGMA wal_checkpoint(PASSIVE)");
        } else if checkpoint(writer, "PRAGMA wal_checkpoint(NOOP)").is_ok_and(|left| left >= self.worth) {
            self.ring();
        }
    }

    fn ring(&mut self) {
        if let Some(opening) = self.opening.take() {
            let (bell, rung) = sync_channel(1);
            let ended = Arc::clone(&self.ended);
            let work = move || keep(&opening, &rung, &ended);
            self.thread = std::thread::Builder::new().name("registry-log".into()).spawn(work).ok();
            self.bell = Some(bell);
        }
        // A turn under way is enough; without a thread the writer does it itself, when the log is at its longest.
        let _ = self.bell.as_ref().map(|bell| bell.try_send(()));
    }
}

impl Drop for LogKeeper {
    fn drop(&mut self) {
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(opening: &Opening, rung: &Receiver<()>, ended: &AtomicBool) {
    let mut connection = None;
    while rung.recv().is_ok() {
        if connection.is_none() {
            connection = opening().ok();
        }
        if let Some(open) = &connection
            && checkpoint(open, "PRAGMA wal_checkpoint(PASSIVE)").is_err()
        {
            connection = None;
        }
        // What was rung for meanwhile is in this turn.
        let _ = rung.try_recv();
        ended.store(true, Ordering::Release);
    }
}

/// Runs a checkpoint and returns how many pages of the log are not in the file.
fn checkpoint(connection: &Connection, text: &str) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(text)?;
    statement.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(connection: &Connection) -> (i64, i64) {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
        connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], row).unwrap()
    }

    #[test]
    fn the_log_is_brought_into_the_file_while_the_writer_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let opening = move || Connection::open(&path);
        let writer = opening().unwrap();
        writer.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        // The writer itself never does it.
        writer.execute_batch("PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x BLOB NOT NULL);").unwrap();
        let mut keeper = LogKeeper::new(20, Box::new(opening));
        let (mut rows, mut begun_anew) = (0, 0);
        let mut before = log(&writer).0;
        while begun_anew < 3 {
            writer.execute("INSERT INTO t VALUES (zeroblob(20000))", []).unwrap();
            rows += 1;
            keeper.tend(&writer);
            let now = log(&writer).0;
            begun_anew += i32::from(now < before);
            before = now;
        }
        drop(keeper);
        let found: i64 = writer.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(found, rows);
    }

    #[test]
    fn a_short_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let writer = Connection::open(&path).unwrap();
        writer.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        writer.execute_batch("CREATE TABLE t (x BLOB NOT NULL);").unwrap();
        let mut keeper = LogKeeper::new(20, Box::new(|| panic!("there is no need for a thread")));
        keeper.tend(&writer);
        let (pages, in_file) = log(&writer);
        assert!(pages > 0 && in_file == 0 && keeper.thread.is_none());
    }
}
