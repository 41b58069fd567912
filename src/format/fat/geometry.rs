//! The measures of a volume: type, cluster size, and where each part begins.

use std::ops::RangeInclusive;

use crate::fleet::Filesystem;

use super::FatError;

/// Bytes in a sector; volumes with other sector sizes are read but not made.
pub(super) const SECTOR: u64 = 512;

/// Volumes below this size are packed; above it every part begins at a multiple of 4 KiB, the page of most flash.
const PACKED_BELOW: u64 = 1 << 20;

/// Sectors over which the ends of a type's sizes are ragged: two tables a step larger, and a cluster.
const RAGGED: u64 = 256;

/// Copies of the allocation table: two, because firmware exists that takes no other number.
pub(super) const TABLES: u32 = 2;

/// Most bytes of a directory, by the specification and by every driver: 65,536 entries.
pub(super) const MOST_FOLDER_BYTES: u64 = 2 << 20;

/// A FAT type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FatType {
    /// Entries of 12 bits.
    Fat12,
    /// Entries of 16 bits.
    Fat16,
    /// Entries of 32 bits, of which 28 count.
    Fat32,
}

impl FatType {
    /// Returns the type a volume of `size` bytes gets, by choice or (for [`Filesystem::Fat`]) by size: FAT12 below 8 MiB,
    /// FAT16 below 512 MiB, else FAT32.
    pub fn of(filesystem: Filesystem, size: u64) -> Self {
        match filesystem {
            Filesystem::Fat12 => FatType::Fat12,
            Filesystem::Fat16 => FatType::Fat16,
            Filesystem::Fat if size < 8 << 20 => FatType::Fat12,
            Filesystem::Fat if size < 512 << 20 => FatType::Fat16,
            Filesystem::Fat32 | Filesystem::Fat => FatType::Fat32,
        }
    }

    /// Returns the word of the fleet file for it.
    pub fn filesystem(self) -> Filesystem {
        match self {
            FatType::Fat12 => Filesystem::Fat12,
            FatType::Fat16 => Filesystem::Fat16,
            FatType::Fat32 => Filesystem::Fat32,
        }
    }

    /// Returns the name as the fleet file spells it.
    pub fn name(self) -> &'static str {
        match self {
            FatType::Fat12 => "fat12",
            FatType::Fat16 => "fat16",
            FatType::Fat32 => "fat32",
        }
    }

    /// Returns the bits of a table entry.
    pub(super) fn bits(self) -> u64 {
        match self {
            FatType::Fat12 => 12,
            FatType::Fat16 => 16,
            FatType::Fat32 => 32,
        }
    }

    /// Returns the table entry that ends a chain.
    pub(super) fn end_of_chain(self) -> u32 {
        match self {
            FatType::Fat12 => 0xFFF,
            FatType::Fat16 => 0xFFFF,
            FatType::Fat32 => 0x0FFF_FFFF,
        }
    }

    /// Cluster counts that no driver takes for another type: the specification's limits (4085, 65525) with a distance of 16.
    fn clusters(self) -> RangeInclusive<u32> {
        match self {
            FatType::Fat12 => 1..=4068,
            FatType::Fat16 => 4101..=65508,
            FatType::Fat32 => 65541..=0x0FFF_FFE5,
        }
    }

    /// Sectors a cluster, in the order they are tried. FAT12 packs best with the smallest; FAT16 takes a flash page where
    /// it can; FAT32 takes the largest, so that the tables, which must be zero on a dirty medium, are small.
    fn cluster_sizes(self) -> &'static [u32] {
        match self {
            FatType::Fat12 => &[1, 2, 4, 8, 16, 32, 64, 128],
            FatType::Fat16 => &[8, 4, 2, 1, 16, 32, 64, 128],
            FatType::Fat32 => &[64, 32, 16, 8, 4, 2, 1],
        }
    }
}

