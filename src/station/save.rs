//! Saves keys and ledger of a station to one encrypted file.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::authority::{
    self,
    backup::{self, BackupKey},
};
use crate::ledger::Ledger;

use super::error::StationError;
use super::load::LOCK_FILE;
use super::open::Station;
use super::post::{PRIVATE_FOLDER, ledger_path, provenance};

/// Writes to `to` what a further station of this fleet needs, in the form of a backup: keys and an intermediate of its own,
/// an empty ledger. Restored twice, it is one station: the registry takes the first that comes.
pub fn save_new_station(station: &Station, name: &str, to: &Path, key: BackupKey<'_>) -> Result<(), StationError> {
    let folder = station.folder();
    let private = folder.root.join(PRIVATE_FOLDER);
    let beside = private.join(format!("station-{}", std::process::id()));
    let made = fill(station, name, &beside).and_then(|()| {
        let ledger = ledger_path(&beside.join(PRIVATE_FOLDER));
        let clock = &*station.surroundings().clock;
        Ok(backup::write(&beside, folder.fleet.name(), to, key, Some(&ledger), clock)?)
    });
    // It lies in the private folder, and its keys are of use to nobody who has not the file.
    let _ = fs::remove_dir_all(&beside);
    made
}

fn fill(station: &Station, name: &str, beside: &Path) -> Result<(), StationError> {
    let (folder, around) = (station.folder(), station.surroundings());
    let failed = |source| StationError::File { doing: "making", path: beside.to_owned(), source };
    fs::DirBuilder::new().mode(0o700).create(beside).map_err(failed)?;
    let (from, to) = (folder.root.join(PRIVATE_FOLDER), beside.join(PRIVATE_FOLDER));
    station.bundle_keys()?;
    authority::found_station(&from, station.keys(), &to, name, &*around.clock, &*around.random)?;
    let lock = folder.root.join(LOCK_FILE);
    if lock.exists() {
        fs::copy(&lock, beside.join(LOCK_FILE)).map_err(failed)?;
    }
    let row = provenance(name, around);
    let ledger = Ledger::open(&ledger_path(&to), folder.fleet.name(), row, Arc::clone(&around.clock))?;
    // The file alone is saved: what the log beside it holds must be in it.
    let alone = to.join("alone");
    ledger.snapshot(&alone)?;
    drop(ledger);
    fs::rename(&alone, ledger_path(&to)).map_err(failed)
}

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
