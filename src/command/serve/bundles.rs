//! The bundles that `serve` gives out: rendered from the fleet file as it stands now.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use crate::authority::{AskPassphrase, AuthorityError};
use crate::fleet::{EndpointName, Secret};
use crate::registration::{Bundles, Offer, Unserved};
use crate::registry::Registry;
use crate::station::models::MODELS_FOLDER;
use crate::station::sharing::sync;
use crate::station::{Station, StationError, Surroundings, served};
use crate::ui::Printer;

use crate::command::{Context, opened, sharing};

/// Files whose change makes the fleet be read anew.
const READ: [&str; 4] = ["yaml", "yml", "csv", "j2"];
/// The same of the folder of models.
const MODELS: [&str; 4] = ["yaml", "yml", "json", "xml"];

/// Asks once: a fleet that is read anew has the same keys.
struct AsksOnce {
    ask: Arc<dyn AskPassphrase>,
    kept: Mutex<BTreeMap<String, Secret>>,
}

impl AsksOnce {
    fn once(&self, name: &str, ask: impl FnOnce() -> Result<Secret, AuthorityError>) -> Result<Secret, AuthorityError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(name) {
            return Ok(known.duplicate());
        }
        let given = ask()?;
        kept.insert(name.to_owned(), given.duplicate());
        Ok(given)
    }
}

impl AskPassphrase for AsksOnce {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        self.once(for_what, || self.ask.passphrase(for_what))
    }

    fn secret(&self, name: &str) -> Result<Secret, AuthorityError> {
        self.once(&format!("secret {name}"), || self.ask.secret(name))
    }
}

/// Opens the station of a server, again and again.
pub(super) struct Opening {
    surroundings: Surroundings,
}

impl Opening {
    /// Takes what the command line gives.
    pub(super) fn new(context: &Context) -> Self {
        let surroundings = opened::surroundings(context);
        let ask = AsksOnce { ask: Arc::clone(&surroundings.ask), kept: Mutex::default() };
        // A request that is at work is finished, whatever the signal.
        Self { surroundings: Surroundings { ask: Arc::new(ask), interrupt: Arc::new(|| None), ..surroundings } }
    }

    /// Reads the fleet's folder and opens its station; the secrets that its bundles may name are read.
    pub(super) fn station(&self, context: &Context) -> anyhow::Result<Arc<Station>> {
        let (folder, shelf) = opened::folder(context, None)?;
        let station = Station::open(folder, shelf, self.surroundings.clone())?;
        if let Err(error) = served::prepare(&station) {
            context.printer.warn(format_args!("bundles with secrets cannot be served: {error}"));
        }
        Ok(Arc::new(station))
    }
}

/// Tells the registry what this station made while it could not: devices that were written before the server first ran.
pub(super) fn tell(station: &Station, registry: &Registry, context: &Context) {
    match sync(station, registry, sharing::is_shared(station.folder())) {
        Ok(synced) => sharing::warn_of(context, &synced.conflicts),
        Err(error) => context.printer.warn(format_args!("the registry has not heard all that was made here: {error}")),
    }
}

/// The bundles of a station that can be exchanged for a newer reading of the same fleet.
pub(super) struct StationBundles {
    station: RwLock<Arc<Station>>,
    printer: Printer,
}

impl StationBundles {
    /// Serves the bundles of a station.
    pub(super) fn new(station: Arc<Station>, printer: Printer) -> Self {
        Self { station: RwLock::new(station), printer }
    }

    /// Returns the station as it was read last.
    pub(super) fn station(&self) -> Arc<Station> {
        Arc::clone(&self.station.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves those of another from now on.
    pub(super) fn exchange(&self, station: Arc<Station>) {
        *self.station.write().unwrap_or_else(PoisonError::into_inner) = station;
    }
}

impl Bundles for StationBundles {
    fn offer(&self, device: &EndpointName, has: Option<u32>) -> Result<Offer, Unserved> {
        let station = self.station();
        match served::bundle(&station, device, has) {
            Ok(served::Served::Known(version)) => Ok(Offer::Known(version)),
            Ok(served::Served::Bundle(bundle)) => {
                Ok(Offer::Bundle { version: bundle.version, archive: bundle.archive })
            }
            Err(StationError::Plan(_)) => Err(Unserved::None),
            Err(error) => {
                self.printer.warn(format_args!("the bundle of {:?} cannot be made: {error}", device.as_str()));
                Err(Unserved::Failed)
            }
        }
    }
}

/// How the files of a fleet's folder and of its models stand.
#[derive(PartialEq, Eq)]
pub(super) struct Stand(Vec<(PathBuf, SystemTime, u64)>);

impl Stand {
    /// Looks at the folder; what cannot be looked at is not there.
    pub(super) fn of(station: &Station) -> Self {
        let (root, fleet) = (&station.folder().root, &station.folder().fleet);
        let models = fleet.models().folder.as_ref().map_or(MODELS_FOLDER, |(name, _)| name.as_ref());
        let entries = [(root.clone(), &READ[..]), (root.join(models), &MODELS[..])].into_iter();
        let entries = entries.flat_map(|(folder, ends)| {
            let found =
                std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
            found.filter(|path| path.extension().is_some_and(|end| ends.iter().any(|known| end == *known)))
        });
        let mut found: Vec<_> = entries
            .filter_map(|path| {
                let facts = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
                Some((path, facts.modified().ok()?, facts.len()))
            })
            .collect();
        found.sort();
        Self(found)
    }
}
