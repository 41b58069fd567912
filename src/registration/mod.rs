//! Registration of devices: proofs, admission, the decision and the answer. Knows no sockets and no SQL.

mod acl;
mod administration;
mod allotment;
mod bootstrapping;
mod bundles;
pub mod certificates;
mod challenge;
pub mod desk;
mod drafts;
pub mod exchange;
pub mod found;
mod groups;
mod hooks;
mod issuer;
mod keys;
mod models;
#[cfg(test)]
mod nothing;
mod outcome;
mod points;
mod proof;
mod refused;
pub mod rehearsal;
mod repetition;
mod request;
mod strangers;
pub mod why;

pub use acl::{AccessList, AclError, AclFile, MQTT_ACL};
pub use administration::{AdminCertificate, AdminRule, Office};
pub use bootstrapping::CertificateOwner;
pub use bundles::{Bundles, Offer, Unserved};
pub use desk::{Alarm, Certified, Desk, Equipment, Issuer};
pub use hooks::{HookGround, NoHooks};
pub use issuer::FleetIssuer;
pub use keys::ClaimKeys;
pub use models::{
    ApprovalError, ByHand, ExportError, ExportForm, Exported, ModelFormat, ModelQuestion, Models, Naming, Pointed,
    PublishError, ReadModels, Reassigned, WantedValue, read_models,
};
pub use strangers::wait_for_person;
