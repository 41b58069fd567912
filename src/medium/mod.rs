//! Media: the write engine, read-back, image files, folders, drives, and looking at media that were written.

pub mod bundle;
#[cfg(feature = "station")]
pub mod content;
pub mod drive;
pub mod engine;
#[cfg(feature = "station")]
mod erase;
mod failure;
mod finding;
pub mod folder;
pub mod image_file;
pub mod inspect;
mod magic;
mod reader;
mod shelf;
pub mod source;
pub mod verify;
pub mod volume;

pub use bundle::{BundleFound, FileState, FileVerdict};
pub use drive::{DriveSelector, DriveSink};
pub use folder::Folder;
pub use image_file::ImageFile;
pub use inspect::{Bundles, InspectError, Inspection, inspect, inspect_path};
pub use shelf::{FatShelf, FolderShelf};
pub use source::{Source, VolumeSeen};
pub use verify::{Verified, VerifiedMedium, VerifyError, verify};
pub use volume::encode;
