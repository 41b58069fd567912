//! Media: the write engine, read-back, image files, folders, drives, and looking at media that were written.

pub mod engine;
pub mod finding;
pub mod volume;

pub use volume::encode;
