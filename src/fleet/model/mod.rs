//! Models: what a kind of device is and can do, as values and rules.
//!
//! A model is authored as short YAML ([`short`]), kept as a W3C WoT Thing Model 1.1 ([`Model::canonical`]) and assigned to
//! devices by rules ([`rule`]). Nothing here opens a file or asks the clock: where models lie is behind [`ModelShelf`].

mod fault;
pub mod instance;
mod range;
pub mod rule;
mod rule_file;
mod thing_model;
mod validate;
mod version;

pub use fault::{PointerFault, PointerFaults};
pub use instance::{Instance, OPAQUE, opaque};
pub use range::VersionRange;
pub use rule::{Assignment, DeviceFacts, Miss, ModelRule, ObjectVersion, RuleOutcome, assign, explain};
pub use thing_model::{CONTEXT, Model, ModelError, NAMESPACE, canonical_bytes};
pub use version::{ModelName, ModelRef, ModelVersion, VersionError, Wanted};

pub(in crate::fleet) use rule_file::MODELS;
pub use rule_file::ModelsSpec;

pub mod resolve;
pub use resolve::ModelShelf;
