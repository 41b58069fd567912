//! Does a medium hold the bundles its manifests name?

use serde::Serialize;

use super::bundle::{BundleFound, FileState, FileVerdict};
use super::inspect::Inspection;
use crate::delivery::Manifest;
use crate::fleet::{Class, Diagnose, Digest};

/// A bundle that [`verify`] found right.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verified {
    /// The folder it lies in, on a medium with several; empty for the root.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folder: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The digest of the manifest document.
    pub digest: Digest,
    /// Number of files that agree.
    pub files: usize,
    /// What operating systems have left there since.
    pub litter: Vec<String>,
}

/// A medium whose bundles are all right. In JSON `bundles`; where there is exactly one, its fields beside them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VerifiedMedium {
    #[serde(flatten)]
    only: Option<Verified>,
    bundles: Vec<Verified>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strays: Vec<String>,
}

impl VerifiedMedium {
    /// Returns its bundles, at least one.
    pub fn bundles(&self) -> &[Verified] {
        &self.bundles
    }

    /// Returns what operating systems have left there.
    pub fn litter(&self) -> impl Iterator<Item = &String> {
        self.bundles.iter().flat_map(|bundle| &bundle.litter).chain(&self.strays)
    }
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

/// Checks of every bundle on the medium that each file of its manifest is there with right size and SHA-256, and that
/// nothing unknown is beside them.
pub fn verify(inspection: &Inspection) -> Result<VerifiedMedium, VerifyError> {
    let target = inspection.name.clone();
    if inspection.bundles().next().is_none() {
        return Err(VerifyError::NoBundle { target, reason: inspection.summary() });
    }
    let judged = inspection.bundles().flat_map(|bundle| &bundle.files);
    let strays = || inspection.volumes.iter().flat_map(|volume| &volume.strays);
    let unreadable = inspection.volumes.iter().filter(|volume| !volume.bundles.0.is_empty());
    let mut faults: Vec<String> = judged.chain(strays()).filter_map(fault).collect();
    faults.extend(unreadable.filter_map(|volume| volume.problem.clone()));
    if !faults.is_empty() {
        return Err(VerifyError::Differs { target, faults });
    }
    let bundles: Vec<Verified> = inspection.bundles().map(verified).collect();
    let only = if let [only] = bundles.as_slice() { Some(only.clone()) } else { None };
    Ok(VerifiedMedium { only, bundles, strays: strays().map(|file| file.path.clone()).collect() })
}

fn verified(bundle: &BundleFound) -> Verified {
    let with = |state| bundle.files.iter().filter(move |file| file.state == state);
    Verified {
        folder: bundle.folder.clone(),
        manifest: bundle.manifest.clone(),
        digest: bundle.digest,
        files: with(FileState::Ok).count(),
        litter: with(FileState::Litter).map(|file| file.path.clone()).collect(),
    }
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
