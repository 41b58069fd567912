//! Who is alive: one locked file for each process, beside the ledger.
//!
//! A delivery row names its holder. The holder keeps `holders/NAME.lock` locked (`flock`) for its whole life, so whoever can
//! lock that file, or does not find it, knows that the holder is dead. Process numbers would be used again; locks are not.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::LedgerError;

/// This process as a holder of deliveries.
pub(super) struct Holder {
    folder: PathBuf,
    name: String,
    // Kept open: closing it gives the lock up.
    _locked: File,
}

impl Holder {
    /// Makes and locks a file of our own in `folder`, and clears away those of the dead.
    pub(super) fn new(folder: &Path) -> Result<Self, LedgerError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| LedgerError::file(folder, "creating", source))?;
        sweep(folder);
        loop {
            let name = draw_name().map_err(|source| LedgerError::file(folder, "drawing a name in", source))?;
            if let Some(locked) = lock_new(&lock_path(folder, &name))? {
                return Ok(Self { folder: folder.into(), name, _locked: locked });
            }
        }
    }

    /// Returns the name that delivery rows carry.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if the process that goes by `name` still runs.
    pub(super) fn is_alive(&self, name: &str) -> Result<bool, LedgerError> {
        is_alive(&self.folder, name)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Left behind it would be harmless: the next process sweeps it.
        let _ = fs::remove_file(lock_path(&self.folder, &self.name));
    }
}

/// Returns true if the process that goes by `name` still runs. Asked of oneself the answer is yes: `flock` holds against
/// every other opening of the file, also in the same process.
pub(super) fn is_alive(folder: &Path, name: &str) -> Result<bool, LedgerError> {
    let path = lock_path(folder, name);
    match File::open(&path) {
        Ok(file) => Ok(!try_lock(&file, &path, FlockOperation::NonBlockingLockShared)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LedgerError::file(&path, "opening", error)),
    }
}

fn lock_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.lock"))
}

/// Sixteen random bytes, hex. Drawn from the system directly: the name shows in no artifact, and must differ even where a
/// seed makes everything else the same.
fn draw_name() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += rustix::io::retry_on_intr(|| getrandom(&mut bytes[filled..], GetRandomFlags::empty()))?;
    }
    Ok(hex::encode(bytes))
}

/// Returns none if a sweeper was faster: then the file is no longer the one under its name.
fn lock_new(path: &Path) -> Result<Option<File>, LedgerError> {
    let failed = |source| LedgerError::file(path, "locking", source);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    if !try_lock(&file, path, FlockOperation::NonBlockingLockExclusive)? {
        return Ok(None);
    }
    let ours = file.metadata().map_err(failed)?;
    match fs::metadata(path) {
        Ok(named) if named.dev() == ours.dev() && named.ino() == ours.ino() => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

fn try_lock(file: &File, path: &Path, operation: FlockOperation) -> Result<bool, LedgerError> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(LedgerError::file(path, "locking", error.into())),
    }
}

/// Removes the files of the dead, each under a lock, so that a new process notices if its file is taken for a dead one's.
/// The lock is shared, like that of [`is_alive`]: those who only look are never taken for the owner.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        if let Ok(file) = File::open(&path)
            && try_lock(&file, &path, FlockOperation::NonBlockingLockShared).unwrap_or(false)
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The deliveries for which this process has a ticket out.
#[derive(Clone, Default)]
pub(super) struct Tickets(Arc<Mutex<HashSet<i64>>>);

impl Tickets {
    /// Notes a ticket for `delivery` until the returned value is dropped.
    pub(super) fn hold(&self, delivery: i64) -> Held {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(delivery);
        Held { tickets: self.clone(), delivery }
    }

    /// Returns true if there is a ticket out for `delivery`.
    pub(super) fn is_held(&self, delivery: i64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&delivery)
    }
}

/// A ticket is out as long as this lives.
pub(super) struct Held {
    tickets: Tickets,
    delivery: i64,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.tickets.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.delivery);
    }
}
