//! The inventory: which devices we are asked to make, one row a device, from CSV or YAML.
//!
//! 100,000 rows must not strain a laptop: rows and cells lie in three flat vectors, their texts in one string.

mod builder;
mod csv;
mod form;
mod packed;
mod row;
mod yaml;

pub use form::InventoryForm;
pub use packed::Inventory;

pub(super) use builder::KNOWN;
pub(super) use row::Row;

#[cfg(test)]
mod tests;
