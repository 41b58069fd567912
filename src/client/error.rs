//! How the device's side fails.

use std::io;
use std::path::{Path, PathBuf};

use crate::bundle::sealed::Refusal;
use crate::fleet::{Class, Diagnose};
use crate::host::HostError;

/// How work on the device fails.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No device image: the file that says so is missing.
    #[error("refusing to run: {path:?} is missing, so this machine is no device (a laptop is none)")]
    NotADevice {
        /// The file.
        path: PathBuf,
    },
    /// The device file, or a key beside it, cannot be used.
    #[error("{path:?} cannot be used: {reason}")]
    Device {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The store holds what this program did not write.
    #[error("{path:?} is damaged ({reason}): refusing to guess what this device has taken before")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nothing is where the medium was said to be.
    #[error("there is no medium at {path:?}")]
    NoMedium {
        /// As it was named.
        path: PathBuf,
    },
    /// Another run is at work.
    #[error("another run holds {path:?}")]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// The bundle is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A symbolic link, or something that is no folder, lies on the way to a destination.
    #[error("refusing to write {path:?}: {found} lies in the way")]
    InTheWay {
        /// The destination.
        path: PathBuf,
        /// What lies there.
        found: &'static str,
    },
    /// The owner stays: nobody declared that they stand before the device.
    #[error("refusing to forget the owner: {reason}")]
    NoPresence {
        /// Why.
        reason: String,
    },
    /// The system reports an error.
    #[error("{doing} {path:?} failed")]
    Io {
        /// "reading", "writing" ...
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The machine fails us.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl ClientError {
    /// Returns a maker of [`ClientError::Io`] for `map_err`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| ClientError::Io { doing, path, source }
    }
}

impl Diagnose for ClientError {
    fn class(&self) -> Class {
        match self {
            ClientError::NotADevice { .. }
            | ClientError::Damaged { .. }
            | ClientError::InTheWay { .. }
            | ClientError::NoPresence { .. } => Class::Refused,
            ClientError::Device { .. } => Class::Input,
            ClientError::Refused(refusal) => refusal.class(),
            ClientError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Class::Refused,
            ClientError::Io { .. } | ClientError::Busy { .. } | ClientError::NoMedium { .. } => Class::Surroundings,
            ClientError::Host(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ClientError::NotADevice { .. } => {
                Some("look at a medium without taking it: firstlight media inspect /dev/sda".into())
            }
            ClientError::Damaged { .. } => {
                Some("with declared presence at the device: firstlight client forget --owner".into())
            }
            ClientError::Busy { .. } => Some("wait for the other run: firstlight client status".into()),
            ClientError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("run it as root, as the service of the device image does".into())
            }
            ClientError::Host(error) => error.hint(),
            _ => None,
        }
    }
}
