//! What the edge itself has to say against a command: a class, a sentence, perhaps a hint.

use std::fmt;

use crate::fleet::{Class, Diagnose};

/// An error of the edge itself (a missing flag, no terminal, no fleet): floors below have error types of their own.
#[derive(Debug)]
pub struct Complaint {
    class: Class,
    message: String,
    hint: Option<String>,
}

impl Complaint {
    /// Makes a complaint; `message` is lower case, without full stop, the thing in quotes.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None }
    }

    /// Adds a line that can be typed.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

impl Diagnose for Complaint {
    fn class(&self) -> Class {
        self.class
    }

    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
