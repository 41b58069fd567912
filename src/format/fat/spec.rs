//! What a volume is made from.

use crate::fleet::{Filesystem, Secret};

/// A volume to be made.
pub struct VolumeSpec<'a> {
    /// FAT type; [`Filesystem::Fat`] chooses it by size.
    pub filesystem: Filesystem,
    /// Size in bytes, a multiple of 512.
    pub size: u64,
    /// Volume label by the rules of [`check_label`](super::check_label); empty for none.
    pub label: &'a str,
    /// Volume serial number, as `blkid` shows it (`1234-ABCD`).
    pub volume_id: u32,
    /// Time of every entry, stored in UTC in steps of two seconds, held within 1980..=2107.
    pub modified: time::OffsetDateTime,
    /// Sectors of 512 bytes before the volume on its medium: the partition's first sector, 0 without a table.
    pub hidden_sectors: u32,
}

/// A file to be put in a volume.
pub struct VolumeFile<'a> {
    /// Where: names joined by `/`, no leading `/`; folders are made as needed.
    pub path: &'a str,
    /// Its content, at most 4 GiB - 1.
    pub bytes: &'a Secret,
}
