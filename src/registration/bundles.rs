//! The counter where devices fetch their bundle and say what came of it (Remote Bootstrap over HTTPS).

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;

use crate::bundle::sealed::result::signed_by;
use crate::delivery::result::{Outcome, ResultBody, ResultRoom};
use crate::fleet::enrolment::claim::{Claim, SCHEME};
use crate::fleet::enrolment::{Approval, Refusal};
use crate::fleet::{Digest, EndpointName};
use crate::registry::registering::{BundleResult, BundleVisit};
use crate::registry::{DeviceRow, Registry, Scope};

use super::exchange::{Incoming, Reply};
use super::groups::{Group, Groups};
use super::proof::{Judge, Proven, Unproven, fingerprint_of, named_by, subject};

/// The media type of a bundle: a tar archive of the folder that a medium would hold.
const TAR: &str = "application/x-tar";
/// After how many seconds a device asks again where its bundle could not be made.
const AGAIN: u32 = 60;

/// Where the bundles of devices come from.
pub trait Bundles: Send + Sync {
    /// Returns the bundle of a device that has version `has`.
    fn offer(&self, device: &EndpointName, has: Option<u32>) -> Result<Offer, Unserved>;
}

/// What there is for a device.
pub enum Offer {
    /// It has the newest version: this one.
    Known(u32),
    /// A bundle.
    Bundle {
        /// Its version.
        version: u32,
        /// The archive.
        archive: Vec<u8>,
    },
}

/// Why there is no bundle.
pub enum Unserved {
    /// There is none for this device here.
    None,
    /// It could not be made; the operator has been told why.
    Failed,
}

/// The counter.
pub(super) struct Counter<'a> {
    pub(super) judge: &'a Judge,
    pub(super) groups: &'a Groups,
    pub(super) registry: &'a Registry,
    pub(super) bundles: &'a dyn Bundles,
}

