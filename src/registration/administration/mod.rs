//! What people and their programs do over HTTP: the same acts as the command line's, by role.
//!
//! Each file holds the acts on one noun; `acts` tells which act is whose.

mod acts;
mod admins;
mod approvals;
mod bulk;
mod device_models;
mod devices;
mod events;
mod fields;
mod groups;
mod lists;
mod marks;
mod models;
mod office;
mod page;
mod record;
mod tokens;
mod triggers;

pub use admins::{AdminCertificate, AdminRule};
pub use office::Office;
