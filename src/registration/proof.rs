//! Proofs: who sends a request, as far as that can be judged without a transaction.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fleet::enrolment::claim::{Claim, SCHEME, WINDOW};
use crate::fleet::enrolment::{ProofKind, Refusal};
use crate::fleet::{Digest, EndpointName, Secret};
use crate::registry::registering::{Nonce, Proof};
use crate::registry::{CredentialRow, CredentialState, Registry, RegistryError};

use super::certificates::id_of;
use super::challenge::Challenges;
use super::exchange::Incoming;
use super::groups::Group;
use super::keys::{ClaimKeys, GROUP_KEY, is_proven};
use super::models::choice::Pointed;
use super::points::point_of_pem;
use super::request::Refused;

/// The longest JWT, in characters.
const LONGEST_JWT: usize = 4096;
/// How long a JWT may be valid, in seconds.
const LONGEST_VALIDITY: i64 = 3600;

/// A proof that holds.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) proof: Proof,
    pub(super) nonce: Option<Nonce>,
}

/// What proofs are judged by.
pub(super) struct Judge {
    pub(super) fleet: String,
    pub(super) keys: Arc<dyn ClaimKeys>,
    pub(super) challenges: Challenges,
    pub(super) registry: Registry,
}

/// A refusal, or the registry's failure.
pub(super) enum Unproven {
    Refused(Refused),
    /// With the places in what was sent.
    Pointed(Pointed),
    Registry(RegistryError),
}

impl From<Pointed> for Unproven {
    fn from(pointed: Pointed) -> Self {
        Self::Pointed(pointed)
    }
}

impl From<Refused> for Unproven {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<RegistryError> for Unproven {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

fn refused<T>(refusal: Refusal, words: impl Into<String>) -> Result<T, Unproven> {
    Err(Unproven::Refused((refusal, words.into())))
}

impl Judge {
    /// Judges the proof of a request that says it comes from `device` of `group`.
    pub(super) fn judge(
        &self,
        incoming: &Incoming,
        device: &EndpointName,
        group: &Group,
        now: OffsetDateTime,
    ) -> Result<Proven, Unproven> {
        let authorization = incoming.authorization.as_ref().map(|text| text.as_str());
        match authorization {
            Some(header) if header.starts_with(SCHEME) => {
                taken(group, ProofKind::Claim)?;
                self.claim(incoming, header, device, group, now)
            }
            Some(header) => {
                let Some(token) = header.strip_prefix("Bearer ").map(str::trim) else {
                    return refused(Refusal::ProofInvalid, "the Authorization header is none that we know");
                };
                if token.bytes().filter(|byte| *byte == b'.').count() == 2 {
                    taken(group, ProofKind::Jwt)?;
                    return self.jwt(incoming, token, device, group, now);
                }
                taken(group, ProofKind::Token)?;
                Ok(Proven { proof: self.token(token, device, now)?, nonce: None })
            }
            None if !incoming.certificates.is_empty() => {
                taken(group, ProofKind::X509)?;
                certificate(&incoming.certificates, device, group, now)
            }
            None => refused(Refusal::ProofMissing, "neither an Authorization header nor a client certificate"),
        }
    }

    fn claim(
        &self,
        incoming: &Incoming,
        header: &str,
        device: &EndpointName,
        group: &Group,
        now: OffsetDateTime,
    ) -> Result<Proven, Unproven> {
        let Some((claim, mac)) = Claim::from_header(header) else {
            return refused(Refusal::ProofInvalid, "the claim cannot be read");
        };
        if claim.id != device.as_str() || claim.group != group.name {
            return refused(Refusal::ProofOfAnotherDevice, "the claim is not for the device and group of the request");
        }
        let nonce = self.nonce(&claim, now)?;
        let key = match claim.key.as_str() {
            GROUP_KEY => self.keys.group_derived(&group.name, group.policy.key_generation, &device.folded()),
            name => self.own_psk(name, device)?,
        };
        let Some(key) = key else {
            return refused(Refusal::ProofNotAccepted, "this server has no key to check the claim by");
        };
        let text = claim.text(&incoming.method, &incoming.target, &hex::encode(Digest::of(&incoming.body).as_bytes()));
        if !is_proven(&claim, &self.fleet, &key, &text, &mac) {
            return refused(Refusal::ProofInvalid, "the MAC of the claim is wrong");
        }
        Ok(Proven { proof: Proof::Claim, nonce: Some(nonce) })
    }

