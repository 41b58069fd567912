//! The inventory: which devices we are asked to make, one row a device, from CSV or YAML.
//!
//! 100,000 rows must not strain a laptop: rows and cells lie in three flat vectors, their texts in one string.

use std::collections::HashMap;
use std::sync::Arc;

use super::file::GivenValue;
use super::{EndpointName, Faults, Place, SerialNumber};

mod builder;
mod csv;
mod yaml;

use builder::Builder;

/// Forms of an inventory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InventoryForm {
    /// Comma-separated values (RFC 4180) with a header row.
    Csv,
    /// A YAML list of mappings, or a mapping with one under `devices`. JSON is YAML.
    Yaml,
}

impl InventoryForm {
    /// Tells the form by the file's ending; a text without a telling name (standard input) by its beginning.
    pub fn of(file: &str, text: &str) -> Self {
        let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("yaml" | "yml" | "json") => InventoryForm::Yaml,
            Some("csv" | "tsv" | "txt") => InventoryForm::Csv,
            _ => Self::by_content(text),
        }
    }

    fn by_content(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let first = lines.next().unwrap_or_default();
        let yaml = first.starts_with(['-', '[', '{', '%']) || first.starts_with("devices:");
        if yaml { InventoryForm::Yaml } else { InventoryForm::Csv }
    }
}

/// The devices we are asked to make, in the order of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Inventory {
    /// Name of the file, for faults.
    file: Arc<str>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    cells: Vec<Cell>,
    texts: String,
}

/// A variable that rows give: a CSV column, a YAML key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Column {
    pub(super) name: Arc<str>,
    /// Where the name stands first.
    pub(super) place: Place,
}

/// Line and column; the file is the inventory's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// One device. What has a fault is left out, so that the rest of the row can be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) id: Option<EndpointName>,
    pub(super) serial: Option<SerialNumber>,
    pub(super) model: Option<Arc<str>>,
    pub(super) profile: Option<Arc<str>>,
    /// Where the id stands.
    pub(super) at: Mark,
    pub(super) serial_at: Mark,
    pub(super) profile_at: Mark,
    /// Index after the row's last cell; the first is where the row before ends.
    end: u32,
}

/// One variable of one device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cell {
    at: Mark,
    start: u32,
    length: u32,
    column: u16,
    form: Form,
}

/// How a cell's text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// CSV: the template's type decides.
    Plain,
    /// Typed already: JSON text.
    Json,
    /// Name of a secret.
    Secret,
    /// Nothing: kept for the place of a fault.
    Blank,
}

/// A variable of a row, unpacked.
pub(super) struct RowVariable<'a> {
    pub(super) column: &'a Column,
    pub(super) at: Mark,
    pub(super) value: GivenValue,
}

impl Inventory {
    /// Returns an inventory without devices.
    pub fn empty(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), columns: Vec::new(), rows: Vec::new(), cells: Vec::new(), texts: String::new() }
    }

    /// Reads an inventory; every fault of it by itself is noted with its place.
    pub fn parse(file: &Arc<str>, form: InventoryForm, text: &str, faults: &mut Faults) -> Self {
        match form {
            InventoryForm::Csv => csv::read(file, text, faults),
            InventoryForm::Yaml => yaml::read(file, text, faults),
        }
    }

    /// Returns the number of devices.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if there is no device.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn place(&self, mark: Mark) -> Place {
        Place::new(&self.file, mark.line, mark.column)
    }

    /// Returns the variables that the row at `index` gives.
    pub(super) fn variables(&self, index: usize) -> impl Iterator<Item = RowVariable<'_>> {
        self.cells(index).iter().filter_map(|cell| {
            let column = &self.columns[usize::from(cell.column)];
            Some(RowVariable { column, at: cell.at, value: self.unpack(cell)? })
        })
    }

    /// Returns where the row at `index` leaves the variable `name` blank, if its cell is there at all.
    pub(super) fn blank(&self, index: usize, name: &str) -> Option<Mark> {
        let mut cells = self.cells(index).iter();
        cells.find(|cell| *self.columns[usize::from(cell.column)].name == *name).map(|cell| cell.at)
    }

    fn cells(&self, index: usize) -> &[Cell] {
        let first = index.checked_sub(1).map_or(0, |before| self.rows[before].end as usize);
        &self.cells[first..self.rows[index].end as usize]
    }

    fn unpack(&self, cell: &Cell) -> Option<GivenValue> {
        let start = cell.start as usize;
        let text = &self.texts[start..start + cell.length as usize];
        match cell.form {
            Form::Plain => Some(GivenValue::Cell(Arc::from(text))),
            Form::Json => Some(serde_json::from_str(text).map_or(GivenValue::Broken, GivenValue::Clear)),
            Form::Secret => Some(GivenValue::Secret(Arc::from(text))),
            Form::Blank => None,
        }
    }
}

#[cfg(test)]
mod tests;
