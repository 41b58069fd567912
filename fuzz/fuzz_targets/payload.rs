//! An LwM2M payload from a stranger in every format, first byte the format, second the level asked for: no panic, and
//! what is read is written and read the same again.
#![no_main]

use firstlight::fleet::lwm2m::{Path, data_type};
use firstlight::format::payload::{PayloadFormat, decode, encode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [format, depth, payload @ ..] = bytes else { return };
    let formats: Vec<PayloadFormat> = PayloadFormat::all().collect();
    let format = formats[usize::from(*format) % formats.len()];
    let at = Path::of(&[1, 0, 17, 0][..usize::from(*depth) % 5]).expect("at most four numbers");
    let Ok(read) = decode(format, at, payload, &data_type) else { return };
    for (format, at) in [(format, at), (PayloadFormat::Lwm2mCbor, Path::Root), (PayloadFormat::SenmlCbor, Path::Root)] {
        let Ok(written) = encode(format, at, &read) else { continue };
        let again = written.expose(|bytes| decode(format, at, bytes, &data_type)).expect("what we write we can read");
        let same = encode(format, at, &again).expect("what we read we can write");
        assert!(written.expose(|a| same.expose(|b| a == b)), "nothing is lost on the way");
    }
});
