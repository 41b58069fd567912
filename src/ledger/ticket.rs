//! What is asked of the ledger before a delivery, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use crate::delivery::{SealedMaterial, Step, TargetIdentity, TargetKind};
use crate::fleet::{CredentialShape, DevicePlan, Digest, EndpointName, SerialNumber};

use super::holder::Held;
use super::{Again, CredentialState, FinishedDelivery};

/// What a delivery begins with.
pub struct Beginning<'a> {
    /// The device's plan.
    pub plan: &'a DevicePlan,
    /// Its summary ([`DevicePlan::summary`]): what the ledger keeps of it.
    pub summary: &'a Value,
    /// The target that preflight found.
    pub target: &'a TargetIdentity,
    /// Why it is made once more, where it is.
    pub again: Option<Again>,
    /// Why a chip that is another device's is to be this one's; its old binding is given up as the delivery begins.
    pub rework: Option<&'a str>,
}

/// The ledger's answer to `Ledger::begin`.
pub enum Claim {
    /// Never delivered in this way (or once more on demand): go.
    Fresh(Ticket),
    /// Interrupted: go on where it stopped, with the same generations; with the spool where there is one.
    Resume(Ticket),
    /// Delivered before, but something has changed since; the ticket says what.
    Changed(Ticket),
    /// Nothing is left to do; nothing was written.
    Done(Box<FinishedDelivery>),
}

/// The right to go on with one delivery. One ticket is out for a delivery at a time; dropping it gives it back.
pub struct Ticket {
    /// Number of the delivery in the ledger.
    pub delivery: i64,
    /// The device.
    pub device: EndpointName,
    /// The bundle version.
    pub version: u32,
    /// The plan's credentials, sorted by name.
    pub credentials: Vec<CredentialState>,
    /// The sealed artifact, where it was made before the interruption.
    pub spool: Option<SealedMaterial>,
    /// The last step that is durable.
    pub reached: Step,
    /// What differs from what was delivered last, one line each.
    pub changes: Vec<String>,
    /// When the bundle version was made: the manifest's time, the same after every resume.
    pub created: OffsetDateTime,
    #[expect(dead_code, reason = "nobody reads it: dropping it gives the delivery back")]
    pub(super) held: Held,
}

/// [`Beginning`] with everything owned, on its way to the writer.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) device: EndpointName,
    pub(super) serial: Option<SerialNumber>,
    pub(super) model: Option<Arc<str>>,
    pub(super) profile: Option<Arc<str>>,
    pub(super) delivery: Arc<str>,
    pub(super) shapes: Arc<BTreeMap<Arc<str>, CredentialShape>>,
    pub(super) summary: Value,
    pub(super) plan: Digest,
    pub(super) target: TargetIdentity,
    pub(super) again: Option<Again>,
    pub(super) rework: Option<String>,
}

impl Asked {
    /// What a device fetches by itself: nobody looked at a target before.
    pub(super) fn over_the_network(plan: &DevicePlan, summary: &Value) -> Self {
        let target = TargetIdentity {
            kind: TargetKind::Folder,
            name: "https".to_owned(),
            path: String::new(),
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
            chip: None,
        };
        Self::new(&Beginning { plan, summary, target: &target, again: None, rework: None })
    }

    pub(super) fn new(beginning: &Beginning<'_>) -> Self {
        let plan = beginning.plan;
        Self {
            device: plan.device.clone(),
            serial: plan.serial.clone(),
            model: plan.model.clone(),
            profile: Some(Arc::clone(&plan.profile)),
            delivery: Arc::clone(&plan.delivery.name),
            shapes: Arc::clone(&plan.credentials),
            summary: beginning.summary.clone(),
            plan: DevicePlan::digest(beginning.summary),
            target: beginning.target.clone(),
            again: beginning.again,
            rework: beginning.rework.map(str::to_owned),
        }
    }
}
