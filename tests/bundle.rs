//! Templates, from a fleet file to what the consumer's own parser reads.
#![allow(missing_docs, unreachable_pub)]

#[path = "bundle/cases.rs"]
mod cases;
#[path = "bundle/fixture.rs"]
mod fixture;
#[path = "bundle/golden.rs"]
mod golden;