    /// A nonce is remembered as long as its claim could come again.
    fn nonce(&self, claim: &Claim, now: OffsetDateTime) -> Result<Nonce, Unproven> {
        let seconds = now.unix_timestamp();
        let expires = match claim.time {
            Some(time) if (seconds - WINDOW..=seconds + WINDOW).contains(&time) => time + WINDOW + 1,
            Some(time) => {
                let words = format!("its time is {time}, here it is {seconds}; {WINDOW} s are allowed between them");
                return refused(Refusal::ClaimExpired, words);
            }
            None => match self.challenges.recognize(&claim.nonce, seconds) {
                Some(expires) => expires + 1,
                None => return refused(Refusal::ClaimExpired, "without a time the nonce must be a fresh challenge"),
            },
        };
        let expires = OffsetDateTime::from_unix_timestamp(expires).unwrap_or(now);
        Ok(Nonce { value: format!("claim/{}/{}", claim.id.to_ascii_lowercase(), claim.nonce), expires })
    }

    fn jwt(
        &self,
        incoming: &Incoming,
        token: &str,
        device: &EndpointName,
        group: &Group,
        now: OffsetDateTime,
    ) -> Result<Proven, Unproven> {
        let Some(jwt) = Jwt::read(token) else { return refused(Refusal::ProofInvalid, "the JWT cannot be read") };
        let (point, proof) = match group.issuer(&jwt.kid) {
            Some(point) => (point.to_vec(), Proof::Claim),
            None => self.own_key(&jwt.kid, device)?,
        };
        let signature = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        if signature.verify(jwt.signed.as_bytes(), &jwt.signature).is_err() {
            return refused(Refusal::ProofInvalid, "the signature of the JWT is wrong");
        }
        if jwt.text("sub") != Some(device.as_str()) {
            return refused(Refusal::ProofOfAnotherDevice, "the JWT's \"sub\" is another device");
        }
        if jwt.text("aud") != Some(self.fleet.as_str()) {
            return refused(Refusal::ProofInvalid, "the JWT's \"aud\" is not this fleet");
        }
        let body = URL_SAFE_NO_PAD.encode(Digest::of(&incoming.body).as_bytes());
        if jwt.text("bod") != Some(body.as_str()) {
            return refused(Refusal::ProofInvalid, "the JWT's \"bod\" is not the digest of this body");
        }
        let nonce = jwt.nonce(device, now)?;
        Ok(Proven { proof, nonce: Some(nonce) })
    }

    /// The pre-shared key that a station made for a device, as the registry holds it.
    fn own_psk(&self, name: &str, device: &EndpointName) -> Result<Option<Secret>, Unproven> {
        let Some(known) = self.registry.device(device.as_str())?.and_then(|known| EndpointName::new(&known.id).ok())
        else {
            return Ok(None);
        };
        let credentials = self.registry.credentials(device.as_str())?;
        let is_it =
            |row: &&CredentialRow| row.name == name && row.kind == "psk" && row.state == CredentialState::Active;
        // The newest comes last.
        Ok(credentials.iter().rev().filter(is_it).find_map(|row| self.keys.own(&known, row)))
    }

    /// A token that a station made for a device is one of its credentials; others are the registry's tokens.
    fn token(&self, token: &str, device: &EndpointName, now: OffsetDateTime) -> Result<Proof, Unproven> {
        let hash = Digest::of(token.as_bytes());
        let Some(made) = self.registry.credential(hash)?.filter(|made| made.kind == "token") else {
            return Ok(Proof::Token(hash));
        };
        if made.device != device.folded() {
            return refused(Refusal::ProofOfAnotherDevice, "the token belongs to another device");
        }
        if made.state != CredentialState::Active {
            return refused(Refusal::TokenUnknown, "the token was taken out of use");
        }
        let end = made.public["not_after"].as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        if end.is_none_or(|end| end <= now) {
            return refused(Refusal::TokenExpired, "the token is no longer valid");
        }
        Ok(Proof::Key { fingerprint: hash, must_be_known: true })
    }

