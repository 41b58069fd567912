//! The station's bundle keys and what `fleet.lock` says of them.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{BundleKeys, Keys};
use crate::bundle::sealed::PublicKey;
use crate::delivery::{Random, TrustedKeys};
use crate::fleet::FleetLock;
use crate::host::files;
use crate::host::surroundings::OsRandom;

use super::error::StationError;
use super::load::{self, FleetFolder, LOCK_FILE};
use super::post::{PRIVATE_FOLDER, Surroundings};

/// Opens the bundle keys of a fleet, or makes the first one, and pins those that sign.
pub fn open_keys(
    folder: &FleetFolder,
    keys: &Keys,
    demo: bool,
    surroundings: &Surroundings,
) -> Result<BundleKeys, StationError> {
    let private = folder.root.join(PRIVATE_FOLDER);
    let pinned = pinned(folder.lock.as_ref());
    let random = lasting(demo, surroundings);
    let opened = BundleKeys::open_or_make(&private, keys, &pinned, &*surroundings.clock, &*random)?;
    repin(folder, &opened)?;
    Ok(opened)
}

/// Returns the randomness for keys that outlive the run: a seed's for a demo only, else the system's.
pub fn lasting(demo: bool, surroundings: &Surroundings) -> Arc<dyn Random> {
    if demo { Arc::clone(&surroundings.random) } else { Arc::new(OsRandom) }
}

/// Writes the keys that sign into `fleet.lock` where it names others. A demo has no lock.
pub fn repin(folder: &FleetFolder, keys: &BundleKeys) -> Result<(), StationError> {
    let Some(lock) = load::lock(&folder.root)? else { return Ok(()) };
    let lines = lines(keys);
    if lock.bundle_keys == lines {
        return Ok(());
    }
    write_lock(&folder.root, &FleetLock { bundle_keys: lines, ..lock })
}

/// Returns the public keys that a lock names.
pub fn pinned(lock: Option<&FleetLock>) -> Vec<[u8; 32]> {
    let lines = lock.map(|lock| lock.bundle_keys.as_slice()).unwrap_or_default();
    // A line that is no key stands for a key that nobody has: it is refused, not passed over.
    lines.iter().map(|line| PublicKey::parse(line).map_or([0; 32], |key| key.key)).collect()
}

/// Returns the keys that sign, as minisign writes them.
pub fn lines(keys: &BundleKeys) -> Vec<String> {
    keys.signers().iter().map(|signer| PublicKey::of(signer).line()).collect()
}

/// Returns what a sealed bundle tells its reader of the fleet's keys.
pub fn trusted_keys(keys: &BundleKeys) -> TrustedKeys {
    TrustedKeys { sequence: keys.sequence(), keys: lines(keys) }
}

/// Writes `fleet.lock`.
pub fn write_lock(root: &Path, lock: &FleetLock) -> Result<(), StationError> {
    files::write_atomically(&root.join(LOCK_FILE), lock.to_yaml().as_bytes(), 0o644)?;
    Ok(())
}
