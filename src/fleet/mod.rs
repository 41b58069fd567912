//! The words: identity, inventory, fleet file, device plan, credential shapes, secrets.
//!
//! Pure values and rules. Nothing here opens a file, asks the clock or draws a random number; text comes in, values and
//! faults with their places go out.

#[cfg(feature = "station")]
pub mod bootstrap;
#[cfg(feature = "station")]
pub mod check;
pub mod class;
pub mod credential;
pub mod digest;
pub mod enrolment;
pub mod factory;
#[cfg(feature = "station")]
pub mod file;
pub mod identity;
#[cfg(feature = "station")]
pub mod inventory;
#[cfg(feature = "station")]
pub mod label;
#[cfg(feature = "station")]
pub mod lock;
pub mod lwm2m;
#[cfg(feature = "station")]
pub mod model;
#[cfg(feature = "station")]
pub mod nearest;
pub mod place;
pub mod plan;
#[cfg(feature = "station")]
pub mod program;
pub mod quantity;
#[cfg(feature = "station")]
pub mod recipe;
#[cfg(feature = "station")]
pub mod schema;
pub mod secret;
pub mod server;
#[cfg(feature = "station")]
mod shape;
pub mod source;
pub mod template;
#[cfg(feature = "station")]
mod template_file;
#[cfg(feature = "station")]
mod template_shapes;
pub mod text;
#[cfg(feature = "station")]
mod volume;
#[cfg(feature = "station")]
pub mod yaml;

#[cfg(feature = "station")]
pub use check::{Fleet, PlanError, Templates};
pub use class::{Class, Diagnose};
pub use credential::{
    CertificateProfile, CredentialKind, CredentialShape, KeyAlgorithm, KeyGroup, KeyOrigin, Retain, Validity,
};
pub use digest::Digest;
pub use factory::FactoryPlan;
#[cfg(feature = "station")]
pub use file::{
    AdminHolder, AdminSpec, AuthoritySpec, EndpointPattern, FleetFile, Named, ServeCertificate, ServeLimits,
    ServeLwm2m, ServeSpec, StoreSpec,
};
pub use identity::{EndpointName, IdentityError, SerialNumber};
#[cfg(feature = "station")]
pub use inventory::{Inventory, InventoryForm};
#[cfg(feature = "station")]
pub use label::{LabelPlan, LabelStock};
#[cfg(feature = "station")]
pub use lock::FleetLock;
pub use place::{Fault, Faults, Place};
pub use plan::{
    Addressee, BundlePlan, Carrier, ConnectPlan, DeliveryPlan, DevicePlan, Filesystem, MediumPlan, PartitionTable,
    Recipient, Seal, SealingPlan, Variable,
};
pub use secret::Secret;
pub use server::{Protocol, Role, Security, Server};
pub use source::SecretSource;
pub use template::{SensitivityClass, TemplateAction, TemplateFile, TemplateShape, TemplateVariable, ValueType};
