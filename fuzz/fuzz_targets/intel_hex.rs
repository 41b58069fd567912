//! Intel HEX from a stranger: no panic, and what is read is written and read again the same.
#![no_main]

use firstlight::format::intel_hex::{self, Addressing};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = intel_hex::decode(bytes) else { return };
    let written =
        intel_hex::encode(&read.segments, Addressing::Linear, read.start).expect("what was read can be written");
    let again = written.expose(intel_hex::decode).expect("what we write we can read");
    assert_eq!(again.start, read.start, "the start is kept");
    assert_eq!(again.segments.len(), read.segments.len(), "nothing is lost on the way");
    for (a, b) in again.segments.iter().zip(&read.segments) {
        assert!(a.address == b.address && a.bytes.expose(|a| b.bytes.expose(|b| a == b)), "nothing is changed");
    }
});
