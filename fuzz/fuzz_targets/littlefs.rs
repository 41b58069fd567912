//! A littlefs image from a stranger: no panic, no endless walk, no file longer than asked for.
#![no_main]

use firstlight::format::littlefs::Volume;

/// The most bytes read of one file.
const MOST: u64 = 1 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(volume) = Volume::open(bytes) else { return };
    for file in volume.files() {
        if let Ok(content) = volume.read(file, MOST) {
            assert_eq!(content.len() as u64, file.size, "a file is as long as its folder says");
            assert!(file.size <= MOST, "no more is read than was asked for");
        }
    }
});
