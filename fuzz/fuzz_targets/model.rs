//! A model's short YAML from a stranger: no panic, a refusal says why, and what is written out again is the same model.
#![no_main]

use std::sync::Arc;

use firstlight::fleet::Faults;
use firstlight::fleet::model::{diff, render, resolve, short};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut faults = Faults::default();
    let model = short::parse(&Arc::from("stranger"), text, &mut faults);
    assert!(model.is_some() == faults.is_empty(), "a refusal says why");
    let Some(model) = model else { return };
    assert!(diff(&model, &model).is_empty(), "a model is as itself");
    let _ = resolve(&model, &vec![Arc::new(model.clone())]);
    let rendered = render(model.canonical());
    assert!(rendered.lost.is_empty(), "short YAML loses nothing of short YAML");
});
