//! What is wrong inside a JSON value, by JSON pointer.

use std::fmt;

use serde::Serialize;

use crate::fleet::{Class, Diagnose};

/// Most faults that are kept of one value.
const MOST: usize = 200;

/// One thing that is wrong at a place in a JSON value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PointerFault {
    /// Where: a JSON pointer (RFC 6901), empty for the whole value.
    pub pointer: String,
    /// What: lower case, no full stop.
    pub message: String,
}

/// All that is wrong with a JSON value; the first 200.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct PointerFaults(pub Vec<PointerFault>);

impl PointerFaults {
    /// Notes a fault.
    pub fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(PointerFault { pointer: pointer.into(), message: message.into() });
        }
    }

    /// Returns true if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `value` if nothing is wrong.
    pub fn or_value<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// Appends one segment to a JSON pointer, escaped (RFC 6901, section 3).
pub(super) fn join(pointer: &str, segment: &str) -> String {
    format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"))
}

impl fmt::Display for PointerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => write!(f, "{}", self.message),
            pointer => write!(f, "{pointer:?}: {}", self.message),
        }
    }
}

impl fmt::Display for PointerFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index > 0 { "; " } else { "" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PointerFaults {}

impl Diagnose for PointerFaults {
    fn class(&self) -> Class {
        Class::Input
    }
}
