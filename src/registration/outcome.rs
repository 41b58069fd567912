//! What a device is told of its registration: of a decision, and of how it stands.

use std::sync::Arc;

use serde_json::json;

use crate::fleet::enrolment::Refusal;
use crate::registry::registering::{Decision, Registered};

use super::exchange::Reply;

/// After how many seconds a device asks again whether it was approved.
const PENDING: u32 = 30;
/// After how many seconds a device tries again when a hook failed.
const AGAIN: u32 = 10;
/// After how many seconds a device asks again when the registry is away.
pub(super) const AWAY: u32 = 5;

/// Words a decision.
pub(super) fn reply(decision: Decision) -> Reply {
    match decision {
        Decision::Assigned { registration, answer } => {
            Reply { location: Some(path_of(&registration)), ..Reply::fields(201, Arc::unwrap_or_clone(answer)) }
        }
        Decision::Same { answer, .. } => Reply::fields(200, Arc::unwrap_or_clone(answer)),
        Decision::Pending { registration } => waiting(&registration, "pending"),
        Decision::Assigning { registration } => waiting(&registration, "assigning"),
        Decision::Refused(refusal) => Reply::refused(refusal, refusal.says()),
        Decision::Stale => Reply::refused(Refusal::TryLater, "the group's policy was changed").after(1),
    }
}

fn path_of(registration: &str) -> String {
    format!("/v1/registrations/{registration}")
}

fn waiting(registration: &str, state: &str) -> Reply {
    let fields = json!({ "registration": registration, "state": state, "status": path_of(registration) });
    let seconds = if state == "pending" { PENDING } else { AWAY };
    Reply { location: Some(path_of(registration)), ..Reply::fields(202, fields).after(seconds) }
}

/// Words how a registration stands.
pub(super) fn state_of(registered: &Registered) -> Reply {
    match registered.state.as_str() {
        "assigned" => Reply::fields(200, registered.answer.clone()),
        "pending" | "assigning" => waiting(&registered.id, &registered.state),
        "failed" => {
            let is_denied = registered.decided_by.as_deref() == Some("hook");
            let refusal = if is_denied { Refusal::DeniedByHook } else { Refusal::HookFailed };
            refused_by_hook(refusal, registered.reason.as_deref().unwrap_or_default())
        }
        "denied" => Reply::refused(Refusal::ApprovalDenied, registered.reason.clone().unwrap_or_default()),
        state => Reply::refused(Refusal::NotRegistered, format!("the registration is {state}")),
    }
}

/// A hook's no is told in its words; how it failed is nothing to a device.
pub(super) fn refused_by_hook(refusal: Refusal, words: &str) -> Reply {
    match refusal {
        Refusal::DeniedByHook if !words.is_empty() => Reply::refused(refusal, words),
        Refusal::DeniedByHook => Reply::refused(refusal, refusal.says()),
        _ => Reply::refused(refusal, refusal.says()).after(AGAIN),
    }
}
