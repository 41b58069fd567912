//! The record of one bootstrap, and what would be asked today in its place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::coap::{Response, Unanswered};
use crate::fleet::{Class, Diagnose};
use crate::format::coap::Code;

use super::configuration::Configuration;
use super::outcome::{Asking, Next, StepResult, StepTold};
use super::request::BootstrapRequest;
use super::session::Session;

/// The longest record that is read, in bytes.
pub const LONGEST_TRANSCRIPT: usize = 4 << 20;
/// Most steps of a record.
const MOST_STEPS: usize = 10_000;

/// The record of one bootstrap: JSON lines, the first with who asked, then the steps, the last with what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Transcript {
    /// Who asked, and how.
    pub head: TranscriptHead,
    /// What was asked of it.
    pub steps: Vec<StepTold>,
    /// What came of it; none if the record ends before.
    pub ended: Option<String>,
}

/// The first line of a record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TranscriptHead {
    /// The device.
    pub device: String,
    /// The endpoint name it said.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The content format it preferred.
    #[serde(default)]
    pub preferred: Option<u16>,
    /// True if it asked for everything in one answer.
    #[serde(default)]
    pub pack: bool,
    /// When.
    #[serde(default)]
    pub time: Option<String>,
}

/// Why a text is no record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TranscriptError {
    /// More than is read.
    #[error("the record has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// "bytes" or "steps".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
    /// A line that is none of a record.
    #[error("line {line} of the record cannot be read: {reason}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Nothing at all.
    #[error("the record is empty")]
    Empty,
}

impl Diagnose for TranscriptError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        Some("records are written by `serve` into the folder that serve.lwm2m.transcripts names".into())
    }
}

impl Transcript {
    /// Reads a record.
    ///
    /// # Errors
    /// [`TranscriptError`].
    pub fn read(text: &str) -> Result<Self, TranscriptError> {
        if text.len() > LONGEST_TRANSCRIPT {
            return Err(TranscriptError::TooMuch { what: "bytes", found: text.len(), limit: LONGEST_TRANSCRIPT });
        }
        let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let (number, first) = lines.next().ok_or(TranscriptError::Empty)?;
        let mut read = Self { head: from(number, first)?, steps: Vec::new(), ended: None };
        for (number, line) in lines {
            let value: Value = from(number, line)?;
            match value.get("ended").and_then(Value::as_str) {
                Some(ended) => read.ended = Some(ended.to_owned()),
                None => read.steps.push(from(number, line)?),
            }
            if read.steps.len() > MOST_STEPS {
                return Err(TranscriptError::TooMuch { what: "steps", found: read.steps.len(), limit: MOST_STEPS });
            }
        }
        Ok(read)
    }
}

fn from<T: for<'de> Deserialize<'de>>(line: usize, text: &str) -> Result<T, TranscriptError> {
    serde_json::from_str(text).map_err(|error| TranscriptError::Line { line, reason: error.to_string() })
}

/// One step of a record beside what would be done now.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Replayed {
    /// What was done.
    #[serde(flatten)]
    pub then: StepTold,
    /// What would be asked now with the same answers before; none once the two have parted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Asking>,
    /// What differs, in words; empty where nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
}

/// Tells a record step by step beside what the configuration of today would ask. Answers that the record leaves out because
/// they may be secret are taken as empty.
pub fn replay(transcript: &Transcript, configuration: Arc<Configuration>) -> Vec<Replayed> {
    let head = &transcript.head;
    let asked = BootstrapRequest { endpoint: head.endpoint.clone(), preferred: head.preferred };
    let mut session = Some(Session::begin(configuration, &asked));
    let mut replayed = Vec::new();
    for then in &transcript.steps {
        let (now, differs) = match &mut session {
            Some(session) => beside(session, then),
            None => (None, Vec::new()),
        };
        if differs.iter().any(|words| words.starts_with(PARTED)) {
            session = None;
        }
        replayed.push(Replayed { then: then.clone(), now, differs });
    }
    replayed
}

