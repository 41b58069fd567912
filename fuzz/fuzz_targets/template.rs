//! A template folder from a stranger, description and one MiniJinja file: no panic, no endless loop.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use firstlight::bundle::{DESCRIPTION, Template};
use firstlight::fleet::Faults;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let middle = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (description, source) = bytes.split_at(middle);
    let files = BTreeMap::from([
        (DESCRIPTION.to_owned(), description.to_vec()),
        ("file.j2".to_owned(), source.get(1..).unwrap_or_default().to_vec()),
    ]);
    let mut faults = Faults::default();
    let template = Template::from_files(&Arc::from("stranger"), "stranger", files, &mut faults);
    assert!(template.is_some() == faults.is_empty(), "a refusal says why");
});
