//! An image from a stranger: no panic, no more told than is there, and nothing of a key.
#![no_main]

use firstlight::fleet::Secret;
use firstlight::format::nvs::Keys;
use firstlight::medium::content::{Content, Form, Request, look};

// The first byte chooses the form that the rest is said to have; most values leave it to the content.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((choice, image)) = bytes.split_first() else { return };
    let form = Form::NAMED.get(usize::from(*choice)).map(|(_, form)| *form);
    let keys = Keys::new(&Secret::new((0..64).collect())).expect("two keys that differ");
    check(&look(image, &Request { form, object: u16::from(*choice >> 4), keys: Some(&keys) }));
});

fn check(found: &Content) {
    for value in &found.values {
        assert!(value.masked.is_none() || value.shown.is_none(), "a masked value is not shown");
        assert!(value.sha256.is_none() || value.length >= 16, "no digest of a short value");
    }
    found.parts.iter().for_each(check);
}
