//! Promises of the store, kept by both engines.

pub(crate) mod cluster;
mod crash;
mod faults;
mod lists;
mod models;
mod store;
mod streams;
pub(in crate::registry) mod world;
