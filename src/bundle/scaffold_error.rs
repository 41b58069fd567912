//! Why no fleet can be made of what `init` was told.

use crate::fleet::{Class, Diagnose};

use super::factory_scaffold::CHIP_FLEETS;
use super::template::Template;

/// Why no fleet can be made of the answers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// No such template.
    #[error("there is no built-in template {name:?}")]
    Template {
        /// As it was named.
        name: String,
    },
    /// A server of no protocol known.
    #[error("{uri:?} is no address of a server")]
    Server {
        /// As it was given.
        uri: String,
    },
    /// The template is made for another protocol.
    #[error("template {template:?} needs a server with {scheme}://")]
    Protocol {
        /// The template.
        template: String,
        /// The scheme of its protocol.
        scheme: &'static str,
    },
    /// The template's bundles do not say where to register.
    #[error("bundles of template {template:?} do not tell a device where to register")]
    Registration {
        /// The template.
        template: String,
    },
}

impl Diagnose for ScaffoldError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            ScaffoldError::Template { .. } => Some(format!("templates are {}", names().join(", "))),
            ScaffoldError::Server { .. } => {
                Some("write coaps://HOST:5684, mqtts://HOST:8883 or https://HOST".to_owned())
            }
            ScaffoldError::Protocol { scheme, .. } => Some(format!("add one: {scheme}://HOST")),
            ScaffoldError::Registration { .. } => Some("those of template \"linux\" do".to_owned()),
        }
    }
}

/// Returns everything that a fleet can be made of.
fn names() -> Vec<&'static str> {
    let chips = CHIP_FLEETS.iter().map(|fleet| fleet.name);
    Template::builtin_names().iter().copied().chain(chips).collect()
}
