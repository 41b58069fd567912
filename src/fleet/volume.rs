//! Sizes that a volume can have.

use super::Filesystem;

/// Least size of an image: 1 MiB, room for the first cluster and both tables with any alignment.
const LEAST: u64 = 1 << 20;
/// Greatest size of an image: 2 TiB, what the sector counts of MBR and FAT32 reach.
const MOST: u64 = 2 << 40;
/// Size of a sector.
const SECTOR: u64 = 512;

impl Filesystem {
    /// Says what is wrong with a size in bytes. The bounds of the FAT kinds are those of their cluster counts (Microsoft FAT
    /// specification: 4084, 65524) with clusters of 512 bytes to 64 KiB; within them the exact layout decides.
    pub fn size_faults(self, size: u64) -> Vec<String> {
        let (name, least, most) = match self {
            Filesystem::Fat => ("fat", LEAST, MOST),
            Filesystem::Fat12 => ("fat12", LEAST, 256 << 20),
            Filesystem::Fat16 => ("fat16", 4 << 20, 4 << 30),
            Filesystem::Fat32 => ("fat32", 33 << 20, MOST),
        };
        let mut faults = Vec::new();
        if size < least || size > most {
            faults.push(format!("a {name} image of {size} bytes is not possible: {least} to {most} bytes are"));
        }
        if !size.is_multiple_of(SECTOR) {
            faults.push(format!("the size of {size} bytes is no multiple of {SECTOR}"));
        }
        faults
    }
}
