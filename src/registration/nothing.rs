//! A desk's equipment that gives nothing: no keys, no bundles, no certificates, no models. For tests.

use serde_json::{Value, json};

use crate::fleet::{EndpointName, Secret};
use crate::registry::CredentialRow;
use crate::registry::registering::NewInstance;

use super::bundles::{Bundles, Offer, Unserved};
use super::desk::{Certified, Issuer};
use super::keys::ClaimKeys;
use super::models::choice::{ModelQuestion, Pointed};

/// Nothing.
pub(super) struct Nothing;

impl Issuer for Nothing {
    fn certify(&self, _: &EndpointName, _: &[u8]) -> Result<Certified, String> {
        Err("nothing is certified here".to_owned())
    }

    fn servers(&self, _: &EndpointName, _: Option<&[String]>) -> Value {
        json!([])
    }

    fn model(&self, _: &ModelQuestion<'_>) -> Result<Option<NewInstance>, Pointed> {
        Ok(None)
    }
}

impl ClaimKeys for Nothing {
    fn group_derived(&self, _: &str, _: u32, _: &str) -> Option<Secret> {
        None
    }

    fn own(&self, _: &EndpointName, _: &CredentialRow) -> Option<Secret> {
        None
    }
}

impl Bundles for Nothing {
    fn offer(&self, _: &EndpointName, _: Option<u32>) -> Result<Offer, Unserved> {
        Err(Unserved::None)
    }
}
