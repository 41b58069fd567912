//! One device through every step, right after a power cut at any point.

use std::collections::BTreeSet;
use std::path::Path;

use crate::delivery::{
    Cargo, ChipIdentity, Confirm, Consent, Credential, Event, Footprint, Manifest, Preflight, Progress, Receipt,
    SealedArtifact, Sink, SinkError, Step, TargetIdentity,
};
use crate::fleet::{Class, DevicePlan, Diagnose};
use crate::ledger::{Again, Beginning, Claim, FinishedDelivery, NewCredential, Ticket};
use crate::{bundle, bundle::Rendering};

use super::aftercare::Aftercare;
use super::batches;
use super::error::StationError;
use super::issue;
use super::open::Station;
use super::overwritten;
use super::seal;

/// One delivery to be made: which device, how, and by whose leave.
pub struct Delivery<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// What to make.
    pub plan: &'a DevicePlan,
    /// Repeat a finished delivery, and what becomes of the credentials that went out before.
    pub again: Option<Again>,
    /// Why a chip that is another device's is to be this one's.
    pub rework: Option<&'a str>,
    /// Gives the leave to write.
    pub confirm: &'a dyn Confirm,
    /// Hears of every step.
    pub progress: &'a dyn Progress,
    /// What comes after the read-back: hooks and steps that cannot be taken back, where the delivery has some.
    pub aftercare: Option<&'a Aftercare<'a>>,
}

/// What came of a delivery.
#[derive(Debug)]
pub enum Delivered {
    /// Made now.
    Now {
        /// Bundle version.
        version: u32,
        /// What changed since the version before, in words; empty for the first.
        changes: Vec<String>,
        /// True if an interrupted delivery was taken up.
        resumed: bool,
        /// The proof.
        receipt: Box<Receipt>,
    },
    /// Made before; nothing was written now.
    Before(Box<FinishedDelivery>),
}

