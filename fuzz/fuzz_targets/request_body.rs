//! The body of a request: JSON and CBOR from strangers. What is read is within bounds, and read the same again.
#![no_main]

use firstlight::server::decode::{DEEPEST, LONGEST, Notation, object};
use libfuzzer_sys::fuzz_target;

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fuzz_target!(|bytes: &[u8]| {
    for notation in [Notation::Json, Notation::Cbor] {
        let Ok(value) = object(notation, bytes) else { continue };
        assert!(value.is_object() && depth(&value) <= DEEPEST);
        let text = value.to_string();
        if text.len() <= LONGEST {
            assert_eq!(object(Notation::Json, text.as_bytes()).expect("what was read can be read"), value);
        }
    }
});
