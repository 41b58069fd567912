//! How something with a batch fails.

use std::path::PathBuf;

use crate::fleet::{Class, Diagnose};
use crate::host::HostError;
use crate::ledger::LedgerError;

/// How something with a batch fails.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The name cannot be one.
    #[error("{name:?} is no name for a batch: {reason}")]
    Name {
        /// As typed.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// One is open.
    #[error("refusing to open batch {name:?}: batch {open:?} is open")]
    AlreadyOpen {
        /// As asked.
        name: String,
        /// The one that is open.
        open: String,
    },
    /// There was one of this name.
    #[error("refusing to open batch {name:?}: there was one of this name, closed {closed}")]
    Used {
        /// The name.
        name: String,
        /// When it was closed.
        closed: String,
    },
    /// None is open.
    #[error("no batch is open")]
    NoneOpen,
    /// No such batch.
    #[error("there is no batch {name:?}")]
    Unknown {
        /// As asked.
        name: String,
    },
    /// What is frozen has changed.
    #[error("refusing to work on {target} for batch {batch:?}: {}", what.join("; "))]
    Changed {
        /// The batch.
        batch: String,
        /// The target.
        target: String,
        /// What changed, one phrase each.
        what: Vec<String>,
    },
    /// A delivery is being made.
    #[error("refusing to close batch {batch:?}: device {device:?} is being worked on")]
    UnderWay {
        /// The batch.
        batch: String,
        /// The device.
        device: String,
    },
    /// The report's file is something else.
    #[error("refusing to overwrite {path:?}: it is no report of batch {batch:?}")]
    OtherFile {
        /// The file.
        path: PathBuf,
        /// The batch.
        batch: String,
    },
    /// The key does not sign.
    #[error("signing the report of batch {batch:?} failed: {reason}")]
    Sign {
        /// The batch.
        batch: String,
        /// The signer's words.
        reason: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The files.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Diagnose for BatchError {
    fn class(&self) -> Class {
        match self {
            BatchError::Name { .. } => Class::Usage,
            BatchError::NoneOpen | BatchError::Unknown { .. } => Class::Input,
            BatchError::AlreadyOpen { .. }
            | BatchError::Used { .. }
            | BatchError::Changed { .. }
            | BatchError::OtherFile { .. } => Class::Refused,
            BatchError::UnderWay { .. } => Class::Surroundings,
            BatchError::Sign { .. } => Class::Fault,
            BatchError::Ledger(error) => error.class(),
            BatchError::Host(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            BatchError::Name { .. } => {
                "names are made of letters, digits, dots, dashes and underscores: B-2026-17".into()
            }
            BatchError::AlreadyOpen { open, .. } => format!("close it first: firstlight batch close (it is {open})"),
            BatchError::Used { .. } => "give this one a name of its own".into(),
            BatchError::NoneOpen => "open one: firstlight batch open NAME".into(),
            BatchError::Unknown { .. } => "see them all: firstlight batch show".into(),
            BatchError::Changed { .. } => {
                "bring back what was changed; or close the batch and open another one with what there is now".into()
            }
            BatchError::UnderWay { .. } => "wait until the unit is done, then run the same command again".into(),
            BatchError::OtherFile { .. } => "name another file: --out FILE".into(),
            BatchError::Sign { .. } => return None,
            BatchError::Ledger(error) => return error.hint(),
            BatchError::Host(error) => return error.hint(),
        })
    }
}
