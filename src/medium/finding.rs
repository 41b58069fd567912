//! What a difference looks like, and so what to do about it.

use std::collections::BTreeMap;

use crate::delivery::{Content, TargetImage};
use crate::fleet::Digest;

/// Says in words what `found` at `offset` is, where `wanted` was written (both one sector).
pub(super) fn classify(
    wanted: &[u8],
    found: &[u8],
    offset: u64,
    image: &TargetImage,
    before: &BTreeMap<u64, Digest>,
) -> String {
    if flipped_bits(wanted, found) == 1 {
        return "a single bit is flipped: the medium, the reader or the memory of this station is bad".into();
    }
    if before.get(&offset) == Some(&Digest::of(found)) {
        return "what was there before: the medium took the write and did not keep it".into();
    }
    if found.iter().all(|byte| *byte == 0) {
        return "zeros instead of what was written: the medium lost it".into();
    }
    if found.iter().all(|byte| *byte == 0xFF) {
        return "all bits set, as in erased flash: the medium lost it".into();
    }
    match place_of(found, image) {
        Some(other) => format!("the content of byte {other}: the medium wraps round, its capacity is false"),
        None => "content that was never written: the medium lost it, or another program wrote to it".into(),
    }
}

fn flipped_bits(wanted: &[u8], found: &[u8]) -> u32 {
    wanted.iter().zip(found).map(|(wanted, found)| (wanted ^ found).count_ones()).sum()
}

/// Returns where in the image this sector stands.
fn place_of(found: &[u8], image: &TargetImage) -> Option<u64> {
    image.extents().iter().find_map(|extent| match &extent.content {
        Content::Zero => None,
        Content::Data(bytes) => {
            let index = bytes.expose(|bytes| bytes.chunks(found.len()).position(|sector| sector == found));
            index.map(|index| extent.offset + (index * found.len()) as u64)
        }
    })
}
