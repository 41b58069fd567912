//! Does a medium hold the bundle its manifest names?

use serde::Serialize;

use super::bundle::{FileState, FileVerdict};
use super::inspect::Inspection;
use crate::delivery::Manifest;
use crate::fleet::{Class, Diagnose, Digest};

/// What [`verify`] found right.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verified {
    /// The manifest.
    pub manifest: Manifest,
    /// The digest of the manifest document.
    pub digest: Digest,
    /// Number of files that agree.
    pub files: usize,
    /// What operating systems have left there since.
    pub litter: Vec<String>,
}

/// Why a medium does not hold what it should.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VerifyError {
    /// No manifest.
    #[error("there is no bundle on {target}: {reason}")]
    NoBundle {
        /// The medium.
        target: String,
        /// What is there instead.
        reason: String,
    },
    /// Files are wrong.
    #[error("{target} does not hold its bundle: {}", faults.join("; "))]
    Differs {
        /// The medium.
        target: String,
        /// One line a file.
        faults: Vec<String>,
    },
}

impl Diagnose for VerifyError {
    fn class(&self) -> Class {
        Class::Differs
    }

    fn hint(&self) -> Option<String> {
        Some("write the medium again; if it still differs, reject it".into())
    }
}

/// Checks that every file of the manifest is there with right size and SHA-256, and that nothing unknown is beside them.
pub fn verify(inspection: &Inspection) -> Result<Verified, VerifyError> {
    let target = inspection.name.clone();
    let Some(bundle) = inspection.bundle() else {
        return Err(VerifyError::NoBundle { target, reason: inspection.summary() });
    };
    let faults: Vec<String> = bundle.files.iter().filter_map(fault).collect();
    if !faults.is_empty() {
        return Err(VerifyError::Differs { target, faults });
    }
    let with = |state| bundle.files.iter().filter(move |file| file.state == state);
    Ok(Verified {
        manifest: bundle.manifest.clone(),
        digest: bundle.digest,
        files: with(FileState::Ok).count(),
        litter: with(FileState::Litter).map(|file| file.path.clone()).collect(),
    })
}

fn fault(file: &FileVerdict) -> Option<String> {
    let word = match file.state {
        FileState::Ok | FileState::Signature | FileState::Result | FileState::Litter => return None,
        FileState::Differs => "differs",
        FileState::Missing => "is missing",
        FileState::Extra => "is not of this bundle",
        FileState::Unreadable => "cannot be read",
    };
    let reason = file.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    Some(format!("{:?} {word}{reason}", file.path))
}
