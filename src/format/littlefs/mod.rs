//! littlefs version 2: images built from files, and images read with mistrust.
//!
//! Source: littlefs-project/littlefs, `SPEC.md` ("little{fs,fs technical specification"), disk version 2.0, which every
//! driver of version 2 reads; what later drivers write (2.1) is read.

mod build;
mod error;
mod layout;
mod metadata;
mod read;
mod spec;
mod tag;
mod tree;

pub use build::build;
pub use error::LittlefsError;
pub use read::{FileEntry, Volume};
pub use spec::{Geometry, ImageFile};
pub use tag::{LARGEST_BLOCK, LEAST_BLOCK, LONGEST, LONGEST_NAME, MOST_LEVELS};
