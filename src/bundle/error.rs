//! How rendering fails.

use std::sync::Arc;

use crate::delivery::ArtifactError;
use crate::fleet::lwm2m::AccountsError;
use crate::fleet::{Class, Diagnose, Place};

/// Why a bundle cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template fails: line of the template file.
    #[error("{place}: {message}")]
    Template {
        /// Where in the template.
        place: Place,
        /// What.
        message: String,
    },
    /// A file of the bundle cannot be made.
    #[error("{path:?}: {reason}")]
    File {
        /// Path in the bundle.
        path: String,
        /// Why.
        reason: String,
    },
    /// A credential of the plan was not handed over.
    #[error("credential {name:?} of device {device:?} has not been issued")]
    Credential {
        /// Its name.
        name: Arc<str>,
        /// The device.
        device: String,
    },
    /// An action that no device would follow.
    #[error("action {what}: {reason}")]
    Order {
        /// Which.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The bundle cannot be sealed.
    #[error("the bundle cannot be sealed: {reason}")]
    Seal {
        /// Why.
        reason: String,
    },
    /// A secret of the plan was not handed over.
    #[error("secret {name:?} for variable {variable:?} has not been read")]
    Secret {
        /// Its name under `secrets:`.
        name: Arc<str>,
        /// The variable.
        variable: Arc<str>,
    },
    /// A server's entry cannot be used.
    #[error("server {server:?}: {reason}")]
    Server {
        /// Its name.
        server: Arc<str>,
        /// Why.
        reason: String,
    },
    /// The `LwM2M` accounts together do not work.
    #[error("the LwM2M accounts do not work: {0}")]
    Accounts(#[from] AccountsError),
    /// The files do not make an artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

impl Diagnose for RenderError {
    fn class(&self) -> Class {
        match self {
            RenderError::Credential { .. } | RenderError::Secret { .. } => Class::Fault,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            RenderError::Accounts(error) => error.hint(),
            RenderError::Template { message, .. } if message.contains("undefined value") => Some(
                "a value that may be absent is asked for with `is defined`, or given a `default` in template.yaml"
                    .into(),
            ),
            _ => None,
        }
    }
}
