//! Why a device is refused: one stable word for each reason, its HTTP status and what to do about it.

use serde::{Deserialize, Serialize};

/// Why a request of a device is refused. The words are stable: devices and dashboards may depend on them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // what each means stands in `says`, once
pub enum Refusal {
    MalformedRequest,
    UnsupportedMediaType,
    RequestTooLarge,
    InvalidIdentifier,
    ProofMissing,
    ProofNotAccepted,
    ProofInvalid,
    ProofOfAnotherDevice,
    ProofShared,
    ClaimExpired,
    NonceReplayed,
    TokenUnknown,
    TokenExpired,
    TokenUsedUp,
    CertificateNotTrusted,
    CertificateRevoked,
    GroupUnknown,
    GroupClosed,
    DeviceBlocked,
    DeviceRetired,
    NotOnAllowList,
    AllowListUsedUp,
    IdentifierNotAllowed,
    ModelNotAllowed,
    FirmwareNotAllowed,
    QuotaReached,
    AlreadyRegistered,
    IdentityTaken,
    SerialTaken,
    IdempotencyKeyReused,
    RequestNotAcceptable,
    ModelUnknown,
    ModelInvalid,
    InstanceInvalid,
    ApprovalDenied,
    DeniedByHook,
    HookFailed,
    NotRegistered,
    NotFound,
    Conflict,
    Changed,
    MatchRequired,
    ValueRefused,
    RateLimited,
    TryLater,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 45] = [
        Self::MalformedRequest,
        Self::UnsupportedMediaType,
        Self::RequestTooLarge,
        Self::InvalidIdentifier,
        Self::ProofMissing,
        Self::ProofNotAccepted,
        Self::ProofInvalid,
        Self::ProofOfAnotherDevice,
        Self::ProofShared,
        Self::ClaimExpired,
        Self::NonceReplayed,
        Self::TokenUnknown,
        Self::TokenExpired,
        Self::TokenUsedUp,
        Self::CertificateNotTrusted,
        Self::CertificateRevoked,
        Self::GroupUnknown,
        Self::GroupClosed,
        Self::DeviceBlocked,
        Self::DeviceRetired,
        Self::NotOnAllowList,
        Self::AllowListUsedUp,
        Self::IdentifierNotAllowed,
        Self::ModelNotAllowed,
        Self::FirmwareNotAllowed,
        Self::QuotaReached,
        Self::AlreadyRegistered,
        Self::IdentityTaken,
        Self::SerialTaken,
        Self::IdempotencyKeyReused,
        Self::RequestNotAcceptable,
        Self::ModelUnknown,
        Self::ModelInvalid,
        Self::InstanceInvalid,
        Self::ApprovalDenied,
        Self::DeniedByHook,
        Self::HookFailed,
        Self::NotRegistered,
        Self::NotFound,
        Self::Conflict,
        Self::Changed,
        Self::MatchRequired,
        Self::ValueRefused,
        Self::RateLimited,
        Self::TryLater,
    ];

    /// Returns the stable word.
    pub fn code(self) -> &'static str {
        self.row().0
    }

    /// Returns the HTTP status (RFC 9110, section 15; RFC 6585 for 429).
    pub fn status(self) -> u16 {
        self.row().1
    }

    /// Returns what it means, one sentence.
    pub fn says(self) -> &'static str {
        self.row().2
    }

    /// Returns what to do about it.
    pub fn hint(self) -> &'static str {
        self.row().3
    }

    /// Returns true if the same request may succeed later, with nothing changed by the device.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::TryLater | Self::HookFailed)
    }

    /// Returns true for a wrong proof: it costs the source more of its rate than other requests.
    pub fn is_bad_proof(self) -> bool {
        matches!(
            self,
            Self::ProofInvalid
                | Self::ProofOfAnotherDevice
                | Self::NonceReplayed
                | Self::TokenUnknown
                | Self::CertificateNotTrusted
                | Self::CertificateRevoked
        )
    }

    #[allow(clippy::too_many_lines)] // a table
    fn row(self) -> (&'static str, u16, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (
                "malformed-request",
                400,
                "The request cannot be read.",
                "send one JSON or CBOR object as docs/api.md has it",
            ),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "The body is neither JSON nor CBOR.",
                "send application/json or application/cbor",
            ),
            Self::RequestTooLarge => (
                "request-too-large",
                413,
                "The request is larger than the server takes.",
                "send less (64 KiB unless the server is told otherwise), nested at most 16 deep",
            ),
            Self::InvalidIdentifier => (
                "invalid-identifier",
                422,
                "The device id or a name in the request holds characters that are not possible.",
                "use ASCII letters, digits and -_.:+@=, at most 64",
            ),
            Self::ProofMissing => (
                "proof-missing",
                401,
                "The request carries no proof of who sends it.",
                "send a token, a claim, a JWT, or a client certificate",
            ),
            Self::ProofNotAccepted => (
                "proof-not-accepted",
                403,
                "The group does not take this kind of proof.",
                "look at the group's proofs: firstlight group show",
            ),
            Self::ProofInvalid => (
                "proof-invalid",
                401,
                "The proof does not hold: wrong key, or the request was altered.",
                "check the device's key and the text it signs",
            ),
            Self::ProofOfAnotherDevice => (
                "proof-of-another-device",
                403,
                "The proof is good, but for another device id.",
                "register under the id the credential was made for",
            ),
            Self::ProofShared => (
                "proof-shared",
                403,
                "The device is registered, and a token that others may hold too does not say that it is this one.",
                "show the device's own certificate, key or token",
            ),
            Self::ClaimExpired => (
                "claim-expired",
                401,
                "The time of the claim is outside the window.",
                "set the device's clock, or ask for a challenge first",
            ),
            Self::NonceReplayed => {
                ("nonce-replayed", 401, "The nonce was used before.", "draw a fresh nonce for each request")
            }
            Self::TokenUnknown => (
                "token-unknown",
                401,
                "The token is none of ours, or it was revoked.",
                "make one: firstlight token new",
            ),
            Self::TokenExpired => ("token-expired", 401, "The token has expired.", "make one: firstlight token new"),
            Self::TokenUsedUp => {
                ("token-used-up", 403, "The token was used as often as it may be.", "make one: firstlight token new")
            }
            Self::CertificateNotTrusted => (
                "certificate-not-trusted",
                401,
                "The client certificate has no chain to an issuer of the group, or is out of date.",
                "look at the group's issuers: firstlight group show",
            ),
            Self::CertificateRevoked => (
                "certificate-revoked",
                403,
                "The credential was revoked or retired.",
                "give the device a new one: --again lost",
            ),
            Self::GroupUnknown => (
                "group-unknown",
                403,
                "There is no such enrolment group.",
                "name a group of the fleet file's enrolment section",
            ),
            Self::GroupClosed => {
                ("group-closed", 403, "The group takes no registrations now.", "open it in the fleet file")
            }
            Self::DeviceBlocked => (
                "device-blocked",
                403,
                "The device id is on the block list.",
                "firstlight devices why ID tells the reason",
            ),
            Self::DeviceRetired => {
                ("device-retired", 403, "The device was retired.", "adopt it anew, if it is to come back")
            }
            Self::NotOnAllowList => (
                "not-on-allow-list",
                403,
                "The device id is not on the group's allow list.",
                "firstlight group allow GROUP ID",
            ),
            Self::AllowListUsedUp => (
                "allow-list-used-up",
                403,
                "The entry of the allow list was used, or has expired.",
                "firstlight group allow GROUP ID",
            ),
            Self::IdentifierNotAllowed => (
                "identifier-not-allowed",
                403,
                "The device id fits no pattern of the group.",
                "look at the group's patterns: firstlight group show",
            ),
            Self::ModelNotAllowed => (
                "model-not-allowed",
                403,
                "The group does not take devices of this model.",
                "look at the group's models: firstlight group show",
            ),
            Self::FirmwareNotAllowed => (
                "firmware-not-allowed",
                403,
                "The firmware is outside the group's range.",
                "update the device, or the range",
            ),
            Self::QuotaReached => (
                "quota-reached",
                403,
                "The group has as many devices as it may have.",
                "raise the quota, or retire devices",
            ),
            Self::AlreadyRegistered => (
                "already-registered",
                409,
                "The device is registered, and the group's policy is to deny a second time.",
                "set reprovision, or retire the device first",
            ),
            Self::IdentityTaken => (
                "identity-taken",
                409,
                "Another device has this credential or name.",
                "each device wants an id and a key of its own",
            ),
            Self::SerialTaken => {
                ("serial-taken", 409, "Another device has this serial number.", "check the serial number")
            }
            Self::IdempotencyKeyReused => (
                "idempotency-key-reused",
                422,
                "The idempotency key was used for a different request.",
                "use a fresh key for a different request",
            ),
            Self::RequestNotAcceptable => (
                "request-not-acceptable",
                422,
                "The certificate request cannot be certified.",
                "send a PKCS#10 request for a P-256 key, signed by it",
            ),
            Self::ModelUnknown => {
                ("model-unknown", 422, "There is no such model.", "list models: firstlight model list")
            }
            Self::ModelInvalid => (
                "model-invalid",
                422,
                "The model in the request is against the rules of Thing Models.",
                "check it: firstlight model check FILE",
            ),
            Self::InstanceInvalid => {
                ("instance-invalid", 422, "The values do not fit the model.", "look at the pointers in the answer")
            }
            Self::ApprovalDenied => (
                "approval-denied",
                403,
                "A person denied this registration.",
                "firstlight devices why ID tells the reason",
            ),
            Self::DeniedByHook => (
                "denied-by-hook",
                403,
                "The operator's own check denied this registration.",
                "firstlight devices why ID tells the reason",
            ),
            Self::HookFailed => {
                ("hook-failed", 503, "The operator's own check could not be asked.", "try again after Retry-After")
            }
            Self::NotRegistered => {
                ("not-registered", 404, "There is no registration of this device.", "register first")
            }
            Self::NotFound => ("not-found", 404, "The registry knows nothing of this name.", "list what there is"),
            Self::Conflict => (
                "conflict",
                409,
                "What the registry holds stands against it.",
                "look at what is there, then ask for what can follow on it",
            ),
            Self::Changed => (
                "changed",
                412,
                "It is not at the version that the change is for.",
                "read it again, then repeat the change with its new ETag",
            ),
            Self::MatchRequired => (
                "match-required",
                428,
                "The change does not say which version it is for.",
                "send If-Match with the ETag of what you read",
            ),
            Self::ValueRefused => (
                "value-refused",
                422,
                "A value in the request is not possible.",
                "look at the detail, or at the schema in /openapi.json",
            ),
            Self::RateLimited => ("rate-limited", 429, "Too many requests.", "try again after Retry-After"),
            Self::TryLater => ("try-later", 503, "The registry is not there now.", "try again after Retry-After"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_word_of_its_own_that_serde_knows_too() {
        for (at, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(refusal).unwrap(), refusal.code());
            assert!((400..=599).contains(&refusal.status()) && !refusal.hint().is_empty());
            assert!(Refusal::ALL[..at].iter().all(|other| other.code() != refusal.code()));
        }
    }
}
