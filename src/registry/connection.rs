//! What an engine is to the rest of the room: connections that run statements and transactions.

use std::fmt;

use super::{RegistryError, Sql};

/// Which engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// A file, embedded.
    Sqlite,
    /// A server that several share.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// One view of the store, nothing is changed.
    Read,
    /// Changes.
    Write,
}

/// One connection.
pub(super) trait Connection: Sql + Send {
    /// Begins a transaction.
    fn begin(&mut self, purpose: Purpose) -> Result<(), RegistryError>;

    /// Ends it: what was done is on the disk when this returns.
    fn commit(&mut self) -> Result<(), RegistryError>;

    /// Runs a script without values: savepoints, schema.
    fn run(&mut self, script: &str) -> Result<(), RegistryError>;

    /// Ends the transaction and forgets what was done.
    fn rollback(&mut self) -> Result<(), RegistryError> {
        self.run("ROLLBACK")
    }

    /// Returns true if the connection is of no further use.
    fn is_lost(&self) -> bool;
}

/// Opens connections to one store.
pub(super) trait Opener: Send + Sync {
    /// Opens one.
    fn open(&self, purpose: Purpose) -> Result<Box<dyn Connection>, RegistryError>;

    /// Returns the engine.
    fn engine(&self) -> Engine;

    /// Returns the store's name for messages: no password in it.
    fn store(&self) -> &str;
}
