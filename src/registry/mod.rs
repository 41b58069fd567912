//! The registry: who exists, shared by stations and servers.
//!
//! Devices, enrolment groups, allow and block lists, tokens, registrations, models and their instances, leases of stations,
//! and an audit trail in which each event's digest covers the one before. It lies in a SQLite file, or in PostgreSQL where
//! several share it: one schema and one set of statements serve both.
//!
//! This room knows no proofs and no policies: what a group admits is judged by `registration`, which asks here for what only
//! a transaction can decide. Private material comes and goes sealed.

mod allow;
mod allow_rows;
mod approvals;
mod attributes;
mod block;
mod bootstraps;
mod chain;
mod challenge;
mod chores;
mod connection;
mod copy;
mod credentials;
mod deliveries;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod device_tests;
mod devices;
mod error;
mod events;
mod exchange;
mod expecting;
mod groups;
mod handle;
pub mod instances;
mod leases;
pub mod merge;
pub mod model_rules;
pub mod models;
mod narrowing;
#[cfg(feature = "postgres")]
mod postgres;
pub mod registering;
mod resources;
mod rollouts;
mod rows;
mod schema;
mod search;
mod sql;
mod sqlite;
mod sqlite_log;
mod stations;
#[cfg(test)]
#[cfg(feature = "postgres")]
pub(crate) mod tests;
mod text;
mod times;
mod tokens;
mod triggers;
mod undo;
mod writer;

pub use allow::{Allowed, Imported, RowEnd};
pub use allow_rows::{AllowForm, AllowRows};
pub use approvals::OpenRegistration;
pub use block::Blocked;
pub use chain::{Event, StoredEvent};
pub use chores::{Chore, ChoreKind, Unallocated};
pub use connection::Engine;
pub use copy::{Copied, CopyProgress, copy};
pub use credentials::{CredentialRow, CredentialState, NewCredential, Sealed};
pub use deliveries::Delivery;
pub use devices::{DeviceEdit, DeviceRow, DeviceState, ExpectedDevice, Put};
pub use error::RegistryError;
pub use events::Subscriber;
pub use exchange::{ImportTally, ImportTerms, RowReport};
pub use groups::{Declared, Group, GroupUsage};
pub use handle::Registry;
pub use merge::{Merged, StationEntry};
pub use narrowing::Narrowing;
pub use registering::Registrar;
pub use resources::Allocated;
pub use rollouts::{Member, MemberState, Move, NewMember, Rollout, RolloutState, Tally, Terms};
pub use rows::{ExchangeError, ExchangeForm};
pub use search::{LARGEST_PAGE, Page};
pub use stations::{CheckIn, LeaseRow, MadeDevice, Mark, Standing, StationRow};

use handle::{Reading, Writing};
pub use tokens::{Scope, Token, token_hash};
pub use triggers::{Goal, NewTrigger, Trigger, TriggerState, Via};

use sql::{Row, Sql, Value};
