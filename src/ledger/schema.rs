//! The tables, and how an older file comes to have them.

use rusqlite::{Connection, TransactionBehavior, params};

use crate::fleet::Digest;

use super::LedgerError;

/// `application_id` of the file: "flgt".
pub(super) const APPLICATION: i64 = 0x666c_6774;

/// Each script lifts the file from the schema of its index to the next one. Scripts that were released never change.
const SCRIPTS: [&str; KNOWN as usize] = [FIRST, FACTORY, SHARED];

const FIRST: &str = "
CREATE TABLE ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    fleet TEXT NOT NULL,
    events INTEGER NOT NULL,
    head BLOB NOT NULL
) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    operator TEXT NOT NULL,
    station TEXT NOT NULL,
    batch TEXT,
    tool TEXT NOT NULL,
    kind TEXT NOT NULL,
    device TEXT,
    delivery INTEGER,
    body TEXT NOT NULL,
    states TEXT NOT NULL,
    previous BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX events_device ON events (device, seq);
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TABLE contents (
    digest BLOB PRIMARY KEY,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE devices (
    row INTEGER PRIMARY KEY,
    folded TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    serial TEXT,
    model TEXT,
    profile TEXT,
    state TEXT NOT NULL CHECK (state IN ('known', 'registered', 'retired')),
    reason TEXT,
    version INTEGER,
    target TEXT,
    hardware INTEGER,
    delivered TEXT,
    seen TEXT NOT NULL,
    changed TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX devices_serial ON devices (serial) WHERE state <> 'retired';
CREATE TABLE generations (
    row INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES devices,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL CHECK (generation > 0),
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'retired', 'revoked')),
    reason TEXT,
    shape TEXT,
    public TEXT NOT NULL,
    certificate BLOB,
    certificate_serial TEXT UNIQUE,
    key_fingerprint BLOB UNIQUE,
    retain TEXT NOT NULL,
    left_on TEXT,
    wraps TEXT NOT NULL,
    key BLOB,
    body BLOB,
    issued TEXT NOT NULL,
    changed TEXT NOT NULL,
    UNIQUE (device, name, generation),
    CHECK ((key IS NULL) = (body IS NULL))
) STRICT;
CREATE UNIQUE INDEX generations_active ON generations (device, name) WHERE state = 'active';
CREATE UNIQUE INDEX generations_pending ON generations (device, name) WHERE state = 'pending';
CREATE TABLE versions (
    row INTEGER PRIMARY KEY,
    device INTEGER NOT NULL REFERENCES devices,
    version INTEGER NOT NULL CHECK (version > 0),
    delivery TEXT NOT NULL,
    plan BLOB NOT NULL,
    summary TEXT NOT NULL,
    credentials TEXT NOT NULL,
    changes TEXT NOT NULL,
    created TEXT NOT NULL,
    UNIQUE (device, version)
) STRICT;
CREATE TABLE deliveries (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL REFERENCES devices,
    name TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES versions,
    state TEXT NOT NULL CHECK (state IN ('open', 'finished', 'superseded', 'abandoned', 'lost', 'damaged')),
    reached TEXT NOT NULL,
    again TEXT,
    hardware INTEGER NOT NULL CHECK (hardware IN (0, 1)),
    target_key TEXT NOT NULL,
    target TEXT NOT NULL,
    artifact TEXT,
    spool BLOB,
    receipt TEXT,
    failure TEXT,
    holder TEXT,
    began TEXT NOT NULL,
    exposed TEXT,
    locked TEXT,
    changed TEXT NOT NULL
) STRICT;
CREATE TABLE spools (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries,
    key BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_open ON deliveries (device, name) WHERE state = 'open';
CREATE INDEX deliveries_device ON deliveries (device, name);
CREATE INDEX deliveries_version ON deliveries (version);
CREATE INDEX deliveries_pending ON deliveries (state) WHERE state = 'open';
CREATE INDEX deliveries_target ON deliveries (target_key) WHERE locked IS NOT NULL;
";

/// What a factory line needs: which chip is which device's, serial numbers given out, locks, labels, batches, and what a
/// person confirmed.
const FACTORY: &str = "
CREATE TABLE chips (
    row INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    device INTEGER NOT NULL REFERENCES devices,
    delivery TEXT NOT NULL,
    hardware INTEGER NOT NULL CHECK (hardware IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('bound', 'replaced')),
    reason TEXT,
    changed TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX chips_number ON chips (number, hardware) WHERE state = 'bound';
CREATE INDEX chips_device ON chips (device, delivery);
CREATE TABLE serials (
    row INTEGER PRIMARY KEY,
    serial TEXT NOT NULL UNIQUE,
    number INTEGER NOT NULL,
    prefix TEXT NOT NULL,
    device INTEGER NOT NULL REFERENCES devices,
    given TEXT NOT NULL
) STRICT;
CREATE INDEX serials_pool ON serials (prefix, number);
CREATE TABLE locks (
    row INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL REFERENCES deliveries,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    recipe TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'applied', 'observed', 'unobservable')),
    changed TEXT NOT NULL,
    UNIQUE (delivery, step)
) STRICT;
CREATE INDEX locks_recipe ON locks (recipe);
CREATE TABLE labels (
    row INTEGER PRIMARY KEY,
    device INTEGER NOT NULL UNIQUE REFERENCES devices,
    prints INTEGER NOT NULL CHECK (prints > 0),
    changed TEXT NOT NULL
) STRICT;
CREATE TABLE batches (
    row INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    frozen TEXT NOT NULL,
    report TEXT,
    opened TEXT NOT NULL,
    changed TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX batches_open ON batches (state) WHERE state = 'open';
CREATE TABLE confirmations (
    row INTEGER PRIMARY KEY,
    recipe TEXT NOT NULL,
    batch TEXT NOT NULL,
    operator TEXT NOT NULL,
    device TEXT NOT NULL,
    changed TEXT NOT NULL,
    UNIQUE (recipe, batch)
) STRICT;
";

/// What a station needs that shares a registry with others: what it agreed with it, which devices it may make, which others
/// have made, and what it has still to tell. Not vouched for by events: these are copies of what the registry knows.
const SHARED: &str = "
CREATE TABLE membership (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
    epoch INTEGER NOT NULL,
    mark BLOB,
    proposed BLOB,
    certificates INTEGER,
    synchronized TEXT,
    conflicts INTEGER NOT NULL
) STRICT;
INSERT INTO membership (one, shared, epoch, conflicts) VALUES (1, 0, 0, 0);
CREATE TABLE leases (
    folded TEXT PRIMARY KEY,
    until TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE elsewhere (
    folded TEXT PRIMARY KEY,
    station TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE elsewhere_serials (
    serial TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    entry TEXT,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_unsent ON outbox (seq) WHERE entry IS NOT NULL;
CREATE TABLE served (
    version INTEGER PRIMARY KEY REFERENCES versions,
    key BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
";

/// The newest schema this program knows.
pub(super) const KNOWN: u32 = 3;

/// Returns the digest that stands before the first event: the chain belongs to one fleet.
pub(super) fn genesis(fleet: &str) -> Digest {
    Digest::of_parts([b"firstlight ledger".as_slice(), fleet.as_bytes()])
}

/// What a file says of itself: schema number (0 without tables), program, and whether it is empty.
pub(super) struct Marks {
    pub(super) version: u32,
    pub(super) application: i64,
    pub(super) empty: bool,
}

/// Reads the marks in one view: another process may be making the tables at this moment.
pub(super) fn marks(conn: &Connection) -> Result<Marks, LedgerError> {
    let question = "SELECT (SELECT user_version FROM pragma_user_version),
        (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_master)";
    let (version, application, tables): (i64, i64, i64) =
        conn.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let version =
        u32::try_from(version).map_err(|_| LedgerError::unreadable(format!("it has schema number {version}")))?;
    Ok(Marks { version, application, empty: tables == 0 })
}

/// Lifts the file to the newest schema, in one transaction; several processes may try at once.
pub(super) fn migrate(conn: &mut Connection, fleet: &str) -> Result<(), LedgerError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = marks(&tx)?.version;
    for script in SCRIPTS.iter().skip(from as usize) {
        tx.execute_batch(script)?;
    }
    if from == 0 {
        let head = genesis(fleet);
        let first = params![fleet, head.as_bytes()];
        tx.execute("INSERT INTO ledger (one, fleet, events, head) VALUES (1, ?1, 0, ?2)", first)?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
    }
    if from < KNOWN {
        tx.pragma_update(None, "user_version", KNOWN)?;
    }
    Ok(tx.commit()?)
}
