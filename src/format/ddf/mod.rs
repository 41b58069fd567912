//! LwM2M object definitions as OMA publishes them (XML, "DDF"; LwM2M TS Core, appendix D.1), and their Thing Models.
//!
//! Not every file in OMA's registry fits OMA's own schema, so the reader takes what is clear and tells the rest
//! ([`Note`]). What an object definition says and a Thing Model cannot stands in the model under our own terms, so
//! that the definition can be had back: `firstlight:object` of the model, `firstlight:resource` and
//! `firstlight:lwm2m` (the path) of each affordance.
//!
//! Measured on OMA's registry as of November 2026 (its files are not in this repository): all 327 current and 424
//! historical definitions are read, 41 of them with notes; the model of each is valid for us and for the playground of
//! the WoT working group, and each comes back the same from its model and from its XML. Of the ranges, 101 are text
//! only.

mod convert_back;
mod error;
mod object;
mod range;
mod reader;
mod resource_type;
mod thing_model;
mod writer;

pub use convert_back::from_thing_model;
pub use error::DdfError;
pub use object::{ObjectDefinition, Operations, ResourceDefinition};
pub use range::{Range, Shape};
pub use reader::{Import, LARGEST, Note, read};
pub use resource_type::ResourceType;
pub use thing_model::to_thing_model;
pub use writer::write;
