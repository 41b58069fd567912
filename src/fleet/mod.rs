//! The words: identity, inventory, fleet file, device plan, credential shapes, secrets.
//!
//! Pure values and rules. Nothing here opens a file, asks the clock or draws a random number; text comes in, values and
//! faults with their places go out.

pub mod class;
pub mod credential;
pub mod digest;
pub mod identity;
pub mod lwm2m;
pub mod place;
pub mod plan;
pub mod secret;
pub mod server;
pub mod source;
pub mod template;

pub use class::{Class, Diagnose};
pub use credential::{CertificateProfile, CredentialKind, CredentialShape, KeyAlgorithm, Retain, Validity};
pub use digest::Digest;
pub use identity::{EndpointName, IdentityError, SerialNumber};
pub use place::{Fault, Faults, Place};
pub use plan::{BundlePlan, DeliveryPlan, DevicePlan, Filesystem, MediumPlan, PartitionTable, Seal, Variable};
pub use secret::Secret;
pub use server::{Protocol, Role, Security, Server};
pub use source::SecretSource;
pub use template::{SensitivityClass, TemplateFile, TemplateShape, TemplateVariable, ValueType};
