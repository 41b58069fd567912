//! Where bundles end up: the trait.

use super::{Cargo, Consent, Event, Footprint, Preflight, Progress, Receipt, SinkError};

/// A drive, an image file, a folder (later: a programmer, a smartcard).
pub trait Sink: Send {
    /// Looks without changing a stored bit: is it the right target, does it fit, is it busy, what would be lost?
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError>;

    /// Writes, flushes, reads back; returns only when the bytes are on the other side. Checks first that the target is
    /// still the one consented to. `watch` hears [`Event::Bytes`] and the steps `Written` and `ReadBack`, under the name of
    /// the cargo's first device. The receipt's artifact is the cargo's digest.
    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError>;
}

/// A [`Progress`] lent as the closure that sinks call.
pub fn watching(progress: &dyn Progress) -> impl Fn(Event<'_>) {
    move |event| progress.event(event)
}
