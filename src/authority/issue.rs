//! Issuing: from the shape of a credential to the credential.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::delivery::{Clock, Credential, PublicCredential, PublicKind, Random};
use crate::fleet::{CredentialKind, CredentialShape, Digest, EndpointName, KeyAlgorithm, KeyGroup, KeyOrigin, Secret};
use crate::fleet::{SerialNumber, Validity};

use super::ca::whole_seconds;
use super::certificate::{NO_EXPIRY, Span, device_params, draw_serial};
use super::description::in_words;
use super::enrolment_keys::LENGTH as DERIVED;
use super::key_pair::KeyPair;
use super::request;
use super::sealing::FleetKey;
use super::{Authority, AuthorityError};

/// The shortest and the longest pre-shared key, in bytes.
const PSK_LENGTHS: std::ops::RangeInclusive<u16> = 16..=64;
/// Lengths a token may have, in random bytes.
const TOKEN_LENGTHS: std::ops::RangeInclusive<u16> = 16..=64;
/// The longest PSK identity, in bytes, that every implementation takes (RFC 4279, section 5.3).
const LONGEST_IDENTITY: usize = 128;

/// What is to be issued, and for whom.
#[derive(Clone, Copy)]
pub struct CredentialRequest<'a> {
    /// The device.
    pub device: &'a EndpointName,
    /// Its serial number.
    pub serial: Option<&'a SerialNumber>,
    /// Its model; recorded by nobody yet.
    pub model: Option<&'a str>,
    /// The name under which the profile asks for the credential.
    pub name: &'a Arc<str>,
    /// Generation, from 1.
    pub generation: u32,
    /// What the profile asks for.
    pub shape: &'a CredentialShape,
    /// What keys of enrolment groups are derived from; without it none is.
    pub group_keys: Option<GroupKeys<'a>>,
}

/// What keys of enrolment groups are derived from.
#[derive(Clone, Copy)]
pub struct GroupKeys<'a> {
    /// The fleet's name.
    pub fleet: &'a str,
    /// The fleet key.
    pub key: &'a FleetKey,
}

impl CredentialRequest<'_> {
    /// Names the credential: what its draws are for. The name stands last, for it alone may hold a slash.
    fn purpose(&self) -> String {
        format!("{}/{}/{}", self.device, self.generation, self.name)
    }

    fn cannot(&self, reason: impl Into<String>) -> AuthorityError {
        AuthorityError::Shape { device: self.device.to_string(), name: self.name.to_string(), reason: reason.into() }
    }
}

impl Authority {
    /// Issues a credential: draws its private material, and signs what is to be signed. Threads may issue side by side.
    ///
    /// From a foretold `random` everything is derived, so that the same seed and clock give the same bytes; a production
    /// authority refuses that. A certificate begins at the clock's second (at the issuer's beginning, if the clock is
    /// behind it) and never outlives its issuer.
    pub fn issue(
        &self,
        request: &CredentialRequest<'_>,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Credential, AuthorityError> {
        if random.foretold() && !self.is_demo() {
            return Err(AuthorityError::Foretold);
        }
        let (kind, private) = match &request.shape.kind {
            CredentialKind::X509 { valid, made: KeyOrigin::Station, .. } => {
                self.issue_certificate(request, *valid, clock, random)?
            }
            CredentialKind::X509 { valid, made: KeyOrigin::Device(key), .. } => {
                self.certify(request, *valid, key.as_deref(), clock, random)?
            }
            CredentialKind::Psk { bytes, identity, group: Some(group) } if !random.foretold() => {
                derive_psk(request, *bytes, identity.as_deref(), group)?
            }
            // What is foretold is for rehearsals: a real key must not get into them.
            CredentialKind::Psk { bytes, identity, .. } => draw_psk(request, *bytes, identity.as_deref(), random)?,
            CredentialKind::RawPublicKey { key: KeyAlgorithm::P256 } => draw_raw_key(request, random)?,
            CredentialKind::Token { bytes, valid } => draw_token(request, *bytes, *valid, clock.now(), random)?,
        };
        let public = PublicCredential {
            name: Arc::clone(request.name),
            generation: request.generation,
            kind,
            demo: self.is_demo() || random.foretold(),
        };
        Ok(Credential { public, private })
    }

