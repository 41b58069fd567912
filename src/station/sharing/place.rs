//! Where the ledger lies: a mark beside it that no backup carries and that fits no copy. It tells a folder that was copied or
//! put back, before the registry is asked.
//!
//! It is a net, not a proof: an image of a whole disk brings its mark along. That is found at its first contact.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::fleet::Digest;
use crate::host::HostError;
use crate::host::files::{read_bounded, write_atomically};
use crate::station::post::LEDGER_FILE;

use super::SharingError;

const FILE: &str = "station.place";
const LOCK: &str = "station.lock";
const LONGEST: u64 = 4096;
/// Which machine this is, on every Linux with systemd.
const MACHINE: &str = "/etc/machine-id";

#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    machine: Option<Digest>,
    inode: u64,
}

impl Place {
    fn of(private: &Path) -> Result<Self, HostError> {
        let ledger = private.join(LEDGER_FILE);
        let inode = ledger.metadata().map_err(HostError::io("reading", &ledger))?.ino();
        let machine = read_bounded(Path::new(MACHINE), LONGEST).ok();
        let machine = machine.map(|id| Digest::of_parts([b"firstlight place".as_slice(), &id]));
        Ok(Self { machine, inode })
    }
}

/// Refuses a ledger that does not lie where it was noted.
pub(super) fn check(private: &Path) -> Result<(), SharingError> {
    let copied = |reason: &str| SharingError::Copied { folder: private.to_owned(), reason: reason.to_owned() };
    let path = private.join(FILE);
    let bytes = match read_bounded(&path, LONGEST) {
        Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => {
            return Err(copied("its ledger was put back from a backup, and what was made since is unknown here"));
        }
        read => read?,
    };
    let here = Place::of(private)?;
    match serde_json::from_slice::<Place>(&bytes) {
        Ok(noted) if noted == here => Ok(()),
        Ok(noted) if noted.machine == here.machine => Err(copied("its ledger is a copy of the one it was made with")),
        Ok(_) => Err(copied("its ledger was made on another machine")),
        Err(_) => Err(copied("its mark of place cannot be read")),
    }
}

/// Notes where the ledger lies.
pub(super) fn note(private: &Path) -> Result<(), SharingError> {
    let text = serde_json::to_vec(&Place::of(private)?).expect("a place is plain data");
    Ok(write_atomically(&private.join(FILE), &text, 0o600)?)
}

/// Returns true if a place is noted.
pub(super) fn is_noted(private: &Path) -> bool {
    private.join(FILE).exists()
}

/// One process of this station at a time is in contact with the registry, until the lock is dropped.
pub(super) fn take_turn(private: &Path) -> Result<File, SharingError> {
    let path: PathBuf = private.join(LOCK);
    let opened = File::options().write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(HostError::io("opening", &path))?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| HostError::io("locking", &path)(error.into()))?;
    Ok(file)
}