/// The measures of a volume, in sectors of 512 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// The type.
    pub fat_type: FatType,
    /// Sectors of the volume.
    pub total_sectors: u32,
    /// Sectors before the first table.
    pub reserved_sectors: u32,
    /// Sectors of one table; there are two.
    pub table_sectors: u32,
    /// Entries of the root directory; 0 on FAT32, where it is a chain.
    pub root_entries: u32,
    /// Sectors of a cluster.
    pub sectors_per_cluster: u32,
    /// Clusters that can hold something.
    pub clusters: u32,
}

impl Geometry {
    /// Decides the measures of a volume of `size` bytes whose root directory needs `root_entries` entries.
    pub fn plan(filesystem: Filesystem, size: u64, root_entries: u64) -> Result<Self, FatError> {
        if !size.is_multiple_of(SECTOR) {
            return Err(FatError::Unaligned { size });
        }
        let fat_type = FatType::of(filesystem, size);
        let entries = Self::root_entries(fat_type, size, root_entries)?;
        u32::try_from(size / SECTOR)
            .ok()
            .and_then(|total| Self::fit(fat_type, total, entries))
            .ok_or_else(|| Self::wrong_size(filesystem, fat_type, size, root_entries))
    }

    fn root_entries(fat_type: FatType, size: u64, need: u64) -> Result<u32, FatError> {
        if fat_type == FatType::Fat32 {
            return Ok(0);
        }
        let (least, step) = if size < PACKED_BELOW { (128, 16) } else { (512, 128) };
        let have = u64::from(u16::MAX) / step * step;
        if need > have {
            return Err(FatError::FolderFull { path: String::new(), need, have });
        }
        Ok(u32::try_from(need.max(least).next_multiple_of(step)).expect("fits 16 bits"))
    }

    /// Takes the first cluster size whose cluster count belongs to the type.
    fn fit(fat_type: FatType, total_sectors: u32, root_entries: u32) -> Option<Self> {
        fat_type.cluster_sizes().iter().find_map(|&sectors_per_cluster| {
            Self::measure(fat_type, total_sectors, root_entries, sectors_per_cluster)
                .filter(|geometry| fat_type.clusters().contains(&geometry.clusters))
        })
    }

    /// Lays the parts out for one cluster size; `None` if nothing is left for data.
    fn measure(fat_type: FatType, total_sectors: u32, root_entries: u32, sectors_per_cluster: u32) -> Option<Self> {
        let packed = u64::from(total_sectors) * SECTOR < PACKED_BELOW;
        let align = if packed { 1 } else { 8 };
        let least_reserved = match fat_type {
            FatType::Fat32 => 32,
            _ => align,
        };
        let most_clusters = (total_sectors / sectors_per_cluster).min(*fat_type.clusters().end() + 1);
        let mut geometry = Self {
            fat_type,
            total_sectors,
            reserved_sectors: least_reserved,
            table_sectors: table_sectors(fat_type, most_clusters)?.next_multiple_of(align),
            root_entries,
            sectors_per_cluster,
            clusters: 0,
        };
        geometry.shrink_tables(align);
        let remainder = geometry.data_sector() % u64::from(sectors_per_cluster);
        if !packed && remainder != 0 {
            geometry.reserved_sectors += sectors_per_cluster - u32::try_from(remainder).expect("below a cluster");
        }
        geometry.clusters = geometry.clusters_left();
        (geometry.clusters > 0).then_some(geometry)
    }

    /// The first guess gives the tables room for clusters that the tables themselves take away.
    fn shrink_tables(&mut self, align: u32) {
        while self.table_sectors > align {
            let smaller = Self { table_sectors: self.table_sectors - align, ..*self };
            match table_sectors(self.fat_type, smaller.clusters_left()) {
                Some(need) if need <= smaller.table_sectors => *self = smaller,
                _ => return,
            }
        }
    }

    fn clusters_left(&self) -> u32 {
        let sectors = u64::from(self.total_sectors).saturating_sub(self.data_sector());
        u32::try_from(sectors / u64::from(self.sectors_per_cluster)).expect("not more than all sectors")
    }

