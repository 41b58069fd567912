//! What an older use of a medium leaves at known places, where `blkid` and its like would find it.
//!
//! The places are those at which libblkid 2.38 looks (superblock probes), with the structures' own documents as source.

use crate::delivery::{Content, Extent};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const SECTOR: u64 = 512;

/// Stretches counted from the start.
///
/// The first holds nearly all: MBR, GPT and 128 entries, LVM and LUKS labels, md 1.1 and 1.2, bcache, swap (page sizes to
/// 64 KiB), ext, XFS, F2FS, ISO 9660 and UDF descriptors at 32 KiB, btrfs, GFS2 and UFS at 64 KiB.
const FRONT: [(u64, u64); 8] = [
    (0, 128 * KIB),
    // ZFS: the rings of uberblocks of labels 0 and 1 (labels of 256 KiB, the ring is the second half).
    (128 * KIB, 128 * KIB),
    (384 * KIB, 128 * KIB),
    // UFS2 and UFS at 256 KiB.
    (256 * KIB, 8 * KIB),
    // LUKS2's second header at the larger of its nine places; VMFS at two of them.
    (512 * KIB, SECTOR),
    (MIB, SECTOR),
    (2 * MIB, SECTOR),
    (4 * MIB, SECTOR),
];

/// Returns the stretches (first byte, length) of a medium, or of a volume, of `size` bytes that must not keep what an older
/// use left there; sorted, not overlapping, all inside, 1 MiB at most.
///
/// At the end: the backup GPT (last 33 sectors), md 0.90 and 1.0, firmware RAID marks, and the last two labels of ZFS.
pub fn stale_signatures(size: u64) -> Vec<(u64, u64)> {
    let mut ranges = FRONT.to_vec();
    let tail = (size / (64 * KIB) * (64 * KIB)).saturating_sub(192 * KIB);
    ranges.push((tail, size - tail));
    let labels = size / (256 * KIB) * (256 * KIB);
    ranges.extend(
        [labels.checked_sub(384 * KIB), labels.checked_sub(128 * KIB)]
            .into_iter()
            .flatten()
            .map(|start| (start, 128 * KIB)),
    );
    merged(ranges, size)
}

/// Sorts, cuts at `size` and joins what touches.
fn merged(mut ranges: Vec<(u64, u64)>, size: u64) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (start, length) in ranges {
        let end = (start + length).min(size);
        match merged.last_mut() {
            _ if start >= end => {}
            Some((before, covered)) if *before + *covered >= start => *covered = (*covered).max(end - *before),
            _ => merged.push((start, end - start)),
        }
    }
    merged
}

/// Adds to the extents of an image the zeros that clear stale signatures, for the medium as a whole (`size` bytes) and for
/// the volume in it; what the image itself says at those places stands.
///
/// `extents` are sorted and do not overlap; so is what comes back.
pub fn clear_stale(extents: Vec<Extent>, size: u64, volume_offset: u64, volume_size: u64) -> Vec<Extent> {
    let mut ranges = stale_signatures(size);
    ranges.extend(stale_signatures(volume_size).into_iter().map(|(start, length)| (volume_offset + start, length)));
    let taken: Vec<(u64, u64)> = extents.iter().map(|extent| (extent.offset, extent.offset + extent.length)).collect();
    let mut all = extents;
    for (start, length) in merged(ranges, size) {
        add_uncovered(start, start + length, &taken, &mut all);
    }
    all.sort_by_key(|extent| extent.offset);
    all
}

fn add_uncovered(begin: u64, end: u64, taken: &[(u64, u64)], all: &mut Vec<Extent>) {
    let mut zero = |from: u64, to: u64| {
        if from < to {
            all.push(Extent { offset: from, length: to - from, content: Content::Zero });
        }
    };
    let mut start = begin;
    for &(from, to) in taken.iter().filter(|(from, to)| *from < end && *to > begin) {
        zero(start, from);
        start = start.max(to);
    }
    zero(start, end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_sorted_inside_and_small_for_every_size() {
        for size in (0..300).map(|step| step * 7 * 512).chain((20..45).map(|power| (1 << power) + 512 * 77)) {
            let ranges = stale_signatures(size);
            assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 < pair[1].0), "{size}: {ranges:?}");
            assert!(ranges.iter().all(|(start, length)| *length > 0 && start + length <= size), "{size}: {ranges:?}");
            assert!(ranges.iter().map(|range| range.1).sum::<u64>() <= MIB, "{size}: {ranges:?}");
        }
    }

    #[test]
    fn what_the_image_says_stands() {
        let extent = |offset, length| Extent { offset, length, content: Content::Zero };
        let cleared =
            clear_stale(vec![extent(0, 512), extent(4096, 4096), extent(200 * KIB, 512)], 8 * MIB, MIB, 7 * MIB);
        assert!(cleared.windows(2).all(|pair| pair[0].offset + pair[0].length <= pair[1].offset));
        let places: Vec<(u64, u64)> = cleared.iter().take(5).map(|extent| (extent.offset, extent.length)).collect();
        assert_eq!(places, [(0, 512), (512, 3584), (4096, 4096), (8192, 200 * KIB - 8192), (200 * KIB, 512)]);
    }
}
