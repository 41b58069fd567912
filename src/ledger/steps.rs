//! The steps of a delivery after its begin. Each is refused out of order and does nothing a second time.

use serde_json::json;

use crate::delivery::{Receipt, SealedMaterial, Step, TargetIdentity};
use crate::fleet::{Class, Digest};

use super::deliveries::{self, Delivery};
use super::generation::Generations;
use super::held::{expect, held};
use super::work::Work;
use super::{DeliveryState, LedgerError, LockPlan, NewCredential, chips, credentials, devices, locks, versions};

/// The longest message of a failure that is kept, in characters.
const LONGEST_MESSAGE: usize = 2_000;

/// Binds the delivery to the target's own identity.
pub(super) fn bind(work: &mut Work<'_>, row: i64, target: &TargetIdentity) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    if delivery.reached >= Step::Bind && delivery.target == *target {
        return Ok(());
    }
    if !delivery.target.is_same_target(target) {
        return Err(LedgerError::BoundElsewhere {
            delivery: row,
            target: delivery.target.name,
            asked: target.name.clone(),
        });
    }
    chips::bind(work, &delivery, target)?;
    deliveries::bind(work, row, target)?;
    if delivery.reached < Step::Bind {
        deliveries::reach(work, row, Step::Bind)?;
    }
    work.record("bind", delivery.id.as_str(), Some(row), json!({ "target": target }))
}

/// Stores what was issued, and the sealed artifact, in one.
pub(super) fn sealed(
    work: &mut Work<'_>,
    row: i64,
    new: &[NewCredential],
    artifact: Digest,
    spool: &SealedMaterial,
) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    expect(&delivery, Step::Sealed, &[Step::Bind])?;
    let version = versions::by_row(work.conn, delivery.version)?;
    let mut issued = Vec::new();
    for credential in new {
        if version.generations.get(&credential.public.name) != Some(&credential.public.generation) {
            let what = format!("credential {:?} is not of this delivery", credential.public.name);
            return Err(LedgerError::Misuse { what });
        }
        let shape = versions::shape(work.conn, delivery.version, &credential.public.name)?;
        issued.push(credentials::insert(work, delivery.device, &delivery.id, credential, shape.as_ref())?);
    }
    refuse_missing(work, &delivery, &version.generations)?;
    deliveries::store_spool(work, row, artifact, spool)?;
    let body = json!({ "artifact": artifact, "issued": issued });
    work.record("sealed", delivery.id.as_str(), Some(row), body)
}

fn refuse_missing(work: &Work<'_>, delivery: &Delivery, generations: &Generations) -> Result<(), LedgerError> {
    match credentials::first_missing(work.conn, delivery.device, generations)? {
        None => Ok(()),
        Some(name) => Err(LedgerError::Misuse { what: format!("credential {name:?} was not issued") }),
    }
}

/// Takes the proof: pending generations become active, the `retain` rules are applied.
/// The locks intended belong to the same transaction: from here on the delivery is not done without them.
pub(super) fn verified(
    work: &mut Work<'_>,
    row: i64,
    receipt: &Receipt,
    locks: Option<&LockPlan>,
) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    if delivery.reached >= Step::Verified {
        return Ok(());
    }
    expect(&delivery, Step::Verified, &[Step::Exposed])?;
    refuse_other_receipt(&delivery, receipt)?;
    let generations = versions::by_row(work.conn, delivery.version)?.generations;
    let activated = credentials::activate(work, delivery.device, &generations)?;
    let hardware = delivery.target.is_hardware();
    let destroyed = credentials::apply_retain(work, delivery.device, &generations, hardware)?;
    deliveries::verify(work, row, receipt)?;
    locks.map_or(Ok(()), |plan| locks::intend(work, row, plan))?;
    let mut body = json!({ "receipt": receipt, "activated": activated, "destroyed": destroyed });
    if let Some(plan) = locks {
        body["locks"] = json!(plan.steps);
    }
    work.record("verified", delivery.id.as_str(), Some(row), body)
}

/// A receipt must speak of this delivery: its target, its artifact, and a read-back that agrees.
fn refuse_other_receipt(delivery: &Delivery, receipt: &Receipt) -> Result<(), LedgerError> {
    let same_artifact = delivery.artifact.as_deref() == Some(receipt.artifact.to_string().as_str());
    if delivery.target.is_same_target(&receipt.target) && same_artifact && receipt.image == receipt.read_back {
        return Ok(());
    }
    Err(LedgerError::Misuse { what: format!("the receipt is not of delivery {}", delivery.row) })
}

/// Records the device.
pub(super) fn registered(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    register(work, &delivery)
}

fn register(work: &mut Work<'_>, delivery: &Delivery) -> Result<(), LedgerError> {
    if delivery.reached >= Step::Registered {
        return Ok(());
    }
    expect(delivery, Step::Registered, &[Step::Verified])?;
    if let Some(name) = locks::first_open(work.conn, delivery.row)? {
        return Err(LedgerError::Unlocked { device: delivery.id.clone(), lock: name });
    }
    devices::register(work, delivery.device, delivery.number, &delivery.target)?;
    deliveries::reach(work, delivery.row, Step::Registered)?;
    let body = json!({ "version": delivery.number });
    work.record("registered", delivery.id.as_str(), Some(delivery.row), body)
}

/// Ends the delivery; its spool is destroyed.
pub(super) fn finish(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    expect(&delivery, Step::Finished, &[Step::Registered])?;
    end(work, &delivery)
}

fn end(work: &mut Work<'_>, delivery: &Delivery) -> Result<(), LedgerError> {
    deliveries::reach(work, delivery.row, Step::Finished)?;
    deliveries::close(work, delivery.row, DeliveryState::Finished)?;
    work.record("finished", delivery.id.as_str(), Some(delivery.row), json!({ "version": delivery.number }))
}

/// Does what is left of a verified delivery that nobody holds any more.
pub(super) fn complete(work: &mut Work<'_>, delivery: &Delivery) -> Result<(), LedgerError> {
    register(work, delivery)?;
    end(work, delivery)
}

/// Records the device and ends the delivery, in one.
pub(super) fn conclude(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    register(work, &delivery)?;
    end(work, &delivery)
}

/// Notes a failure; the delivery stays open and anybody may resume it.
pub(super) fn failed(work: &mut Work<'_>, row: i64, class: Class, message: &str) -> Result<(), LedgerError> {
    let delivery = held(work, row)?;
    let message: String = message.chars().take(LONGEST_MESSAGE).collect();
    deliveries::fail(work, row, &message)?;
    let body = json!({ "class": class.name(), "message": message, "reached": delivery.reached.name() });
    work.record("failed", delivery.id.as_str(), Some(row), body)
}
