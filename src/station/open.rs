//! An opened fleet: the folder, the keys, the authority, the ledger and the templates, together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::authority::{self, Authority, BundleKeys, Keys, State};
use crate::fleet::{DevicePlan, Digest, Secret, Variable};
use crate::ledger::{Ledger, LedgerError};

use super::bundle_keys;
use super::error::StationError;
use super::found;
use super::load::FleetFolder;
use super::post::{PRIVATE_FOLDER, Surroundings, ledger_path, provenance};
use super::shelf::Shelf;

/// An opened fleet, ready for work.
pub struct Station {
    folder: FleetFolder,
    shelf: Shelf,
    keys: Keys,
    authority: Authority,
    ledger: Ledger,
    surroundings: Surroundings,
    secrets: OnceLock<BTreeMap<Arc<str>, Secret>>,
    /// Opened, or made, when the first bundle is sealed.
    bundle_keys: Mutex<Option<Arc<BundleKeys>>>,
}

impl Station {
    /// Opens keys, authority and ledger of a loaded fleet.
    ///
    /// Only a demo authority is made silently; any other that is missing, unpinned or not the pinned one is an error.
    pub fn open(folder: FleetFolder, shelf: Shelf, surroundings: Surroundings) -> Result<Self, StationError> {
        let private = folder.root.join(PRIVATE_FOLDER);
        let spec = folder.fleet.authority();
        let pinned = folder.lock.as_ref().map(|lock| lock.root_sha256);
        if authority::guard(&private, pinned, spec.demo)? == State::Absent {
            if !spec.demo {
                return Err(StationError::NoAuthority { fleet: folder.fleet.name().to_string() });
            }
            make_demo(&folder, &surroundings)?;
        }
        let keys = Keys::open(&private, &*surroundings.ask)?;
        let authority = Authority::open(&private, &keys)?;
        let ledger = open_ledger(&private, folder.fleet.name(), keys.station_name(), &surroundings)?;
        let (secrets, bundle_keys) = (OnceLock::new(), Mutex::new(None));
        Ok(Self { folder, shelf, keys, authority, ledger, surroundings, secrets, bundle_keys })
    }

    /// Returns the fleet folder.
    pub fn folder(&self) -> &FleetFolder {
        &self.folder
    }

    /// Returns the keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Returns the authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the bundle keys; the first one is made here where there is none, and pinned.
    pub fn bundle_keys(&self) -> Result<Arc<BundleKeys>, StationError> {
        let mut held = self.bundle_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = &*held {
            return Ok(Arc::clone(keys));
        }
        let opened =
            Arc::new(bundle_keys::open_keys(&self.folder, &self.keys, self.authority.is_demo(), &self.surroundings)?);
        *held = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the templates.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Returns the clock and randomness the station was opened with.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Returns true if what is made here is for rehearsal only.
    pub fn is_demo(&self) -> bool {
        self.authority.is_demo() || self.surroundings.random.foretold()
    }

    /// Fails if somebody asked us to stop; called between steps.
    pub fn check_interrupt(&self) -> Result<(), StationError> {
        match (self.surroundings.interrupt)() {
            Some(class) => Err(StationError::Interrupted(class)),
            None => Ok(()),
        }
    }

    /// Resolves the secrets named, once for the whole batch: prompts come before the first device.
    pub fn resolve_secrets(&self, wanted: &BTreeSet<Arc<str>>) -> Result<(), StationError> {
        let mut found = BTreeMap::new();
        for name in wanted {
            let source = self.folder.fleet.secrets().get(name).expect("the check has seen every secret's source");
            let (root, ask) = (&self.folder.root, &*self.surroundings.ask);
            found.insert(Arc::clone(name), authority::secrets::resolve(name, source, root, &self.keys, ask)?);
        }
        let _ = self.secrets.set(found);
        Ok(())
    }

    /// Returns the secrets resolved for this batch.
    pub fn secrets(&self) -> &BTreeMap<Arc<str>, Secret> {
        self.secrets.get_or_init(BTreeMap::new)
    }

    /// Returns the plan as the ledger records it, personal and secret values concealed by a keyed digest.
    pub fn summary(&self, plan: &DevicePlan) -> serde_json::Value {
        plan.summary(&|name, variable| self.conceal(name, variable))
    }

    fn conceal(&self, name: &str, variable: &Variable) -> Digest {
        let key = self.keys.fleet_key();
        let context = format!("variable:{name}");
        match variable {
            Variable::Plain(value) | Variable::Pii(value) => key.conceal(&context, value.to_string().as_bytes()),
            Variable::Secret(secret) => match self.secrets().get(secret) {
                Some(bytes) => bytes.expose(|bytes| key.conceal(&context, bytes)),
                None => key.conceal(&context, b""),
            },
        }
    }
}

/// Makes a demo fleet's keys. Of two runs at once one makes them, and both go on with them.
fn make_demo(folder: &FleetFolder, surroundings: &Surroundings) -> Result<(), StationError> {
    let made = found::private_folder(&folder.root, &folder.fleet, None, surroundings);
    match made {
        Err(_) if Authority::exists(&folder.root.join(PRIVATE_FOLDER)) => Ok(()),
        made => made,
    }
}

/// Opens the ledger of a fleet whose authority exists; a missing one is an error, for then nobody knows what was delivered.
pub fn open_ledger(
    private: &Path,
    fleet: &str,
    station: &str,
    surroundings: &Surroundings,
) -> Result<Ledger, StationError> {
    let path = ledger_path(private);
    if !Ledger::exists(&path) {
        return Err(StationError::NoLedger { path });
    }
    // It was never empty under this name: one that is now has lost who was delivered what, and must not begin anew.
    if std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() == 0) {
        return Err(LedgerError::Corrupt { path, finding: "it is empty".to_owned() }.into());
    }
    Ok(Ledger::open(&path, fleet, provenance(station, surroundings), Arc::clone(&surroundings.clock))?)
}
