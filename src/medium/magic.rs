//! What else may be on a medium, by the marks it carries: only to tell a person what would be lost.

use crate::format::ReadAt;

/// Offset, mark, name. Places from the documents of each format.
const MARKS: [(u64, &[u8], &str); 12] = [
    (3, b"NTFS    ", "NTFS"),
    (3, b"EXFAT   ", "exFAT"),
    (0, b"LUKS\xba\xbe", "LUKS"),
    (0, b"XFSB", "XFS"),
    (0, b"hsqs", "squashfs"),
    (512, b"LABELONE", "LVM"),
    (1080, b"\x53\xef", "ext2/3/4"),
    (1024, b"\x10\x20\xf5\xf2", "F2FS"),
    (4086, b"SWAPSPACE2", "swap"),
    (4096, b"\xfc\x4e\x2b\xa9", "md RAID"),
    (0x8001, b"CD001", "ISO 9660"),
    (0x1_0040, b"_BHRfS_M", "btrfs"),
];

/// Returns the name of the first mark found.
pub(super) fn recognise(source: &dyn ReadAt) -> Option<&'static str> {
    MARKS.iter().find(|(offset, mark, _)| has(source, *offset, mark)).map(|(_, _, name)| *name)
}

fn has(source: &dyn ReadAt, offset: u64, mark: &[u8]) -> bool {
    let mut found = vec![0; mark.len()];
    source.read_at(offset, &mut found).is_ok() && found == mark
}
