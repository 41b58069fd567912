//! Opening the file: permissions, settings, schema, and whose it is.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::{LedgerError, schema};

/// Tries that a connection makes for the write lock before it gives up: about 30 seconds, mostly of short naps, so that two
/// busy processes take turns.
const TRIES: i32 = 6_000;

/// Pages of the write-ahead log after which it is brought into the file: some 16 MiB, a hundred devices under way.
const LONGEST_LOG: i64 = 4_000;

/// What a reader keeps of the file, in KiB (negative, as SQLite has it): every slot under way has a reader of its own.
const READER_CACHE: i64 = -256;

/// Statements kept ready on a connection: more than there are, so that none is parsed twice.
const STATEMENTS: usize = 128;

/// Makes the file (0600) if it is not there, lifts it to the newest schema and checks whose it is.
pub(super) fn prepare(path: &Path, fleet: &str) -> Result<Connection, LedgerError> {
    create(path)?;
    let located = |error: LedgerError| error.located(path);
    let mut conn = open(path).map_err(located)?;
    let marks = schema::marks(&conn).map_err(located)?;
    let found = marks.version;
    refuse_strangers(&marks).map_err(located)?;
    if found > schema::KNOWN {
        return Err(LedgerError::NewerSchema { path: path.into(), found, known: schema::KNOWN });
    }
    if found < schema::KNOWN {
        into_wal(&conn).map_err(located)?;
        schema::migrate(&mut conn, fleet).map_err(located)?;
    }
    check_fleet(&conn, path, fleet).map_err(located)?;
    Ok(conn)
}

/// Opens a connection with all settings.
pub(super) fn open(path: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_handler(Some(wait))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not hang on bound values: else every new value has the statement parsed and planned once more.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // In memory: the copies that a savepoint needs would go to a file in the folder for temporary files at every request.
    conn.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;",
    )?;
    conn.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG)?;
    Ok(conn)
}

/// Opens a connection that cannot write.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerError> {
    let conn = open(path)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", READER_CACHE)?;
    Ok(conn)
}

fn wait(tries: i32) -> bool {
    std::thread::sleep(Duration::from_millis(u64::from(tries.unsigned_abs() % 9 + 1)));
    tries < TRIES
}

/// Makes an empty file that nobody but its owner may read; fails if there is one.
pub(super) fn create_new(path: &Path) -> Result<(), LedgerError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.and_then(|file| file.sync_all()).map_err(|source| LedgerError::file(path, "creating", source))
}

fn create(path: &Path) -> Result<(), LedgerError> {
    if path.exists() {
        return Ok(());
    }
    match create_new(path) {
        Err(LedgerError::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A file of another program, or one with tables but no schema number, is not ours to lift.
fn refuse_strangers(marks: &schema::Marks) -> Result<(), LedgerError> {
    let fresh = marks.version == 0 && marks.application == 0 && marks.empty;
    let ours = marks.version > 0 && marks.application == schema::APPLICATION;
    if fresh || ours { Ok(()) } else { Err(LedgerError::unreadable("it is a database of another program")) }
}

/// Switches to the write-ahead log. The switch needs the file alone and does not wait by itself.
fn into_wal(conn: &Connection) -> Result<(), LedgerError> {
    for tries in 0.. {
        let switched = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match switched {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => return Err(LedgerError::unreadable(format!("journal mode is {mode}, not wal"))),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && wait(tries) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn check_fleet(conn: &Connection, path: &Path, wanted: &str) -> Result<(), LedgerError> {
    let found: String = conn.query_row("SELECT fleet FROM ledger", [], |row| row.get(0))?;
    if found != wanted {
        return Err(LedgerError::OtherFleet { path: path.into(), found, wanted: wanted.into() });
    }
    Ok(())
}
