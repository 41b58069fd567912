//! The machine: drives and their safety verdict, block devices, USB ports, atomic files.

pub mod drives;
pub mod error;
pub mod files;
pub mod machine;

pub use drives::{Bus, Drive, Verdict};
pub use error::HostError;
pub use machine::Machine;
