//! The embedded engine: one SQLite file, write-ahead log, every commit on the disk.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags};

use super::connection::{Connection, Engine, Opener, Purpose};
use super::sql::places;
use super::sqlite_log::LogKeeper;
use super::{RegistryError, Row, Sql, Value};

/// How long a connection waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Pages of the write-ahead log after which it is brought into the file, beside the writer: some 64 MiB. The longer it is,
/// the more often a page changes before it is written there.
const LONG_LOG: i64 = 16_000;
/// Pages after which the writer stops and does that itself.
const LONGEST_LOG: i64 = 2 * LONG_LOG;
/// What a connection keeps of the file, in KiB (negative, as SQLite has it).
const WRITER_CACHE: i64 = -32_768;
const READER_CACHE: i64 = -2_048;
/// Statements kept ready on a connection.
const STATEMENTS: usize = 256;

/// A file with the registry.
pub(super) struct SqliteFile {
    path: PathBuf,
    store: String,
}

impl SqliteFile {
    /// Names the file; it is made (0600) by the first connection that writes.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.into(), store: path.display().to_string() }
    }

    fn create(&self) -> Result<(), RegistryError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path);
        match made.and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                Err(RegistryError::Away { store: self.store.clone(), reason: error.to_string() })
            }
            _ => Ok(()),
        }
    }
}

impl Opener for SqliteFile {
    fn open(&self, purpose: Purpose) -> Result<Box<dyn Connection>, RegistryError> {
        self.create()?;
        let opened = open(&self.path, purpose).map_err(|error| of_sqlite(&self.store, &error))?;
        let path = self.path.clone();
        let keeper = (purpose == Purpose::Write)
            .then(|| LogKeeper::new(LONG_LOG, Box::new(move || open(&path, Purpose::Write))));
        Ok(Box::new(SqliteConnection { inner: opened, keeper, store: self.store.clone() }))
    }

    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn store(&self) -> &str {
        &self.store
    }
}

fn open(path: &Path, purpose: Purpose) -> rusqlite::Result<rusqlite::Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = rusqlite::Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // Else SQLite plans a statement anew for values that might want another plan; ours are told apart by their text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;
         PRAGMA secure_delete = ON;",
    )?;
    connection.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG)?;
    let cache = if purpose == Purpose::Read { READER_CACHE } else { WRITER_CACHE };
    connection.pragma_update(None, "cache_size", cache)?;
    if purpose == Purpose::Read {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

struct SqliteConnection {
    inner: rusqlite::Connection,
    keeper: Option<LogKeeper>,
    store: String,
}

impl SqliteConnection {
    fn said<T>(&self, result: rusqlite::Result<T>) -> Result<T, RegistryError> {
        result.map_err(|error| of_sqlite(&self.store, &error))
    }
}

impl Sql for SqliteConnection {
    fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, RegistryError> {
        let ran = self.inner.prepare_cached(&numbered(text)).and_then(|mut statement| {
            bind(&mut statement, values)?;
            statement.raw_execute()
        });
        self.said(ran).map(|changed| changed as u64)
    }

    /// Row by row: nothing has to travel, and for a statement of several rows SQLite keeps a copy of each page it changes,
    /// in case a later row fails.
    fn insert(&mut self, into: &str, rows: &[Vec<Value>], ending: &str) -> Result<u64, RegistryError> {
        let Some(first) = rows.first() else { return Ok(0) };
        let text = format!("INSERT INTO {into} VALUES {} {ending}", places(1, first.len()));
        let ran = self.inner.prepare_cached(&numbered(&text)).and_then(|mut statement| {
            let mut changed = 0;
            for row in rows {
                bind(&mut statement, row)?;
                changed += statement.raw_execute()?;
            }
            Ok(changed)
        });
        self.said(ran).map(|changed| changed as u64)
    }

    fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError> {
        let ran = self.inner.prepare_cached(&numbered(text)).and_then(|mut statement| {
            bind(&mut statement, values)?;
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            let mut all = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns).map(|column| row.get_ref(column).map(value)).collect::<Result<_, _>>()?;
                all.push(Row::new(values));
            }
            Ok(all)
        });
        self.said(ran)
    }
}

/// Returns the statement with its values as `?1`, `?2` ..., which SQLite takes for numbers. `$1` is a name to it: it looks
/// through all names for each one, and a statement that inserts 256 rows has thousands.
fn numbered(text: &str) -> String {
    text.replace('$', "?")
}

fn bind(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    let wanted = statement.parameter_count();
    if wanted > values.len() {
        return Err(rusqlite::Error::InvalidParameterCount(values.len(), wanted));
    }
    for (at, value) in (1..=wanted).zip(values) {
        statement.raw_bind_parameter(at, value)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        // No column holds one; what a stranger's hand put there must not make us panic.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl Connection for SqliteConnection {
    fn begin(&mut self, purpose: Purpose) -> Result<(), RegistryError> {
        self.run(if purpose == Purpose::Write { "BEGIN IMMEDIATE" } else { "BEGIN" })
    }

    fn commit(&mut self) -> Result<(), RegistryError> {
        let committed = self.run("COMMIT");
        if committed.is_err() && !self.inner.is_autocommit() {
            let _ = self.run("ROLLBACK");
        }
        if let Some(keeper) = self.keeper.as_mut().filter(|_| committed.is_ok()) {
            keeper.tend(&self.inner);
        }
        committed
    }

    fn run(&mut self, script: &str) -> Result<(), RegistryError> {
        let ran = self.inner.execute_batch(script);
        self.said(ran)
    }

    fn rollback(&mut self) -> Result<(), RegistryError> {
        if self.inner.is_autocommit() { Ok(()) } else { self.run("ROLLBACK") }
    }

    fn is_lost(&self) -> bool {
        false
    }
}

fn of_sqlite(store: &str, error: &rusqlite::Error) -> RegistryError {
    let (store, reason) = (store.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => RegistryError::Full { store },
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => RegistryError::Damaged { store, finding: reason },
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly,
        ) => RegistryError::Away { store, reason },
        _ => RegistryError::Statement { store, reason },
    }
}
