//! The procedures of a station: loading a fleet from its folder.

pub mod load;

pub use load::{FleetFolder, Inputs, LoadError, TemplateLibrary, find, load};
