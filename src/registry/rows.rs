//! Lists that come in as streams: JSON lines, or CSV with a column for each attribute.

use std::io::{BufRead, Read};

use serde_json::{Map, Value as Json};

use crate::fleet::{Class, Diagnose};

use super::RegistryError;

/// The longest line that comes in, in bytes.
const LONGEST_LINE: u64 = 256 * 1024;
/// Where columns of attributes begin.
pub(super) const ATTRIBUTES: &str = "attributes.";

/// How the stream is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExchangeForm {
    /// One JSON object on each line.
    Lines,
    /// RFC 4180, with a header.
    Csv,
}

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

/// The columns of a CSV, and how they become the members of an object.
pub(super) struct Columns {
    /// Those that may be there beside those of attributes.
    pub(super) known: &'static [&'static str],
    /// Those of which exactly one must be there.
    pub(super) keys: &'static [&'static str],
    /// Those that say nothing that can come in.
    pub(super) out_only: &'static [&'static str],
    /// Those that are whole numbers.
    pub(super) numbers: &'static [&'static str],
}

/// A row: its number, and what it holds.
pub(super) type Row = (u64, Result<Map<String, Json>, String>);

/// Reads rows one by one.
pub(super) struct Rows<R> {
    stream: R,
    columns: &'static Columns,
    header: Option<Vec<String>>,
    row: u64,
    bytes: u64,
}

impl<R: BufRead> Rows<R> {
    /// Begins to read: the header of a CSV is read at once.
    pub(super) fn new(form: ExchangeForm, stream: R, columns: &'static Columns) -> Result<Self, ExchangeError> {
        let mut rows = Self { stream, columns, header: None, row: 0, bytes: 0 };
        if form == ExchangeForm::Csv {
            let header = rows.record()?.ok_or_else(|| ExchangeError::Shape("the header is missing".to_owned()))?;
            let of_attribute = |name: &String| name.strip_prefix(ATTRIBUTES).is_some_and(|name| !name.is_empty());
            let known = |name: &String| columns.known.contains(&name.as_str()) || of_attribute(name);
            if let Some(unknown) = header.iter().find(|name| !known(name)) {
                return Err(ExchangeError::Shape(format!("{unknown:?} is no column of this list")));
            }
            let distinct = header.iter().collect::<std::collections::HashSet<_>>();
            let keys = header.iter().filter(|name| columns.keys.contains(&name.as_str())).count();
            if distinct.len() < header.len() || keys != 1 {
                let reason = format!("a column stands twice, or the column {:?} is missing", columns.keys[0]);
                return Err(ExchangeError::Shape(reason));
            }
            rows.header = Some(header);
        }
        Ok(rows)
    }

    /// Returns the next row with its number, from 1; a row that is no object is told as such.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ExchangeError> {
        let object = if let Some(header) = self.header.clone() {
            let Some(record) = self.record()? else { return Ok(None) };
            self.columns.object(&header, record)
        } else {
            let Some(line) = self.text_line()? else { return Ok(None) };
            serde_json::from_str::<Map<String, Json>>(&line).map_err(|error| format!("it is no JSON object: {error}"))
        };
        self.row += 1;
        Ok(Some((self.row, object)))
    }

    /// Returns how many bytes were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the next line that is not blank, with its end.
    pub(super) fn text_line(&mut self) -> Result<Option<String>, ExchangeError> {
        loop {
            match self.line()? {
                Some(line) if line.trim().is_empty() => {}
                line => return Ok(line),
            }
        }
    }

    /// Reads a line with its end; it is bounded before it is read.
    fn line(&mut self) -> Result<Option<String>, ExchangeError> {
        let mut bytes = Vec::new();
        let read = Read::take(&mut self.stream, LONGEST_LINE).read_until(b'\n', &mut bytes)?;
        self.bytes += read as u64;
        if read as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            let reason = format!("after row {} comes a line of over {LONGEST_LINE} bytes", self.row);
            return Err(ExchangeError::Shape(reason));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| ExchangeError::Shape(format!("after row {} comes no UTF-8", self.row)))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Reads a CSV record, over several lines where a quoted field holds line ends (RFC 4180, section 2).
    fn record(&mut self) -> Result<Option<Vec<String>>, ExchangeError> {
        let Some(mut text) = self.text_line()? else { return Ok(None) };
        while text.matches('"').count() % 2 == 1 {
            match self.line()? {
                Some(more) if (text.len() + more.len()) as u64 <= LONGEST_LINE => text.push_str(&more),
                _ => return Err(ExchangeError::Shape(format!("after row {} a quote is not closed", self.row))),
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

impl Columns {
    /// Puts a record into the shape of a line; an empty field says nothing.
    fn object(&self, header: &[String], record: Vec<String>) -> Result<Map<String, Json>, String> {
        if record.len() != header.len() {
            return Err(format!("it has {} fields, the header has {}", record.len(), header.len()));
        }
        let (mut object, mut attributes) = (Map::new(), Map::new());
        for (name, value) in header.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
            if let Some(attribute) = name.strip_prefix(ATTRIBUTES) {
                attributes.insert(attribute.to_owned(), value.into());
            } else if self.numbers.contains(&name.as_str()) {
                let number = value.parse::<i64>().map_err(|_| format!("{name} {value:?} is no number"))?;
                object.insert(name.clone(), number.into());
            } else if !self.out_only.contains(&name.as_str()) {
                object.insert(name.clone(), value.into());
            }
        }
        object.insert("attributes".to_owned(), Json::Object(attributes));
        Ok(object)
    }
}
