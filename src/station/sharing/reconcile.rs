//! Goes on after a loss: with a ledger from a backup, or with one of two copies. What the registry knows that this ledger does
//! not is marked as made elsewhere; what was leased is doubtful, and nobody makes it until a person has looked.

use serde::Serialize;

use crate::ledger::{Elsewhere, Ledger, Reconciliation};
use crate::registry::{MadeDevice, Registry};
use crate::station::Station;

use super::{SharingError, contact, place};

/// Devices asked for at a time.
const PAGE: i64 = 1_000;

/// What a reconciliation came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reconciled {
    /// The station's epoch from now on.
    pub epoch: i64,
    /// Devices that were made after the backup: none is made again.
    pub elsewhere: Vec<String>,
    /// Devices that were leased and may have been made: none is made until a person has freed it.
    pub doubtful: Vec<String>,
}

/// Makes this ledger the one that goes on. Interrupted, it is run again.
pub fn reconcile(station: &Station, registry: &Registry) -> Result<Reconciled, SharingError> {
    let (ledger, private) = (station.ledger(), contact::private(station));
    ledger.share(true)?;
    let _turn = place::take_turn(&private)?;
    let (_, proposed) = ledger.propose(contact::fresh_mark(station))?;
    let name = station.keys().station_name();
    let standing = registry.reconcile_station(name, &station.keys().recipient(), proposed)?;
    let (elsewhere, doubtful) = unknown_here(ledger, registry, name)?;
    let reconciled = Reconciled { epoch: standing.epoch, elsewhere: names(&elsewhere), doubtful: names(&doubtful) };
    ledger.reconcile(Reconciliation {
        taking: contact::taking(&standing, proposed),
        head: standing.head,
        elsewhere: elsewhere.into_iter().chain(doubtful).collect(),
    })?;
    place::note(&private)?;
    Ok(reconciled)
}

fn names(devices: &[Elsewhere]) -> Vec<String> {
    devices.iter().map(|device| device.folded.clone()).collect()
}

/// Returns what this station has made and its ledger does not know, and what it may have made.
fn unknown_here(
    ledger: &Ledger,
    registry: &Registry,
    station: &str,
) -> Result<(Vec<Elsewhere>, Vec<Elsewhere>), SharingError> {
    let (mut elsewhere, mut doubtful) = (Vec::new(), Vec::new());
    let mut after = String::new();
    loop {
        let page = registry.made_by(station, &after, PAGE)?;
        let Some(last) = page.last() else { return Ok((elsewhere, doubtful)) };
        after.clone_from(&last.folded);
        for made in page {
            if is_known(ledger, &made)? {
                continue;
            }
            let list = if made.is_told { &mut elsewhere } else { &mut doubtful };
            list.push(Elsewhere { folded: made.folded, station: format!("{station} (before)"), serial: made.serial });
        }
    }
}

/// A device is known if the ledger has all its credentials: else it was given others after the backup.
fn is_known(ledger: &Ledger, made: &MadeDevice) -> Result<bool, SharingError> {
    let Some(ours) = ledger.fingerprints(&made.folded)? else { return Ok(false) };
    Ok(made.fingerprints.iter().all(|fingerprint| ours.contains(fingerprint)))
}
