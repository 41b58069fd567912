//! Ways to agree to a target without a person at a terminal. (The terminal's way is in `ui/`.)

use std::collections::BTreeSet;

use crate::delivery::{Confirm, Effect, Preflight, SinkError, TargetIdentity};
use crate::ledger::Ledger;

/// Agrees to files of this station: new ones always, existing ones only where this fleet wrote them.
pub struct StationFiles {
    /// Knows what this fleet wrote.
    pub ledger: Ledger,
    /// The fleet's name.
    pub fleet: String,
}

impl Confirm for StationFiles {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        let target = preflight.target();
        if let Some(held) = preflight.carries().iter().find(|held| held.fleet != self.fleet) {
            let reason =
                format!("it holds the bundle for {:?} of another fleet, {:?}", held.device.as_str(), held.fleet);
            return Err(refused(preflight, &reason, Some("name another place for this fleet's files".to_owned())));
        }
        match preflight.effect() {
            _ if target.is_hardware() => Err(refused(preflight, "a drive needs a person's consent", None)),
            Effect::Creates => Ok(()),
            Effect::Overwrites(lost) if lost.is_empty() => Ok(()),
            Effect::Overwrites(_) if self.wrote(target) => Ok(()),
            Effect::Overwrites(lost) => {
                let reason = format!("it exists and this fleet did not write it ({})", lost.join(", "));
                Err(refused(preflight, &reason, Some("remove it, or name another place".to_owned())))
            }
        }
    }
}

impl StationFiles {
    /// A ledger that cannot be read vouches for nothing.
    fn wrote(&self, target: &TargetIdentity) -> bool {
        self.ledger.finished_on(target).is_ok_and(|finished| !finished.is_empty())
            || matches!(self.ledger.interrupted_on(target), Ok(Some(_)))
    }
}

/// Agrees to exactly the targets in exactly the states that `media list` named.
pub struct AcceptTarget {
    /// The ids.
    pub ids: Vec<String>,
}

impl Confirm for AcceptTarget {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        match preflight.accept_id() {
            Some(id) if self.ids.iter().any(|accepted| accepted == id) => Ok(()),
            Some(id) => {
                let reason = format!("its accept id is {id}, which was not accepted");
                let hint = "look at it with `firstlight media list`, then pass --accept-target with its id";
                Err(refused(preflight, &reason, Some(hint.to_owned())))
            }
            None => Err(refused(preflight, "it has no accept id", None)),
        }
    }
}

/// Agrees to a chip that is blank where it is written, and to one that is this fleet's already; asks about any other.
pub struct ChipConsent {
    /// Knows this fleet's chips.
    pub ledger: Ledger,
    /// True if a person said why chips of other records may be taken.
    pub rework: bool,
    /// Who is asked about the others.
    pub otherwise: Box<dyn Confirm>,
}

impl Confirm for ChipConsent {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        let is_ours = || matches!(self.ledger.device_of_chip(preflight.target()), Ok(Some(_)));
        if *preflight.effect() == Effect::Creates || self.rework || is_ours() {
            return Ok(());
        }
        self.otherwise.confirm(preflight)
    }
}

/// Agrees to whatever sits at a dedicated port, if it is small enough and blank or carries only this fleet's finished
/// deliveries.
pub struct AcceptPort {
    /// The port path.
    pub port: String,
    /// The largest medium, in bytes.
    pub max_size: u64,
    /// Knows this fleet's finished deliveries.
    pub ledger: Ledger,
    /// The fleet's name.
    pub fleet: String,
}

impl Confirm for AcceptPort {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        let target = preflight.target();
        if target.port.as_deref() != Some(&*self.port) {
            let reason = format!("it sits at port {}, not {}", target.port.as_deref().unwrap_or("unknown"), self.port);
            return Err(refused(preflight, &reason, None));
        }
        let size = target.size.unwrap_or(u64::MAX);
        if size > self.max_size {
            let reason = format!("it holds {size} bytes, at most {} are accepted at this port", self.max_size);
            return Err(refused(preflight, &reason, None));
        }
        let blank = matches!(preflight.effect(), Effect::Overwrites(lost) if lost.is_empty());
        if blank || self.carries_our_finished_delivery(preflight) {
            return Ok(());
        }
        let hint =
            "only blank media and this fleet's finished ones are taken unseen; look with `firstlight media inspect`";
        Err(refused(preflight, "it is neither blank nor one of this fleet's finished media", Some(hint.to_owned())))
    }
}

impl AcceptPort {
    /// What it carries and what was finished on it are the same bundles, one or many.
    fn carries_our_finished_delivery(&self, preflight: &Preflight) -> bool {
        let Ok(finished) = self.ledger.finished_on(preflight.target()) else { return false };
        let ours = preflight.carries().iter().filter(|carried| carried.fleet == self.fleet);
        let carried: BTreeSet<_> = ours.map(|carried| (&carried.device, carried.version)).collect();
        let finished: BTreeSet<_> = finished.iter().map(|finished| (&finished.device, finished.version)).collect();
        carried.len() == preflight.carries().len() && !carried.is_empty() && carried == finished
    }
}

fn refused(preflight: &Preflight, reason: &str, hint: Option<String>) -> SinkError {
    SinkError::Refused { target: preflight.target().name.clone(), reason: reason.to_owned(), hint }
}
