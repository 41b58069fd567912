//! Which devices: named, all, or the next one that is not delivered.

use crate::fleet::check::Fleet;
use crate::fleet::{DevicePlan, EndpointName};
use crate::registry::Ledger;

use super::error::StationError;

/// Which devices a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, in this order.
    Named(Vec<String>),
    /// All, in the inventory's order.
    All,
    /// The first one in the inventory's order whose delivery to hardware is not finished.
    Next,
}

impl Selection {
    /// Makes a selection from what was typed; names and `--all` exclude each other on the command line.
    pub fn from_words(names: &[String], all: bool, next: bool) -> Result<Self, StationError> {
        match (names.is_empty(), all, next) {
            (_, true, _) => Ok(Self::All),
            (_, _, true) => Ok(Self::Next),
            (false, ..) => Ok(Self::Named(names.to_vec())),
            (true, ..) => Err(StationError::NoDevice),
        }
    }

    /// Returns the names of the chosen devices; every unknown one is reported by [`plans`].
    pub fn devices(&self, fleet: &Fleet, ledger: Option<&Ledger>) -> Result<Vec<EndpointName>, StationError> {
        match self {
            Self::All => Ok(fleet.devices().cloned().collect()),
            Self::Named(names) => names.iter().map(|name| Ok(fleet.device(name)?.clone())).collect(),
            Self::Next => next(fleet, ledger).map(|device| vec![device]),
        }
    }
}

fn next(fleet: &Fleet, ledger: Option<&Ledger>) -> Result<EndpointName, StationError> {
    let Some(ledger) = ledger else {
        return fleet.devices().next().cloned().ok_or(StationError::NothingNext);
    };
    let delivered = ledger.delivered_on_hardware()?;
    fleet.devices().find(|device| !delivered.contains(*device)).cloned().ok_or(StationError::NothingNext)
}

/// Returns the plans of `devices`; `delivery` names one where a profile has several.
pub fn plans(fleet: &Fleet, devices: &[EndpointName], delivery: Option<&str>) -> Result<Vec<DevicePlan>, StationError> {
    devices.iter().map(|device| Ok(fleet.plan(device, delivery)?)).collect()
}
