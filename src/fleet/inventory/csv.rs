//! CSV (RFC 4180) with a header row and exact places.
//!
//! A reader of our own: the csv crate gives places for records only, and takes an unclosed quote for a cell that reaches to
//! the end of the file. It is the oracle in the tests.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::{Faults, nearest};
use super::builder::{Builder, KNOWN, Known, Text};
use super::packed::Inventory;
use super::row::{Form, Mark};

/// One cell as it stands: text without quotes, where it begins.
struct Field<'t> {
    text: Cow<'t, str>,
    at: Mark,
}

/// What a column is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Id,
    Serial,
    Model,
    Profile,
    Variable(u16),
    /// Has a fault; its cells are passed over.
    Broken,
}

pub(super) fn read(file: &Arc<str>, text: &str, faults: &mut Faults) -> Inventory {
    let mut builder = Builder::new(file);
    let mut records = Records::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut fields = Vec::new();
    let Some(roles) = header(&mut records, &mut fields, &mut builder, faults) else {
        return builder.finish();
    };
    while records.next(&mut fields, &builder, faults) {
        if fields.iter().all(|field| field.text.is_empty()) {
            continue;
        }
        if builder.is_full(fields[0].at, faults) {
            break;
        }
        row(&roles, &fields, &mut builder, faults);
    }
    builder.finish()
}

fn header<'t>(
    records: &mut Records<'t>,
    fields: &mut Vec<Field<'t>>,
    builder: &mut Builder,
    faults: &mut Faults,
) -> Option<Vec<Role>> {
    while records.next(fields, builder, faults) {
        if fields.iter().any(|field| !field.text.is_empty()) {
            return Some(columns(fields, builder, faults));
        }
    }
    let start = builder.place(Mark { line: 1, column: 1 });
    faults.add_with_hint(start, "the inventory is empty", "its first row names the columns; \"id\" is one of them");
    None
}

