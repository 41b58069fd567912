//! What the promises start from.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::delivery::{Clock, Random};
use crate::fleet::enrolment::{GroupPolicy, ProofKind};
use crate::registry::Registry;

use super::cluster::on_both_stores;

/// When it is.
pub(in crate::registry) const NOON: i64 = 1_780_000_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(NOON).unwrap()
    }
}

/// Bytes that follow from their purpose.
pub(in crate::registry) struct Foretold;

impl Random for Foretold {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        let digest = crate::fleet::Digest::of(purpose.as_bytes());
        bytes.iter_mut().zip(digest.as_bytes().iter().cycle()).for_each(|(byte, drawn)| *byte = *drawn);
    }
}

/// Opens a store for the fleet "acme".
pub(in crate::registry) fn open(address: &str) -> Registry {
    Registry::open(address, "acme", Arc::new(Still)).unwrap()
}

/// Runs `promise` with an empty registry on each engine.
pub(in crate::registry) fn on_both_engines(promise: impl Fn(&Registry)) {
    on_both_stores(|address| promise(&open(address)));
}

/// A group that takes tokens.
pub(in crate::registry) fn policy() -> GroupPolicy {
    serde_json::from_value(serde_json::json!({ "proofs": [ProofKind::Token] })).unwrap()
}
