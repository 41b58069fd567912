//! The tables, once for both engines, and how an older store comes to have them.

use super::connection::{Connection, Engine, Opener, Purpose};
use super::{RegistryError, Value};

/// The newest schema this program knows.
pub(super) const KNOWN: i64 = 1;

/// Each script lifts the store from the schema of its index to the next one. Scripts that were released never change.
const SCRIPTS: [&str; 1] = [FIRST];
const _: () = assert!(KNOWN == 1, "one script for each schema");

/// Texts are compared byte by byte in both engines; times are milliseconds since 1970 (UTC); JSON is text.
///
/// Tables do not refer to their tenant: PostgreSQL would look it up for each row, which costs as
/// much as the row itself. Whoever writes has taken the tenant's turn before, so it is there; no tenant is ever removed.
///
/// What a registration costs is the pages it touches. Indexes of what many devices have in common therefore do not end in
/// the device's name: new rows come at the end of their kind, on a page that is being written anyway. And a table of short
/// rows is `NARROW`: in SQLite it is one tree, by its primary key, and not two.
const FIRST: &str = "
CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY,
    turn INTEGER NOT NULL,
    events INTEGER NOT NULL,
    head BLOB NOT NULL,
    models INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    challenge BLOB
);
CREATE TABLE grp (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    policy TEXT NOT NULL,
    declared INTEGER NOT NULL,
    etag INTEGER NOT NULL,
    used INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    narrowed TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant, id)
);
CREATE TABLE allow (
    tenant TEXT NOT NULL,
    grp TEXT NOT NULL,
    device TEXT NOT NULL,
    attributes TEXT NOT NULL,
    max_uses INTEGER,
    used INTEGER NOT NULL,
    expires INTEGER,
    PRIMARY KEY (tenant, grp, device)
) NARROW;
CREATE TABLE block (
    tenant TEXT NOT NULL,
    device TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    expires INTEGER,
    PRIMARY KEY (tenant, device)
);
CREATE TABLE token (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    role TEXT,
    grp TEXT,
    device TEXT,
    max_uses INTEGER,
    used INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    made_by TEXT NOT NULL,
    made INTEGER NOT NULL,
    UNIQUE (tenant, id)
);
CREATE TABLE device (
    tenant TEXT NOT NULL,
    folded TEXT NOT NULL,
    id TEXT NOT NULL,
    serial TEXT,
    grp TEXT,
    state TEXT NOT NULL CHECK (state IN ('expected', 'pending', 'assigning', 'registered', 'retired')),
    origin TEXT NOT NULL,
    registration TEXT,
    model TEXT,
    model_version TEXT,
    vendor TEXT,
    hardware TEXT,
    firmware TEXT,
    protocol TEXT,
    address TEXT,
    objects TEXT,
    attributes TEXT NOT NULL,
    bundle INTEGER,
    lease_until INTEGER,
    seen INTEGER,
    reason TEXT,
    etag INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, folded)
);
CREATE UNIQUE INDEX device_serial ON device (tenant, serial) WHERE serial IS NOT NULL AND state <> 'retired';
CREATE INDEX device_serial_retired ON device (tenant, serial) WHERE state = 'retired';
CREATE INDEX device_state ON device (tenant, state);
CREATE INDEX device_group ON device (tenant, grp);
CREATE INDEX device_model ON device (tenant, model, model_version) WHERE model IS NOT NULL;
CREATE TABLE attribute (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (tenant, device, name)
);
CREATE INDEX attribute_value ON attribute (tenant, name, value);
CREATE TABLE credential (
    tenant TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    device TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'retired', 'revoked')),
    public TEXT NOT NULL,
    identity TEXT,
    sealed_key BLOB,
    sealed_body BLOB,
    not_before INTEGER,
    not_after INTEGER,
    registration TEXT,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, fingerprint)
);
CREATE INDEX credential_device ON credential (tenant, device);
CREATE INDEX credential_identity ON credential (tenant, identity);
CREATE TABLE registration (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    request TEXT NOT NULL,
    digest BLOB NOT NULL,
    device TEXT NOT NULL,
    grp TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('assigned', 'pending', 'assigning', 'denied', 'failed', 'ended')),
    asked TEXT NOT NULL,
    answer TEXT NOT NULL,
    reason TEXT,
    decided_by TEXT,
    token BLOB,
    listed INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX registration_request ON registration (tenant, request);
