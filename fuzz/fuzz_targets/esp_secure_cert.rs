//! An esp_secure_cert partition from a stranger: no panic, and what is read is written the same again.
#![no_main]

use firstlight::format::esp_secure_cert::{self as secure_cert, Integrity, SecureCertError};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = secure_cert::decode(bytes) else { return };
    match secure_cert::encode(bytes.len() as u64, &read, Integrity::Left) {
        // No device looks for the last subtype.
        Err(SecureCertError::Subtype { .. }) => {}
        written => assert!(
            written.expect("what was read can be written").expose(|written| written == bytes),
            "nothing is changed"
        ),
    }
});
