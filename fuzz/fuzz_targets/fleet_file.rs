//! A fleet file from a stranger: no panic, and whatever is not taken is told with its place.
#![no_main]

use std::sync::Arc;

use firstlight::fleet::{Faults, FleetFile, text};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let file: Arc<str> = Arc::from("fleet.yaml");
    let mut faults = Faults::default();
    let text = text::decode(&file, bytes.to_vec(), &mut faults);
    if FleetFile::parse(&file, &text, &mut faults).is_none() {
        assert!(!faults.is_empty(), "a refusal says why");
    }
    assert!(faults.0.iter().all(|fault| fault.place.line > 0 && fault.place.column > 0), "places count from 1");
});
