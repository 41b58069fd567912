//! Why a device is in the state it is in, and what to do next.

use serde::Serialize;

use crate::delivery::Step;
use crate::fleet::EndpointName;

use super::{
    DeliveryRecord, DeliveryState, DeviceHistory, DeviceState, Entry, GenerationState, Ledger, LedgerError, LockRecord,
    LockState,
};

/// Rows of the ledger shown with a device, at most.
const EVENTS_SHOWN: u32 = 1_000;

/// Why a device is in the state it is in, and what to do next.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Why {
    /// The device.
    pub id: EndpointName,
    /// All its records; none before its first delivery was begun or its first credential issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<DeviceHistory>,
    /// Its rows of the ledger, oldest first; the last thousand of them.
    pub events: Vec<Entry>,
    /// The state in a person's words, one sentence a line.
    pub lines: Vec<String>,
    /// The command that brings it forward, where there is one.
    pub next: Option<String>,
}

impl Why {
    /// Explains a device of the inventory for which nothing was begun yet.
    pub fn not_begun(id: EndpointName) -> Self {
        let lines = vec!["in the inventory; nothing was begun for it".into()];
        let next = Some(begin(&id));
        Why { id, history: None, events: Vec::new(), lines, next }
    }

    /// Explains a device that others know of: nothing was made for it here, and nothing has to be.
    pub fn not_made(id: EndpointName) -> Self {
        let lines = vec!["nothing was made for it here".into()];
        Why { id, history: None, events: Vec::new(), lines, next: None }
    }
}

impl Ledger {
    /// Explains a device: every record, its state in words, and the next command. The name's case does not matter.
    pub fn why(&self, id: &EndpointName) -> Result<Why, LedgerError> {
        let history = self.device(id)?.ok_or_else(|| LedgerError::Unknown { device: id.to_string() })?;
        let events = self.log(EVENTS_SHOWN, Some(&history.device.id))?;
        let lines = lines(&history);
        let next = next(&history);
        Ok(Why { id: history.device.id.clone(), history: Some(history), events, lines, next })
    }
}

fn lines(history: &DeviceHistory) -> Vec<String> {
    let mut lines = vec![about_device(history)];
    lines.extend(history.generations.iter().map(about_generation));
    for delivery in &history.deliveries {
        lines.push(about_delivery(delivery));
        lines.extend(delivery.locks.iter().map(about_lock));
    }
    lines
}

fn about_device(history: &DeviceHistory) -> String {
    let device = &history.device;
    match device.state {
        DeviceState::Known => "known, never delivered".into(),
        DeviceState::Registered => format!(
            "registered with bundle version {} on {}, {}",
            device.version.unwrap_or_default(),
            device.target.as_deref().unwrap_or("an unknown target"),
            device.delivered.as_deref().unwrap_or("at an unknown time")
        ),
        DeviceState::Retired => {
            format!("retired on {}: {}", device.changed, device.reason.as_deref().unwrap_or("no reason given"))
        }
    }
}

fn about_generation(record: &super::GenerationRecord) -> String {
    let private = if record.private { "its private part is kept, sealed" } else { "its private part is destroyed" };
    let state = match (record.state, &record.reason) {
        (GenerationState::Retired | GenerationState::Revoked, Some(reason)) => {
            format!("{} ({reason})", record.state.name())
        }
        _ => record.state.name().into(),
    };
    format!("credential {} generation {} is {state}; {private}", record.public.name, record.public.generation)
}

fn about_delivery(record: &DeliveryRecord) -> String {
    let target = &record.target.name;
    let what = format!("delivery {} ({}, version {}) to {target}", record.delivery, record.name, record.version);
    match (record.state, &record.failure) {
        (DeliveryState::Open, Some(failure)) => format!("{what} stopped after {}: {failure}", record.reached),
        (DeliveryState::Open, None) => format!("{what} is under way or was interrupted after {}", record.reached),
        (state, _) => format!("{what} is {} since {}", state.name(), record.changed),
    }
}

fn about_lock(lock: &LockRecord) -> String {
    let state = match lock.state {
        LockState::Intended => "is to be applied; perhaps it was, and the power went before that was noted",
        LockState::Applied => "was applied and not yet seen to hold",
        LockState::Observed => "was seen to hold",
        LockState::Unobservable => "was applied; nothing can show whether it holds",
    };
    format!("lock {:?} {state}", lock.name)
}

fn next(history: &DeviceHistory) -> Option<String> {
    let id = &history.device.id;
    if history.device.state == DeviceState::Retired {
        return None;
    }
    let open = history.deliveries.iter().rfind(|delivery| delivery.state == DeliveryState::Open);
    match open {
        Some(open) if open.target.is_chip() => Some(format!(
            "plug chip {} in again and run: firstlight flash {id} --programmer {}",
            open.target.chip_number().unwrap_or("without a number"),
            open.target.name
        )),
        Some(open) if open.target.is_hardware() && open.reached == Step::Exposed.name() => Some(format!(
            "plug {} in again and run: firstlight write {id} --to drive:{}",
            open.target.name, open.target.path
        )),
        Some(open) => Some(format!("firstlight write {id} --to {}", target_of(open))),
        None if history.device.state == DeviceState::Known => Some(begin(id)),
        None => None,
    }
}

fn begin(id: &EndpointName) -> String {
    format!("firstlight write {id} --to TARGET")
}

fn target_of(record: &DeliveryRecord) -> String {
    use crate::delivery::TargetKind;
    let kind = match record.target.kind {
        TargetKind::ImageFile => "image",
        TargetKind::Folder => "folder",
        TargetKind::Drive => "drive",
        TargetKind::Chip => "chip",
        TargetKind::SimulatedChip => "simulated chip",
    };
    format!("{kind}:{}", record.target.path)
}
