//! What every command does that makes devices: before, it sees that they are this station's to make; afterwards it tells the
//! registry what was made.

use crate::fleet::{EndpointName, StoreSpec};
use crate::registry::{Registry, RegistryError};
use crate::station::load::FleetFolder;
use crate::station::sharing::{self, SharingError};
use crate::station::{Selection, Station};
use crate::ui::measure::count;

use super::{Context, registry};

/// How many devices are leased ahead for a line, where the registry can be reached.
const AHEAD: usize = 100;

/// Where this station stands with its registry while a command runs.
pub struct Sharing {
    registry: Option<Registry>,
    is_shared: bool,
}

/// Returns the registry of a fleet, or how it cannot be had; a fault of the fleet file is an error.
pub fn reach(context: &Context, folder: &FleetFolder) -> anyhow::Result<Result<Registry, RegistryError>> {
    match registry::of_folder(context, folder) {
        Ok(registry) => Ok(Ok(registry)),
        Err(error) => error.downcast::<RegistryError>().map(Err),
    }
}

/// Returns true if other stations may share the registry.
pub fn is_shared(folder: &FleetFolder) -> bool {
    !matches!(folder.fleet.store(), StoreSpec::Folder)
}

/// Which devices a command is about to make.
pub enum Wanted<'a> {
    /// Those of a selection.
    Chosen(&'a Selection),
    /// Whichever comes next at a line.
    Line,
}

impl Sharing {
    /// Sees that devices may be made. Where the registry is shared, those wanted are leased; where it is away, what is leased
    /// already can be made and nothing else.
    pub fn enter(context: &Context, station: &Station, wanted: &Wanted<'_>) -> anyhow::Result<Self> {
        let folder = station.folder();
        if !is_shared(folder) {
            station.ledger().share(false)?;
            let registry = if registry::is_in_folder(folder) { reach(context, folder)?.ok() } else { None };
            return Ok(Self { registry, is_shared: false });
        }
        let registry = reach(context, folder)?;
        let (wanted, most) = wanted.devices(station)?;
        let entered = sharing::enter(station, registry.as_ref().map_err(Clone::clone), &wanted, most)?;
        if entered.leased > 0 {
            context.printer.talk(format_args!("{} leased to this station", count(entered.leased, "device")));
        }
        if entered.is_at_quota {
            context.printer.warn("this station holds as many leases as its quota allows");
        }
        if let Some(error) = entered.unleased {
            context.printer.warn(format_args!("nothing more was leased: {error}"));
        }
        let Some(away) = entered.away else { return Ok(Self { registry: registry.ok(), is_shared: true }) };
        context.printer.warn(format_args!("{away}; only what is leased to this station can be made"));
        Ok(Self { registry: None, is_shared: true })
    }

    /// Tells the registry what was made. What cannot be told now is told the next time: a line never stops for it.
    pub fn tell(&self, context: &Context, station: &Station) {
        let Some(registry) = &self.registry else { return };
        match sharing::sync(station, registry, self.is_shared) {
            Ok(synced) => warn_of(context, &synced.conflicts),
            Err(error) => {
                let words = "the registry has not heard all; it will at the next run, or: firstlight ledger sync";
                context.printer.warn(format_args!("{error}; {words}"));
            }
        }
    }
}

/// Says what the registry could not act upon.
pub fn warn_of(context: &Context, conflicts: &[(i64, String)]) {
    for (number, reason) in conflicts {
        context.printer.warn(format_args!("the registry could not act upon entry {number}: {reason}"));
    }
}

impl Wanted<'_> {
    /// Returns the devices that may be wanted, and how many of them are.
    fn devices(&self, station: &Station) -> Result<(Vec<EndpointName>, usize), SharingError> {
        let fleet = &station.folder().fleet;
        match self {
            Wanted::Chosen(Selection::Named(names)) => Ok((names.clone(), names.len())),
            Wanted::Chosen(Selection::All) => Ok((fleet.devices().cloned().collect(), usize::MAX)),
            Wanted::Chosen(Selection::Next { .. }) => ahead(station, 1),
            Wanted::Line => ahead(station, AHEAD),
        }
    }
}

/// A line takes what it holds first.
fn ahead(station: &Station, wanted: usize) -> Result<(Vec<EndpointName>, usize), SharingError> {
    let held = usize::try_from(station.ledger().membership()?.leased).unwrap_or(0);
    let devices = station.folder().fleet.devices().cloned().collect();
    Ok((devices, wanted.saturating_sub(held)))
}
