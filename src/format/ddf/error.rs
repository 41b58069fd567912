//! Why something is no object definition.

use crate::fleet::{Class, Diagnose};

/// Why bytes, or a model, give no object definition.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DdfError {
    /// More than is read.
    #[error("the object definition has {found} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not well-formed XML, or XML with a document type.
    #[error("the object definition is no plain XML: {reason}")]
    Xml {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// Another kind of document.
    #[error("the outermost element is \"{found}\", must be \"LWM2M\"")]
    Root {
        /// The name found.
        found: String,
    },
    /// No definition that can be used.
    #[error("no object is defined: {reason}")]
    NoObject {
        /// What was missing.
        reason: String,
    },
    /// A model that does not tell enough for a definition.
    #[error("the model gives no object definition: \"{pointer}\" {reason}")]
    Model {
        /// Where, as a JSON Pointer.
        pointer: String,
        /// What is missing or wrong there.
        reason: String,
    },
}

impl Diagnose for DdfError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            DdfError::Xml { .. } => Some("an entity or a document type is never read; take them out".into()),
            DdfError::Model { .. } => {
                Some("only a model that was made from an object definition can be turned back".into())
            }
            _ => None,
        }
    }
}