impl Counter<'_> {
    /// Answers `GET /v1/bootstrap`.
    pub(super) fn fetched(&self, incoming: &Incoming, now: OffsetDateTime) -> Result<Reply, Unproven> {
        let device = match self.visitor(incoming, now)? {
            Ok(device) => device,
            Err(refusal) => return Ok(Reply::refused(refusal, refusal.says())),
        };
        let has = incoming.if_none_match.as_deref().and_then(version_of);
        match self.bundles.offer(&device, has) {
            Ok(Offer::Known(version)) => Ok(Reply { etag: Some(version.to_string()), ..Reply::empty(304) }),
            Ok(Offer::Bundle { version, archive }) => {
                self.registry.bundle_fetched(&device.folded(), version)?;
                Ok(Reply { etag: Some(version.to_string()), ..Reply::bytes(TAR, archive) })
            }
            Err(Unserved::None) => {
                Ok(Reply::refused(Refusal::NotRegistered, "this server holds no bundle for the device"))
            }
            Err(Unserved::Failed) => {
                Ok(Reply::refused(Refusal::TryLater, "the bundle of the device cannot be made now").after(AGAIN))
            }
        }
    }

    /// Answers `POST /v1/bootstrap/result`.
    pub(super) fn heard(&self, incoming: &Incoming, now: OffsetDateTime) -> Result<Reply, Unproven> {
        let ResultRoom::File(file, body) = ResultRoom::read(&incoming.body) else {
            let words = "it is no result of a bundle: the file firstlight-result.json as the device's reader wrote it";
            return Err((Refusal::MalformedRequest, words.to_owned()).into());
        };
        let Some(key) = signed_by(&file) else {
            return Err((Refusal::RequestNotAcceptable, "the signature of the result is wrong".to_owned()).into());
        };
        let device = match self.visitor(incoming, now)? {
            Ok(device) => device,
            Err(refusal) => return Ok(Reply::refused(refusal, refusal.says())),
        };
        if !body.device.eq_ignore_ascii_case(device.as_str()) || body.fleet != self.judge.fleet {
            let words = "the result is of another device's bundle".to_owned();
            return Err((Refusal::ProofOfAnotherDevice, words).into());
        }
        self.registry.bundle_result(&device.folded(), result(&body, &key.line()))?;
        Ok(Reply::empty(204))
    }

    /// Returns the device that proved itself, or why the registry does not admit it.
    fn visitor(&self, incoming: &Incoming, now: OffsetDateTime) -> Result<Result<EndpointName, Refusal>, Unproven> {
        let (known, claimed) = self.known(incoming, now)?;
        let stored = EndpointName::new(&known.id)
            .map_err(|_| (Refusal::InvalidIdentifier, "the registry's name of the device is none".to_owned()))?;
        let group = self.group(&known, claimed.as_ref())?;
        // A claim and a JWT sign the device's own spelling.
        let spelled = claimed.map_or_else(|| stored.clone(), |claimed| claimed.device);
        let Proven { proof, nonce } = self.judge.judge(incoming, &spelled, &group, now)?;
        let must_be_registered = group.policy.approval != Approval::None;
        let visit = BundleVisit { device: known.folded, group: group.name.clone(), must_be_registered, proof, nonce };
        Ok(self.registry.visit_for_bundle(visit)?.map(|()| stored))
    }

    fn group(&self, known: &DeviceRow, claimed: Option<&Claimed>) -> Result<Arc<Group>, Unproven> {
        let named = claimed.and_then(|claimed| claimed.group.clone());
        if let (Some(named), Some(group)) = (&named, &known.group)
            && named != group
        {
            return Err((Refusal::ProofOfAnotherDevice, "the device is of another group".to_owned()).into());
        }
        let found = self.groups.get(known.group.as_deref().or(named.as_deref()));
        found.ok_or_else(|| (Refusal::GroupUnknown, "the group of the device is not there".to_owned()).into())
    }

    /// Finds the device that the request says it is of; nothing is believed yet.
    fn known(&self, incoming: &Incoming, now: OffsetDateTime) -> Result<(DeviceRow, Option<Claimed>), Unproven> {
        let unknown = || Unproven::Refused((Refusal::NotRegistered, "the registry knows no such device".to_owned()));
        if let Some(claimed) = claimed(incoming) {
            let row = self.registry.device(claimed.device.as_str())?.ok_or_else(unknown)?;
            return Ok((row, Some(claimed)));
        }
        let bearer = incoming.authorization.as_ref().and_then(|text| text.strip_prefix("Bearer "));
        let fingerprint = match bearer {
            Some(token) => Some(Digest::of(token.trim().as_bytes())),
            None => incoming.certificates.first().and_then(|der| fingerprint_of(der)),
        };
        let Some(fingerprint) = fingerprint else {
            let words = "neither an Authorization header nor a client certificate".to_owned();
            return Err((Refusal::ProofMissing, words).into());
        };
        if let Some(credential) = self.registry.credential(fingerprint)? {
            return Ok((self.registry.device(&credential.device)?.ok_or_else(unknown)?, None));
        }
        if bearer.is_some() {
            let claimed = self.of_token(fingerprint, now)?;
            let row = self.registry.device(claimed.device.as_str())?.ok_or_else(unknown)?;
            return Ok((row, Some(claimed)));
        }
        let names = self.groups.named_by(|rule| named_by(incoming.certificates.first()?, rule));
        for name in names {
            if let Some(row) = self.registry.device(&name)? {
                return Ok((row, None));
            }
        }
        Err(unknown())
    }

    /// Finds the device that a token of the registry was made for. A token that others hold too fetches no bundle.
    fn of_token(&self, hash: Digest, now: OffsetDateTime) -> Result<Claimed, Unproven> {
        let refused = |refusal: Refusal, words: &str| Unproven::Refused((refusal, words.to_owned()));
        let found = self.registry.find_token(hash.as_bytes())?;
        let token = found.ok_or_else(|| refused(Refusal::TokenUnknown, "the registry knows no such token"))?;
        let Scope::Device { group, device } = &token.scope else {
            let words = "only tokens that were made for one device are taken here";
            return Err(refused(Refusal::ProofNotAccepted, words));
        };
        // Its uses count registrations: to fetch is none.
        if token.expires.is_some_and(|end| end <= now) {
            return Err(refused(Refusal::TokenExpired, "the token is no longer valid"));
        }
        let device = EndpointName::new(device)
            .map_err(|_| refused(Refusal::InvalidIdentifier, "the registry's name of the device is none"))?;
        Ok(Claimed { device, group: Some(group.clone()) })
    }
}

/// What a request says of itself.
struct Claimed {
    device: EndpointName,
    group: Option<String>,
}

fn claimed(incoming: &Incoming) -> Option<Claimed> {
    let header = incoming.authorization.as_ref()?;
    if header.starts_with(SCHEME) {
        let (claim, _) = Claim::from_header(header)?;
        return Some(Claimed { device: EndpointName::new(&claim.id).ok()?, group: Some(claim.group) });
    }
    let token = header.strip_prefix("Bearer ")?.trim();
    Some(Claimed { device: EndpointName::new(&subject(token)?).ok()?, group: None })
}

/// Reads a version out of `If-None-Match` (RFC 9110, section 13.1.2): one strong tag.
fn version_of(text: &str) -> Option<u32> {
    text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

fn result(body: &ResultBody, key: &str) -> BundleResult {
    let (what, taken) = match body.outcome {
        Outcome::Ingested | Outcome::Unchanged => ("bundle-taken", true),
        Outcome::Refused => ("bundle-refused", false),
        Outcome::RolledBack => ("bundle-rolled-back", false),
    };
    let detail = json!({ "version": body.version, "outcome": body.outcome, "reason": body.reason, "words": body.words,
        "at": body.at, "key": key });
    BundleResult { what, in_force: taken.then_some(i64::from(body.version)), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_strong_tag_is_a_version() {
        assert_eq!(version_of("\"7\""), Some(7));
        for other in ["", "*", "7", "W/\"7\"", "\"7\", \"8\"", "\"x\"", "\"-1\"", "\""] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
