//! How the ledger fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::fleet::{Class, Diagnose, EndpointName};

/// How the ledger fails. Cheap to clone: all requests of one group commit get the same answer when it fails.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The device was delivered to another chip.
    #[error("refusing to give device {device:?} a second chip: it is on chip {done:?}, here is chip {here:?}")]
    OtherChip {
        /// The device.
        device: String,
        /// Its chip.
        done: String,
        /// The chip there now.
        here: String,
    },
    /// The store reports an error.
    #[error("the ledger {path:?} cannot be read or written")]
    Storage {
        /// The ledger's file.
        path: PathBuf,
        /// The store's words.
        source: Arc<rusqlite::Error>,
    },
    /// No space left for it.
    #[error("there is no space left for the ledger {path:?}")]
    Full {
        /// The ledger's file.
        path: PathBuf,
    },
    /// A file beside the ledger, or the ledger itself, cannot be made or opened.
    #[error("{doing} {path:?} failed")]
    File {
        /// The file.
        path: PathBuf,
        /// "creating", "opening", "locking" ...
        doing: &'static str,
        /// The system's words.
        source: Arc<io::Error>,
    },
    /// Another process writes for so long that waiting makes no sense.
    #[error("the ledger {path:?} is held by another process")]
    Busy {
        /// The ledger's file.
        path: PathBuf,
    },
    /// Not a ledger, or a damaged one.
    #[error("{path:?} is no ledger, or a damaged one: {finding}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was found.
        finding: String,
    },
    /// Written by a newer firstlight.
    #[error("the ledger {path:?} has schema {found}, this firstlight knows schemas up to {known}")]
    NewerSchema {
        /// The ledger's file.
        path: PathBuf,
        /// Schema found.
        found: u32,
        /// Newest schema known.
        known: u32,
    },
    /// It belongs to another fleet.
    #[error("the ledger {path:?} belongs to fleet {found:?}, not to {wanted:?}")]
    OtherFleet {
        /// The ledger's file.
        path: PathBuf,
        /// The fleet it names.
        found: String,
        /// The fleet asked for.
        wanted: String,
    },
    /// Something that exists once is somebody else's.
    #[error("refusing a second {what} {value:?}: it belongs to device {holder:?}")]
    Taken {
        /// "endpoint name", "serial number", "certificate serial", "key fingerprint".
        what: &'static str,
        /// The value.
        value: String,
        /// The device that has it.
        holder: String,
    },
    /// A pool of serial numbers has none left.
    #[error("no serial number is left from {first:?} to {last:?}")]
    PoolEmpty {
        /// The first of the pool.
        first: String,
        /// The last.
        last: String,
    },
    /// A lock is not applied, or not seen to hold.
    #[error("device {device:?} is not done: its lock {lock:?} is not settled")]
    Unlocked {
        /// The device.
        device: EndpointName,
        /// The lock's name.
        lock: String,
    },
    /// The device is retired.
    #[error("refusing to serve device {device:?}: it was retired on {since}: {reason}")]
    Retired {
        /// The device.
        device: EndpointName,
        /// When.
        since: String,
        /// Why.
        reason: String,
    },
    /// Another slot or process is at it.
    #[error("delivery {delivery} of device {device:?} is under way in another slot or process")]
    InProgress {
        /// The device.
        device: EndpointName,
        /// The delivery's number.
        delivery: i64,
    },
    /// Secrets of this generation have gone to other hardware.
    #[error("refusing to write device {device:?} elsewhere: its secrets began to leave on {target:?} at {since}")]
    ExposedElsewhere {
        /// The device.
        device: EndpointName,
        /// The hardware, in a person's words.
        target: String,
        /// When.
        since: String,
    },
    /// The delivery was begun for another target.
    #[error("refusing to go on with {asked:?}: delivery {delivery} is bound to {target:?}")]
    BoundElsewhere {
        /// The delivery's number.
        delivery: i64,
        /// The target it is bound to.
        target: String,
        /// The target found now.
        asked: String,
    },
    /// The private half is gone by its `retain` rule, and would be needed.
    #[error(
        "refusing to make device {device:?} anew: the private part of credential {credential:?}, generation {generation}, \
         was destroyed after its delivery"
    )]
    MaterialDestroyed {
        /// The device.
        device: EndpointName,
        /// The credential's name.
        credential: String,
        /// Its generation.
        generation: u32,
    },
    /// Another delivery of the device issued this generation in the meantime.
    #[error("credential {credential:?} of device {device:?} was issued by somebody else meanwhile")]
    IssuedMeanwhile {
        /// The device.
        device: EndpointName,
        /// The credential's name.
        credential: String,
    },
    /// Another process has taken the delivery over, or closed it.
    #[error("delivery {delivery} was taken over or closed by somebody else")]
    ClaimLost {
        /// The delivery's number.
        delivery: i64,
    },
    /// No such device.
    #[error("the ledger knows no device {device:?}")]
    Unknown {
        /// As asked.
        device: String,
    },
    /// The registry has not given the device to this station.
    #[error("refusing to make device {device:?}: it is not leased to this station{since}")]
    NotLeased {
        /// The device.
        device: EndpointName,
        /// Until when it was, in words; empty where it never was.
        since: String,
    },
    /// Somebody else has made the device.
    #[error("refusing to make device {device:?}: station {station:?} has made it")]
    MadeElsewhere {
        /// The device.
        device: EndpointName,
        /// The other station.
        station: String,
    },
    /// The station may not issue more certificates.
    #[error(
        "refusing to issue a certificate for device {device:?}: this station has issued {made}, its limit is {limit}"
    )]
    Quota {
        /// The device.
        device: EndpointName,
        /// How many it has issued.
        made: i64,
        /// How many it may.
        limit: i64,
    },
    /// What is to be told to the registry was told by another process meanwhile.
    #[error("entry {seq} for the registry was made by another process meanwhile")]
    ToldMeanwhile {
        /// The entry's number.
        seq: i64,
    },
    /// Called in a way that the order of the steps forbids.
    #[error("the ledger was misused: {what}")]
    Misuse {
        /// What was wrong.
        what: String,
    },
}

