//! Saves keys and ledger of a station to one encrypted file.

use std::fs;
use std::path::Path;

use crate::authority::backup::{self, BackupKey};

use super::error::StationError;
use super::open::Station;
use super::post::PRIVATE_FOLDER;

/// Writes the backup to `to`, which must be new. The ledger is copied as it stands while others may go on writing.
pub fn save(station: &Station, to: &Path, key: BackupKey<'_>) -> Result<(), StationError> {
    let folder = station.folder();
    let snapshot = folder.root.join(PRIVATE_FOLDER).join(format!("snapshot-{}", std::process::id()));
    let saved = station.ledger().snapshot(&snapshot).map_err(StationError::from).and_then(|()| {
        let clock = &*station.surroundings().clock;
        Ok(backup::write(&folder.root, folder.fleet.name(), to, key, Some(&snapshot), clock)?)
    });
    // The snapshot holds what the ledger beside it holds; it is of no use after this.
    let _ = fs::remove_file(&snapshot);
    saved
}
