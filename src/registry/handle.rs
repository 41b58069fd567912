//! The handle on the registry: reads on connections of their own, writes through one thread.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use crate::delivery::Clock;

use super::chain::{self, Event, Head};
use super::connection::{Connection, Engine, Opener, Purpose};
use super::sqlite::SqliteFile;
use super::times::millis;
use super::writer::Writer;
use super::{RegistryError, Sql, schema};

/// Most connections kept for reading.
const MOST_READERS: usize = 8;

/// The registry of one tenant (a fleet): open once, cloned freely, used from any thread.
///
/// A write is on the disk when its call returns. Writes of one tenant take turns, over all servers that share the store.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    opener: Arc<dyn Opener>,
    tenant: String,
    clock: Arc<dyn Clock>,
    readers: Mutex<Vec<Box<dyn Connection>>>,
    writer: Writer,
}

/// A transaction that changes things.
pub(super) struct Writing<'a> {
    /// The connection.
    pub(super) sql: &'a mut dyn Sql,
    /// Whose rows.
    pub(super) tenant: &'a str,
    /// Now.
    pub(super) now: OffsetDateTime,
    events: Vec<Event>,
}

impl Writing<'_> {
    /// Notes an event; it is appended when the work ends well.
    pub(super) fn note(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Returns now in milliseconds.
    pub(super) fn millis(&self) -> i64 {
        millis(self.now)
    }
}

/// A view of the store at one moment.
pub(super) struct Reading<'a> {
    /// The connection.
    pub(super) sql: &'a mut dyn Sql,
    /// Whose rows.
    pub(super) tenant: &'a str,
}

impl Registry {
    /// Opens the store at `address`, `postgres://...` or the path of a file, makes it or lifts it to the present schema, and
    /// adds the tenant.
    pub fn open(address: &str, tenant: &str, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        Self::open_with(opener(address)?, tenant, clock)
    }

    /// As [`Registry::open`], by an opener of the caller's.
    pub(super) fn open_with(
        opener: Arc<dyn Opener>,
        tenant: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RegistryError> {
        schema::prepare(&*opener)?;
        let registry = Self {
            inner: Arc::new(Inner {
                writer: Writer::start(Arc::clone(&opener)),
                opener,
                tenant: tenant.to_owned(),
                clock,
                readers: Mutex::default(),
            }),
        };
        registry.found()?;
        Ok(registry)
    }

    /// Returns which engine keeps it.
    pub fn engine(&self) -> Engine {
        self.inner.opener.engine()
    }

    /// Returns the store's name, without password.
    pub fn store(&self) -> &str {
        self.inner.opener.store()
    }

    /// Returns the tenant.
    pub fn tenant(&self) -> &str {
        &self.inner.tenant
    }

    /// Returns the time as the registry sees it.
    pub fn now(&self) -> OffsetDateTime {
        self.inner.clock.now()
    }

    /// Checks that the store answers.
    pub fn ping(&self) -> Result<(), RegistryError> {
        self.read(|reading| reading.sql.query("SELECT version FROM registry_schema", &[]).map(|_| ()))
    }

    /// Runs `work` on one view of the store. After a lost connection it is run once more on a fresh one.
    pub(super) fn read<T>(
        &self,
        work: impl Fn(&mut Reading<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let kept = self.readers().pop();
        let is_kept = kept.is_some();
        let connection = kept.map_or_else(|| self.inner.opener.open(Purpose::Read), Ok)?;
        match self.read_on(connection, &work) {
            Err(RegistryError::Away { .. }) if is_kept => {
                self.readers().clear();
                self.read_on(self.inner.opener.open(Purpose::Read)?, &work)
            }
            read => read,
        }
    }

    fn read_on<T>(
        &self,
        mut connection: Box<dyn Connection>,
        work: &impl Fn(&mut Reading<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        connection.begin(Purpose::Read)?;
        let read = work(&mut Reading { sql: &mut *connection, tenant: &self.inner.tenant });
        let ended = connection.rollback();
        if ended.is_ok() && !connection.is_lost() {
            let mut readers = self.readers();
            if readers.len() < MOST_READERS {
                readers.push(connection);
            }
        }
        read
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Connection>>> {
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in a transaction of its own turn and waits for the disk. It may be run again where the transaction did
    /// not come about, so it must not keep anything of a former run.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Writing<'_>) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let (tell, hear) = std::sync::mpsc::channel();
        self.submit(work, move |result| {
            let _ = tell.send(result);
        });
        hear.recv().unwrap_or_else(|_| {
            let reason = "its thread has ended".to_owned();
            Err(RegistryError::Away { store: self.store().to_owned(), reason })
        })
    }

    /// As [`Registry::write`], but does not wait: `done` is called on the writer's thread.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Writing<'_>) -> Result<T, RegistryError> + Send + 'static,
        done: impl FnOnce(Result<T, RegistryError>) + Send + 'static,
    ) {
        let result = Arc::new(Mutex::new(None));
        let (theirs, tenant, clock) = (Arc::clone(&result), self.inner.tenant.clone(), Arc::clone(&self.inner.clock));
        let work = move |sql: &mut dyn Sql| {
            let head: Head = chain::take_turn(sql, &tenant)?;
            let mut writing = Writing { sql, tenant: &tenant, now: clock.now(), events: Vec::new() };
            let made = work(&mut writing)?;
            let (events, now) = (std::mem::take(&mut writing.events), writing.now);
            chain::append(sql, &tenant, head, now, &events)?;
            *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            Ok(())
        };
        let finished = move |ended: Result<(), RegistryError>| {
            let made = result.lock().unwrap_or_else(PoisonError::into_inner).take();
            done(ended.map(|()| made.expect("work that ended well has a result")));
        };
        self.inner.writer.submit(Box::new(work), Box::new(finished));
    }

    /// Adds the tenant where it is not there yet.
    fn found(&self) -> Result<(), RegistryError> {
        let (tenant, now) = (self.inner.tenant.clone(), millis(self.now()));
        let (tell, hear) = std::sync::mpsc::channel();
        let work = move |sql: &mut dyn Sql| {
            let text = "INSERT INTO tenant (id, turn, events, head, created) VALUES ($1, 0, 0, $2, $3)
                ON CONFLICT (id) DO NOTHING";
            let head = chain::genesis(&tenant);
            sql.execute(text, &[tenant.as_str().into(), head.as_bytes().as_slice().into(), now.into()]).map(|_| ())
        };
        let done = move |result| {
            let _ = tell.send(result);
        };
        self.inner.writer.submit(Box::new(work), Box::new(done));
        hear.recv().expect("the writer answers every request")
    }
}

fn opener(address: &str) -> Result<Arc<dyn Opener>, RegistryError> {
    if !address.contains("://") {
        return Ok(Arc::new(SqliteFile::new(Path::new(address))));
    }
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return postgres(address);
    }
    let scheme = address.split("://").next().unwrap_or_default();
    let reason = format!("{scheme:?} is no engine we know");
    Err(RegistryError::Address { address: scheme.to_owned(), reason })
}

#[cfg(feature = "postgres")]
fn postgres(address: &str) -> Result<Arc<dyn Opener>, RegistryError> {
    Ok(Arc::new(super::postgres::PostgresServer::new(address)?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str) -> Result<Arc<dyn Opener>, RegistryError> {
    let reason = "this firstlight was built without the feature \"postgres\"".to_owned();
    Err(RegistryError::Address { address: "postgres".to_owned(), reason })
}