impl Delivery<'_> {
    /// Takes the device through all steps into `sink`.
    ///
    /// The order is the one of docs/ARCHITECTURE.md ("the path of a device"): every step is durable before the next one
    /// begins, and no secret byte leaves before the ledger knows where to.
    pub fn run(&self, sink: &mut dyn Sink) -> Result<Delivered, StationError> {
        let preflight = self.look(sink)?;
        let target = preflight.target().clone();
        let summary = self.station.summary(self.plan);
        let (again, rework) = (self.again, self.rework);
        let beginning = Beginning { plan: self.plan, summary: &summary, target: &target, again, rework };
        if let Some(finished) = self.station.ledger().done(&beginning)? {
            return self.still_there(sink, finished, preflight.carries());
        }
        let held = preflight.carries().to_vec();
        let consent = self.ask(preflight)?;
        let claim = self.station.ledger().begin(&beginning)?;
        let (ticket, resumed) = match claim {
            Claim::Done(finished) => return self.still_there(sink, *finished, &held),
            Claim::Resume(ticket) => (ticket, true),
            Claim::Fresh(ticket) | Claim::Changed(ticket) => (ticket, false),
        };
        self.reached(Step::Begin)?;
        let (version, changes) = (ticket.version, ticket.changes.clone());
        let receipt = if ticket.reached >= Step::Verified {
            // The power went between the proof and its registration: only locks and records are left to be made.
            let settled = self.settle(&ticket, &target, sink);
            settled.inspect_err(|error| self.note_failure(&ticket, error))?;
            self.conclude(ticket)?;
            self.proof(&target)?
        } else {
            let receipt = self.carry_out(&ticket, &target, consent, sink);
            let receipt = receipt.inspect_err(|error| self.note_failure(&ticket, error))?;
            self.conclude(ticket)?;
            receipt
        };
        Ok(Delivered::Now { version, changes, resumed, receipt: Box::new(receipt) })
    }

    /// A delivery to a file of this station counts as done only while the file is there; hardware has left the house.
    ///
    /// Another run may have finished it after `held` was looked at: what is not as it should be is looked at again.
    fn still_there(
        &self,
        sink: &mut dyn Sink,
        finished: FinishedDelivery,
        held: &[Manifest],
    ) -> Result<Delivered, StationError> {
        let target = &finished.receipt.target;
        let fleet = &**self.station.folder().fleet.name();
        let is_that =
            |held: &Manifest| held.fleet == fleet && held.device == finished.device && held.version == finished.version;
        let is_held = target.is_hardware()
            || target.is_chip()
            || held.iter().any(is_that)
            || sink.preflight(&self.footprint())?.carries().iter().any(is_that);
        if is_held {
            return Ok(Delivered::Before(Box::new(finished)));
        }
        let (is_there, target, when) =
            (Path::new(&target.path).exists(), target.name.clone(), finished.finished.date().to_string());
        Err(if is_there { StationError::Replaced { target, when } } else { StationError::Vanished { target, when } })
    }

    fn conclude(&self, ticket: Ticket) -> Result<(), StationError> {
        self.station.ledger().conclude(ticket)?;
        self.tell(Step::Registered);
        self.tell(Step::Finished);
        Ok(())
    }

    fn proof(&self, target: &TargetIdentity) -> Result<Receipt, StationError> {
        let finished = self.station.ledger().finished_on(target)?;
        let of_device = finished.into_iter().find(|finished| finished.device == self.plan.device);
        Ok(of_device.expect("the target of a delivery just concluded carries it").receipt)
    }

    fn look(&self, sink: &mut dyn Sink) -> Result<Preflight, StationError> {
        let preflight = sink.preflight(&self.footprint())?;
        if preflight.target().is_hardware() && self.station.is_demo() {
            return Err(StationError::Demo { target: preflight.target().name.clone() });
        }
        batches::check(self.station, preflight.target())?;
        let (ledger, written) = (self.station.ledger(), BTreeSet::from([&self.plan.device]));
        // Whose a chip is may change for a reason; the ledger settles what becomes of the first.
        if self.rework.is_none() || !preflight.target().is_chip() {
            overwritten::refuse_file_of_others(ledger, preflight.target(), &written)?;
        }
        let losses = overwritten::losses(ledger, preflight.target(), &written)?;
        self.reached(Step::Preflight)?;
        Ok(preflight.losing(losses))
    }

    fn ask(&self, preflight: Preflight) -> Result<Consent, StationError> {
        let consent = preflight.confirm(self.confirm)?;
        self.reached(Step::Consent)?;
        Ok(consent)
    }

    fn carry_out(
        &self,
        ticket: &Ticket,
        target: &TargetIdentity,
        consent: Consent,
        sink: &mut dyn Sink,
    ) -> Result<Receipt, StationError> {
        let ledger = self.station.ledger();
        ledger.bind(ticket, target)?;
        self.reached(Step::Bind)?;
        let artifact = self.artifact(ticket, target.chip.as_ref())?;
        self.reached(Step::Sealed)?;
        sink.check_fit(&Cargo::of(&artifact), &self.footprint())?;
        self.look_again(sink, target)?;
        ledger.exposed(ticket)?;
        self.reached(Step::Exposed)?;
        let receipt = sink.commit(&Cargo::of(&artifact), consent, &|event| self.watch(event))?;
        ledger.verified_to_lock(ticket, &receipt, self.aftercare.and_then(|aftercare| aftercare.plan(self.plan)))?;
        self.tell(Step::Verified);
        self.settle(ticket, target, sink)?;
        Ok(receipt)
    }

    /// Does what comes after the read-back, as far as it is not done yet.
    fn settle(&self, ticket: &Ticket, target: &TargetIdentity, sink: &mut dyn Sink) -> Result<(), StationError> {
        match self.aftercare {
            Some(aftercare) => aftercare.settle(self.station, self.plan, ticket, target, sink),
            None => Ok(()),
        }
    }

    /// Looks once more before the ledger says that secrets leave: a drive exchanged since the consent must not be noted as
    /// exposed. (The sink itself looks again, right before the first byte.)
    pub(super) fn look_again(&self, sink: &mut dyn Sink, agreed: &TargetIdentity) -> Result<(), StationError> {
        if !agreed.is_hardware() {
            return Ok(());
        }
        let now = sink.preflight(&self.footprint())?;
        if now.target().is_same_appearance(agreed) {
            return Ok(());
        }
        let difference = format!("{} is in its place", now.target().name);
        Err(SinkError::Swapped { target: agreed.name.clone(), difference }.into())
    }

    fn footprint(&self) -> Footprint {
        Footprint { carrier: self.plan.delivery.carrier.clone(), payload: None }
    }

    /// Returns the artifact: the spooled one where an interrupted delivery left it, else a new one, durable on return.
    pub(super) fn artifact(
        &self,
        ticket: &Ticket,
        chip: Option<&ChipIdentity>,
    ) -> Result<SealedArtifact, StationError> {
        let key = self.station.keys().fleet_key();
        let context = spool_context(ticket);
        if let Some(spool) = &ticket.spool {
            return Ok(SealedArtifact::from_spool(&key.unseal(&context, spool)?)?);
        }
        let (credentials, new) = issue::credentials(self.station, self.plan, &ticket.credentials)?;
        let artifact = self.render(ticket, &credentials, chip)?;
        let spool = key.seal(&context, &artifact.to_spool(), &*self.station.surroundings().random);
        let sealed: Vec<NewCredential> = new;
        self.station.ledger().sealed(ticket, sealed, artifact.digest(), spool)?;
        Ok(artifact)
    }

    fn render(
        &self,
        ticket: &Ticket,
        credentials: &[Credential],
        chip: Option<&ChipIdentity>,
    ) -> Result<SealedArtifact, StationError> {
        let template = self.station.shelf().template(&self.plan.delivery.bundle.template);
        let rendering = Rendering {
            plan: self.plan,
            version: ticket.version,
            created: ticket.created,
            credentials,
            secrets: self.station.secrets(),
            root: self.station.authority().root_der(),
            demo: self.station.is_demo(),
            chip,
        };
        seal::seal(self.station, self.plan, bundle::compose(&template, &rendering)?)
    }

    pub(super) fn note_failure(&self, ticket: &Ticket, error: &StationError) {
        // The error itself is what matters to the caller; a ledger that cannot be written has said so already.
        let class = error.class();
        let words = match error {
            StationError::Interrupted(_) => "interrupted".to_owned(),
            other => with_causes(other),
        };
        let _ = self.station.ledger().failed(ticket, class, &words);
    }

    fn watch(&self, event: Event<'_>) {
        match event {
            Event::Bytes { done, total, .. } => {
                self.progress.event(Event::Bytes { device: &self.plan.device, done, total });
            }
            Event::Step { step, .. } => self.tell(step),
            Event::Batch { .. } | Event::Device { .. } => {}
        }
    }

    fn tell(&self, step: Step) {
        self.progress.event(Event::Step { device: &self.plan.device, step });
    }

    /// Tells of the step, then stops here if somebody asked for it: the ledger knows how to go on from every step.
    fn reached(&self, step: Step) -> Result<(), StationError> {
        self.tell(step);
        self.station.check_interrupt()
    }
}