    /// The key that a device has in the registry, by its fingerprint.
    fn own_key(&self, kid: &str, device: &EndpointName) -> Result<(Vec<u8>, Proof), Unproven> {
        let fingerprint = hex::decode(kid).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(fingerprint) = fingerprint.map(Digest::from_bytes) else {
            return refused(Refusal::ProofInvalid, "the JWT's \"kid\" is no key that we know");
        };
        let Some((owner, pem)) = self.registry.public_key(fingerprint)? else {
            return refused(Refusal::ProofInvalid, "the JWT's \"kid\" is no key that we know");
        };
        if owner != device.folded() {
            return refused(Refusal::ProofOfAnotherDevice, "the JWT's key belongs to another device");
        }
        let Some(point) = point_of_pem(&pem) else {
            return refused(Refusal::ProofNotAccepted, "the device's key is not one of P-256");
        };
        Ok((point, Proof::Key { fingerprint, must_be_known: true }))
    }
}

fn taken(group: &Group, kind: ProofKind) -> Result<(), Unproven> {
    if group.policy.proofs.contains(&kind) {
        return Ok(());
    }
    refused(Refusal::ProofNotAccepted, format!("group {:?} does not take it", group.name))
}

/// Judges a client certificate: its chain, its dates, its use, and whose it is.
fn certificate(
    chain: &[Vec<u8>],
    device: &EndpointName,
    group: &Group,
    now: OffsetDateTime,
) -> Result<Proven, Unproven> {
    let Some(rule) = &group.policy.x509 else {
        return refused(Refusal::ProofNotAccepted, format!("group {:?} has no rule for certificates", group.name));
    };
    if let Err(words) = group.check_chain(chain, now) {
        return refused(Refusal::CertificateNotTrusted, words);
    }
    let Ok((_, certificate)) = X509Certificate::from_der(&chain[0]) else {
        return refused(Refusal::CertificateNotTrusted, "the certificate cannot be read");
    };
    let id = id_of(&certificate, &rule.id);
    if !id.is_some_and(|id| id.eq_ignore_ascii_case(device.as_str())) {
        return refused(Refusal::ProofOfAnotherDevice, "the certificate names another device");
    }
    let fingerprint = Digest::of(certificate.public_key().raw);
    Ok(Proven { proof: Proof::Key { fingerprint, must_be_known: false }, nonce: None })
}

/// Returns the device that a JWT says it is of; nothing is believed yet.
pub(super) fn subject(token: &str) -> Option<String> {
    Jwt::read(token)?.text("sub").map(str::to_owned)
}

/// Returns the device that a certificate names by a group's template; nothing is believed yet.
pub(super) fn named_by(der: &[u8], template: &str) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    id_of(&certificate, template)
}

/// Returns the SHA-256 of a certificate's public key.
pub(super) fn fingerprint_of(der: &[u8]) -> Option<Digest> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(Digest::of(certificate.public_key().raw))
}

/// A JWT, not yet believed.
struct Jwt {
    kid: String,
    signed: String,
    signature: Vec<u8>,
    claims: Value,
}

impl Jwt {
    fn read(token: &str) -> Option<Self> {
        if token.len() > LONGEST_JWT {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
        let header = json(header)?;
        // One algorithm: what the header says is compared, never obeyed. "crit" (RFC 7515, 4.1.11) is not understood.
        if header.get("alg")?.as_str()? != "ES256" || header.get("crit").is_some() {
            return None;
        }
        Some(Self {
            kid: header.get("kid")?.as_str()?.to_owned(),
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            claims: json(claims).filter(Value::is_object)?,
        })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    fn nonce(&self, device: &EndpointName, now: OffsetDateTime) -> Result<Nonce, Unproven> {
        let seconds = now.unix_timestamp();
        let number = |name: &str| self.claims.get(name).and_then(Value::as_i64);
        let (Some(issued), Some(expires), Some(id)) = (number("iat"), number("exp"), self.text("jti")) else {
            return refused(Refusal::ProofInvalid, "the JWT needs \"iat\", \"exp\" and \"jti\"");
        };
        if issued > seconds + WINDOW || expires <= seconds || expires - issued > LONGEST_VALIDITY {
            return refused(Refusal::ClaimExpired, "the JWT is not valid now, or for longer than an hour");
        }
        if !(8..=128).contains(&id.len()) {
            return refused(Refusal::ProofInvalid, "the JWT's \"jti\" has not 8 to 128 characters");
        }
        let expires = OffsetDateTime::from_unix_timestamp(expires + 1).unwrap_or(now);
        Ok(Nonce { value: format!("jwt/{}/{}", device.folded(), hex::encode(id)), expires })
    }
}
