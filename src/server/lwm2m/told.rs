//! Bootstraps as lines of the log.

use serde_json::{Value, json};

use crate::bootstrap::{Refused, StepResult, StepTold};
use crate::dtls::Proof;
use crate::fleet::EndpointName;

/// Returns the word by which a refusal is counted.
pub(super) fn word(refused: &Refused) -> &'static str {
    match refused {
        Refused::Nameless => "nameless",
        Refused::Unknown(_) => "unknown",
        Refused::OtherKey { .. } => "other-key",
        Refused::NotItsName { .. } => "not-its-name",
        Refused::Waiting(_) => "waiting",
        Refused::Unavailable(_) => "unavailable",
        Refused::Faulty(_) => "faulty",
    }
}

/// What was proved in one word; an identity is no secret, but it may be anything.
pub(super) fn proof_word(proof: &Proof) -> &'static str {
    match proof {
        Proof::None => "none",
        Proof::Psk(_) => "psk",
        Proof::Certificates(_) => "x509",
        Proof::RawPublicKey(_) => "rpk",
    }
}

/// Returns a step as a line of the log.
pub(super) fn step_line(device: &EndpointName, told: &StepTold) -> Value {
    let asked = told.asked.as_ref();
    let result = match &told.result {
        StepResult::Answered { code, .. } => code.clone(),
        StepResult::Silent(why) => format!("no answer: {why}"),
        StepResult::Consulted(_) => "consulted".to_owned(),
        StepResult::Failed(why) => format!("failed: {why}"),
        StepResult::Passed => "passed over".to_owned(),
        StepResult::Withheld => "withheld".to_owned(),
    };
    json!({ "event": "step", "device": device.as_str(), "number": told.number, "step": told.step,
        "method": asked.map(|asked| &asked.method), "path": asked.map(|asked| &asked.path),
        "bytes": asked.map(|asked| asked.bytes), "result": result, "note": told.note })
}
