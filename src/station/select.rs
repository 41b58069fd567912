//! Which devices: named, all, or the next one that is not delivered.

use std::collections::BTreeSet;

use crate::fleet::EndpointName;
use crate::fleet::check::Fleet;
use crate::ledger::Ledger;

use super::error::StationError;

/// Which devices a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, in this order.
    Named(Vec<EndpointName>),
    /// All, in the inventory's order.
    All,
    /// The first one in the inventory's order whose delivery is not finished.
    Next {
        /// True if only hardware counts: an image file made in rehearsal does not make the stick done.
        hardware: bool,
    },
}

impl Selection {
    /// Makes a selection from what was typed; names and `--all` exclude each other on the command line. A device named
    /// twice counts once.
    pub fn from_words(names: &[EndpointName], all: bool) -> Result<Self, StationError> {
        let mut seen = BTreeSet::new();
        let once: Vec<EndpointName> = names.iter().filter(|name| seen.insert(name.folded())).cloned().collect();
        match (once.is_empty(), all) {
            (_, true) => Ok(Self::All),
            (false, false) => Ok(Self::Named(once)),
            (true, false) => Err(StationError::NoDevice),
        }
    }

    /// Returns the chosen devices. `delivery` matters to `Next` where a profile has several; without a ledger nothing is
    /// delivered.
    pub fn devices(
        &self,
        fleet: &Fleet,
        ledger: Option<&Ledger>,
        delivery: Option<&str>,
    ) -> Result<Vec<EndpointName>, StationError> {
        match self {
            Self::All => Ok(fleet.devices().cloned().collect()),
            Self::Named(names) => names.iter().map(|name| known(fleet, name)).collect(),
            Self::Next { hardware } => next(fleet, ledger, delivery, *hardware).map(|device| vec![device]),
        }
    }
}

fn next(
    fleet: &Fleet,
    ledger: Option<&Ledger>,
    delivery: Option<&str>,
    hardware: bool,
) -> Result<EndpointName, StationError> {
    for device in fleet.devices() {
        let plan = fleet.plan(device, delivery)?;
        let is_left = |ledger: &Ledger| ledger.next_undelivered([device], &plan.delivery.name, hardware);
        if ledger.map_or(Ok(Some(device)), is_left)?.is_some() {
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
