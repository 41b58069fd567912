//! What the rules of models promise, across their files.

mod diff;
mod migrate;
mod resolve;
mod rules;
mod short;
mod stable;

use std::sync::Arc;

use super::{Model, short as form};
use crate::fleet::Faults;

/// Reads a model that has no fault.
pub(super) fn model(text: &str) -> Model {
    match read(text) {
        Ok(model) => model,
        Err(faults) => panic!("{faults:?}"),
    }
}

/// Reads a model, or its faults as lines.
pub(super) fn read(text: &str) -> Result<Model, Vec<String>> {
    let mut faults = Faults::default();
    let model = form::parse(&Arc::from("m.yaml"), text, &mut faults);
    model.ok_or_else(|| faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}
