//! Rows come in one by one and are packed.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::shape::{abridged, is_identifier};
use super::super::{EndpointName, Faults, IdentityError, Place, SerialNumber, nearest};
use super::packed::Inventory;
use super::row::{Cell, Column, Form, Mark, Row};

/// Most different variables of an inventory.
const MOST_COLUMNS: usize = 1_000;
/// Most devices of an inventory.
const MOST_ROWS: usize = 5_000_000;
/// Longest text of a cell in bytes.
const LONGEST_CELL: usize = 64 * 1024;
/// Columns with a meaning of their own.
pub(in super::super) const KNOWN: [&str; 4] = ["id", "serial", "model", "profile"];

pub(super) struct Builder {
    inventory: Inventory,
    names: HashMap<Arc<str>, u16>,
    /// Texts that repeat from row to row (models, profiles), held once.
    words: HashMap<Arc<str>, Arc<str>>,
    full: bool,
}

/// One cell as it is read: what it is called, where it stands.
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    pub(super) at: Mark,
}

/// The known columns of a row.
#[derive(Default)]
pub(super) struct Known<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) serial: Option<Text<'a>>,
    pub(super) model: Option<Text<'a>>,
    pub(super) profile: Option<Text<'a>>,
}

impl Builder {
    pub(super) fn new(file: &Arc<str>) -> Self {
        Self { inventory: Inventory::empty(file), names: HashMap::new(), words: HashMap::new(), full: false }
    }

    pub(super) fn finish(mut self) -> Inventory {
        self.inventory.rows.shrink_to_fit();
        self.inventory.cells.shrink_to_fit();
        self.inventory.texts.shrink_to_fit();
        self.inventory
    }

    pub(super) fn place(&self, at: Mark) -> Place {
        self.inventory.place(at)
    }

    /// Returns the number of a variable's column, a new one if it is new; none if its name cannot be a variable's.
    pub(super) fn column(&mut self, name: &str, at: Mark, faults: &mut Faults) -> Option<u16> {
        if let Some(number) = self.names.get(name) {
            return Some(*number);
        }
        let place = self.place(at);
        if !is_identifier(name) {
            let message = format!("{} cannot be a variable: letters, digits and \"_\" are possible", abridged(name));
            match nearest::nearest(name, KNOWN) {
                Some(near) => faults.add_with_hint(place, message, format!("did you mean {near:?}?")),
                None => faults.add(place, message),
            }
            return None;
        }
        if self.names.len() == MOST_COLUMNS {
            faults.add(place, format!("more than {MOST_COLUMNS} different variables"));
            self.full = true;
            return None;
        }
        let number = u16::try_from(self.inventory.columns.len()).ok()?;
        let name: Arc<str> = Arc::from(name);
        self.inventory.columns.push(Column { name: Arc::clone(&name), place });
        self.names.insert(name, number);
        Some(number)
    }

    /// Adds a variable of the row that [`Self::row`] will close.
    pub(super) fn cell(&mut self, column: u16, form: Form, text: &str, at: Mark, faults: &mut Faults) {
        if text.len() > LONGEST_CELL {
            let message = format!("the value has {} bytes, at most {LONGEST_CELL} are possible", text.len());
            faults.add(self.place(at), message);
            return;
        }
        let texts = &mut self.inventory.texts;
        let (Ok(start), Ok(length)) = (u32::try_from(texts.len()), u32::try_from(text.len())) else {
            self.full = true;
            return;
        };
        texts.push_str(text);
        self.inventory.cells.push(Cell { at, start, length, column, form });
    }

    /// Closes a row whose id stands, or should stand, at `at`.
    pub(super) fn row(&mut self, at: Mark, known: &Known<'_>, faults: &mut Faults) {
        if known.id.is_none() {
            faults.add(self.place(at), "the device has no id");
        }
        self.row_without_id(at, known, faults);
    }

    /// Closes a row, whose lack of an id has its fault already.
    pub(super) fn row_without_id(&mut self, at: Mark, known: &Known<'_>, faults: &mut Faults) {
        let end = u32::try_from(self.inventory.cells.len()).unwrap_or(u32::MAX);
        let mark = |text: &Option<Text<'_>>| text.as_ref().map_or(at, |text| text.at);
        let id = known.id.as_ref().and_then(|text| self.identity(text, EndpointName::new(text.text), faults));
        let serial = known.serial.as_ref().and_then(|text| self.identity(text, SerialNumber::new(text.text), faults));
        let model = known.model.as_ref().map(|text| self.word(text.text));
        let profile = known.profile.as_ref().map(|text| self.word(text.text));
        let (at, serial_at, profile_at) = (mark(&known.id), mark(&known.serial), mark(&known.profile));
        self.inventory.rows.push(Row { id, serial, model, profile, at, serial_at, profile_at, end });
    }

    /// Returns true when nothing more can be taken; says so once.
    pub(super) fn is_full(&mut self, at: Mark, faults: &mut Faults) -> bool {
        if !self.full && self.inventory.rows.len() >= MOST_ROWS {
            faults.add(self.place(at), format!("more than {MOST_ROWS} devices in one inventory"));
            self.full = true;
        }
        self.full
    }

    fn identity<T>(&self, text: &Text<'_>, made: Result<T, IdentityError>, faults: &mut Faults) -> Option<T> {
        made.map_err(|error| faults.add(self.place(text.at), format!("{}: {error}", abridged(text.text)))).ok()
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        const MOST_WORDS: usize = 10_000;
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = Arc::from(text);
        if self.words.len() < MOST_WORDS {
            self.words.insert(Arc::clone(&word), Arc::clone(&word));
        }
        word
    }
}
