//! A migration file from a stranger, and an instance's values as JSON after a NUL: no panic, a refusal says why.
#![no_main]

use std::sync::Arc;

use firstlight::fleet::Faults;
use firstlight::fleet::model::{Instance, Migration, ModelVersion, opaque};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (file, values) = text.split_once('\0').unwrap_or((text, "{\"a\": 1, \"b\": {\"c\": [2]}}"));
    let mut faults = Faults::default();
    let migration = Migration::parse(&Arc::from("stranger"), file, &mut faults);
    assert!(migration.is_some() == faults.is_empty(), "a refusal says why");
    let (Some(mut migration), Ok(values)) = (migration, serde_json::from_str(values)) else { return };
    let model = opaque();
    migration.versions = "*".parse().expect("a range");
    migration.to = (model.name().clone(), model.version());
    let old = Instance { model: migration.from.clone(), version: ModelVersion::new(1, 0, 0), values };
    if let Ok(new) = migration.apply(&old, &model) {
        assert!(new.validate(&model).is_ok(), "what comes out is valid");
    }
});
