//! The machine: drives and their safety verdict, block devices, USB ports, atomic files.

pub mod error;
pub mod files;

pub use error::HostError;
