//! Which devices: named, all, or the next one that is not delivered.

use crate::fleet::EndpointName;
use crate::fleet::check::Fleet;
use crate::registry::Ledger;

use super::error::StationError;

/// Which devices a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, in this order.
    Named(Vec<EndpointName>),
    /// All, in the inventory's order.
    All,
    /// The first one in the inventory's order whose delivery to hardware is not finished.
    Next,
}

impl Selection {
    /// Makes a selection from what was typed; names and `--all` exclude each other on the command line.
    pub fn from_words(names: &[EndpointName], all: bool, next: bool) -> Result<Self, StationError> {
        match (names.is_empty(), all, next) {
            (_, true, _) => Ok(Self::All),
            (_, _, true) => Ok(Self::Next),
            (false, ..) => Ok(Self::Named(names.to_vec())),
            (true, ..) => Err(StationError::NoDevice),
        }
    }

    /// Returns the chosen devices. `delivery` matters to `Next` where a profile has several.
    pub fn devices(
        &self,
        fleet: &Fleet,
        ledger: &Ledger,
        delivery: Option<&str>,
    ) -> Result<Vec<EndpointName>, StationError> {
        match self {
            Self::All => Ok(fleet.devices().cloned().collect()),
            Self::Named(names) => names.iter().map(|name| known(fleet, name)).collect(),
            Self::Next => next(fleet, ledger, delivery).map(|device| vec![device]),
        }
    }
}

/// The first device one of whose deliveries has not reached hardware yet.
fn next(fleet: &Fleet, ledger: &Ledger, delivery: Option<&str>) -> Result<EndpointName, StationError> {
    for device in fleet.devices() {
        let plan = fleet.plan(device, delivery)?;
        if ledger.next_undelivered([device], &plan.delivery.name, true)?.is_some() {
            return Ok(device.clone());
        }
    }
    Err(StationError::NothingNext)
}

/// Returns the device as the inventory writes it; an unknown one is an error before anything is begun.
fn known(fleet: &Fleet, name: &EndpointName) -> Result<EndpointName, StationError> {
    let deliveries = fleet.deliveries(name);
    Ok(fleet.plan(name, deliveries.first().map(|first| &**first))?.device)
}
