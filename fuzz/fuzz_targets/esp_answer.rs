//! What comes from an ESP32's ROM loader: frames out of any stream, answers out of any frame; no panic, and nothing without a bound.
#![no_main]

use firstlight::programmer::esp::answer::Answer;
use firstlight::programmer::esp::slip::{Deframer, LONGEST_FRAME};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut deframer = Deframer::default();
    for frame in bytes.iter().filter_map(|byte| deframer.push(*byte)) {
        assert!(!frame.is_empty() && frame.len() <= LONGEST_FRAME);
        let Some(answer) = Answer::read(&frame) else { continue };
        assert_eq!(answer.length(), frame.len() - 8);
        for length in [0, 12, 20, 32, 64] {
            if let Some(Ok(body)) = answer.body(length) {
                assert_eq!(body.len(), length);
            }
        }
    }
});
