//! Devices that have said yes to Finish and have not shown yet that they have what they were told.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::fleet::EndpointName;

/// Most devices that are remembered. One that is forgotten is tried with its old key first: a handshake is lost, no device.
const MOST: usize = 16_384;

/// Who they are, by their folded names.
#[derive(Default)]
pub(super) struct Finished(Mutex<HashSet<String>>);

impl Finished {
    /// Remembers a device.
    pub(super) fn note(&self, device: &EndpointName) {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if devices.len() >= MOST {
            devices.clear();
        }
        devices.insert(device.folded());
    }

    /// Returns true if a device is remembered.
    pub(super) fn has(&self, device: &EndpointName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&device.folded())
    }

    /// Forgets a device; returns true if it was remembered.
    pub(super) fn forget(&self, device: &EndpointName) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&device.folded())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_remembered_until_they_are_forgotten_and_not_without_end() {
        let finished = Finished::default();
        let device = |number: usize| EndpointName::new(&format!("GW-{number}")).unwrap();
        finished.note(&device(0));
        assert!(finished.has(&EndpointName::new("gw-0").unwrap()) && !finished.has(&device(1)));
        assert!(finished.forget(&device(0)) && !finished.forget(&device(0)));
        for number in 0..=MOST {
            finished.note(&device(number));
        }
        assert!(finished.has(&device(MOST)) && finished.0.lock().unwrap().len() <= MOST);
    }
}
