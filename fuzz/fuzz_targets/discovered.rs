//! A client's answer to Discover: no panic, and the account it names is one it listed.
#![no_main]

use firstlight::fleet::lwm2m::{Path, SECURITY};
use firstlight::format::discovered;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(found) = discovered::read(bytes) else { return };
    if let Some(account) = found.bootstrap_account() {
        assert!(found.has(Path::Instance(SECURITY, account)), "what is found is there");
    }
});
