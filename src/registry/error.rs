//! How the registry fails.

use crate::fleet::{Class, Diagnose};

/// How the registry fails. What the store itself says is kept as words: both engines say it their own way.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RegistryError {
    /// The address of the store is none.
    #[error("{address:?} is no address of a registry: {reason}")]
    Address {
        /// As given, without its password.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// The store is not there now; the same request may be asked again.
    #[error("the registry {store} cannot be reached: {reason}")]
    Away {
        /// Which store.
        store: String,
        /// The store's words.
        reason: String,
    },
    /// The store went away while it was committing: what was asked is either done as a whole or not at all.
    #[error("the registry {store} went away during a commit: {reason}")]
    Unknown {
        /// Which store.
        store: String,
        /// The store's words.
        reason: String,
    },
    /// No space is left for the store.
    #[error("there is no space left for the registry {store}")]
    Full {
        /// Which store.
        store: String,
    },
    /// The store's schema is newer than this program.
    #[error("the registry {store} has schema {found}, this program knows {known}")]
    NewerSchema {
        /// Which store.
        store: String,
        /// Its schema.
        found: i64,
        /// The newest known here.
        known: i64,
    },
    /// A database of another program, or a damaged one.
    #[error("the registry {store} cannot be used: {finding}")]
    Damaged {
        /// Which store.
        store: String,
        /// What was found.
        finding: String,
    },
    /// The store refuses a statement: our own fault, or a hand that changed the tables.
    #[error("the registry {store} refuses a statement: {reason}")]
    Statement {
        /// Which store.
        store: String,
        /// The store's words.
        reason: String,
    },
    /// A station's ledger is not the one that was here last: a copy of it, or one put back from a backup.
    #[error("refusing station {station:?}: {reason}")]
    Forked {
        /// Its name.
        station: String,
        /// What tells.
        reason: String,
    },
    /// There is no such thing.
    #[error("the registry knows no {what} {name:?}")]
    NotFound {
        /// "device", "group", "token" ...
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is one already, or it is in use.
    #[error("{what} {name:?} {reason}")]
    Conflict {
        /// "device", "group", "token" ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Why it cannot be.
        reason: String,
    },
    /// Somebody changed it since it was read.
    #[error("{what} {name:?} was changed by someone else: it is at {found}, not at {wanted}")]
    Changed {
        /// "device", "group" ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Its mark now.
        found: i64,
        /// The mark that was expected.
        wanted: i64,
    },
    /// What is to be stored is against a rule.
    #[error("{what} {name:?} is refused: {reason}")]
    Refused {
        /// "device", "group" ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
}

impl RegistryError {
    /// Returns true if the same request may succeed when it is asked again later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away { .. } | Self::Unknown { .. } | Self::Full { .. })
    }

    pub(super) fn damaged(store: &str, finding: impl Into<String>) -> Self {
        Self::Damaged { store: store.to_owned(), finding: finding.into() }
    }
}

impl Diagnose for RegistryError {
    fn class(&self) -> Class {
        match self {
            Self::Address { .. } | Self::NotFound { .. } => Class::Input,
            Self::Away { .. } | Self::Unknown { .. } | Self::Full { .. } => Class::Surroundings,
            Self::NewerSchema { .. }
            | Self::Damaged { .. }
            | Self::Conflict { .. }
            | Self::Changed { .. }
            | Self::Forked { .. }
            | Self::Refused { .. } => Class::Refused,
            Self::Statement { .. } => Class::Fault,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Address { .. } => Some("name a file, or a PostgreSQL: postgres://USER@HOST/DATABASE".to_owned()),
            Self::Away { .. } | Self::Unknown { .. } => Some("look whether it runs, then try again".to_owned()),
            Self::NewerSchema { .. } => Some("use the newest firstlight that ever opened it".to_owned()),
            Self::Forked { .. } => Some(
                "if this copy is the one to go on with, stop the other one for good, then: firstlight ledger reconcile"
                    .to_owned(),
            ),
            Self::Changed { .. } => Some("read it again, then repeat the change".to_owned()),
            _ => None,
        }
    }
}
