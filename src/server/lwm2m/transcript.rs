//! The record of one bootstrap, as JSON lines without a secret.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::bootstrap::{Outcome, StepTold};
use crate::fleet::EndpointName;

/// The longest record that is kept, in bytes; what a device answers is in it.
const LONGEST: usize = 1 << 20;

/// Lines as they come; none are kept where nobody wants them.
pub(super) struct Record {
    lines: Option<String>,
}

impl Record {
    /// Begins; `first` says who and when.
    pub(super) fn begin(is_wanted: bool, first: &Value) -> Self {
        let mut record = Self { lines: is_wanted.then(String::new) };
        record.put(first);
        record
    }

    /// Adds a step.
    pub(super) fn step(&mut self, told: &StepTold) {
        self.put(told);
    }

    fn put(&mut self, line: &impl Serialize) {
        let Some(lines) = self.lines.as_mut().filter(|lines| lines.len() < LONGEST) else { return };
        if let Ok(text) = serde_json::to_string(line) {
            *lines += &text;
            lines.push('\n');
        }
    }

    /// Ends it and returns the text, if it was wanted.
    pub(super) fn end(mut self, outcome: &Outcome, time: &str) -> Option<String> {
        self.put(&json!({ "ended": outcome.words(), "good": outcome.is_good(), "verified": outcome.verified,
            "quirks": outcome.quirks, "time": time }));
        self.lines
    }
}

/// Writes a record into a folder, under the device's name and the time; names that are there stay.
pub(super) fn write(folder: &Path, device: &EndpointName, time: &str, text: &str) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let time: String = time.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    for number in 0..1000 {
        let tail = if number == 0 { String::new() } else { format!(".{number}") };
        let path = folder.join(format!("{}.{time}{tail}.jsonl", device.as_str()));
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => return file.write_all(text.as_bytes()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