fn columns(fields: &[Field<'_>], builder: &mut Builder, faults: &mut Faults) -> Vec<Role> {
    let mut roles = Vec::with_capacity(fields.len());
    for (index, field) in fields.iter().enumerate() {
        let first = fields[..index].iter().position(|other| !field.text.is_empty() && other.text == field.text);
        roles.push(match first {
            Some(first) => {
                let message =
                    format!("column {:?} stands here a second time, first as column {}", field.text, first + 1);
                faults.add(builder.place(field.at), message);
                Role::Broken
            }
            None => role(field, index, builder, faults),
        });
    }
    if !roles.contains(&Role::Id) {
        no_id(fields, builder, faults);
    }
    roles
}

fn role(field: &Field<'_>, index: usize, builder: &mut Builder, faults: &mut Faults) -> Role {
    match &*field.text {
        "id" => Role::Id,
        "serial" => Role::Serial,
        "model" => Role::Model,
        "profile" => Role::Profile,
        "" => {
            faults.add(builder.place(field.at), format!("column {} has no name", index + 1));
            Role::Broken
        }
        name => builder.column(name, field.at, faults).map_or(Role::Broken, Role::Variable),
    }
}

fn no_id(fields: &[Field<'_>], builder: &Builder, faults: &mut Faults) {
    let place = builder.place(fields[0].at);
    let names = || fields.iter().map(|field| &*field.text);
    let separator =
        [';', '\t', '|'].into_iter().find(|c| names().any(|name| name.split(*c).any(|part| KNOWN.contains(&part))));
    let hint = match (separator, nearest::nearest("id", names())) {
        (Some(separator), _) => format!("the columns seem to be parted by {separator:?}: save the file with commas"),
        (None, Some(near)) => format!("column {near:?} seems to be meant: call it \"id\""),
        (None, None) => "the first row names the columns; \"id\" holds the endpoint names".to_owned(),
    };
    faults.add_with_hint(place, "there is no column \"id\"", hint);
}

fn row(roles: &[Role], fields: &[Field<'_>], builder: &mut Builder, faults: &mut Faults) {
    let start = fields[0].at;
    if fields.len() != roles.len() {
        let at = fields.get(roles.len()).map_or(start, |field| field.at);
        let message = format!("the row has {} cells, the header names {} columns", fields.len(), roles.len());
        faults.add_with_hint(builder.place(at), message, "put a value that holds a comma in quotes");
    }
    let mut known = Known::default();
    let mut id_at = start;
    for (role, field) in roles.iter().zip(fields) {
        if *role == Role::Id {
            id_at = field.at;
        }
        if field.text.is_empty() {
            if let Role::Variable(column) = role {
                builder.cell(*column, Form::Blank, "", field.at, faults);
            }
            continue;
        }
        note_control_character(*role, field, builder, faults);
        let text = Text { text: &field.text, at: field.at };
        match role {
            Role::Id => known.id = Some(text),
            Role::Serial => known.serial = Some(text),
            Role::Model => known.model = Some(text),
            Role::Profile => known.profile = Some(text),
            Role::Variable(column) => variable(*column, &text, builder, faults),
            Role::Broken => {}
        }
    }
    if roles.contains(&Role::Id) {
        builder.row(id_at, &known, faults);
    } else {
        builder.row_without_id(start, &known, faults);
    }
}

/// Identities say so themselves.
fn note_control_character(role: Role, field: &Field<'_>, builder: &Builder, faults: &mut Faults) {
    let found = field.text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    if let Some(found) = found.filter(|_| !matches!(role, Role::Id | Role::Serial)) {
        let message = format!("the cell holds the control character U+{:04X}", u32::from(found));
        faults.add(builder.place(field.at), message);
    }
}

fn variable(column: u16, text: &Text<'_>, builder: &mut Builder, faults: &mut Faults) {
    match reference(text.text) {
        Some(name) => builder.cell(column, Form::Secret, name, text.at, faults),
        None => builder.cell(column, Form::Plain, text.text, text.at, faults),
    }
}

/// Returns NAME of a cell `{secret: NAME}`.
fn reference(cell: &str) -> Option<&str> {
    let inner = cell.strip_prefix('{')?.strip_suffix('}')?;
    let name = inner.trim().strip_prefix("secret:")?.trim();
    (super::super::shape::NAME.accepts)(name).then_some(name)
}

/// Parts a text into records and fields.
struct Records<'t> {
    rest: &'t str,
    at: Mark,
}

impl<'t> Records<'t> {
    fn new(text: &'t str) -> Self {
        Self { rest: text, at: Mark { line: 1, column: 1 } }
    }

    /// Puts the next record into `fields`, at least one; false at the end of the text.
    fn next(&mut self, fields: &mut Vec<Field<'t>>, builder: &Builder, faults: &mut Faults) -> bool {
        fields.clear();
        if self.rest.is_empty() {
            return false;
        }
        loop {
            fields.push(self.field(builder, faults));
            match self.rest.as_bytes().first() {
                Some(b',') => self.pass(1),
                _ => break,
            }
        }
        self.end_of_line();
        true
    }

    /// Takes one field, up to its comma or the end of the line.
    fn field(&mut self, builder: &Builder, faults: &mut Faults) -> Field<'t> {
        let blanks = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
        self.pass(blanks);
        if self.rest.starts_with('"') {
            return self.quoted(builder, faults);
        }
        let at = self.at;
        let raw = &self.rest[..self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len())];
        if let Some(quote) = raw.find('"') {
            let (line, column) = super::super::text::advance(at.line, at.column, &raw[..quote]);
            let message = "a quote stands in the middle of a cell";
            let hint = "put the whole cell in quotes, and write a quote in it twice";
            faults.add_with_hint(builder.place(Mark { line, column }), message, hint);
        }
        self.pass(raw.len());
        Field { text: Cow::Borrowed(raw.trim_end_matches([' ', '\t'])), at }
    }

    fn quoted(&mut self, builder: &Builder, faults: &mut Faults) -> Field<'t> {
        let at = self.at;
        self.pass(1);
        let body = self.rest;
        let Some(length) = closing_quote(body) else {
            let hint = "close it, or write a quote inside a cell twice";
            faults.add_with_hint(builder.place(at), "the quote that opens here is never closed", hint);
            self.pass(body.len());
            return Field { text: Cow::Borrowed(""), at };
        };
        self.pass(length + 1);
        let after = &self.rest[..self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len())];
        if !after.trim_matches([' ', '\t']).is_empty() {
            let hint = "put the whole cell in quotes, and write a quote in it twice";
            faults.add_with_hint(builder.place(self.at), "text stands after a closing quote", hint);
        }
        self.pass(after.len());
        let inner = &body[..length];
        let text = if inner.contains('"') { Cow::Owned(inner.replace("\"\"", "\"")) } else { Cow::Borrowed(inner) };
        Field { text, at }
    }

    fn end_of_line(&mut self) {
        let width = match self.rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        self.rest = &self.rest[width..];
        self.at = Mark { line: self.at.line.saturating_add(1), column: 1 };
    }

    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        (self.at.line, self.at.column) = super::super::text::advance(self.at.line, self.at.column, passed);
        self.rest = rest;
    }
}

/// Returns where the quote stands that closes a cell: the first that is not doubled.
fn closing_quote(body: &str) -> Option<usize> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(|byte| *byte == b'"') {
        at += offset;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
    None
}
