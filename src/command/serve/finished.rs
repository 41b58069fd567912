//! Devices that have said yes to Finish and have not shown yet that they have what they were told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::fleet::EndpointName;
use crate::station::remote::Generation;

/// Most devices that are remembered. One that is forgotten is tried with its old key first: a handshake is lost, no device.
const MOST: usize = 16_384;

/// What each of them has yet to show, by its folded name.
#[derive(Default)]
pub(super) struct Finished(Mutex<HashMap<String, Vec<Generation>>>);

impl Finished {
    /// Remembers what a device has yet to show; nothing of one that has nothing to show.
    pub(super) fn note(&self, device: &EndpointName, awaits: Vec<Generation>) {
        if awaits.is_empty() {
            return;
        }
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= MOST {
            devices.clear();
        }
        devices.insert(device.folded(), awaits);
    }

    /// Returns true if a device has yet to show this.
    pub(super) fn awaits(&self, device: &EndpointName, name: &str, number: u32) -> bool {
        let devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let awaits = devices.get(&device.folded());
        awaits.is_some_and(|awaits| awaits.iter().any(|(own, at)| own.as_ref() == name && *at == number))
    }

    /// Forgets a device; returns what it had yet to show.
    pub(super) fn forget(&self, device: &EndpointName) -> Vec<Generation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&device.folded()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_remembered_until_they_are_forgotten_and_not_without_end() {
        let finished = Finished::default();
        let device = |number: usize| EndpointName::new(&format!("GW-{number}")).unwrap();
        let awaits = || vec![("boot".into(), 2), ("main".into(), 3)];
        finished.note(&device(0), awaits());
        finished.note(&device(1), Vec::new());
        assert!(finished.awaits(&EndpointName::new("gw-0").unwrap(), "main", 3));
        assert!(!finished.awaits(&device(0), "main", 2) && !finished.awaits(&device(1), "main", 3));
        assert_eq!((finished.forget(&device(0)), finished.forget(&device(0))), (awaits(), vec![]));
        for number in 0..=MOST {
            finished.note(&device(number), awaits());
        }
        assert!(finished.awaits(&device(MOST), "boot", 2) && finished.0.lock().unwrap().len() <= MOST);
    }
}
