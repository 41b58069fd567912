//! Many devices on one medium: one look, one consent, one commit; each device keeps its own records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::delivery::manifest::MOST_BUNDLES;
use crate::delivery::{
    Cargo, Confirm, Consent, Event, Footprint, Manifest, Preflight, Progress, Receipt, SealedArtifact, Sink, Step,
    TargetIdentity, TargetKind,
};
use crate::fleet::{Carrier, DevicePlan, EndpointName, MediumPlan};
use crate::ledger::{Again, Beginning, Claim, FinishedDelivery, Ticket};
use crate::medium;

use super::batch::{MakePlan, Outcome};
use super::deliver::{Delivered, Delivery};

use super::batches;
use super::error::StationError;
use super::open::Station;
use super::overwritten;

/// Devices whose bundles go to one medium, each in a folder of its own.
pub struct Together<'a> {
    /// The opened fleet.
    pub station: &'a Station,
    /// The devices.
    pub devices: &'a [EndpointName],
    /// Makes each device's plan.
    pub plan: &'a MakePlan<'a>,
    /// Gives the leave to write.
    pub confirm: &'a dyn Confirm,
    /// Repeat finished deliveries, and what becomes of the credentials that went out before.
    pub again: Option<Again>,
    /// Hears of every step of every device; of bytes under the name of the first.
    pub progress: &'a dyn Progress,
}

