//! UF2 from a stranger: no panic, no bytes that no block holds, and what is read is written and read again.
#![no_main]

use firstlight::format::uf2;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for image in uf2::decode(bytes).unwrap_or_default() {
        let held: usize = image.segments.iter().map(|segment| segment.bytes.len()).sum();
        assert!(held <= bytes.len(), "no more bytes than the file has");
        let written = uf2::encode(&image.segments, image.family, 0xFF).expect("what was read can be written");
        let again = written.expose(uf2::decode).expect("what we write we can read");
        assert!(again.len() == 1 && again[0].family == image.family, "the family is kept");
    }
});
