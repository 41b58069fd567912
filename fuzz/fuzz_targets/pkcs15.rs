//! Files of a card from a stranger: no panic, and bootstrap information that is read is written and read the same again.
#![no_main]

use firstlight::format::pkcs15;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = (pkcs15::data_directories(bytes), pkcs15::bootstrap_entries(bytes), pkcs15::application_path(bytes));
    if let Ok(objects) = pkcs15::read_bootstrap_file(bytes) {
        let written = pkcs15::bootstrap_file(&objects).expect("what was read fits");
        let again = written.expose(pkcs15_read).expect("what we write we can read");
        let same = pkcs15::bootstrap_file(&again).expect("what was read fits");
        assert!(written.expose(|a| same.expose(|b| a == b)), "nothing is lost on the way");
    }
});

fn pkcs15_read(bytes: &[u8]) -> Option<Vec<firstlight::fleet::lwm2m::Object>> {
    pkcs15::read_bootstrap_file(bytes).ok()
}