/// What a spool is sealed for: it opens under no other delivery.
fn spool_context(ticket: &Ticket) -> String {
    format!("spool:{}:{}:{}", ticket.device, ticket.version, ticket.delivery)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    words
}

/// Returns the class of what a whole batch came to: one way of failing gives that way's class, several give `Partial`.
pub fn merge(classes: impl IntoIterator<Item = Option<Class>>) -> Option<Class> {
    let classes: Vec<Option<Class>> = classes.into_iter().collect();
    let mut ways: Vec<Class> = classes.iter().flatten().copied().collect();
    ways.sort_unstable();
    ways.dedup();
    match ways.as_slice() {
        [] => None,
        [one] if classes.iter().all(Option::is_some) || *one >= Class::Interrupted => Some(*one),
        many => many.iter().copied().find(|class| *class >= Class::Interrupted).or(Some(Class::Partial)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_of_failing_keeps_its_class_and_several_are_partial() {
        assert_eq!(merge([None, None]), None);
        assert_eq!(merge([Some(Class::Surroundings), Some(Class::Surroundings)]), Some(Class::Surroundings));
        assert_eq!(merge([Some(Class::Surroundings), None]), Some(Class::Partial));
        assert_eq!(merge([Some(Class::Surroundings), Some(Class::Differs)]), Some(Class::Partial));
        assert_eq!(merge([None, Some(Class::Interrupted)]), Some(Class::Interrupted));
        assert_eq!(merge([Some(Class::Refused), Some(Class::Terminated)]), Some(Class::Terminated));
    }
}
