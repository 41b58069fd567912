//! How often a device's label was written.

use rusqlite::params;
use serde_json::json;

use crate::fleet::EndpointName;

use super::rows::Table;
use super::work::Work;
use super::{Ledger, LedgerError, devices};

impl Ledger {
    /// Counts a label of a device; returns how many there are by now.
    pub fn printed(&self, device: &EndpointName) -> Result<u32, LedgerError> {
        let device = device.clone();
        self.write(move |work| count(work, &device))
    }
}

fn count(work: &mut Work<'_>, device: &EndpointName) -> Result<u32, LedgerError> {
    let found = devices::find(work.conn, &device.folded())?;
    let (device_row, _) = found.ok_or_else(|| LedgerError::Unknown { device: device.to_string() })?;
    let (row, prints): (i64, u32) = work
        .conn
        .prepare_cached(
            "INSERT INTO labels (device, prints, changed) VALUES (?1, 1, ?2)
             ON CONFLICT (device) DO UPDATE SET prints = prints + 1, changed = ?2 RETURNING row, prints",
        )?
        .query_row(params![device_row, work.now_text()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    work.touch(Table::Labels, row);
    work.record("label", device.as_str(), None, json!({ "prints": prints }))?;
    Ok(prints)
}
