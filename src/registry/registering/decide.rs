//! What becomes of a registration: pure, from what the store knows.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::fleet::enrolment::{Approval, Refusal, Reprovision};

use super::asked::{Asked, Proof, Validated};
use super::snapshot::{RegistrationRow, Snapshot, TokenRow};

/// What is to be done for a registration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// A device that was not registered: note it, as far as `stage` says.
    New(Stage),
    /// The registered device gets a new credential; its registration stays.
    Rotate(String),
    /// The registered device begins anew under a new registration; its instance is kept if `keeps` says so.
    Anew {
        /// Its instance stays.
        keeps: bool,
    },
    /// It gets the answer it got.
    Same(String, Arc<Json>),
    /// It waits already.
    Waits(String, Stage),
    /// It is refused.
    Refused(Refusal),
    /// It was judged by a policy that is no more.
    Stale,
}

impl Verdict {
    /// Returns true for what a group's own check has a say in.
    fn is_validated(&self) -> bool {
        matches!(self, Self::New(_) | Self::Rotate(_) | Self::Anew { .. })
    }
}

/// How far a registration is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Done.
    Assigned,
    /// Waits for a person.
    Pending,
    /// Waits for the operator's allocation.
    Assigning,
}

impl Stage {
    /// Returns the word of the column `registration.state`.
    pub(super) fn registration(self) -> &'static str {
        match self {
            Stage::Assigned => "assigned",
            Stage::Pending => "pending",
            Stage::Assigning => "assigning",
        }
    }

    /// Returns the word of the column `device.state`.
    pub(super) fn device(self) -> &'static str {
        match self {
            Stage::Assigned => "registered",
            Stage::Pending => "pending",
            Stage::Assigning => "assigning",
        }
    }
}

/// Decides one registration at the moment `now` (milliseconds).
pub(super) fn decide(asked: &Asked, found: &Snapshot, now: i64) -> Verdict {
    match judged(asked, found, now) {
        Ok(verdict) if verdict.is_validated() => validated(asked, verdict),
        Ok(verdict) => verdict,
        Err(refusal) => Verdict::Refused(refusal),
    }
}

/// What the group's own check says comes last: it is asked about nothing that would be refused anyway.
fn validated(asked: &Asked, verdict: Verdict) -> Verdict {
    match (asked.validated, verdict) {
        (Validated::Agreed, verdict) => verdict,
        (Validated::NotAsked, _) => Verdict::Stale,
        (Validated::Refused(refusal), _) => Verdict::Refused(refusal),
        (Validated::Held, Verdict::New(_)) => Verdict::New(Stage::Pending),
        // A registered device cannot wait: it would be neither the one nor the other.
        (Validated::Held, _) => Verdict::Refused(Refusal::DeniedByHook),
    }
}

/// Returns true if the group's own check is to be asked about this registration.
pub(super) fn needs_check(asked: &Asked, found: &Snapshot, now: i64) -> bool {
    judged(asked, found, now).is_ok_and(|verdict| verdict.is_validated())
}

fn judged(asked: &Asked, found: &Snapshot, now: i64) -> Result<Verdict, Refusal> {
    let folded = asked.device.folded();
    let group = found.groups.get(&asked.group).ok_or(Refusal::GroupUnknown)?;
    if group.etag != asked.etag {
        return Ok(Verdict::Stale);
    }
    if asked.nonce.as_ref().is_some_and(|nonce| found.nonces.contains(&nonce.value)) {
        return Err(Refusal::NonceReplayed);
    }
    if found.blocked.contains(&folded) {
        return Err(Refusal::DeviceBlocked);
    }
    let earlier = earlier(asked, found, &folded)?;
    let is_repeat = earlier.is_some_and(|row| {
        matches!(row.state.as_str(), "assigned" | "pending" | "assigning") && may_repeat(asked, found, row)
    });
    check_proof(asked, found, &folded, now, is_repeat)?;
    let device = found.devices.get(&folded);
    // Also where it only asks again what it was told before.
    if device.is_some_and(|device| device.state == "retired") {
        return Err(Refusal::DeviceRetired);
    }
    if let Some(row) = earlier.filter(|_| is_repeat) {
        return Ok(again(row));
    }
    if device.is_some_and(|device| matches!(device.state.as_str(), "registered" | "pending" | "assigning")) {
        return registered(asked, found, &folded, now);
    }
    let is_known = is_known(asked, found, &folded, now)?;
    check_unique(asked, found, &folded)?;
    check_quota(asked, found)?;
    Ok(Verdict::New(stage(asked, is_known)))
}

/// The registration that was asked for by the same key, if it was the same request.
fn earlier<'a>(asked: &Asked, found: &'a Snapshot, folded: &str) -> Result<Option<&'a RegistrationRow>, Refusal> {
    let Some(row) = found.requests.get(&asked.request) else { return Ok(None) };
    if row.device != *folded || row.digest != asked.digest {
        return Err(Refusal::IdempotencyKeyReused);
    }
    if row.state == "denied" {
        return Err(Refusal::ApprovalDenied);
    }
    // What a later registration has replaced is no answer any more.
    let is_current = found.devices.get(folded).is_some_and(|device| device.registration.as_ref() == Some(&row.id));
    Ok(is_current.then_some(row))
}

fn again(row: &RegistrationRow) -> Verdict {
    match row.state.as_str() {
        "pending" => Verdict::Waits(row.id.clone(), Stage::Pending),
        "assigning" => Verdict::Waits(row.id.clone(), Stage::Assigning),
        _ => Verdict::Same(row.id.clone(), row.answer.clone()),
    }
}

