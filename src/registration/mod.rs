//! Registration of devices: proofs, admission, the decision and the answer. Knows no sockets and no SQL.

mod administration;
pub mod asking;
pub mod certificates;
mod challenge;
pub mod desk;
pub mod discovery;
mod drafts;
pub mod drop_folder;
pub mod exchange;
mod groups;
mod issuer;
mod keys;
mod points;
mod proof;
pub mod rehearsal;
mod request;
pub mod why;

pub use administration::Office;
pub use desk::{Alarm, Certified, Desk, Equipment, Issuer, ModelQuestion};
pub use issuer::FleetIssuer;
pub use keys::ClaimKeys;