impl Together<'_> {
    /// Takes all devices into `sink`, or none: it fails as a whole.
    ///
    /// The order is the one of docs/ARCHITECTURE.md ("the path of a device"); every step is durable for all devices before
    /// the next one begins, so that after a power cut the same command finds all of them at one step.
    pub fn run(&self, sink: &mut dyn Sink) -> Result<Vec<Outcome>, StationError> {
        self.progress.event(Event::Batch { total: self.devices.len() });
        let plans = self.plans()?;
        let preflight = self.look(sink, &plans)?;
        let target = preflight.target().clone();
        let summaries: Vec<Value> = plans.iter().map(|plan| self.station.summary(plan)).collect();
        let begin = |(plan, summary)| Beginning { plan, summary, target: &target, again: self.again, rework: None };
        let beginnings: Vec<Beginning<'_>> = plans.iter().zip(&summaries).map(begin).collect();
        let done = beginnings.iter().map(|beginning| self.station.ledger().done(beginning));
        if let Some(finished) = self.all_done(done.collect::<Result<_, _>>()?)? {
            return self.still_there(&plans, finished, &target, preflight.carries());
        }
        let consent = self.ask(preflight)?;
        let mut claimed = Claimed::default();
        self.station.ledger().begin_all(&beginnings)?.into_iter().for_each(|claim| claimed.take(claim));
        if claimed.done.len() == plans.len() {
            // Another run has finished all of them meanwhile: what is there now is looked at anew.
            return self.run(sink);
        }
        let delivered = self.deliver(&plans, claimed, consent, sink)?;
        Ok(self.outcomes(&plans, delivered))
    }

    /// Makes every plan, and refuses what cannot go on one medium before anything is looked at.
    fn plans(&self) -> Result<Vec<DevicePlan>, StationError> {
        if self.devices.is_empty() {
            return Err(StationError::NoDevice);
        }
        if self.devices.len() > MOST_BUNDLES {
            return Err(StationError::TooMany { devices: self.devices.len(), most: MOST_BUNDLES });
        }
        let plans = self.devices.iter().map(self.plan).collect::<Result<Vec<DevicePlan>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = plans.iter().find(|plan| !seen.insert(plan.device.folded())) {
            return Err(StationError::Twice { device: twice.device.to_string() });
        }
        plans.iter().try_for_each(|plan| go_on_one(&plans[0], plan))?;
        Ok(plans)
    }

    fn look(&self, sink: &mut dyn Sink, plans: &[DevicePlan]) -> Result<Preflight, StationError> {
        let preflight = sink.preflight(&footprint(plans, None))?;
        let (target, ledger) = (preflight.target(), self.station.ledger());
        if target.is_hardware() && self.station.is_demo() {
            return Err(StationError::Demo { target: target.name.clone() });
        }
        batches::check(self.station, target)?;
        let written: BTreeSet<&EndpointName> = plans.iter().map(|plan| &plan.device).collect();
        overwritten::refuse_file_of_others(ledger, target, &written)?;
        let losses = overwritten::losses(ledger, target, &written)?;
        self.reached(Step::Preflight)?;
        Ok(preflight.losing(losses))
    }

    /// One medium carries all or none: it is written for all devices, or for none because nothing is left to do.
    fn all_done(&self, found: Vec<Option<FinishedDelivery>>) -> Result<Option<Vec<FinishedDelivery>>, StationError> {
        let finished: Vec<FinishedDelivery> = found.into_iter().flatten().collect();
        match finished.len() {
            0 => Ok(None),
            all if all == self.devices.len() => Ok(Some(finished)),
            _ => Err(partly_done(self.devices.len(), finished.iter().map(|finished| &finished.device))),
        }
    }

    /// A delivery to a file of this station counts as done only while the file holds it; hardware has left the house.
    fn still_there(
        &self,
        plans: &[DevicePlan],
        finished: Vec<FinishedDelivery>,
        target: &TargetIdentity,
        held: &[Manifest],
    ) -> Result<Vec<Outcome>, StationError> {
        let fleet = &**self.station.folder().fleet.name();
        let ours = held.iter().filter(|held| held.fleet == fleet);
        let held: BTreeSet<_> = ours.map(|held| (&held.device, held.version)).collect();
        let is_held = |finished: &FinishedDelivery| held.contains(&(&finished.device, finished.version));
        if let Some(gone) = finished.iter().find(|finished| !target.is_hardware() && !is_held(finished)) {
            let (target, when) = (target.name.clone(), gone.finished.date().to_string());
            let is_there = Path::new(&gone.receipt.target.path).exists();
            return Err(if is_there {
                StationError::Replaced { target, when }
            } else {
                StationError::Vanished { target, when }
            });
        }
        Ok(self.outcomes(plans, finished.into_iter().map(|finished| Delivered::Before(Box::new(finished))).collect()))
    }

    fn ask(&self, preflight: Preflight) -> Result<Consent, StationError> {
        let consent = preflight.confirm(self.confirm)?;
        self.reached(Step::Consent)?;
        Ok(consent)
    }

    fn deliver(
        &self,
        plans: &[DevicePlan],
        claimed: Claimed,
        consent: Consent,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Delivered>, StationError> {
        if claimed.is_partly_done() {
            return Err(self.finish_paperwork(claimed)?);
        }
        self.reached(Step::Begin)?;
        let Claimed { tickets, resumed, .. } = claimed;
        let told: Vec<(u32, Vec<String>)> = tickets.iter().map(|t| (t.version, t.changes.clone())).collect();
        let target = consent.target().clone();
        let receipts = if tickets.iter().all(|ticket| ticket.reached >= Step::Verified) {
            // The power went between the proof and its registration: only the records are left to be made.
            self.conclude(tickets)?;
            self.proofs(plans, &target)?
        } else {
            let carried = self.carry_out(plans, &tickets, consent, sink);
            let receipts = carried.inspect_err(|error| self.note_failure(plans, &tickets, error))?;
            self.conclude(tickets)?;
            receipts
        };
        let made = told.into_iter().zip(resumed).zip(receipts);
        let now = |(((version, changes), resumed), receipt)| Delivered::Now {
            version,
            changes,
            resumed,
            receipt: Box::new(receipt),
        };
        Ok(made.map(now).collect())
    }

    fn carry_out(
        &self,
        plans: &[DevicePlan],
        tickets: &[Ticket],
        consent: Consent,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Receipt>, StationError> {
        let ledger = self.station.ledger();
        ledger.bind_all(tickets, consent.target())?;
        self.reached(Step::Bind)?;
        let artifacts = self.artifacts(plans, tickets)?;
        let cargo = Cargo::together(&artifacts)?;
        check_fit(&cargo, &consent)?;
        self.of(&plans[0]).look_again(sink, consent.target())?;
        ledger.exposed_all(tickets)?;
        self.reached(Step::Exposed)?;
        let receipt = sink.commit(&cargo, consent, &|event| self.watch(event))?;
        let receipts: Vec<Receipt> = artifacts.iter().map(|artifact| receipt.of_part(artifact)).collect();
        ledger.verified_all(tickets, receipts.clone())?;
        self.tell(Step::Verified);
        Ok(receipts)
    }

    fn artifacts(&self, plans: &[DevicePlan], tickets: &[Ticket]) -> Result<Vec<SealedArtifact>, StationError> {
        let artifact = |(plan, ticket)| {
            let artifact = self.of(plan).artifact(ticket, None)?;
            self.progress.event(Event::Step { device: &plan.device, step: Step::Sealed });
            self.station.check_interrupt()?;
            Ok(artifact)
        };
        plans.iter().zip(tickets).map(artifact).collect()
    }

    fn conclude(&self, tickets: Vec<Ticket>) -> Result<(), StationError> {
        self.station.ledger().conclude_all(tickets)?;
        self.tell(Step::Registered);
        self.tell(Step::Finished);
        Ok(())
    }

    /// Ends what was verified before and needs no target any more, and says that the rest does not go alone.
    fn finish_paperwork(&self, claimed: Claimed) -> Result<StationError, StationError> {
        let (verified, _): (Vec<Ticket>, Vec<Ticket>) =
            claimed.tickets.into_iter().partition(|ticket| ticket.reached >= Step::Verified);
        let devices: Vec<EndpointName> = verified.iter().map(|ticket| ticket.device.clone()).collect();
        self.station.ledger().conclude_all(verified)?;
        Ok(partly_done(self.devices.len(), claimed.done.iter().chain(&devices)))
    }

    fn proofs(&self, plans: &[DevicePlan], target: &TargetIdentity) -> Result<Vec<Receipt>, StationError> {
        let finished = self.station.ledger().finished_on(target)?;
        let finished: BTreeMap<_, _> = finished.iter().map(|finished| (&finished.device, &finished.receipt)).collect();
        let proof = |plan: &DevicePlan| {
            let receipt = finished.get(&plan.device);
            Receipt::clone(receipt.expect("the target of deliveries just concluded carries them"))
        };
        Ok(plans.iter().map(proof).collect())
    }

    fn outcomes(&self, plans: &[DevicePlan], delivered: Vec<Delivered>) -> Vec<Outcome> {
        let outcome = |(index, (plan, delivered)): (usize, (&DevicePlan, Delivered))| {
            self.progress.event(Event::Device { device: &plan.device, ok: true });
            let (device, delivery) = (plan.device.clone(), plan.delivery.name.to_string());
            Outcome { index, device, delivery, result: Ok(delivered) }
        };
        plans.iter().zip(delivered).enumerate().map(outcome).collect()
    }

    fn note_failure(&self, plans: &[DevicePlan], tickets: &[Ticket], error: &StationError) {
        for (plan, ticket) in plans.iter().zip(tickets) {
            self.of(plan).note_failure(ticket, error);
            self.progress.event(Event::Device { device: &plan.device, ok: false });
        }
    }

    /// The delivery of one of the devices, for what each goes through by itself.
    fn of<'d>(&'d self, plan: &'d DevicePlan) -> Delivery<'d> {
        Delivery {
            station: self.station,
            plan,
            again: self.again,
            rework: None,
            confirm: self.confirm,
            progress: self.progress,
            aftercare: None,
        }
    }

    fn watch(&self, event: Event<'_>) {
        match event {
            Event::Step { step, .. } => self.tell(step),
            bytes @ Event::Bytes { .. } => self.progress.event(bytes),
            Event::Batch { .. } | Event::Device { .. } => {}
        }
    }

    fn tell(&self, step: Step) {
        for device in self.devices {
            self.progress.event(Event::Step { device, step });
        }
    }

    /// Tells of the step, then stops here if somebody asked for it: the ledger knows how to go on from every step.
    fn reached(&self, step: Step) -> Result<(), StationError> {
        self.tell(step);
        self.station.check_interrupt()
    }
}

/// What the ledger answered for all devices, in their order.
#[derive(Default)]
struct Claimed {
    tickets: Vec<Ticket>,
    /// For each ticket whether it takes up an interrupted delivery.
    resumed: Vec<bool>,
    /// Devices that another run has finished meanwhile.
    done: Vec<EndpointName>,
}

impl Claimed {
    fn take(&mut self, claim: Claim) {
        let (ticket, resumed) = match claim {
            Claim::Fresh(ticket) | Claim::Changed(ticket) => (ticket, false),
            Claim::Resume(ticket) => (ticket, true),
            Claim::Done(finished) => return self.done.push(finished.device),
        };
        self.tickets.push(ticket);
        self.resumed.push(resumed);
    }

    /// True if some need nothing but records and others everything.
    fn is_partly_done(&self) -> bool {
        let verified = self.tickets.iter().filter(|ticket| ticket.reached >= Step::Verified).count();
        !self.done.is_empty() || (verified > 0 && verified < self.tickets.len())
    }
}

/// A medium that is too small is found out before the ledger says that secrets left.
fn check_fit(cargo: &Cargo<'_>, consent: &Consent) -> Result<(), StationError> {
    if consent.target().kind != TargetKind::Folder {
        medium::encode(cargo, consent.volume()?, consent.target().size)?;
    }
    Ok(())
}

fn footprint(plans: &[DevicePlan], payload: Option<u64>) -> Footprint {
    Footprint { carrier: plans[0].delivery.carrier.clone(), payload }
}

fn partly_done<'d>(devices: usize, done: impl Iterator<Item = &'d EndpointName>) -> StationError {
    StationError::PartlyDone { devices, done: done.map(ToString::to_string).collect() }
}