CREATE INDEX registration_device ON registration (tenant, device);
CREATE INDEX registration_open ON registration (tenant, state, id) WHERE state IN ('pending', 'assigning');
CREATE TABLE nonce (
    tenant TEXT NOT NULL,
    value TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (tenant, value)
) NARROW;
CREATE INDEX nonce_expires ON nonce (tenant, expires);
CREATE TABLE model (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('published', 'deprecated', 'quarantined')),
    canonical TEXT NOT NULL,
    digest BLOB NOT NULL,
    source_format TEXT NOT NULL,
    source BLOB NOT NULL,
    published INTEGER NOT NULL,
    PRIMARY KEY (tenant, id, version)
);
CREATE TABLE model_rule (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    priority INTEGER NOT NULL,
    rule TEXT NOT NULL,
    declared INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE instance (
    tenant TEXT NOT NULL,
    device TEXT NOT NULL,
    number INTEGER NOT NULL,
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    model_values TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('current', 'proposed', 'former')),
    origin TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, device, number)
) NARROW;
CREATE INDEX instance_proposed ON instance (tenant, device) WHERE state = 'proposed';
CREATE TABLE resource (
    tenant TEXT NOT NULL,
    registration TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    device TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('declared', 'hook')),
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'allocated', 'releasing')),
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, registration, kind, name)
);
CREATE INDEX resource_device ON resource (tenant, device);
CREATE INDEX resource_kind ON resource (tenant, kind, state);
CREATE INDEX resource_releasing ON resource (tenant, registration) WHERE state = 'releasing';
CREATE TABLE chore (
    tenant TEXT NOT NULL,
    registration TEXT NOT NULL,
    device TEXT NOT NULL,
    grp TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('allocate', 'allocated', 'release')),
    due INTEGER,
    claim INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, registration)
);
CREATE INDEX chore_due ON chore (tenant, due) WHERE due IS NOT NULL;
CREATE INDEX chore_device ON chore (tenant, device);
CREATE TABLE station (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    public_key TEXT,
    epoch INTEGER NOT NULL,
    mark BLOB,
    quota INTEGER,
    certificates INTEGER,
    issued INTEGER NOT NULL,
    merged INTEGER NOT NULL,
    head BLOB,
    synchronized INTEGER,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE lease (
    tenant TEXT NOT NULL,
    device TEXT NOT NULL,
    station TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('leased', 'used', 'returned', 'doubtful')),
    until INTEGER,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, device)
);
CREATE INDEX lease_station ON lease (tenant, station, state);
CREATE TABLE station_event (
    tenant TEXT NOT NULL,
    station TEXT NOT NULL,
    seq INTEGER NOT NULL,
    entry TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (tenant, station, seq)
);
CREATE TABLE event (
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    device TEXT,
    detail TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) NARROW;
