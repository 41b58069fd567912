//! Where bundles end up: the trait.

#[cfg(feature = "station")]
use crate::fleet::recipe::LockStep;

use super::{Cargo, Consent, Event, Footprint, Preflight, Progress, Receipt, SinkError};

/// A drive, an image file, a folder (later: a programmer, a smartcard).
pub trait Sink: Send {
    /// Looks without changing a stored bit: is it the right target, does it fit, is it busy, what would be lost?
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError>;

    /// Writes, flushes, reads back; returns only when the bytes are on the other side. Checks first that the target is
    /// still the one consented to. `watch` hears [`Event::Bytes`] and the steps `Written` and `ReadBack`, under the name of
    /// the cargo's first device. The receipt's artifact is the cargo's digest.
    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError>;

    /// Checks that a cargo can be brought here, before the ledger says that its secrets leave. Touches nothing.
    fn check_fit(&mut self, _cargo: &Cargo<'_>, _need: &Footprint) -> Result<(), SinkError> {
        Ok(())
    }

    /// Returns what locks the target, where it can be locked.
    #[cfg(feature = "station")]
    fn locks(&mut self) -> Option<&mut dyn Locks> {
        None
    }

    /// Has the target make a key pair in a slot of its own, or takes the one that is there; `fresh` replaces that. Returns its
    /// certificate request (PKCS#10 DER).
    fn key_request(&mut self, _slot: &str, _fresh: bool) -> Result<Vec<u8>, SinkError> {
        Err(SinkError::Refused { target: "it".to_owned(), reason: "it makes no keys".to_owned(), hint: None })
    }

    /// Lets the target go: a chip leaves its boot loader and runs its firmware.
    fn release(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What applies steps that cannot be taken back, and looks whether they hold.
#[cfg(feature = "station")]
pub trait Locks {
    /// Takes the acts of a step.
    fn apply(&mut self, step: &LockStep) -> Result<(), SinkError>;

    /// Looks whether a step holds; changes nothing.
    fn observe(&mut self, step: &LockStep) -> Result<Observation, SinkError>;
}

/// Whether a step is seen to hold.
#[cfg(feature = "station")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Observation {
    /// It is seen to hold.
    Holds,
    /// It is seen not to hold.
    Open,
    /// Nothing can show it.
    Unobservable,
}

/// A [`Progress`] lent as the closure that sinks call.
pub fn watching(progress: &dyn Progress) -> impl Fn(Event<'_>) {
    move |event| progress.event(event)
}
