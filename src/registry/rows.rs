//! Streams of rows: lines, and records of CSV (RFC 4180), bounded before they are read.

use std::io::{BufRead, Read};

use crate::fleet::{Class, Diagnose};

use super::RegistryError;

/// The longest line that comes in, in bytes.
const LONGEST_LINE: u64 = 256 * 1024;
/// Where columns of attributes begin.
pub(super) const ATTRIBUTES: &str = "attributes.";

/// Why a stream could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The stream itself.
    #[error("the stream broke: {0}")]
    Stream(#[from] std::io::Error),
    /// The registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The head of the stream is wrong, or it is too long to be taken at once.
    #[error("the stream is refused: {0}")]
    Shape(String),
}

impl Diagnose for ExchangeError {
    fn class(&self) -> Class {
        match self {
            Self::Stream(_) => Class::Surroundings,
            Self::Registry(error) => error.class(),
            Self::Shape(_) => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.hint(),
            Self::Stream(_) | Self::Shape(_) => None,
        }
    }
}

/// Reads lines and records one by one.
pub(super) struct Lines<R> {
    stream: R,
    row: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads from a stream.
    pub(super) fn new(stream: R) -> Self {
        Self { stream, row: 0 }
    }

    /// Returns the next line that is not blank.
    pub(super) fn text_line(&mut self) -> Result<Option<String>, ExchangeError> {
        loop {
            match self.line()? {
                Some(line) if line.trim().is_empty() => {}
                line => {
                    self.row += 1;
                    return Ok(line);
                }
            }
        }
    }

    /// Reads a line with its end; it is bounded before it is read.
    fn line(&mut self) -> Result<Option<String>, ExchangeError> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut self.stream, LONGEST_LINE).read_until(b'\n', &mut bytes)?;
        if read as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            let reason = format!("after line {} comes a line of over {LONGEST_LINE} bytes", self.row);
            return Err(ExchangeError::Shape(reason));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| ExchangeError::Shape(format!("after line {} comes no UTF-8", self.row)))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Reads a CSV record, over several lines where a quoted field holds line ends (RFC 4180, section 2).
    pub(super) fn record(&mut self) -> Result<Option<Vec<String>>, ExchangeError> {
        let Some(mut text) = self.text_line()? else { return Ok(None) };
        while text.matches('"').count() % 2 == 1 {
            match self.line()? {
                Some(more) if (text.len() + more.len()) as u64 <= LONGEST_LINE => text.push_str(&more),
                _ => return Err(ExchangeError::Shape(format!("after line {} a quote is not closed", self.row))),
            }
        }
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(Some(fields(text.strip_suffix('\r').unwrap_or(text))))
    }
}

/// Takes a record apart; its quotes are closed.
fn fields(text: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}