impl LedgerError {
    /// Fills in the ledger's file, and names what the store's error code stands for.
    pub(super) fn located(self, path: &Path) -> Self {
        let path = path.to_path_buf();
        let source = match self {
            LedgerError::Storage { source, .. } => source,
            LedgerError::Corrupt { finding, .. } => return LedgerError::Corrupt { path, finding },
            other => return other,
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => LedgerError::Full { path },
            // The store's shared memory cannot say that it found no room.
            Some(ErrorCode::SystemIoFailure) if has_no_room(&path) => LedgerError::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                LedgerError::Corrupt { path, finding: source.to_string() }
            }
            _ => LedgerError::Storage { path, source },
        }
    }

    /// Makes the error for a row that holds what this program never writes.
    pub(super) fn unreadable(finding: impl Into<String>) -> Self {
        LedgerError::Corrupt { path: PathBuf::new(), finding: finding.into() }
    }

    /// Makes the error for a file operation.
    pub(super) fn file(path: &Path, doing: &'static str, source: io::Error) -> Self {
        LedgerError::File { path: path.to_path_buf(), doing, source: Arc::new(source) }
    }
}

/// Returns true if the disk has less than the smallest piece (32 KiB) that the store asks for at once.
fn has_no_room(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < 32 << 10)
}

impl From<rusqlite::Error> for LedgerError {
    fn from(source: rusqlite::Error) -> Self {
        LedgerError::Storage { path: PathBuf::new(), source: Arc::new(source) }
    }
}

