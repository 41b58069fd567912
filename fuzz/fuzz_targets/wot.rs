//! A Thing Model or Thing Description from a stranger: no panic, whatever is checked, described or turned back.
#![no_main]

use std::collections::BTreeMap;

use firstlight::format::wot::{Endpoint, Instance, Proof, Protocol};
use firstlight::format::{ddf, wot};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = wot::read(bytes) else { return };
    let _ = wot::validate_thing_description(&document);
    let _ = wot::validate_thing_model(&document);
    let _ = ddf::from_thing_model(&document);
    for protocol in [Protocol::Http, Protocol::Mqtt, Protocol::Coap] {
        let instance = Instance {
            id: "urn:a:b".into(),
            title: "a".into(),
            version: None,
            endpoint: Some(Endpoint { protocol, uri: "coap://a.example".into() }),
            placeholders: BTreeMap::new(),
            proof: Proof::None,
            model: "urn:a:c".into(),
        };
        let _ = wot::describe(&document, &instance);
    }
});