fn check_proof(asked: &Asked, found: &Snapshot, folded: &str, now: i64, is_repeat: bool) -> Result<(), Refusal> {
    match &asked.proof {
        Proof::Claim | Proof::Answered => Ok(()),
        Proof::Token(hash) => {
            let token = found.tokens.get(hash).filter(|token| !token.is_role && !token.is_revoked);
            let token = token.ok_or(Refusal::TokenUnknown)?;
            let is_other_group = token.group.as_ref().is_some_and(|group| *group != asked.group);
            if is_other_group || token.device.as_ref().is_some_and(|device| device != folded) {
                return Err(Refusal::ProofOfAnotherDevice);
            }
            // A device that lost its answer comes again with the token it used.
            if is_repeat {
                return Ok(());
            }
            if token.expires.is_some_and(|expires| expires <= now) {
                return Err(Refusal::TokenExpired);
            }
            if token.max_uses.is_some_and(|most| token.used >= most) {
                return Err(Refusal::TokenUsedUp);
            }
            Ok(())
        }
        Proof::Key { fingerprint, must_be_known } => match found.credentials.get(fingerprint) {
            Some(credential) if credential.device != *folded => Err(Refusal::ProofOfAnotherDevice),
            Some(credential) if !credential.is_active => Err(Refusal::CertificateRevoked),
            None if *must_be_known => Err(Refusal::ProofInvalid),
            _ => Ok(()),
        },
    }
}

/// A token that others may hold too repeats only what was asked with it: it says nothing of who asks.
fn may_repeat(asked: &Asked, found: &Snapshot, row: &RegistrationRow) -> bool {
    !is_shared(asked, found) || matches!(asked.proof, Proof::Token(hash) if row.token == Some(hash))
}

/// Returns true if the proof is one that others may have too.
fn is_shared(asked: &Asked, found: &Snapshot) -> bool {
    matches!(&asked.proof, Proof::Token(hash) if found.tokens.get(hash).is_some_and(TokenRow::is_shared))
}

/// A device that is registered, or about to be, under another request.
fn registered(asked: &Asked, found: &Snapshot, folded: &str, now: i64) -> Result<Verdict, Refusal> {
    let device = &found.devices[folded];
    let current = device.registration.as_ref().and_then(|id| found.current.get(id));
    let current = current.ok_or(Refusal::AlreadyRegistered)?;
    if device.state != "registered" {
        return if is_shared(asked, found) { Err(Refusal::ProofShared) } else { Ok(again(current)) };
    }
    let is_here = device.group.as_ref() == Some(&asked.group);
    match asked.policy.reprovision {
        Reprovision::Deny => Err(Refusal::AlreadyRegistered),
        Reprovision::Same | Reprovision::Rotate | Reprovision::Reset if !is_here => Err(Refusal::AlreadyRegistered),
        _ if is_shared(asked, found) => Err(Refusal::ProofShared),
        Reprovision::Rotate if asked.credential.is_some() => {
            check_unique(asked, found, folded)?;
            Ok(Verdict::Rotate(current.id.clone()))
        }
        Reprovision::Same | Reprovision::Rotate => Ok(again(current)),
        Reprovision::Move if is_here => Ok(again(current)),
        mode => {
            is_known(asked, found, folded, now)?;
            check_unique(asked, found, folded)?;
            if !is_here {
                check_quota(asked, found)?;
            }
            Ok(Verdict::Anew { keeps: mode == Reprovision::Move })
        }
    }
}

/// Returns true if somebody listed the device; refuses one that is not, where the group wants that.
fn is_known(asked: &Asked, found: &Snapshot, folded: &str, now: i64) -> Result<bool, Refusal> {
    if found.devices.contains_key(folded) {
        return Ok(true);
    }
    let entry = found.allowed.get(&(asked.group.clone(), folded.to_owned()));
    match entry {
        Some(entry)
            if entry.expires.is_some_and(|expires| expires <= now)
                || entry.max_uses.is_some_and(|most| entry.used >= most) =>
        {
            Err(Refusal::AllowListUsedUp)
        }
        Some(_) => Ok(true),
        None if asked.policy.admit.listed => Err(Refusal::NotOnAllowList),
        None => Ok(false),
    }
}

fn check_unique(asked: &Asked, found: &Snapshot, folded: &str) -> Result<(), Refusal> {
    let serial = asked.facts.serial.as_ref().and_then(|serial| found.serials.get(serial.as_str()));
    if serial.is_some_and(|owner| owner != folded) {
        return Err(Refusal::SerialTaken);
    }
    if found.standings.clashes(asked) {
        return Err(Refusal::ModelInvalid);
    }
    let credential = asked.credential.as_ref().and_then(|new| found.credentials.get(&new.fingerprint));
    match credential {
        Some(credential) if credential.device != *folded => Err(Refusal::IdentityTaken),
        Some(credential) if !credential.is_active => Err(Refusal::CertificateRevoked),
        _ => Ok(()),
    }
}

fn check_quota(asked: &Asked, found: &Snapshot) -> Result<(), Refusal> {
    let used = found.groups.get(&asked.group).map_or(0, |group| group.used);
    let is_full = asked.policy.quota.is_some_and(|quota| u64::try_from(used).unwrap_or(0) >= quota);
    if is_full { Err(Refusal::QuotaReached) } else { Ok(()) }
}

fn stage(asked: &Asked, is_known: bool) -> Stage {
    match asked.policy.approval {
        Approval::Always => Stage::Pending,
        Approval::Unlisted if !is_known => Stage::Pending,
        _ if asked.allocates => Stage::Assigning,
        _ => Stage::Assigned,
    }
}
