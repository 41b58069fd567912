//! SenML-CBOR from a stranger: no panic, and what is read is written the same again.
#![no_main]

use firstlight::format::senml;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(objects) = senml::decode(bytes) {
        let written = senml::encode(&objects);
        let again = written.expose(|bytes| senml::decode(bytes)).expect("what we write we can read");
        let same = senml::encode(&again);
        assert!(written.expose(|a| same.expose(|b| a == b)), "nothing is lost on the way");
    }
});