    fn issue_certificate(
        &self,
        request: &CredentialRequest<'_>,
        valid: Validity,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(PublicKind, Secret), AuthorityError> {
        let span = self.span(request, valid, clock.now())?;
        let purpose = format!("x509/{}", request.purpose());
        let pair = KeyPair::draw(random, &purpose)?;
        let serial = draw_serial(random, &purpose);
        let organization = self.root.organization.as_deref();
        let params = device_params(request.device, request.serial, organization, span, &serial)?;
        let issuer = self.rehearsal.as_ref().filter(|_| random.foretold()).unwrap_or(&self.issuer);
        let certificate =
            params.signed_by(&pair, issuer).map_err(|_| AuthorityError::Crypto { doing: "signing a certificate" })?;
        let kind = PublicKind::X509 {
            certificate: certificate.der().to_vec(),
            issuers: self.issuers().map(<[u8]>::to_vec).to_vec(),
            serial: hex::encode(serial),
            key_fingerprint: pair.fingerprint(),
        };
        Ok((kind, pair.to_pkcs8()?))
    }

    /// Certifies a key that the device made: there is no private half here.
    fn certify(
        &self,
        request: &CredentialRequest<'_>,
        valid: Validity,
        key: Option<&str>,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<(PublicKind, Secret), AuthorityError> {
        let key = key.ok_or_else(|| request.cannot("its key is made on the device, which has shown none yet"))?;
        let key = request::PublicKey::from_spki(key).map_err(|reason| request.cannot(reason))?;
        let span = self.span(request, valid, clock.now())?;
        let serial = draw_serial(random, &format!("x509/{}", request.purpose()));
        let organization = self.root.organization.as_deref();
        let params = device_params(request.device, request.serial, organization, span, &serial)?;
        let issuer = self.rehearsal.as_ref().filter(|_| random.foretold()).unwrap_or(&self.issuer);
        let signed = params.signed_by(&key.for_signing(), issuer);
        let certificate = signed.map_err(|_| AuthorityError::Crypto { doing: "signing a certificate" })?;
        let kind = PublicKind::X509 {
            certificate: certificate.der().to_vec(),
            issuers: self.issuers().map(<[u8]>::to_vec).to_vec(),
            serial: hex::encode(serial),
            key_fingerprint: key.fingerprint(),
        };
        Ok((kind, Secret::new(Vec::new())))
    }

    /// From when until when: inside the issuer's own time, or not at all.
    fn span(
        &self,
        request: &CredentialRequest<'_>,
        valid: Validity,
        now: OffsetDateTime,
    ) -> Result<Span, AuthorityError> {
        let issuer = self.intermediate.span;
        let not_before = whole_seconds(now).max(issuer.not_before);
        let not_after = match valid {
            Validity::Forever => Some(NO_EXPIRY),
            Validity::Seconds(0) => return Err(request.cannot("it would be valid for 0 s")),
            Validity::Seconds(seconds) => {
                let length = i64::try_from(seconds).ok().map(Duration::seconds);
                length.and_then(|length| not_before.checked_add(length)).filter(|end| *end <= NO_EXPIRY)
            }
        };
        let not_after = not_after.ok_or_else(|| request.cannot("it would be valid beyond the year 9999"))?;
        if not_after > issuer.not_after {
            return Err(AuthorityError::Outlives {
                device: request.device.to_string(),
                wanted: in_words(not_after),
                issuer: in_words(issuer.not_after),
            });
        }
        Ok(Span { not_before, not_after })
    }
}

fn draw_psk(
    request: &CredentialRequest<'_>,
    length: u16,
    identity: Option<&str>,
    random: &dyn Random,
) -> Result<(PublicKind, Secret), AuthorityError> {
    if !PSK_LENGTHS.contains(&length) {
        let (least, most) = PSK_LENGTHS.into_inner();
        return Err(request.cannot(format!("a key of {length} bytes is asked for, {least} to {most} are possible")));
    }
    let identity = fill_identity(request, identity.unwrap_or("{id}"))?;
    let mut key = Zeroizing::new(vec![0; usize::from(length)]);
    random.fill(&format!("psk/{}", request.purpose()), &mut key);
    Ok((PublicKind::Psk { identity }, Secret::new(std::mem::take(&mut *key))))
}

/// Derives a pre-shared key from the key of an enrolment group: the same again for the same device and group key.
fn derive_psk(
    request: &CredentialRequest<'_>,
    length: u16,
    identity: Option<&str>,
    group: &KeyGroup,
) -> Result<(PublicKind, Secret), AuthorityError> {
    if usize::from(length) != DERIVED {
        let reason = format!("a derived key of {length} bytes is asked for, it has {DERIVED}");
        return Err(request.cannot(reason));
    }
    let GroupKeys { fleet, key } = request.group_keys.ok_or_else(|| {
        request.cannot(format!("it is derived from the key of group {:?}, which is not here", group.name))
    })?;
    let identity = fill_identity(request, identity.unwrap_or("{id}"))?;
    Ok((PublicKind::Psk { identity }, key.device_key(fleet, &group.name, group.generation, request.device)))
}

/// Puts the device's own values into an identity template; any other brace is refused.
fn fill_identity(request: &CredentialRequest<'_>, template: &str) -> Result<String, AuthorityError> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{id}") {
            filled.push_str(request.device.as_str());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{serial}") {
            let serial = request.serial.ok_or_else(|| request.cannot("its identity needs a serial number"))?;
            filled.push_str(serial.as_str());
            rest = after;
        } else {
            return Err(request.cannot(format!("identity {template:?} knows only {{id}} and {{serial}}")));
        }
    }
    filled.push_str(rest);
    if filled.is_empty() || filled.len() > LONGEST_IDENTITY {
        let length = filled.len();
        return Err(request.cannot(format!("its identity has {length} bytes, 1 to {LONGEST_IDENTITY} are possible")));
    }
    Ok(filled)
}

