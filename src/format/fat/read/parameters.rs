//! The BIOS parameter block of a volume, checked.

use crate::format::ReadAt;
use crate::format::fat::geometry::FatType;

use super::ReadError;

/// The measures of a volume that is read, in bytes where nothing else is said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub(super) fat_type: FatType,
    pub(super) cluster_bytes: u64,
    /// Clusters; they are numbered from 2.
    pub(super) clusters: u32,
    /// First byte of the table in use.
    pub(super) table_offset: u64,
    /// Bytes of that table.
    pub(super) table_bytes: u64,
    /// First byte of the fixed root directory.
    pub(super) root_offset: u64,
    /// Bytes of the fixed root directory; 0 on FAT32.
    pub(super) root_bytes: u64,
    /// First cluster of the root directory on FAT32.
    pub(super) root_cluster: u32,
    /// First byte of cluster 2.
    pub(super) data_offset: u64,
    /// Bytes of the volume.
    pub(super) size: u64,
    pub(super) volume_id: u32,
    /// Label of the boot sector.
    pub(super) label: [u8; 11],
}

/// The first sector, by its fields.
struct Boot([u8; 512]);

impl Boot {
    fn byte(&self, place: usize) -> u64 {
        u64::from(self.0[place])
    }

    fn short(&self, place: usize) -> u64 {
        u64::from(u16::from_le_bytes([self.0[place], self.0[place + 1]]))
    }

    fn long(&self, place: usize) -> u32 {
        u32::from_le_bytes([self.0[place], self.0[place + 1], self.0[place + 2], self.0[place + 3]])
    }

    /// The 16-bit field, or where that is zero the 32-bit one.
    fn either(&self, short: usize, long: usize) -> u64 {
        match self.short(short) {
            0 => u64::from(self.long(long)),
            number => number,
        }
    }
}

fn not_fat(reason: impl Into<String>) -> ReadError {
    ReadError::NotFat { reason: reason.into() }
}

fn require(holds: bool, reason: impl FnOnce() -> String) -> Result<(), ReadError> {
    if holds { Ok(()) } else { Err(not_fat(reason())) }
}

impl Parameters {
    /// Reads the boot sector and checks that all it claims lies inside the source.
    pub(super) fn read(source: &dyn ReadAt) -> Result<Self, ReadError> {
        let mut boot = Boot([0; 512]);
        require(source.size() >= 512, || format!("{} bytes hold no boot sector", source.size()))?;
        source.read_at(0, &mut boot.0).map_err(|source| ReadError::Io { offset: 0, source })?;
        require(boot.short(510) == 0xAA55, || "the boot sector has no signature".into())?;
        let sector = boot.short(11);
        require((512..=4096).contains(&sector) && sector.is_power_of_two(), || format!("sectors of {sector} bytes"))?;
        require(boot.byte(13).is_power_of_two(), || format!("clusters of {} sectors", boot.byte(13)))?;
        require((1..=4).contains(&boot.byte(16)), || format!("{} allocation tables", boot.byte(16)))?;
        require(boot.short(14) > 0, || "no reserved sector".into())?;
        require(boot.byte(21) == 0xF0 || boot.byte(21) >= 0xF8, || format!("media byte {:#04x}", boot.byte(21)))?;
        let size = boot.either(19, 32) * sector;
        require(size <= source.size(), || format!("it claims {size} bytes, there are {}", source.size()))?;
        Self::measure(&boot, sector, size)
    }

    fn measure(boot: &Boot, sector: u64, size: u64) -> Result<Self, ReadError> {
        let fat32 = boot.short(22) == 0;
        let table_bytes = boot.either(22, 36) * sector;
        let tables_offset = boot.short(14) * sector;
        let root_offset = tables_offset + boot.byte(16) * table_bytes;
        let root_bytes = boot.short(17) * 32;
        let data_offset = root_offset + root_bytes.next_multiple_of(sector);
        let cluster_bytes = boot.byte(13) * sector;
        require(data_offset + cluster_bytes <= size, || format!("{size} bytes hold no cluster behind {data_offset}"))?;
        let clusters = (size - data_offset) / cluster_bytes;
        let (fat_type, entry_bits) = match clusters {
            _ if fat32 => (FatType::Fat32, 32),
            ..4085 => (FatType::Fat12, 12),
            _ => (FatType::Fat16, 16),
        };
        let most = if fat32 { 0x0FFF_FFF5 } else { 65_524 };
        require(clusters <= most, || format!("{clusters} clusters, at most {most} are possible"))?;
        let needed = ((clusters + 2) * entry_bits).div_ceil(8);
        require(table_bytes >= needed, || format!("a table of {table_bytes} bytes, {needed} are needed"))?;
        require(fat32 == (root_bytes == 0), || format!("a root directory of {root_bytes} bytes"))?;
        require(!fat32 || boot.short(42) == 0, || format!("version {}", boot.short(42)))?;
        let extended = if fat32 { 64 } else { 36 };
        let parameters = Self {
            fat_type,
            cluster_bytes,
            clusters: u32::try_from(clusters).expect("at most 28 bits"),
            table_offset: tables_offset + active_table(boot, fat32)? * table_bytes,
            table_bytes,
            root_offset,
            root_bytes,
            root_cluster: if fat32 { boot.long(44) } else { 0 },
            data_offset,
            size,
            volume_id: boot.long(extended + 3),
            label: boot.0[extended + 7..extended + 18].try_into().expect("11 bytes"),
        };
        require(!fat32 || parameters.is_cluster(parameters.root_cluster), || {
            format!("a root directory at cluster {}", parameters.root_cluster)
        })?;
        Ok(parameters)
    }

    /// Returns true if a cluster of this number can hold something.
    pub(super) fn is_cluster(&self, number: u32) -> bool {
        (2..self.clusters + 2).contains(&number)
    }

    /// Returns the first byte of a cluster that [`is_cluster`](Self::is_cluster).
    pub(super) fn cluster_offset(&self, number: u32) -> u64 {
        self.data_offset + u64::from(number - 2) * self.cluster_bytes
    }
}

/// FAT32 may have mirroring turned off; then one table counts.
fn active_table(boot: &Boot, fat32: bool) -> Result<u64, ReadError> {
    let flags = boot.short(40);
    if !fat32 || flags & 0x80 == 0 {
        return Ok(0);
    }
    let active = flags & 0x0F;
    require(active < boot.byte(16), || format!("table {active} in use of {}", boot.byte(16)))?;
    Ok(active)
}
