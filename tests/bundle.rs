//! Templates, from a fleet file to what the consumer's own parser reads.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

#[path = "bundle/cases.rs"]
mod cases;
#[path = "bundle/cloud_init.rs"]
mod cloud_init;
#[path = "bundle/consumers.rs"]
mod consumers;
#[path = "bundle/fixture.rs"]
mod fixture;
#[path = "bundle/fleets.rs"]
mod fleets;
#[path = "bundle/golden.rs"]
mod golden;
#[path = "bundle/hostile.rs"]
mod hostile;
#[path = "bundle/oracle.rs"]
mod oracle;
#[path = "bundle/own.rs"]
mod own;