/// How it is said that nothing after can be compared.
const PARTED: &str = "from here on it is another conversation";

fn beside(session: &mut Session, then: &StepTold) -> (Option<Asking>, Vec<String>) {
    let Some(asked) = &then.asked else {
        if let (StepResult::Consulted(said), Next::Consult(_)) = (&then.result, session.next()) {
            session.consulted(Ok(serde_json::json!({ "ok": true, "attributes": said })));
        }
        return (None, Vec::new());
    };
    let now = match session.next() {
        Next::Ask(_) => session.asking().cloned(),
        Next::Consult(consultation) => {
            return (None, vec![format!("{PARTED}: now a service is asked first ({:?})", consultation.step)]);
        }
        Next::Done(outcome) => return (None, vec![format!("{PARTED}: now it has ended here: {}", outcome.words())]),
    };
    let Some(now) = now else { return (None, Vec::new()) };
    if (&now.method, &now.path) != (&asked.method, &asked.path) {
        let words = format!("{PARTED}: now {} {} is asked here", now.method, now.path);
        return (Some(now), vec![words]);
    }
    session.heard(answer(&then.result));
    let differs = differences(asked, &now);
    (Some(now), differs)
}

fn answer(result: &StepResult) -> Result<Response, Unanswered> {
    let StepResult::Answered { code, format, text, hex } = result else { return Err(Unanswered::Silent) };
    let mut response = Response::new(read_code(code).unwrap_or(Code(5 << 5)));
    response.format = *format;
    let bytes = text.as_ref().map(|text| text.clone().into_bytes());
    let bytes = bytes.or_else(|| hex::decode(hex.as_ref()?).ok()).unwrap_or_default();
    response.payload = zeroize::Zeroizing::new(bytes);
    Ok(response)
}

fn read_code(text: &str) -> Option<Code> {
    let (class, detail) = text.split_once('.')?;
    let (class, detail): (u8, u8) = (class.parse().ok()?, detail.parse().ok()?);
    (class < 8 && detail < 32).then_some(Code(class << 5 | detail))
}

fn differences(then: &Asking, now: &Asking) -> Vec<String> {
    let mut differs = Vec::new();
    if then.format != now.format {
        differs.push(format!("content format {:?}, then {:?}", now.format, then.format));
    }
    if then.bytes != now.bytes {
        differs.push(format!("{} bytes, then {}", now.bytes, then.bytes));
    }
    for (path, value) in &now.values {
        match then.values.get(path) {
            Some(before) if before == value => {}
            Some(before) => differs.push(format!("{path} is {value}, then {before}")),
            None => differs.push(format!("{path} is {value}, then not there")),
        }
    }
    let gone = then.values.keys().filter(|path| !now.values.contains_key(*path));
    differs.extend(gone.map(|path| format!("{path} is not there any more")));
    differs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record_is_refused_at_its_line() {
        assert_eq!(Transcript::read(" \n"), Err(TranscriptError::Empty));
        assert!(matches!(Transcript::read("{}"), Err(TranscriptError::Line { line: 1, .. })));
        let second = "{\"device\": \"gw-1\"}\n\n{\"number\": 1}";
        assert!(matches!(Transcript::read(second), Err(TranscriptError::Line { line: 3, .. })));
        let long = "x".repeat(LONGEST_TRANSCRIPT + 1);
        assert!(matches!(Transcript::read(&long), Err(TranscriptError::TooMuch { what: "bytes", .. })));
    }

    #[test]
    fn codes_are_read_as_they_are_shown() {
        for code in [0x44, 0x84, 0xA0, 0x8F] {
            assert_eq!(read_code(&Code(code).to_string()), Some(Code(code)));
        }
        for wrong in ["", "2", "9.00", "2.32", "a.b"] {
            assert_eq!(read_code(wrong), None);
        }
    }
}
