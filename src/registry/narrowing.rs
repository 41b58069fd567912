//! What people take away from a group while the fleet file stands: they close it, or take in fewer devices. Nothing here
//! admits a device that the fleet file does not.

use serde::{Deserialize, Serialize};

use crate::fleet::enrolment::GroupPolicy;

use super::{RegistryError, Row};

/// How a group is narrowed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Narrowing {
    /// It takes nobody in.
    #[serde(default)]
    pub closed: bool,
    /// It takes in at most so many.
    #[serde(default)]
    pub quota: Option<u64>,
}

impl Narrowing {
    /// Reads what stands beside a policy in the store.
    pub(super) fn stored(row: &Row, column: usize) -> Result<Self, RegistryError> {
        let read = serde_json::from_str(&row.text(column)?);
        read.map_err(|error| RegistryError::damaged("", format!("how a group is narrowed cannot be read: {error}")))
    }

    /// Returns the policy in force where the fleet file declares `policy`.
    pub(super) fn of(&self, policy: GroupPolicy) -> GroupPolicy {
        let quota = [policy.quota, self.quota].into_iter().flatten().min();
        GroupPolicy { open: policy.open && !self.closed, quota, ..policy }
    }
}