CREATE INDEX event_device ON event (tenant, device, seq);
CREATE TABLE subscriber (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    seen INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    due INTEGER NOT NULL,
    claim INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE TABLE bootstrap_trigger (
    tenant TEXT NOT NULL,
    device TEXT NOT NULL,
    number INTEGER NOT NULL,
    via TEXT NOT NULL CHECK (via IN ('registration', 'webhook', 'push')),
    address TEXT,
    goal TEXT NOT NULL CHECK (goal IN ('finish', 'registration')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'begun', 'finished', 'done', 'failed', 'cancelled')),
    reason TEXT,
    since INTEGER NOT NULL,
    due INTEGER NOT NULL,
    until INTEGER NOT NULL,
    claim INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    rollout INTEGER,
    actor TEXT NOT NULL,
    changed INTEGER NOT NULL,
    arrived INTEGER,
    PRIMARY KEY (tenant, device)
);
CREATE INDEX bootstrap_trigger_due ON bootstrap_trigger (tenant, due) WHERE state = 'waiting';
CREATE INDEX bootstrap_trigger_until ON bootstrap_trigger (tenant, until) WHERE state IN ('waiting', 'sent', 'begun', 'finished');
CREATE TABLE configured (
    tenant TEXT NOT NULL,
    device TEXT NOT NULL,
    mark TEXT NOT NULL,
    finished INTEGER NOT NULL,
    PRIMARY KEY (tenant, device)
);
CREATE TABLE rollout (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    terms TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('canary', 'running', 'paused', 'stopped', 'done')),
    is_back INTEGER NOT NULL,
    next INTEGER NOT NULL,
    forgiven INTEGER NOT NULL,
    reason TEXT,
    actor TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
);
CREATE TABLE rollout_member (
    tenant TEXT NOT NULL,
    rollout INTEGER NOT NULL,
    device TEXT NOT NULL,
    position INTEGER NOT NULL,
    mark TEXT NOT NULL,
    address TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'started', 'done', 'failed', 'left')),
    reason TEXT,
    changed INTEGER NOT NULL,
    PRIMARY KEY (tenant, rollout, device)
);
CREATE INDEX rollout_member_next ON rollout_member (tenant, rollout, state, position);
";

/// Lifts the store to the newest schema, in one transaction; several may try at once.
pub(super) fn prepare(opener: &dyn Opener) -> Result<(), RegistryError> {
    let mut connection = opener.open(Purpose::Write)?;
    // Outside the transaction: two that make it at once must not wait for each other's tables.
    let version = "CREATE TABLE IF NOT EXISTS registry_schema (version INTEGER NOT NULL)";
    let made = connection.run(version);
    if let Err(error) = made
        && connection.query("SELECT version FROM registry_schema", &[]).is_err()
    {
        return Err(error);
    }
    connection.begin(Purpose::Write)?;
    let lifted = lift(&mut *connection, opener);
    match lifted {
        Ok(()) => connection.commit(),
        Err(error) => {
            let _ = connection.rollback();
            Err(error)
        }
    }
}

fn lift(connection: &mut dyn Connection, opener: &dyn Opener) -> Result<(), RegistryError> {
    if opener.engine() == Engine::Postgres {
        connection.run("LOCK TABLE registry_schema IN EXCLUSIVE MODE")?;
    }
    let found = connection.maybe_row("SELECT version FROM registry_schema", &[])?;
    let found = found.map(|row| row.integer(0)).transpose()?.unwrap_or(0);
    if found > KNOWN {
        return Err(RegistryError::NewerSchema { store: opener.store().to_owned(), found, known: KNOWN });
    }
    for script in SCRIPTS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        connection.run(&in_words_of(opener.engine(), script))?;
    }
    if found == 0 {
        connection.execute("INSERT INTO registry_schema (version) VALUES ($1)", &[Value::from(KNOWN)])?;
    } else if found < KNOWN {
        connection.execute("UPDATE registry_schema SET version = $1", &[Value::from(KNOWN)])?;
    }
    Ok(())
}

/// Puts the types of a script into the engine's words. Tables are strict in SQLite; indexes stand on one line.
fn in_words_of(engine: Engine, script: &str) -> String {
    match engine {
        Engine::Sqlite => script.replace("\n);", "\n) STRICT;").replace("\n) NARROW;", "\n) STRICT, WITHOUT ROWID;"),
        Engine::Postgres => {
            let script = script.replace("\n) NARROW;", "\n);");
            script.replace(" INTEGER", " BIGINT").replace(" BLOB", " BYTEA").replace(" TEXT", " TEXT COLLATE \"C\"")
        }
    }
}
