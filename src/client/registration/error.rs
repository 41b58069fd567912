//! How registering fails.

use std::path::PathBuf;

use crate::client::ClientError;
use crate::fleet::{Class, Diagnose};
use crate::host::http::HttpError;

/// How registering fails.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// There is no `registration.json`.
    #[error("{path:?} is missing: nobody told this device where to register")]
    NoOrder {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// `registration.json`, or a file it names, cannot be used.
    #[error("{path:?} cannot be used: {reason}")]
    Order {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server's word is no, and stays so.
    #[error("the server refuses ({code}, status {status}): {detail}")]
    Denied {
        /// The server's stable word.
        code: String,
        /// HTTP status.
        status: u16,
        /// The server's sentence.
        detail: String,
        /// The server's hint.
        hint: Option<String>,
    },
    /// What came is no answer to what was asked.
    #[error("the server's answer cannot be used: {reason}")]
    Nonsense {
        /// Why.
        reason: String,
    },
    /// There is no answer of a registration on this device.
    #[error("this device has not registered")]
    Unregistered,
    /// `registration.json` names neither a certificate request nor a private key.
    #[error("registration.json names neither \"request\" nor \"private_key\": there is no certificate to renew")]
    NothingToRenew,
    /// The server does not take the certificate that it renewed itself.
    #[error("the renewed certificate does not serve, the one in force stays: {reason}")]
    Unproven {
        /// Why.
        reason: String,
    },
    /// The time is over, and the server has not decided.
    #[error("registration {registration:?} is {state} still: it was asked for {seconds} s")]
    Pending {
        /// Its name at the server.
        registration: String,
        /// The server's word.
        state: String,
        /// For how long.
        seconds: u64,
    },
    /// The time is over, and no try came through.
    #[error("not registered within {seconds} s: {reason}")]
    Late {
        /// For how long.
        seconds: u64,
        /// Words of the last try.
        reason: String,
    },
    /// A person or the system ended the run.
    #[error("ended before the server had answered")]
    Interrupted {
        /// Which signal.
        class: Class,
    },
    /// The talk fails.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The device's own files fail.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Diagnose for RegisterError {
    fn class(&self) -> Class {
        match self {
            // Denied so, what the device sent is wrong, not who it is.
            RegisterError::NoOrder { .. }
            | RegisterError::Order { .. }
            | RegisterError::Unregistered
            | RegisterError::NothingToRenew
            | RegisterError::Denied { status: 400 | 413 | 415 | 422, .. } => Class::Input,
            RegisterError::Denied { .. } => Class::Refused,
            RegisterError::Nonsense { .. }
            | RegisterError::Unproven { .. }
            | RegisterError::Pending { .. }
            | RegisterError::Late { .. } => Class::Surroundings,
            RegisterError::Interrupted { class } => *class,
            RegisterError::Http(error) => error.class(),
            RegisterError::Client(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            RegisterError::NoOrder { .. } => {
                Some("give the profile a server with `role: registration`, and take its bundle".into())
            }
            RegisterError::Unregistered => Some("register first: firstlight client register".into()),
            RegisterError::NothingToRenew => Some(
                "name the file of the device's key in \"private_key\", or of a request for it in \"request\"".into(),
            ),
            RegisterError::Denied { hint, .. } => hint.clone(),
            RegisterError::Pending { .. } | RegisterError::Late { .. } | RegisterError::Interrupted { .. } => {
                Some("run it again, it goes on where it was: firstlight client register".into())
            }
            RegisterError::Client(error) => error.hint(),
            RegisterError::Http(error) => error.hint(),
            _ => None,
        }
    }
}
