//! OMA TLV from a stranger, as each of the three bootstrap objects: no panic, and what is read is written the same again.
#![no_main]

use firstlight::format::tlv;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for object in 0..3 {
        if let Ok(read) = tlv::decode(object, bytes) {
            let written = tlv::encode(&read);
            let again = written.expose(|bytes| tlv::decode(object, bytes)).expect("what we write we can read");
            let same = tlv::encode(&again);
            assert!(written.expose(|a| same.expose(|b| a == b)), "nothing is lost on the way");
        }
    }
});
