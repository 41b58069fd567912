//! `client forget`: what a bundle brought is taken away, what was before is restored; counters stay.

use std::collections::BTreeMap;

use serde::Serialize;

use super::actions;
use super::device::Device;
use super::disk::Disk;
use super::error::ClientError;
use super::place::converge;
use super::state::State;
use super::store::Store;

/// What was forgotten.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Forgotten {
    /// Always `forget`.
    pub event: &'static str,
    /// The generation that was in force.
    pub generation: Option<u64>,
    /// The owner that was forgotten, with the keys learned.
    pub owner: Option<String>,
}

/// Forgets the bundle in force and the device's name. Counters, used bundles and the newest signed time stay. With `owner`,
/// the owner and the learned keys go, too: somebody must stand before the device and have said so in the image's own way;
/// a memory that is damaged is replaced then.
pub fn forget(disk: &Disk, owner: bool) -> Result<Forgotten, ClientError> {
    let machine = disk.machine();
    let device = Device::read(machine)?;
    if owner {
        device.presence(machine).map_err(|reason| ClientError::NoPresence { reason })?;
    }
    let store = Store::open(disk, &device)?;
    let mut state = match store.state() {
        Err(ClientError::Damaged { .. }) if owner => State::default(),
        state => state?,
    };
    // A copy that is damaged is forgotten like any other.
    let number = state.current;
    let before = number.and_then(|number| store.generation(number).ok());
    let old_owner = state.owner.clone();
    (state.current, state.previous, state.attempt, state.waiting, state.device) = (None, None, None, None, None);
    if owner {
        (state.owner, state.learned) = (None, None);
    }
    // From here on the next run restores what is left.
    store.save(&state)?;
    converge(&store, &BTreeMap::new())?;
    if let Some(before) = &before {
        // A service that does not start again without its files is none of ours to mend.
        let _ = actions::act_back(machine, before);
    }
    store.point(&state)?;
    store.prune(&state)?;
    Ok(Forgotten { event: "forget", generation: number, owner: old_owner.filter(|_| owner) })
}
