//! Why a device stands where it does, from its record and its audit trail, in a person's words.

use serde::Serialize;
use serde_json::Value;

use crate::fleet::EndpointName;
use crate::fleet::enrolment::Refusal;
use crate::registry::{Blocked, DeviceRow, DeviceState, Registry, RegistryError, StoredEvent};

/// Events that are looked through for the last decision, at most.
const LOOKED_AT: i64 = 1_000;
/// Events that are told.
const TOLD: usize = 20;

/// What decided last about a device.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Decided {
    /// The event.
    pub event: StoredEvent,
    /// The stable code, where the device was refused.
    pub code: Option<&'static str>,
    /// The event in words.
    pub says: String,
    /// What to do about it, where it was refused.
    pub hint: Option<&'static str>,
}

/// Why a device stands where it does.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Explained {
    /// Its record; none where it only ever asked.
    pub device: Option<DeviceRow>,
    /// Why it is blocked, where it is.
    pub blocked: Option<Blocked>,
    /// What decided last.
    pub decided: Option<Decided>,
    /// The state in words, one sentence a line.
    pub lines: Vec<String>,
    /// The command that brings it forward, where there is one.
    pub next: Option<String>,
    /// Its newest events, newest first.
    pub events: Vec<StoredEvent>,
}

/// Explains a device; none where the registry never heard of it.
pub fn explain(registry: &Registry, id: &EndpointName) -> Result<Option<Explained>, RegistryError> {
    let device = registry.device(id.as_str())?;
    let blocked = registry.blocked(id)?;
    let mut events = registry.device_history(id.as_str(), LOOKED_AT)?;
    if device.is_none() && blocked.is_none() && events.is_empty() {
        return Ok(None);
    }
    let decided = events.iter().find(|event| is_decision(&event.what)).map(decided);
    let found = device.as_ref().map(|device| found_at(registry, device)).transpose()?.flatten();
    let mut lines = lines(device.as_ref(), found.as_deref(), blocked.as_ref(), decided.as_ref());
    let bootstrap =
        events.iter().find(|event| ["bootstrap-finished", "bootstrap-failed"].contains(&event.what.as_str()));
    lines.extend(bootstrap.map(|event| format!("last bootstrap, {}: {}", day(event), in_words(event))));
    let next = next(id, device.as_ref(), blocked.as_ref());
    events.truncate(TOLD);
    Ok(Some(Explained { device, blocked, decided, lines, next, events }))
}

