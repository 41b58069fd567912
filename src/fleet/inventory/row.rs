//! Rows and cells as they are packed.

use std::sync::Arc;

use super::super::file::GivenValue;
use super::super::{EndpointName, Place, SerialNumber};

/// A variable that rows give: a CSV column, a YAML key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Column {
    pub(in super::super) name: Arc<str>,
    /// Where the name stands first.
    pub(in super::super) place: Place,
}

/// Line and column; the file is the inventory's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in super::super) struct Mark {
    pub(in super::super) line: u32,
    pub(in super::super) column: u32,
}

/// One device. What has a fault is left out, so that the rest of the row can be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in super::super) struct Row {
    pub(in super::super) id: Option<EndpointName>,
    pub(in super::super) serial: Option<SerialNumber>,
    pub(in super::super) model: Option<Arc<str>>,
    pub(in super::super) profile: Option<Arc<str>>,
    /// Where the id stands.
    pub(in super::super) at: Mark,
    pub(in super::super) serial_at: Mark,
    pub(in super::super) profile_at: Mark,
    /// Index after the row's last cell; the first is where the row before ends.
    pub(super) end: u32,
}

/// One variable of one device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    pub(super) at: Mark,
    pub(super) start: u32,
    pub(super) length: u32,
    pub(super) column: u16,
    pub(super) form: Form,
}

/// How a cell's text is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
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
pub(in super::super) struct RowVariable<'a> {
    pub(in super::super) column: &'a Column,
    pub(in super::super) at: Mark,
    pub(in super::super) value: GivenValue,
}
