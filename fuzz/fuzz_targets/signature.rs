//! Signature and key files from a stranger: no panic, and one signature has one file (its first line's words aside).
#![no_main]

use firstlight::bundle::sealed::{PublicKey, Signature};

/// The first line's words are not signed and not read.
fn behind_first_line(file: &[u8]) -> &[u8] {
    let end = file.iter().position(|byte| *byte == b'\n').expect("a signature has lines");
    &file[end..]
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(signature) = Signature::parse(bytes) {
        let again = signature.to_file();
        assert!(Signature::parse(again.as_bytes()).as_ref() == Some(&signature), "what we write we can read");
        assert_eq!(behind_first_line(again.as_bytes()), behind_first_line(bytes), "there is one file for one signature");
    }
    if let Some(key) = std::str::from_utf8(bytes).ok().and_then(PublicKey::parse) {
        assert!(PublicKey::parse(&key.line()) == Some(key) && PublicKey::parse(&key.to_file("x")) == Some(key));
    }
});
