//! Registration of devices: proofs, admission, the decision and the answer. Knows no sockets and no SQL.

mod acl;
mod administration;
mod allotment;
pub mod asking;
mod bundles;
pub mod certificates;
mod challenge;
pub mod desk;
pub mod discovery;
mod drafts;
pub mod drop_folder;
pub mod exchange;
mod groups;
mod hooks;
mod issuer;
mod keys;
#[cfg(test)]
mod model_acts_tests;
mod model_by_hand;
mod model_changes;
mod model_choice;
mod model_export;
mod model_files;
mod model_publishing;
mod model_shelf;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod nothing;
mod points;
mod proof;
pub mod rehearsal;
mod repetition;
mod request;
pub mod why;

pub use acl::{AccessList, AclError, AclFile, MQTT_ACL};
pub use administration::{AdminCertificate, AdminRule, Office};
pub use bundles::{Bundles, Offer, Unserved};
pub use desk::{Alarm, Certified, Desk, Equipment, Issuer};
pub use hooks::{HookGround, NoHooks};
pub use issuer::FleetIssuer;
pub use keys::ClaimKeys;
pub use model_by_hand::{ByHand, WantedValue};
pub use model_changes::{ApprovalError, Reassigned};
pub use model_choice::{ModelQuestion, Pointed};
pub use model_export::{ExportError, ExportForm, Exported};
pub use model_files::{ModelFormat, Naming, ReadModels, read_models};
pub use model_publishing::PublishError;
pub use model_shelf::Models;
