//! An inventory from a stranger, as CSV and as YAML: no panic.
#![no_main]

use std::sync::Arc;

use firstlight::fleet::{Faults, Inventory, InventoryForm, text};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file: Arc<str> = Arc::from("devices");
    for form in [InventoryForm::Csv, InventoryForm::Yaml] {
        let mut faults = Faults::default();
        let text = text::decode(&file, bytes.to_vec(), &mut faults);
        let inventory = Inventory::parse(&file, form, &text, &mut faults);
        assert!(inventory.len() <= bytes.len(), "no device comes from nothing");
    }
});
