//! What a registration asks of the store, and what the store says.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use time::OffsetDateTime;

use crate::fleet::enrolment::{GroupPolicy, Refusal};
use crate::fleet::model::Model;
use crate::fleet::{Digest, EndpointName, SerialNumber};
use crate::registry::instances::Chosen;
use crate::registry::models::ModelSource;

/// A registration whose proof was checked as far as that is possible without the store.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The registration's id, new and never used before.
    pub registration: String,
    /// The device.
    pub device: EndpointName,
    /// Its group.
    pub group: String,
    /// The mark of the group's policy it was judged by.
    pub etag: i64,
    /// That policy.
    pub policy: Arc<GroupPolicy>,
    /// How it proved itself.
    pub proof: Proof,
    /// The nonce of the proof: good once.
    pub nonce: Option<Nonce>,
    /// The idempotency key: the same one gets the same answer.
    pub request: String,
    /// Digest of what was asked, without nonce and time.
    pub digest: Digest,
    /// What the device says of itself.
    pub facts: Facts,
    /// The credential it gets.
    pub credential: Option<NewCredential>,
    /// Its model instance.
    pub instance: Option<NewInstance>,
    /// What is allocated for it.
    pub resources: Vec<NewResource>,
    /// True if a hook allocates more before the device is registered.
    pub allocates: bool,
    /// What the group's own check says.
    pub validated: Validated,
    /// The request as a person who approves it may see it, and as it is taken up again after a crash. No proof, no secret.
    pub asked: Json,
    /// The answer.
    pub answer: Arc<Json>,
    /// Where it came from, for the audit trail.
    pub source: String,
}

/// What a group's own check says of a registration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Validated {
    /// There is none, or it agrees.
    #[default]
    Agreed,
    /// It was not asked: the registration seemed to be none that needs it. Should it need it after all, it is judged again.
    NotAsked,
    /// A person must agree.
    Held,
    /// It said no, or failed.
    Refused(Refusal),
}

/// What of a proof only the store can judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A token: its SHA-256.
    Token(Digest),
    /// A key pair: SHA-256 of the `SubjectPublicKeyInfo`.
    Key {
        /// The fingerprint.
        fingerprint: Digest,
        /// True if it must be a credential of the device in the registry: nobody else vouches for it.
        must_be_known: bool,
    },
    /// A claim by a key of the fleet's own: nothing is left to judge.
    Claim,
    /// None: it answered when it was asked. A person vouches for it.
    Answered,
}

/// A nonce and how long it is remembered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nonce {
    /// The nonce, with whatever keeps those of different groups apart.
    pub value: String,
    /// Afterwards its proof is too old anyway.
    pub expires: OffsetDateTime,
}

/// What a device says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Serial number.
    pub serial: Option<SerialNumber>,
    /// Maker.
    pub vendor: Option<String>,
    /// Revision of its hardware.
    pub hardware: Option<String>,
    /// Version of its firmware.
    pub firmware: Option<String>,
    /// The protocol to reach it by.
    pub protocol: Option<String>,
    /// Where it is reached.
    pub address: Option<String>,
    /// LwM2M objects it lists.
    pub objects: Vec<String>,
    /// Attributes to find it by.
    pub attributes: BTreeMap<String, String>,
}

/// A credential that a device gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewCredential {
    /// Its name.
    pub name: String,
    /// Its kind: `x509`, `psk` ...
    pub kind: String,
    /// What tells it from all others: SHA-256 of the `SubjectPublicKeyInfo`, or of what names it.
    pub fingerprint: Digest,
    /// Its public half: a PEM certificate.
    pub public: String,
    /// From when.
    pub not_before: Option<OffsetDateTime>,
    /// Until when.
    pub not_after: Option<OffsetDateTime>,
}

/// A model instance.
#[derive(Clone, PartialEq, Debug)]
pub struct NewInstance {
    /// The model's name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// The values.
    pub values: Json,
    /// Who chose the model.
    pub chosen: Chosen,
    /// The model itself, where the device brought it: it comes into quarantine with the registration.
    pub supplied: Option<Arc<SuppliedModel>>,
}

/// A model that a device brought, checked.
#[derive(Clone, PartialEq, Debug)]
pub struct SuppliedModel {
    /// The model.
    pub model: Model,
    /// As it came.
    pub source: ModelSource,
}

/// Something allocated for a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewResource {
    /// What it is.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Particulars.
    pub detail: Json,
}

/// What became of a registration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The device is registered, now.
    Assigned {
        /// The registration.
        registration: String,
        /// The answer.
        answer: Arc<Json>,
    },
    /// It was registered; this is the answer it got.
    Same {
        /// The registration.
        registration: String,
        /// The answer.
        answer: Arc<Json>,
    },
    /// A person must agree.
    Pending {
        /// The registration.
        registration: String,
    },
    /// A hook allocates what it needs.
    Assigning {
        /// The registration.
        registration: String,
    },
    /// It is refused.
    Refused(Refusal),
    /// The group's policy changed since it was judged: judge it again.
    Stale,
}
