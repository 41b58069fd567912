//! Programmers: what reaches a chip's memory. One file or folder a backend, all behind one trait.
//!
//! Knows links, boot loaders and memory maps; knows no device record, no format and no ledger.

pub mod chip;
pub mod dfu;
pub mod error;
pub mod esp;
pub mod exec;
pub mod file;
pub mod image;
pub mod image_file;
pub mod link;
pub mod lock;
pub mod locks;
pub mod open;
pub mod pages;
pub mod selector;
pub mod sink;
pub mod swd;

pub use chip::{Chip, Mac, Memory, Region};
pub use error::ProgrammerError;
pub use image_file::ImageFile;
pub use link::{Capabilities, Link, Programmer, Traffic, Watch};
pub use lock::{Act, LockStep, Probe, Registers};
pub use locks::Observation;
pub use open::open;
pub use pages::{Look, Pages};
pub use selector::{EspLine, ProgrammerSelector, UsbSelector};
pub use sink::ChipSink;
