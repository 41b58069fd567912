//! How sharing a registry fails.

use std::path::PathBuf;

use crate::fleet::{Class, Diagnose};
use crate::host::HostError;
use crate::ledger::LedgerError;
use crate::registry::RegistryError;

/// How sharing a registry fails.
#[derive(Debug, thiserror::Error)]
pub enum SharingError {
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The machine.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The ledger does not lie where this station keeps it.
    #[error("refusing to go on in {folder:?}: {reason}")]
    Copied {
        /// The private folder.
        folder: PathBuf,
        /// What tells.
        reason: String,
    },
    /// There is nobody to reconcile with.
    #[error("the registry lies in this station's own folder: there is nothing to reconcile it with")]
    NotShared,
}

impl Diagnose for SharingError {
    fn class(&self) -> Class {
        match self {
            SharingError::Registry(error) => error.class(),
            SharingError::Ledger(error) => error.class(),
            SharingError::Host(error) => error.class(),
            SharingError::Copied { .. } => Class::Refused,
            SharingError::NotShared => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            SharingError::Registry(error) => error.hint(),
            SharingError::Ledger(error) => error.hint(),
            SharingError::Host(error) => error.hint(),
            SharingError::Copied { .. } => Some(
                "if this copy is the one to go on with, stop the other one for good, then: firstlight ledger reconcile"
                    .to_owned(),
            ),
            SharingError::NotShared => Some("name a shared one in fleet.yaml: store: postgres://...".to_owned()),
        }
    }
}
