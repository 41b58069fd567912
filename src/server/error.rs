//! Why the server cannot start or go on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::fleet::{Class, Diagnose};

/// Why the server cannot start, or cannot take a new certificate.
#[derive(Debug, Error)]
pub enum ServerError {
    /// A PEM file cannot be read.
    #[error("cannot read {path:?}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A PEM file is no certificate or key, or both do not belong together.
    #[error("cannot serve with {path:?}: {why}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// DTLS cannot be spoken.
    #[error("cannot speak DTLS: {0}")]
    Dtls(String),
    /// The machine gives no threads or signals.
    #[error("cannot start the server's threads: {0}")]
    Threads(io::Error),
}

impl Diagnose for ServerError {
    fn class(&self) -> Class {
        match self {
            Self::File { .. } | Self::Certificate { .. } | Self::Dtls(_) => Class::Input,
            Self::Listen { .. } | Self::Threads(_) => Class::Surroundings,
        }
    }
}
