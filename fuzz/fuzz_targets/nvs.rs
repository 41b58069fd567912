//! An NVS partition from a stranger: no panic, and what is read is written and read again the same, where it fits.
#![no_main]

use firstlight::fleet::Secret;
use firstlight::format::nvs::{self, Keys, NvsError, Partition};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let keys = Keys::new(&Secret::new((0..64).collect())).expect("two keys that differ");
    let _ = keys.decrypt(bytes).map(|clear| clear.expose(nvs::decode).map(|_| ()));
    let Ok(read) = nvs::decode(bytes) else { return };
    // Entries that were deleted leave room, and texts that begin a page waste some: twice the pages are always enough.
    let size = 2 * bytes.len() as u64 + nvs::LEAST_READ_WRITE;
    let Ok(partition) = Partition::read_write(size) else { return };
    let written = match nvs::encode(partition, &read.items) {
        // A device may have more chunks on its pages than a fresh image would.
        Err(NvsError::Chunks { .. } | NvsError::TooLong { .. }) => return,
        written => written.expect("what was read can be written"),
    };
    let again = written.expose(nvs::decode).expect("what we write we can read");
    assert_eq!(again.items.len(), read.items.len(), "nothing is lost on the way");
    for (a, b) in again.items.iter().zip(&read.items) {
        assert!(a.namespace == b.namespace && a.key == b.key && a.value.is_same(&b.value), "nothing is changed");
    }
});
