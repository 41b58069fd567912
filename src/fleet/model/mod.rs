//! Models: what a kind of device is and can do, as values and rules.
//!
//! A model is authored as short YAML ([`short`]), kept as a W3C WoT Thing Model 1.1 ([`Model::canonical`]) and assigned to
//! devices by rules ([`rule`]). Nothing here opens a file or asks the clock: where models lie is behind [`ModelShelf`].

mod change;
pub mod diff;
mod fault;
mod fill;
pub mod instance;
pub mod migrate;
mod migration_file;
mod range;
mod render;
pub mod resolve;
pub mod rule;
mod rule_file;
mod rule_text;
mod schema_diff;
pub mod short;
mod short_shape;
mod thing_model;
mod units;
mod validate;
mod version;

pub use change::{Change, ChangeKind};
pub use diff::{Diff, GateError, diff, gate};
pub use fault::{PointerFault, PointerFaults};
pub use fill::fill;
pub use instance::{Instance, LARGEST as LARGEST_INSTANCE, OPAQUE, opaque};
pub use migrate::{Migration, MigrationError, MigrationStep, Needs, Reevaluation, migrate_minor, reevaluate};
pub use range::VersionRange;
pub use render::{Rendered, render};
pub use resolve::{ModelShelf, ResolveError, Resolved, resolve};
pub use rule::{
    Assignment, DeviceFacts, Miss, ModelRule, ObjectVersion, RuleCondition, RuleOutcome, SerialRange, assign, explain,
};
pub use thing_model::{CONTEXT, LARGEST, MOST_AFFORDANCES, Model, ModelError, NAMESPACE, canonical_bytes};
pub use version::{ModelName, ModelRef, ModelVersion, VersionError, Wanted};

pub(in crate::fleet) use rule_file::MODELS;
pub use rule_file::ModelsSpec;

#[cfg(test)]
mod tests;
