//! FAT12, FAT16 and FAT32 volumes: built from files as the few extents that matter, and read back with mistrust.
//!
//! Source of the layout: Microsoft Extensible Firmware Initiative FAT32 File System Specification, version 1.03 (2000),
//! the sections named at each item; the cluster limits keep a margin, as that document advises.

mod boot;
mod build;
mod entry;
mod error;
mod geometry;
mod label;
mod names;
mod pieces;
pub mod read;
mod spec;
mod table;
mod tree;

pub use build::{build, minimum_size};
pub use error::FatError;
pub use geometry::{FatType, Geometry};
pub use label::check_label;
pub use spec::{VolumeFile, VolumeSpec};
