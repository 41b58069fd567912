//! The digest of a state row: what binds the derived tables to the chain of events.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::Digest as _;

use crate::fleet::Digest;

use super::LedgerError;

/// The tables of states. Each has an integer key named `row`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub(super) enum Table {
    Devices,
    Generations,
    Versions,
    Deliveries,
    Chips,
    Serials,
    Locks,
    Labels,
    Batches,
    Confirmations,
}

impl Table {
    pub(super) const ALL: [Table; 10] = [
        Table::Devices,
        Table::Generations,
        Table::Versions,
        Table::Deliveries,
        Table::Chips,
        Table::Serials,
        Table::Locks,
        Table::Labels,
        Table::Batches,
        Table::Confirmations,
    ];

    /// Returns the table's name in SQL.
    pub(super) fn name(self) -> &'static str {
        match self {
            Table::Devices => "devices",
            Table::Generations => "generations",
            Table::Versions => "versions",
            Table::Deliveries => "deliveries",
            Table::Chips => "chips",
            Table::Serials => "serials",
            Table::Locks => "locks",
            Table::Labels => "labels",
            Table::Batches => "batches",
            Table::Confirmations => "confirmations",
        }
    }

    /// Returns the query for one whole row.
    fn one(self) -> &'static str {
        match self {
            Table::Devices => "SELECT * FROM devices WHERE row = ?1",
            Table::Generations => "SELECT * FROM generations WHERE row = ?1",
            Table::Versions => "SELECT * FROM versions WHERE row = ?1",
            Table::Deliveries => "SELECT * FROM deliveries WHERE row = ?1",
            Table::Chips => "SELECT * FROM chips WHERE row = ?1",
            Table::Serials => "SELECT * FROM serials WHERE row = ?1",
            Table::Locks => "SELECT * FROM locks WHERE row = ?1",
            Table::Labels => "SELECT * FROM labels WHERE row = ?1",
            Table::Batches => "SELECT * FROM batches WHERE row = ?1",
            Table::Confirmations => "SELECT * FROM confirmations WHERE row = ?1",
        }
    }
}

/// Returns the digest over all columns of a row, each with its type and length.
pub(super) fn digest_of(conn: &Connection, table: Table, row: i64) -> Result<Digest, LedgerError> {
    let mut statement = conn.prepare_cached(table.one())?;
    Ok(statement.query_row([row], digest_row)?)
}

/// Returns the digest over all columns of the row a statement stands on.
pub(super) fn digest_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    for column in 0..row.as_ref().column_count() {
        let mut put = |kind: u8, bytes: &[u8]| {
            hasher.update([kind]);
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        match row.get_ref(column)? {
            ValueRef::Null => put(0, &[]),
            ValueRef::Integer(number) => put(1, &number.to_be_bytes()),
            ValueRef::Real(number) => put(2, &number.to_be_bytes()),
            ValueRef::Text(text) => put(3, text),
            ValueRef::Blob(bytes) => put(4, bytes),
        }
    }
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
