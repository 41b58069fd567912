//! Reading a volume that somebody else may have made, or damaged on purpose.
//!
//! Everything is bounded: at most 65,536 files and folders, 16 MiB of paths, folders of 2 MiB, 32 levels, 262,144
//! fragments. Whatever contradicts itself is an error; nothing panics, loops or takes memory by the volume's own claims.

mod chains;
mod error;
mod folder;
mod parameters;
mod volume;

pub use crate::format::ReadAt;
pub use error::ReadError;
pub use volume::{FileEntry, Volume};
