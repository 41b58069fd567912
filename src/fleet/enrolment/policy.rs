//! What an enrolment group asks of a device that wants to register.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An enrolment group: which devices may register, how they prove themselves, and what becomes of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPolicy {
    /// Kinds of proof that are taken; any one of them is enough.
    pub proofs: Vec<ProofKind>,
    /// False while the group takes no registrations.
    #[serde(default = "yes")]
    pub open: bool,
    /// Which devices.
    #[serde(default)]
    pub admit: Admission,
    /// Most devices of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// What happens when a registered device registers again.
    #[serde(default)]
    pub reprovision: Reprovision,
    /// Whether a person must agree.
    #[serde(default)]
    pub approval: Approval,
    /// Rules for proofs by certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x509: Option<X509Proof>,
    /// Keys whose JWTs are taken, beside the devices' own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerKey>,
    /// Number of the group's key: counted up to make a new one.
    #[serde(default = "one")]
    pub key_generation: u32,
    /// Which models devices may bring or choose.
    #[serde(default)]
    pub models: AcceptedModels,
    /// The operator's own checks and allocations.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// What every device gets allocated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<DeclaredResource>,
    /// Attributes of every device of the group.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Names of the servers that a device is told; all of its profile when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servers: Option<Vec<String>>,
    /// Profile of devices that no inventory lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// How long a registration is valid, in seconds; for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<u64>,
    /// After how many seconds the device should report again.
    #[serde(default = "hour")]
    pub interval: u64,
    /// Rates, where the server's own are not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<Rates>,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn hour() -> u64 {
    3600
}

/// Kinds of proof.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// A bearer token (RFC 6750) of the group, or the device's own.
    Token,
    /// A client certificate (mutual TLS).
    X509,
    /// An HMAC by a key derived from the group's key, or by a pre-shared key of the device.
    Claim,
    /// A JWT signed with ES256 (RFC 7519, RFC 7518) by the device's own key or by an issuer of the group.
    Jwt,
}

/// Which devices a group admits: every rule that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admission {
    /// Only devices that are known: of the inventory, delivered, imported, or on the group's allow list.
    pub listed: bool,
    /// Regular expressions; the id must fit one as a whole.
    pub patterns: Vec<String>,
    /// Names of models that devices say they are.
    pub models: Vec<String>,
    /// Range of firmware versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
}

/// What happens when a device registers that is registered already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reprovision {
    /// It is refused.
    Deny,
    /// It gets the same answer again.
    #[default]
    Same,
    /// It gets a new credential, the former is retired; all else stays.
    Rotate,
    /// It may come over from another group; its model instance stays, its resources are allocated anew.
    Move,
    /// It begins anew: instance and resources are given up.
    Reset,
}

/// Whether a person must agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approval {
    /// No.
    #[default]
    None,
    /// To devices that nobody listed.
    Unlisted,
    /// To every first registration.
    Always,
}

/// Rules for proofs by certificate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct X509Proof {
    /// PEM of the certificates that issue; the fleet's own authority when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers: Option<String>,
    /// How the id is read: `{cn}`, `{serial}`, `{dns}` (first DNS name), `{uri}` stand for parts of the certificate.
    pub id: String,
}

/// A key whose JWTs are taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerKey {
    /// The `kid` of its JWTs.
    pub kid: String,
    /// Its public key: PEM of a P-256 `SubjectPublicKeyInfo`.
    pub public_key: String,
}

/// Which models devices of a group may bring.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptedModels {
    /// Models a device may choose by reference; a rule of the server's decides where it is empty or the device is silent.
    pub chosen: Vec<String>,
    /// True if a device may bring a model of its own.
    pub supplied: bool,
    /// The model of devices that no rule fits; the opaque model when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// The operator's own logic.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hooks {
    /// Asked before anything is stored: may deny, may set attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate: Option<HookTarget>,
    /// Asked after the device is noted as being assigned: says what was allocated, and is told to release it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocate: Option<HookTarget>,
    /// Told of every event, at least once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<HookTarget>,
}

impl Hooks {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A hook: one of a webhook or a program.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookTarget {
    /// The webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebHook>,
    /// Words of a program: trusted by digest, JSON on standard input and output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// True if the program may run as root.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_root: bool,
    /// How long it may take, in seconds.
    #[serde(default = "three")]
    pub timeout: u32,
    /// What a failure of the hook itself means.
    #[serde(default)]
    pub fail: HookFailure,
}

fn three() -> u32 {
    3
}

/// One that is told of events of the whole fleet, at least once each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Who is told.
    pub target: HookTarget,
    /// The events, such as `registered`; all when empty.
    pub events: Vec<String>,
}

/// A signed webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebHook {
    /// Where: `https://...`; `http://` on this machine only.
    pub url: String,
    /// Name of the fleet's secret that signs.
    pub secret: String,
}

/// What a failure of a hook means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookFailure {
    /// The device is refused and may try again.
    #[default]
    Closed,
    /// The device goes on as if there were no hook.
    Open,
}

/// Something every device of a group gets: one line of a file, a topic, a folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredResource {
    /// What it is: `mqtt-acl` is written for mosquitto, other kinds are kept and told.
    pub kind: String,
    /// Its name, unique for the device; `{id}`, `{group}`, `{serial}` stand for the device's own.
    pub name: String,
    /// Particulars; placeholders as in `name`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
}

/// Rates, in requests a minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// From one source: an IPv4 /24 or IPv6 /48.
    pub source: u32,
    /// Of one group.
    pub group: u32,
    /// With one token.
    pub token: u32,
}
