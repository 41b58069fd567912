//! What `ca show` tells of an authority.

use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::fleet::{Digest, KeyAlgorithm};

use super::Protection;
use super::certificate::Facts;

/// An authority in words and digests; holds no secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuthorityDescription {
    /// True if its certificates are for rehearsals only.
    pub demo: bool,
    /// The station whose intermediate this is.
    pub station: String,
    /// How the station key, which opens the authority's keys, lies on the disk.
    pub protection: Protection,
    /// The root.
    pub root: CertificateDescription,
    /// The station's intermediate.
    pub intermediate: CertificateDescription,
}

/// A certificate in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CertificateDescription {
    /// Subject, as `O=..., CN=...`.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Serial number, hex.
    pub serial: String,
    /// Key algorithm.
    pub key: KeyAlgorithm,
    /// SHA-256 of the certificate's DER.
    pub sha256: Digest,
    /// RFC 3339.
    pub not_before: String,
    /// RFC 3339; 9999-12-31T23:59:59Z stands for no expiry.
    pub not_after: String,
}

impl CertificateDescription {
    pub(super) fn of(facts: &Facts) -> Self {
        Self {
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            serial: facts.serial.clone(),
            key: KeyAlgorithm::P256,
            sha256: facts.fingerprint(),
            not_before: in_words(facts.span.not_before),
            not_after: in_words(facts.span.not_after),
        }
    }
}

/// Writes a time as RFC 3339.
pub(super) fn in_words(time: time::OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
