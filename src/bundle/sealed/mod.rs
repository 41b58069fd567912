//! Sealed bundles: signatures, encryption, and opening what lies on a medium. In every build; docs/bundle-format.md
//! specifies what is here.

mod cose;
pub mod envelope;
pub mod limits;
pub mod open;
pub mod refusal;
pub mod result;
mod shape;
pub mod signature;

pub use envelope::{OpeningKey, SealingKey};
pub use limits::Limits;
pub use open::{Authentic, OpenedFile, find};
pub use refusal::{Reason, Refusal};
pub use signature::{PublicKey, Signature};
