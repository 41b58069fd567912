//! What is in an image or a partition that is no medium: told by what it holds, its secrets masked.
//!
//! Everything in it comes from strangers: it is read within bounds, and what cannot be read is a finding.

mod certificate;
mod esp;
mod file;
mod found;
mod littlefs;
mod mask;
mod objects;
mod recognise;
mod segments;

pub use file::{ContentError, look_at, look_at_file, read_keys};
pub use found::{CertificateFound, Content, Form, Sureness, ValueFound, Why};
pub use recognise::{Request, look};