/// Returns an event as one sentence.
pub fn in_words(event: &StoredEvent) -> String {
    let detail = |name: &str| match &event.detail[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (group, reason, actor) = (detail("group"), detail("reason"), &event.actor);
    match event.what.as_str() {
        "device-expected" => format!("{actor} made it known beforehand ({})", detail("origin")),
        "device-updated" => format!("{actor} changed what is known of it ({})", detail("origin")),
        "device-adopted" => format!("{actor} took it over with the credential it has"),
        "device-edited" => format!("{actor} changed {}", detail("changed")),
        "device-retired" => format!("{actor} retired it: {reason}"),
        "blocked" => format!("{actor} blocked it: {reason}"),
        "unblocked" => format!("{actor} took it off the block list"),
        "allowed" => format!("{actor} put it on the allow list of group {group:?}"),
        "disallowed" => format!("{actor} took it off the allow list of group {group:?}"),
        "registered" => format!("it registered in group {group:?}"),
        "registration-pending" => format!("it asked to register in group {group:?} and waits for a person"),
        "registration-assigning" => format!("it registered in group {group:?}; what it needs is being allocated"),
        "registration-moved" => format!("it registered anew, now in group {group:?}; its instance was kept"),
        "registration-reset" => format!("it registered anew in group {group:?}; its instance was reset"),
        "credential-rotated" => format!("it registered again in group {group:?} and got a new credential"),
        "registration-refused" => match refusal(event) {
            Some(refusal) => {
                let says = refusal.says().trim_end_matches('.');
                format!("it was refused in group {group:?}: {}: {says}", refusal.code())
            }
            None => format!("it was refused in group {group:?}: {}", detail("code")),
        },
        "approved" => format!("{actor} agreed: {reason}"),
        "denied" => format!("{actor} denied it: {reason}"),
        "registration-ended" => "it ended its registration".to_owned(),
        "reported" => "it reported what changed".to_owned(),
        "credential-renewed" => "it renewed its credential".to_owned(),
        "credential-added" => format!("{actor} added a credential"),
        "bootstrap-finished" => format!("it was bootstrapped: {}{}", detail("result"), quirks(event)),
        "bootstrap-failed" => format!("its bootstrap failed: {}{}", detail("result"), quirks(event)),
        "bootstrap-wished" => format!("{actor} wished that it bootstraps anew (by {})", detail("via")),
        "bootstrap-triggered" => format!("it was told to bootstrap anew (by {})", detail("via")),
        "bootstrap-trigger-done" => "it did as it was told, and bootstrapped anew".to_owned(),
        "bootstrap-trigger-failed" => format!("it did not bootstrap anew: {reason}"),
        "bootstrap-trigger-cancelled" => format!("{actor} took back that it bootstraps anew"),
        "merge-conflict" => format!("{actor} had made it too, and another record stands: {}", event.detail),
        other => format!("{other} by {actor}: {}", event.detail),
    }
}

fn is_decision(what: &str) -> bool {
    const NOT: [&str; 9] = [
        "reported",
        "device-edited",
        "device-updated",
        "credential-added",
        "credential-renewed",
        "allowed",
        "disallowed",
        "blocked",
        "unblocked",
    ];
    !NOT.contains(&what) && !what.starts_with("bootstrap-")
}

fn quirks(event: &StoredEvent) -> String {
    let quirks = event.detail["quirks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    quirks.flat_map(|quirk| ["; ", quirk]).collect()
}

fn refusal(event: &StoredEvent) -> Option<Refusal> {
    serde_json::from_value(event.detail["code"].clone()).ok()
}

fn decided(event: &StoredEvent) -> Decided {
    let refusal = refusal(event);
    Decided {
        code: refusal.map(Refusal::code),
        says: in_words(event),
        hint: refusal.map(Refusal::hint),
        event: event.clone(),
    }
}

/// Returns where a device was found that waits for a person and never asked.
fn found_at(registry: &Registry, device: &DeviceRow) -> Result<Option<String>, RegistryError> {
    let (DeviceState::Pending, Some(registration)) = (device.state, &device.registration) else { return Ok(None) };
    let asked = registry.registration(registration)?.map(|known| known.asked);
    // A request of a device has no links.
    let asked = asked.filter(|asked| asked["links"].is_array());
    Ok(asked.map(|asked| asked["endpoint"]["address"].as_str().unwrap_or("an address unknown").to_owned()))
}

fn lines(
    device: Option<&DeviceRow>,
    found: Option<&str>,
    blocked: Option<&Blocked>,
    decided: Option<&Decided>,
) -> Vec<String> {
    let mut lines = vec![match (device, found) {
        (None, _) => "the registry does not list it".to_owned(),
        (Some(device), Some(address)) => {
            let group = device.group.as_deref().unwrap_or_default();
            format!(
                "a scan found it at {address}; it proved nothing, and waits for a person to take it into group {group:?}"
            )
        }
        (Some(device), None) => about(device),
    }];
    if let Some(blocked) = blocked {
        lines.push(format!("it is blocked: {}", blocked.reason));
    }
    if let Some(decided) = decided {
        lines.push(format!("last, {}: {}", day(&decided.event), decided.says));
        if let Some(hint) = decided.hint {
            lines.push(format!("what to do: {hint}"));
        }
    }
    lines
}

fn about(device: &DeviceRow) -> String {
    let group = device.group.as_ref().map(|group| format!(" in group {group:?}")).unwrap_or_default();
    let reason = device.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match device.state {
        DeviceState::Expected => format!("it is expected{group} ({}) and has not registered", device.origin),
        DeviceState::Pending => format!("it came{group} and waits for a person"),
        DeviceState::Assigning => format!("it came{group}; what it needs is being allocated"),
        DeviceState::Registered => format!("it is registered{group}"),
        DeviceState::Retired => format!("it is retired{reason}"),
    }
}

fn day(event: &StoredEvent) -> String {
    let at = event.at;
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year(), u8::from(at.month()), at.day(), at.hour(), at.minute())
}

fn next(id: &EndpointName, device: Option<&DeviceRow>, blocked: Option<&Blocked>) -> Option<String> {
    if blocked.is_some() {
        return Some(format!("firstlight group unblock {id}"));
    }
    let registration = device.filter(|device| device.state == DeviceState::Pending)?.registration.as_ref();
    registration.map(|registration| format!("firstlight approval approve {registration} --reason \"...\""))
}
