//! The shapes of credentials: what a profile asks for, before anything is issued.

use serde::{Deserialize, Serialize};

/// What a profile asks for under one credential name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CredentialShape {
    /// Kind and its parameters.
    #[serde(flatten)]
    pub kind: CredentialKind,
    /// How long the station keeps the private material.
    pub retain: Retain,
}

/// The kinds of credential, with their parameters.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A key pair and a certificate of the fleet's authority (RFC 5280).
    X509 {
        /// Key algorithm.
        key: KeyAlgorithm,
        /// What the certificate is for.
        profile: CertificateProfile,
        /// How long it is valid.
        valid: Validity,
        /// Where its key pair is made.
        #[serde(skip_serializing_if = "KeyOrigin::is_station", default)]
        made: KeyOrigin,
    },
    /// A pre-shared key and its identity (RFC 4279).
    Psk {
        /// Length of the key in bytes, 16 to 64.
        bytes: u16,
        /// The PSK identity; the endpoint name when absent. `{id}` and `{serial}` stand for the device's own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        identity: Option<String>,
        /// The enrolment group from whose key it is derived; drawn at random when absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        group: Option<KeyGroup>,
    },
    /// A key pair whose public half is known to the server (RFC 7250).
    #[serde(rename = "rpk")]
    RawPublicKey {
        /// Key algorithm.
        key: KeyAlgorithm,
    },
    /// A short-lived random token, to be exchanged once for a real credential (a bearer token, RFC 6750, section 5.3 on
    /// why it is short-lived).
    Token {
        /// Length of the token in random bytes, 16 to 64; shown as base64url.
        bytes: u16,
        /// So many seconds from issue, at most a year.
        valid: u64,
    },
}

/// An enrolment group and which of its keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyGroup {
    /// The group.
    pub name: String,
    /// Number of the group's key, from 1.
    pub generation: u32,
}

/// Where a key pair is made.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyOrigin {
    /// By this station, which puts the private half on the device.
    #[default]
    Station,
    /// By the device itself, which never shows the private half. The public half (`SubjectPublicKeyInfo`, hex) is here as soon
    /// as the device has shown it: another device's key makes another credential.
    Device(Option<String>),
}

impl KeyOrigin {
    /// Returns true if this station makes it.
    pub fn is_station(&self) -> bool {
        *self == Self::Station
    }
}

/// Key algorithms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// ECDSA with NIST P-256 (FIPS 186-5): what constrained TLS and DTLS stacks support.
    P256,
}

/// What a device certificate is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateProfile {
    /// Initial device identifier (IEEE 802.1AR, section 8): subject with serial number, digitalSignature, client auth.
    Idevid,
}

/// How long a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// No well-defined expiry: notAfter 99991231235959Z (RFC 5280, section 4.1.2.5).
    Forever,
    /// So many seconds from issue.
    Seconds(u64),
}

/// How long the station keeps private material, sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retain {
    /// Destroyed as soon as a delivery is written, hardware or not: only the spool of a running delivery holds it.
    Never,
    /// Destroyed when a delivery to hardware is verified. The default for private keys.
    UntilDelivered,
    /// Kept, sealed. The default for PSKs, which a server needs.
    Keep,
}

impl CredentialKind {
    /// Returns the default for `retain`.
    pub fn default_retain(&self) -> Retain {
        match self {
            // Of a key that its device made there is no private half that could be kept or destroyed.
            CredentialKind::Psk { .. } | CredentialKind::X509 { made: KeyOrigin::Device(_), .. } => Retain::Keep,
            CredentialKind::X509 { .. } | CredentialKind::RawPublicKey { .. } | CredentialKind::Token { .. } => {
                Retain::UntilDelivered
            }
        }
    }

    /// Returns true for a key pair that the device makes.
    pub fn is_made_by_device(&self) -> bool {
        matches!(self, CredentialKind::X509 { made: KeyOrigin::Device(_), .. })
    }

    /// Returns the word used for the kind in the fleet file, the ledger and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            CredentialKind::X509 { .. } => "x509",
            CredentialKind::Psk { .. } => "psk",
            CredentialKind::RawPublicKey { .. } => "rpk",
            CredentialKind::Token { .. } => "token",
        }
    }
}
