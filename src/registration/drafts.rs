//! Registrations that no device sent: tried, or asked for in the name of a device that was found.

use std::sync::Arc;

use serde_json::Value;

use crate::fleet::enrolment::{Approval, GroupPolicy, Reprovision};
use crate::registry::registering::{Asked, Proof, Validated};

use super::allotment::resources;
use super::desk::facts;
use super::groups::Group;
use super::repetition::digest;
use super::request::{Refused, Request};

/// Returns the registration as the desk would ask for it, without model, credential and answer, its proof taken to be good.
pub(super) fn draft(fields: &Value, request: &Request, group: &Group, registration: &str) -> Result<Asked, Refused> {
    let digest = digest(fields);
    Ok(Asked {
        registration: registration.to_owned(),
        device: request.device.clone(),
        group: group.name.clone(),
        etag: group.etag,
        policy: Arc::clone(&group.policy),
        proof: Proof::Claim,
        nonce: None,
        request: format!("asked/{}/{}", request.device.folded(), hex::encode(digest.as_bytes())),
        digest,
        facts: facts(request, group),
        credential: None,
        instance: None,
        resources: resources(request, group)?,
        allocates: group.policy.hooks.allocate.is_some(),
        validated: Validated::Agreed,
        asked: fields.clone(),
        answer: Value::Null.into(),
        source: "rehearsal".to_owned(),
    })
}

/// Makes it the registration of a device that was found: nothing is proven, and a person decides whatever the group says.
pub(super) fn as_found(asked: &mut Asked) {
    let policy = (*asked.policy).clone();
    asked.policy = Arc::new(GroupPolicy { approval: Approval::Always, reprovision: Reprovision::Same, ..policy });
    asked.proof = Proof::Answered;
    asked.request = format!("found/{}", asked.device.folded());
}
