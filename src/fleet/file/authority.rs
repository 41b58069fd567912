//! `authority:` of the fleet file.

use std::sync::Arc;

use serde::Serialize;

use super::super::quantity;
use super::super::yaml::Node;
use super::super::{KeyAlgorithm, Validity};
use super::located::word;

/// What the fleet file says of its certificate authority.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuthoritySpec {
    /// True for one that is made silently, marked, and refused on real hardware.
    pub demo: bool,
    /// Common name of the root certificate; a demo authority may go without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_name: Option<Arc<str>>,
    /// Organization in the certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Arc<str>>,
    /// Key algorithm.
    pub key: KeyAlgorithm,
    /// How long the root is valid; no certificate may outlive it. Forever when the file says nothing.
    pub valid: Validity,
}

impl AuthoritySpec {
    pub(super) fn read(node: Option<&Node>) -> Self {
        let text = |key: &str| node.and_then(|node| word(node, key));
        Self {
            demo: node
                .and_then(|node| node.get("demo"))
                .is_some_and(|demo| demo.value() == serde_json::Value::Bool(true)),
            common_name: text("common_name"),
            organization: text("organization"),
            key: KeyAlgorithm::P256,
            valid: text("valid").and_then(|valid| quantity::validity(&valid)).unwrap_or(Validity::Forever),
        }
    }
}
