//! The registry: who exists, shared by stations and servers.
//!
//! Devices, enrolment groups, allow and block lists, tokens, registrations, models and their instances, leases of stations,
//! and an audit trail in which each event's digest covers the one before. It lies in a SQLite file, or in PostgreSQL where
//! several share it: one schema and one set of statements serve both.
//!
//! This room knows no proofs and no policies: what a group admits is judged by `registration`, which asks here for what only
//! a transaction can decide. Private material comes and goes sealed.

mod allow;
mod approvals;
mod block;
mod chain;
mod connection;
mod error;
mod groups;
mod handle;
#[cfg(feature = "postgres")]
mod postgres;
pub mod registering;
mod schema;
mod sql;
mod sqlite;
#[cfg(all(test, feature = "postgres"))]
pub(crate) mod tests;
mod text;
mod times;
mod tokens;
mod writer;

pub use allow::{Allowed, Imported, RowEnd};
pub use approvals::OpenRegistration;
pub use block::Blocked;
pub use chain::{Event, StoredEvent};
pub use connection::Engine;
pub use error::RegistryError;
pub use groups::{Declared, Group, GroupUsage};
pub use handle::Registry;
pub use registering::Registrar;

pub use tokens::{Role, Scope, Token, token_hash};

use sql::{Row, Sql, Value};
