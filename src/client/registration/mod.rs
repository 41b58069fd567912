//! Registering with a server: what the device knows of it, its proof, its request, the answers it takes.

pub mod answer;
pub mod error;
pub mod expiry;
pub mod link;
pub mod order;
pub mod own_key;
pub mod proof;
pub mod request;
pub mod slot;
pub mod talk;

pub use answer::{Credential, LONGEST, Registered};
pub use error::RegisterError;
pub use order::{ORDER_FILE, Order, Proves};
