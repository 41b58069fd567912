//! Who did it, where and with what.

use serde::Serialize;

/// Who does it, where, for which batch, with which tool: in every row of the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Provenance {
    /// The person.
    pub operator: String,
    /// The station.
    pub station: String,
    /// The batch, where there is one.
    pub batch: Option<String>,
    /// Name and version of the program.
    pub tool: String,
}
