//! Keys that devices have just shown: what they are told next waits until that is noted, or they would be told the same again.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::dtls::Proof;

/// From so many on those that are noted are forgotten.
const MANY: usize = 256;

/// Opened when something has been noted, or will not be.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Waits until it is open. What opens it must have been given to the workers before who waits.
    pub(super) fn wait(&self) {
        let (is_open, changed) = &*self.0;
        let is_open = is_open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_while(is_open, |is_open| !*is_open));
    }

    fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens its gate when it is dropped, whatever happened before.
pub(super) struct Opener(Gate);

impl Drop for Opener {
    fn drop(&mut self) {
        let (is_open, changed) = &*self.0.0;
        *is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

/// The gates by identity.
#[derive(Default)]
pub(super) struct Proving(HashMap<Vec<u8>, Gate>);

impl Proving {
    /// A key of this identity is about to be noted; that is over when what is returned is dropped.
    pub(super) fn begin(&mut self, identity: &[u8]) -> Opener {
        if self.0.len() >= MANY {
            self.0.retain(|_, gate| !gate.is_open());
        }
        let gate = Gate::default();
        self.0.insert(identity.to_vec(), gate.clone());
        Opener(gate)
    }

    /// Returns what is to be waited for before who proved this is told anything.
    pub(super) fn of(&self, proof: &Proof) -> Option<Gate> {
        let Proof::Psk(identity) = proof else { return None };
        self.0.get(identity).filter(|gate| !gate.is_open()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_has_shown_a_key_waits_until_it_is_noted_and_nobody_else_does() {
        let mut proving = Proving::default();
        let mine = Proof::Psk(b"gw-1".to_vec());
        assert!(proving.of(&mine).is_none());
        let opener = proving.begin(b"gw-1");
        assert!(proving.of(&Proof::Psk(b"gw-2".to_vec())).is_none() && proving.of(&Proof::None).is_none());
        let gate = proving.of(&mine).unwrap();
        let (tell, hear) = mpsc::channel();
        let waiting = std::thread::spawn(move || {
            gate.wait();
            tell.send(()).unwrap();
        });
        assert!(hear.recv_timeout(Duration::from_millis(50)).is_err());
        drop(opener);
        hear.recv().unwrap();
        waiting.join().unwrap();
        assert!(proving.of(&mine).is_none());
    }

    #[test]
    fn what_is_noted_is_forgotten_and_a_note_that_panics_holds_nobody_up() {
        let mut proving = Proving::default();
        let held = proving.begin(b"held");
        for number in 0..2 * MANY {
            let opener = proving.begin(&number.to_be_bytes());
            let noted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let _opener = opener;
                assert_ne!(number, 7);
            }));
            assert_eq!(noted.is_err(), number == 7);
        }
        assert!(proving.0.len() <= MANY && proving.of(&Proof::Psk(b"held".to_vec())).is_some());
        assert!(proving.of(&Proof::Psk(7_usize.to_be_bytes().to_vec())).is_none());
        drop(held);
    }
}
