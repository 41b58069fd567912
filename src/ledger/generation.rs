//! Credential generations as they come from the authority and go back to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::delivery::{PublicCredential, SealedMaterial};
use crate::fleet::Retain;

/// Names and generations of the credentials that a bundle version carries.
pub(super) type Generations = BTreeMap<Arc<str>, u32>;

/// A credential of a plan as the ledger knows it.
pub struct CredentialState {
    /// Its name.
    pub name: Arc<str>,
    /// Its generation.
    pub generation: u32,
    /// What was issued; none if it is to be issued as `generation`.
    pub issued: Option<IssuedGeneration>,
}

/// A generation that was issued before.
pub struct IssuedGeneration {
    /// Its public half.
    pub public: PublicCredential,
    /// Its sealed private half; none if its `retain` rule has destroyed it.
    pub material: Option<SealedMaterial>,
}

/// A credential that was just issued.
pub struct NewCredential {
    /// Its public half, with name and generation.
    pub public: PublicCredential,
    /// Its sealed private half.
    pub material: SealedMaterial,
    /// How long that is kept.
    pub retain: Retain,
    /// For each server (by name) that needs it: the private half wrapped to that server.
    pub wraps: Vec<(String, Vec<u8>)>,
}