    fn wrong_size(filesystem: Filesystem, fat_type: FatType, size: u64, root_entries: u64) -> FatError {
        let fits = |sectors: u64| {
            let entries = Self::root_entries(fat_type, sectors * SECTOR, root_entries).ok();
            entries
                .zip(u32::try_from(sectors).ok())
                .is_some_and(|(entries, total)| Self::fit(fat_type, total, entries).is_some())
        };
        let (least, most) = limits(fits);
        let name = if filesystem == Filesystem::Fat { "fat" } else { fat_type.name() };
        FatError::Size { filesystem: name, size, least, most }
    }

    /// Returns the first sector of table `number` (0 or 1).
    pub fn table_sector(&self, number: u32) -> u64 {
        u64::from(self.reserved_sectors) + u64::from(number) * u64::from(self.table_sectors)
    }

    /// Returns the first sector behind the tables: the root directory, or on FAT32 the first cluster.
    pub fn root_sector(&self) -> u64 {
        self.table_sector(TABLES)
    }

    /// Returns the first sector of the first cluster, which has the number 2.
    pub fn data_sector(&self) -> u64 {
        self.root_sector() + (u64::from(self.root_entries) * 32).div_ceil(SECTOR)
    }

    /// Returns the bytes of a cluster.
    pub fn cluster_bytes(&self) -> u64 {
        u64::from(self.sectors_per_cluster) * SECTOR
    }

    /// Returns the first byte of a cluster, counted from the volume's start.
    pub fn cluster_offset(&self, cluster: u32) -> u64 {
        self.data_sector() * SECTOR + u64::from(cluster - 2) * self.cluster_bytes()
    }
}

/// Sectors of a table for so many clusters; the two first entries stand for none.
fn table_sectors(fat_type: FatType, clusters: u32) -> Option<u32> {
    let bits = (u64::from(clusters) + 2) * fat_type.bits();
    u32::try_from(bits.div_ceil(8 * SECTOR)).ok()
}

/// Smallest and largest size in bytes such that `fits` (by sectors) is true for all sizes from one to the other.
///
/// Near the ends a size more can need a larger table and hold fewer clusters; those few sizes are left out.
fn limits(fits: impl Fn(u64) -> bool) -> (u64, u64) {
    let end = u64::from(u32::MAX);
    let Some(inside) = (0..=32).map(|power| (1u64 << power).min(end)).find(|&sectors| fits(sectors)) else {
        return (0, 0);
    };
    let least = bisect(0, inside, &fits);
    let least = (least..least + RAGGED).rev().find(|&sectors| !fits(sectors)).map_or(least, |sectors| sectors + 1);
    let most = if fits(end) { end } else { bisect(end, inside, &fits) };
    let most = (most - RAGGED..most).find(|&sectors| !fits(sectors)).map_or(most, |sectors| sectors - 1);
    (least * SECTOR, most * SECTOR)
}

