//! Thing Models and Thing Descriptions of the W3C (WoT Thing Description 1.1, Recommendation of 5 December 2023).
//!
//! A Thing Model is the canonical form of a device model here; a Thing Description is what one device shows of itself.
//! Both are checked by the rules of the Recommendation: its schema (the one tagged REC 1.1, not the working draft
//! that followed), and the assertions that no JSON Schema can state. Nothing is fetched: a link is text.
//!
//! Where the Recommendation is silent we are stricter in these: a name stands once in an object ([`read`]), no schema
//! is impossible to meet (`minimum` above `maximum`), what a combination of security schemes or an additional response
//! names is defined, a submodel's instance name stands once, and a form's `op` and `response` are as REC 1.1 has them,
//! not as the older schema of the playground. Our verdicts are the playground's on all 90 of its examples.
//!
//! Our own terms stand under the prefix `firstlight`, whose namespace is [`NAMESPACE`]. `.invalid` is meant: the
//! address names terms and never answers (RFC 2606, section 2).

mod affordance;
mod data_schema;
mod describe;
mod document;
mod endpoint;
mod finding;
mod form;
mod language;
mod link;
mod name;
mod placeholder;
mod reach;
mod security;
mod thing;
mod thing_description;
mod thing_model;
mod walk;

pub use describe::{Instance, Proof, describe};
pub use document::{DEEPEST, LARGEST, read};
pub use endpoint::{Endpoint, Protocol};
pub use finding::{Fault, Loss, Warning};
pub use thing_description::validate_thing_description;
pub use thing_model::validate_thing_model;

/// The context of WoT TD 1.1; it stands first in every document that we write.
pub const CONTEXT: &str = "https://www.w3.org/2022/wot/td/v1.1";
/// The context of WoT TD 1.0, which a document may name before [`CONTEXT`].
pub const CONTEXT_1_0: &str = "https://www.w3.org/2019/wot/td/v1";
/// The namespace of our own terms, bound to the prefix `firstlight`.
pub const NAMESPACE: &str = "https://firstlight.invalid/ns/model#";
/// The type that every Thing Model has, and no Thing Description.
pub const THING_MODEL: &str = "tm:ThingModel";
