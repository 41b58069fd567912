//! Registration of devices: proofs, admission, the decision and the answer. Knows no sockets and no SQL.

mod acl;
mod administration;
mod allotment;
mod challenge;
pub mod desk;
pub mod exchange;
mod groups;
mod hooks;
mod issuer;
mod keys;
mod points;
mod proof;
mod repetition;
mod request;

pub use acl::{AccessList, AclError, AclFile, MQTT_ACL};
pub use administration::Office;
pub use desk::{Alarm, Certified, Desk, Equipment, Issuer, ModelQuestion};
pub use hooks::{HookGround, NoHooks};
pub use issuer::FleetIssuer;
pub use keys::ClaimKeys;