fn draw_raw_key(request: &CredentialRequest<'_>, random: &dyn Random) -> Result<(PublicKind, Secret), AuthorityError> {
    let pair = KeyPair::draw(random, &format!("rpk/{}", request.purpose()))?;
    let kind = PublicKind::RawPublicKey { public_key: pair.spki(), key_fingerprint: pair.fingerprint() };
    Ok((kind, pair.to_pkcs8()?))
}

/// The token is text (base64url without padding, RFC 4648, section 5), so that it fits a header, a URL and a file.
fn draw_token(
    request: &CredentialRequest<'_>,
    length: u16,
    valid: u64,
    now: OffsetDateTime,
    random: &dyn Random,
) -> Result<(PublicKind, Secret), AuthorityError> {
    if !TOKEN_LENGTHS.contains(&length) {
        let (least, most) = TOKEN_LENGTHS.into_inner();
        return Err(request.cannot(format!("a token of {length} bytes is asked for, {least} to {most} are possible")));
    }
    let mut bytes = Zeroizing::new(vec![0; usize::from(length)]);
    random.fill(&format!("token/{}", request.purpose()), &mut bytes);
    let token = Secret::new(URL_SAFE_NO_PAD.encode(&*bytes).into_bytes());
    let length = i64::try_from(valid).ok().filter(|seconds| *seconds > 0).map(Duration::seconds);
    let end = length.and_then(|length| whole_seconds(now).checked_add(length));
    let end = end.ok_or_else(|| request.cannot(format!("it would be valid for {valid} s")))?;
    let not_after = end.format(&Rfc3339).map_err(|_| request.cannot("it would be valid beyond the year 9999"))?;
    Ok((PublicKind::Token { sha256: token.expose(Digest::of), not_after }, token))
}

#[cfg(test)]
mod tests;
