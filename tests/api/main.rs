//! The whole registration server on a real socket and a real registry: curl, Python and schemathesis ask it.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test panics; modules of a test are its own")]

mod administering;
mod bad_input;
#[path = "../../src/registry/tests/cluster.rs"]
#[allow(dead_code)]
mod cluster;
mod cut;
mod devices;
mod documented;
mod engines;
mod lists;
mod models;
/// What the cluster's file knows by this name.
mod registry {
    pub(crate) use firstlight::registry::Engine;
}
mod world;
