//! The devices of an inventory, packed.

use std::sync::Arc;

use super::super::Place;
use super::super::file::GivenValue;
use super::row::{Cell, Column, Form, Mark, Row, RowVariable};

/// The devices we are asked to make, in the order of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Inventory {
    /// Name of the file, for faults.
    pub(super) file: Arc<str>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) cells: Vec<Cell>,
    pub(super) texts: String,
    /// False if it could not be read, so that nobody knows which devices it names.
    pub(super) told: bool,
}

impl Inventory {
    /// Returns an inventory without devices.
    pub fn empty(file: &Arc<str>) -> Self {
        Self {
            file: Arc::clone(file),
            columns: Vec::new(),
            rows: Vec::new(),
            cells: Vec::new(),
            texts: String::new(),
            told: true,
        }
    }

    /// Returns an inventory that could not be read; its fault is noted elsewhere.
    pub fn untold(file: &Arc<str>) -> Self {
        Self { told: false, ..Self::empty(file) }
    }

    /// Returns true if it tells all its devices' names: it was read, and no name in it has a fault.
    pub(in super::super) fn tells_all(&self) -> bool {
        self.told && self.rows.iter().all(|row| row.id.is_some())
    }

    /// Returns the number of devices.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if there is no device.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(in super::super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(in super::super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(in super::super) fn place(&self, mark: Mark) -> Place {
        Place::new(&self.file, mark.line, mark.column)
    }

    /// Returns the variables that the row at `index` gives.
    pub(in super::super) fn variables(&self, index: usize) -> impl Iterator<Item = RowVariable<'_>> {
        self.cells(index).iter().filter_map(|cell| {
            let column = &self.columns[usize::from(cell.column)];
            Some(RowVariable { column, at: cell.at, value: self.unpack(cell)? })
        })
    }

    /// Returns where the row at `index` leaves the variable `name` blank, if its cell is there at all.
    pub(in super::super) fn blank(&self, index: usize, name: &str) -> Option<Mark> {
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
