//! Founds what a fleet needs before its first device: station key, fleet key, authority and ledger.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::authority::{Authority, BundleKeys, Keys};
use crate::fleet::check::Fleet;
use crate::fleet::{FleetLock, Secret};
use crate::host::files;
use crate::ledger::Ledger;

use super::bundle_keys;
use super::error::StationError;
use super::post::{PRIVATE_FOLDER, Surroundings, ledger_path, provenance};

/// Makes `.firstlight/` with station key, fleet key, authority and an empty ledger: beside first, then renamed, so that a
/// power cut leaves all of it or nothing. Fails if one is there already.
pub fn private_folder(
    root: &Path,
    fleet: &Fleet,
    passphrase: Option<&Secret>,
    surroundings: &Surroundings,
) -> Result<(), StationError> {
    let beside = root.join(format!("{PRIVATE_FOLDER}.new-{}", std::process::id()));
    let made = fill(&beside, fleet, passphrase, surroundings).and_then(|()| {
        fs::rename(&beside, root.join(PRIVATE_FOLDER))
            .map_err(|source| at("creating", &root.join(PRIVATE_FOLDER), source))
    });
    if made.is_err() {
        // Best effort: nothing in it is in use yet, and the next attempt takes another name.
        let _ = fs::remove_dir_all(&beside);
    }
    made?;
    files::sync_folder(root)?;
    Ok(())
}

fn fill(
    folder: &Path,
    fleet: &Fleet,
    passphrase: Option<&Secret>,
    surroundings: &Surroundings,
) -> Result<(), StationError> {
    create_private_folder(folder)?;
    let (clock, random) = (&*surroundings.clock, &*surroundings.random);
    let keys = Keys::create(folder, &station_name(), passphrase, random)?;
    let spec = fleet.authority();
    let common_name = spec.common_name.as_deref().unwrap_or_else(|| fleet.name());
    Authority::create(folder, &keys, common_name, spec.organization.as_deref(), spec.demo, clock, random)?;
    let mut opened =
        BundleKeys::open_or_make(folder, &keys, &[], clock, &*bundle_keys::lasting(spec.demo, surroundings))?;
    for batch in fleet.batches() {
        opened.make_batch(&keys, &batch, clock)?;
    }
    let row = provenance(keys.station_name(), surroundings);
    drop(Ledger::open(&ledger_path(folder), fleet.name(), row, Arc::clone(&surroundings.clock))?);
    Ok(())
}

/// Nobody but its owner may look into the folder.
fn create_private_folder(folder: &Path) -> Result<(), StationError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(folder).map_err(|source| at("creating", folder, source))
}

/// Pins the authority's root in `fleet.lock`, and the bundle keys with it, the first of which is made where there is none.
pub fn pin(
    root: &Path,
    fleet: &str,
    keys: &Keys,
    authority: &Authority,
    surroundings: &Surroundings,
) -> Result<(), StationError> {
    let clock = &*surroundings.clock;
    let private = root.join(PRIVATE_FOLDER);
    let random = bundle_keys::lasting(authority.is_demo(), surroundings);
    let opened = BundleKeys::open_or_make(&private, keys, &[], clock, &*random)?;
    let mut lock = FleetLock::new(fleet, authority.root_fingerprint(), authority.root_pem().to_owned(), clock.now());
    lock.bundle_keys = bundle_keys::lines(&opened);
    bundle_keys::write_lock(root, &lock)
}

/// Returns a name for this station: the machine's host name.
fn station_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "station".to_owned() } else { name }
}

fn at(doing: &'static str, path: &Path, source: std::io::Error) -> StationError {
    StationError::File { doing, path: path.to_owned(), source }
}
