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
    /// The first one in the inventory's order whose delivery is not finished.
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

    /// Returns the chosen devices. For `Next`, `delivery` matters where a profile has several, and `hardware` says whether
    /// a rehearsal counts; without a ledger nothing is delivered yet.
    pub fn devices(
        &self,
        fleet: &Fleet,
        ledger: Option<&Ledger>,
        delivery: Option<&str>,
        hardware: bool,
    ) -> Result<Vec<EndpointName>, StationError> {
        match self {
            Self::All => Ok(fleet.devices().cloned().collect()),
            Self::Named(names) => names.iter().map(|name| known(fleet, name)).collect(),
            Self::Next => next(fleet, ledger, delivery, hardware).map(|device| vec![device]),
        }
    }
}

/// The first device whose delivery is not finished yet.
fn next(
    fleet: &Fleet,
    ledger: Option<&Ledger>,
    delivery: Option<&str>,
    hardware: bool,
) -> Result<EndpointName, StationError> {
    for device in fleet.devices() {
        let plan = fleet.plan(device, delivery)?;
        let Some(ledger) = ledger else { return Ok(device.clone()) };
        if ledger.next_undelivered([device], &plan.delivery.name, hardware)?.is_some() {
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
