//! What a model extends and what it is made of.

use std::sync::Arc;

use super::thing_model::Model;
use super::version::ModelRef;

/// Where models are looked up.
pub trait ModelShelf {
    /// Returns the newest model that a reference means; none if there is none.
    fn get(&self, reference: &ModelRef) -> Option<Arc<Model>>;
}
