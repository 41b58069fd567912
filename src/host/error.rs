//! How the machine fails us.

use std::io;
use std::path::{Path, PathBuf};

use crate::fleet::{Class, Diagnose};

/// How a look at the machine, or a file on it, fails.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The system reports an error.
    #[error("{doing} {path:?} failed")]
    Io {
        /// "reading", "writing" ...
        doing: &'static str,
        /// The file, folder or node.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// Longer than a reader takes.
    #[error("{path:?} is longer than {limit} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes allowed.
        limit: u64,
    },
    /// Must be new, and is there.
    #[error("refusing to overwrite {path:?}: it exists")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The USB library reports an error.
    #[error("listing the USB devices failed: {reason}")]
    Usb {
        /// The library's words.
        reason: String,
    },
}

impl HostError {
    /// Returns a maker of [`HostError::Io`] for `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| HostError::Io { doing, path, source }
    }

    /// Returns the kind of the system's error, where there is one.
    pub fn kind(&self) -> Option<io::ErrorKind> {
        match self {
            HostError::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

impl Diagnose for HostError {
    fn class(&self) -> Class {
        match self {
            HostError::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Class::Input,
                io::ErrorKind::PermissionDenied => Class::Refused,
                _ => Class::Surroundings,
            },
            HostError::TooLong { .. } => Class::Input,
            HostError::Exists { .. } => Class::Refused,
            HostError::Usb { .. } => Class::Surroundings,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            HostError::Io { path, source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => Some(format!("see who may: ls -ld '{}'", path.display())),
                io::ErrorKind::StorageFull => Some("make room there, then run the same command again".to_owned()),
                io::ErrorKind::ReadOnlyFilesystem => {
                    Some("that file system is mounted read-only: name another place".to_owned())
                }
                _ => None,
            },
            HostError::Exists { path } => {
                Some(format!("name a new file, or move that one aside: mv '{0}' '{0}.old'", path.display()))
            }
            HostError::TooLong { .. } | HostError::Usb { .. } => None,
        }
    }
}
