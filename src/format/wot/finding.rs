//! What a check or a conversion has to say, and about which place.

use std::fmt;

/// A rule that a document breaks: the document is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The place, as a JSON Pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub words: String,
}

/// Something that no rule forbids and that is probably not meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// The place, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is odd there.
    pub words: String,
}

/// Something that the other form cannot say, or cannot say in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loss {
    /// The place in what was converted: a JSON Pointer, or the path of an LwM2M resource.
    pub pointer: String,
    /// What was lost.
    pub words: String,
}

impl Loss {
    /// States a loss.
    pub fn new(pointer: impl Into<String>, words: impl Into<String>) -> Loss {
        Loss { pointer: pointer.into(), words: words.into() }
    }
}

fn write(f: &mut fmt::Formatter<'_>, pointer: &str, words: &str) -> fmt::Result {
    if pointer.is_empty() { f.write_str(words) } else { write!(f, "{pointer}: {words}") }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.pointer, &self.words)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.pointer, &self.words)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.pointer, &self.words)
    }
}