impl Diagnose for LedgerError {
    fn class(&self) -> Class {
        match self {
            LedgerError::Storage { .. }
            | LedgerError::Full { .. }
            | LedgerError::File { .. }
            | LedgerError::Busy { .. }
            | LedgerError::InProgress { .. }
            | LedgerError::IssuedMeanwhile { .. }
            | LedgerError::ToldMeanwhile { .. }
            | LedgerError::ClaimLost { .. } => Class::Surroundings,
            LedgerError::Corrupt { .. }
            | LedgerError::NewerSchema { .. }
            | LedgerError::OtherFleet { .. }
            | LedgerError::Taken { .. }
            | LedgerError::PoolEmpty { .. }
            | LedgerError::Unknown { .. } => Class::Input,
            LedgerError::Retired { .. }
            | LedgerError::NotLeased { .. }
            | LedgerError::MadeElsewhere { .. }
            | LedgerError::Quota { .. }
            | LedgerError::Unlocked { .. }
            | LedgerError::ExposedElsewhere { .. }
            | LedgerError::BoundElsewhere { .. }
            | LedgerError::OtherChip { .. }
            | LedgerError::MaterialDestroyed { .. } => Class::Refused,
            LedgerError::Misuse { .. } => Class::Fault,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            LedgerError::Storage { path, .. } | LedgerError::File { path, .. } => {
                let folder = path.parent().unwrap_or(path);
                format!("check that {} exists and is writable, then run the same command again", folder.display())
            }
            LedgerError::Full { .. } => "make room on this disk, then run the same command again: it resumes".into(),
            LedgerError::Busy { .. } | LedgerError::IssuedMeanwhile { .. } | LedgerError::ToldMeanwhile { .. } => {
                "run the same command again".into()
            }
            LedgerError::NotLeased { .. } => {
                "where the registry can be reached: firstlight devices lease --count N; those held: firstlight devices leases"
                    .into()
            }
            LedgerError::MadeElsewhere { device, .. } => {
                format!("leave it to that station, or retire it there and give the unit another name than {device}")
            }
            LedgerError::Quota { .. } => {
                "who administers the registry raises it: firstlight devices lease --station NAME --certificates N".into()
            }
            LedgerError::Corrupt { .. } => {
                "move .firstlight aside, then bring it back from a backup: firstlight restore FILE".into()
            }
            LedgerError::NewerSchema { .. } => "use the newer firstlight that wrote it".into(),
            LedgerError::OtherFleet { .. } => "use --fleet DIR with the folder of that fleet".into(),
            LedgerError::PoolEmpty { .. } => "give the pool more numbers: serial_pool: {last: ...}".into(),
            LedgerError::Unlocked { .. } => "plug the same unit in again and run the same command: it resumes".into(),
            LedgerError::Taken { what: "chip", holder, .. } => format!(
                "it is {holder}'s; to give it to another device say why: --rework REASON (revokes {holder}'s credentials)"
            ),
            LedgerError::Taken { holder, .. } => {
                format!("see who has it: firstlight devices why {holder}")
            }
            LedgerError::Retired { device, .. } => {
                format!("take it out of the inventory; its story: firstlight devices why {device}")
            }
            LedgerError::InProgress { .. } | LedgerError::ClaimLost { .. } => {
                "wait for the other run to end, then look: firstlight ledger pending".into()
            }
            LedgerError::ExposedElsewhere { target, .. } => format!(
                "plug {target} in again to resume; if it is lost add --again lost, if it is broken and in your hand add \
                 --again damaged"
            ),
            LedgerError::BoundElsewhere { target, .. } => format!("plug {target} in again and run the same command"),
            LedgerError::OtherChip { .. } => {
                "if the first is lost add --again lost, if it is broken --again damaged; a second copy is --again copy"
                    .into()
            }
            LedgerError::MaterialDestroyed { .. } => {
                "add --again lost (revokes what was delivered) or --again damaged (replaces it): both issue a new one"
                    .into()
            }
            LedgerError::Unknown { device } => format!(
                "nothing was begun for it here; if it is in the inventory: firstlight write {device}; those that were begun: firstlight devices list"
            ),
            LedgerError::Misuse { .. } => return None,
        };
        Some(text)
    }
}
