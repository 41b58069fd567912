//! A partition table from a stranger: no panic, and no volume that reaches beyond its medium.
#![no_main]

use firstlight::format::partition::find_volumes;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let disk = bytes.to_vec();
    for slot in find_volumes(&disk).unwrap_or_default() {
        let end = slot.offset.checked_add(slot.size).expect("a volume's end can be counted");
        assert!(end <= bytes.len() as u64, "a volume ends on its medium");
    }
});
