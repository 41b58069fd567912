//! The whole registration server on a real socket and a real registry: curl, Python and schemathesis ask it.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test panics; modules of a test are its own")]

mod administering;
mod bad_input;
mod devices;
mod documented;
mod lists;
mod models;
mod world;