/// Moves `inside` towards `outside` as far as `fits` holds.
fn bisect(mut outside: u64, mut inside: u64, fits: &impl Fn(u64) -> bool) -> u64 {
    while outside.abs_diff(inside) > 1 {
        let middle = u64::midpoint(outside, inside);
        if fits(middle) { inside = middle } else { outside = middle }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn planned(filesystem: Filesystem, size: u64) -> Geometry {
        Geometry::plan(filesystem, size, 1).unwrap()
    }

    #[test]
    fn the_type_follows_the_size() {
        for (size, expected) in [
            (MIB, FatType::Fat12),
            (8 * MIB - 512, FatType::Fat12),
            (8 * MIB, FatType::Fat16),
            (512 * MIB - 512, FatType::Fat16),
            (512 * MIB, FatType::Fat32),
            (32 << 30, FatType::Fat32),
        ] {
            assert_eq!(planned(Filesystem::Fat, size).fat_type, expected, "{size} bytes");
        }
    }

    #[test]
    fn every_part_lies_inside_and_the_tables_cover_every_cluster() {
        let sizes = (0..400u64).map(|step| 160 * 1024 + step * 977 * 512).chain((1..60).map(|step| step * 999 * MIB));
        for size in sizes {
            let geometry = planned(Filesystem::Fat, size);
            let end = geometry.data_sector() + u64::from(geometry.clusters) * u64::from(geometry.sectors_per_cluster);
            assert!(end <= size / SECTOR, "{geometry:?}");
            assert!(end + u64::from(geometry.sectors_per_cluster) > size / SECTOR, "{geometry:?}");
            let entries = u64::from(geometry.table_sectors) * SECTOR * 8 / geometry.fat_type.bits();
            assert!(entries >= u64::from(geometry.clusters) + 2, "{geometry:?}");
            assert!(geometry.fat_type.clusters().contains(&geometry.clusters), "{geometry:?}");
        }
    }

    #[test]
    fn parts_of_a_medium_sized_volume_begin_at_flash_pages() {
        for size in [MIB, 5 * MIB, 64 * MIB, 300 * MIB, 2048 * MIB, 32 << 30] {
            let geometry = planned(Filesystem::Fat, size);
            for sector in
                [geometry.table_sector(0), geometry.table_sector(1), geometry.root_sector(), geometry.data_sector()]
            {
                assert!(sector.is_multiple_of(8), "{sector} of {geometry:?}");
            }
            assert!(geometry.data_sector().is_multiple_of(u64::from(geometry.sectors_per_cluster)));
        }
    }

    #[test]
    fn a_size_that_cannot_hold_the_type_is_refused_with_the_limits_that_can() {
        for (filesystem, wrong) in [
            (Filesystem::Fat12, 1 << 30),
            (Filesystem::Fat16, MIB),
            (Filesystem::Fat16, 8 << 30),
            (Filesystem::Fat32, 16 * MIB),
            (Filesystem::Fat, 1024),
            (Filesystem::Fat, 4 << 40),
        ] {
            let Err(FatError::Size { size, least, most, .. }) = Geometry::plan(filesystem, wrong, 1) else {
                panic!("{filesystem:?} of {wrong} bytes is accepted");
            };
            assert!(size == wrong && (wrong < least || wrong > most), "{filesystem:?} {wrong} {least} {most}");
            for good in [least, most] {
                let fat_type = FatType::of(filesystem, wrong).filesystem();
                assert!(Geometry::plan(fat_type, good, 1).is_ok(), "{filesystem:?} {good}");
            }
            assert!(Geometry::plan(FatType::of(filesystem, wrong).filesystem(), least - 512, 1).is_err());
        }
        assert_eq!(Geometry::plan(Filesystem::Fat, 1000, 1), Err(FatError::Unaligned { size: 1000 }));
    }

    #[test]
    fn no_size_between_the_limits_is_refused() {
        for filesystem in [Filesystem::Fat12, Filesystem::Fat16, Filesystem::Fat32] {
            let Err(FatError::Size { least, most, .. }) = Geometry::plan(filesystem, 512, 1) else {
                panic!("512 bytes are accepted");
            };
            let step = ((most - least) / 5000 / 512 + 1) * 512;
            for size in (least..most).step_by(usize::try_from(step).unwrap()) {
                assert!(Geometry::plan(filesystem, size, 1).is_ok(), "{filesystem:?} {size}");
            }
        }
    }

    #[test]
    fn tables_of_large_volumes_stay_small() {
        assert!(u64::from(planned(Filesystem::Fat32, 64 * MIB).table_sectors) * SECTOR <= 512 * 1024);
        assert!(u64::from(planned(Filesystem::Fat32, 2 << 30).table_sectors) * SECTOR <= 512 * 1024);
        assert!(u64::from(planned(Filesystem::Fat32, 32 << 30).table_sectors) * SECTOR <= 4 * MIB + 4096);
        assert!(u64::from(planned(Filesystem::Fat, 64 * MIB).table_sectors) * SECTOR <= 32 * 1024);
    }
}
