//! A partition table from a stranger, binary and as text: no panic, and what is read is written and read again the same.
#![no_main]

use firstlight::format::esp_partition_table::{self as table, PartitionTableError, USUAL_OFFSET};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = table::decode(bytes) {
        let _ = table::check(&read, USUAL_OFFSET);
        match table::encode(&read) {
            // A table without MD5 has room for one more.
            Err(PartitionTableError::TooMany { .. }) => {}
            written => {
                let written = written.expect("what was read can be written");
                assert_eq!(table::decode(&written).expect("what we write we can read"), read, "nothing is changed");
            }
        }
    }
    if let Ok(read) =
        std::str::from_utf8(bytes).map_err(drop).and_then(|text| table::from_csv(text, USUAL_OFFSET).map_err(drop))
    {
        let written = table::encode(&read).expect("a table that was checked can be written");
        assert_eq!(table::decode(&written).expect("what we write we can read"), read, "nothing is changed");
    }
});