/// Refuses two devices whose deliveries want different volumes.
pub fn go_on_one(one: &DevicePlan, other: &DevicePlan) -> Result<(), StationError> {
    if one.delivery.carrier == other.delivery.carrier {
        return Ok(());
    }
    let difference = match (&one.delivery.carrier, &other.delivery.carrier) {
        (Carrier::Medium(one), Carrier::Medium(other)) => difference(one, other),
        _ => "one goes into a chip's flash".to_owned(),
    };
    Err(StationError::Media { one: one.device.to_string(), other: other.device.to_string(), difference })
}

/// Says in words what differs between two volumes.
fn difference(one: &MediumPlan, other: &MediumPlan) -> String {
    let size =
        |medium: &MediumPlan| medium.size.map_or_else(|| "the whole medium".into(), |size| format!("{size} bytes"));
    let rows = [
        ("label", format!("{:?}", one.label), format!("{:?}", other.label)),
        ("file system", word(one.filesystem), word(other.filesystem)),
        ("table", word(one.table), word(other.table)),
        ("size", size(one), size(other)),
    ];
    let different = rows.into_iter().filter(|(_, one, other)| one != other);
    different.map(|(what, one, other)| format!("{what} {one} and {other}")).collect::<Vec<_>>().join(", ")
}

/// A value as the fleet file writes it.
fn word(value: impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
