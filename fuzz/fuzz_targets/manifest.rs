//! A manifest from a stranger: no panic, and what is read is written the same again.
#![no_main]

use firstlight::delivery::Manifest;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = Manifest::from_json(bytes) {
        let again = Manifest::from_json(&manifest.to_json()).expect("what we write we can read");
        assert!(again == manifest, "nothing is lost on the way");
    }
});
