//! Who a device is.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Class, Diagnose};

/// The longest endpoint name, in bytes. A certificate's common name holds 64 (RFC 5280, ub-common-name).
pub const LONGEST_ENDPOINT_NAME: usize = 64;
/// The longest serial number, in bytes (RFC 5280, ub-serial-number).
pub const LONGEST_SERIAL_NUMBER: usize = 64;

/// Why a text is no identity.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdentityError {
    /// Nothing there.
    #[error("{what} is empty")]
    Empty {
        /// "endpoint name" or "serial number".
        what: &'static str,
    },
    /// Too long for the certificate field that carries it.
    #[error("{what} has {found} bytes, at most {limit} are possible")]
    TooLong {
        /// "endpoint name" or "serial number".
        what: &'static str,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A character that file names, certificates or URIs cannot carry unharmed.
    #[error("{what} holds {found:?}; letters, digits and {allowed} are possible")]
    Character {
        /// "endpoint name" or "serial number".
        what: &'static str,
        /// The first such character.
        found: char,
        /// The punctuation that is allowed.
        allowed: &'static str,
    },
    /// Begins with punctuation, or holds "..": could be taken for an option or a path.
    #[error("{what} must begin with a letter or digit and must not hold \"..\"")]
    Shape {
        /// "endpoint name" or "serial number".
        what: &'static str,
    },
}

impl Diagnose for IdentityError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// A device's endpoint name (`LwM2M` "ep"; the `id` column): the name it is known by everywhere.
///
/// ASCII letters, digits and `-_.:+@=`, at most 64 bytes, first a letter or digit, no "..": so that one name serves as
/// file name, certificate common name, MQTT client id and URI query value alike.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndpointName(Arc<str>);

/// A device's serial number as its maker engraved it (X.520 serialNumber, so `PrintableString`): ASCII letters, digits and
/// `-_.:/+= `, at most 64 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SerialNumber(Arc<str>);

impl EndpointName {
    /// Checks and makes an endpoint name.
    pub fn new(text: &str) -> Result<Self, IdentityError> {
        check("endpoint name", text, LONGEST_ENDPOINT_NAME, "-_.:+@=")?;
        Ok(Self(Arc::from(text)))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form under which two names count as the same (ASCII case folded).
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl SerialNumber {
    /// Checks and makes a serial number.
    pub fn new(text: &str) -> Result<Self, IdentityError> {
        check("serial number", text, LONGEST_SERIAL_NUMBER, "-.:/+=()',?")?;
        Ok(Self(Arc::from(text)))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(what: &'static str, text: &str, limit: usize, allowed: &'static str) -> Result<(), IdentityError> {
    if text.is_empty() {
        return Err(IdentityError::Empty { what });
    }
    if text.len() > limit {
        return Err(IdentityError::TooLong { what, found: text.len(), limit });
    }
    if let Some(found) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !allowed.contains(*c)) {
        return Err(IdentityError::Character { what, found, allowed });
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || text.contains("..") {
        return Err(IdentityError::Shape { what });
    }
    Ok(())
}

macro_rules! text_value {
    ($type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        /// As a quoted text, so that messages can show it with `{:?}`.
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
        impl TryFrom<String> for $type {
            type Error = IdentityError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0.to_string()
            }
        }
    };
}
text_value!(EndpointName);
text_value!(SerialNumber);
