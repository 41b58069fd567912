//! Where in the input something stands, and what is wrong there.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{Class, Diagnose};

/// A place in a text: file, line and column, the last two counted from 1 (column in characters).
#[derive(Clone, PartialEq, Eq, Debug, Hash, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file as the user named it; `<stdin>` for standard input.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// Makes a place; line and column count from 1.
    pub fn new(file: &Arc<str>, line: u32, column: u32) -> Self {
        Self { file: Arc::clone(file), line, column }
    }

    /// Returns the file as a path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&*self.file)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with the input, at its place, with a hint where one is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What: lower case, no full stop, the thing in quotes, both numbers.
    pub message: String,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// All faults of one reading of the input, in the order of their places; never empty when used as an error.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Faults(pub Vec<Fault>);

/// The most faults that are kept: a broken inventory of 100,000 rows must not fill the memory, nor the terminal.
pub const MOST_FAULTS: usize = 1000;

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, place: Place, message: impl Into<String>) {
        self.keep(Fault { place, message: message.into(), hint: None });
    }

    /// Notes a fault with a hint.
    pub fn add_with_hint(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.keep(Fault { place, message: message.into(), hint: Some(hint.into()) });
    }

    /// Keeps the first [`MOST_FAULTS`]; one more then says that there are others.
    fn keep(&mut self, fault: Fault) {
        match self.0.len() {
            count if count < MOST_FAULTS => self.0.push(fault),
            MOST_FAULTS => self.0.push(Fault {
                place: fault.place,
                message: format!("more than {MOST_FAULTS} faults; those found from here on are not listed"),
                hint: Some("mend these first, then run the same command again".to_owned()),
            }),
            _ => {}
        }
    }

    /// Returns true if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `value` if nothing is wrong, else the faults sorted by place and without repetitions.
    pub fn or_value<T>(mut self, value: T) -> Result<T, Faults> {
        if self.is_empty() {
            return Ok(value);
        }
        self.sort();
        Err(self)
    }

    /// Sorts by place and drops repetitions.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| a.place.cmp(&b.place));
        self.0.dedup();
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {}", fault.place, fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Diagnose for Faults {
    fn class(&self) -> Class {
        Class::Input
    }
}
