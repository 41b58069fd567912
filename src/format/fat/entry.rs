//! Directory entries of 32 bytes.
//!
//! FAT specification 1.03, sections "FAT Directory Structure" and "FAT Long Directory Entries".

use time::{OffsetDateTime, UtcOffset};

use super::names::Alias;

/// Bytes of an entry.
pub(super) const ENTRY: usize = 32;

/// UTF-16 units of a long name that one entry holds.
pub(super) const UNITS: usize = 13;

/// Where those units lie in their entry.
pub(super) const UNIT_PLACES: [usize; UNITS] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/// Attribute of a volume label.
pub(super) const LABEL: u8 = 0x08;
/// Attribute of a folder.
pub(super) const FOLDER: u8 = 0x10;
/// Attribute of a file.
pub(super) const FILE: u8 = 0x20;
/// Attributes of a part of a long name.
pub(super) const LONG_NAME: u8 = 0x0F;
/// Flag of the part of a long name that stands first (and is its end).
pub(super) const LAST_PART: u8 = 0x40;

/// A time as FAT stores it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    date: u16,
    time: u16,
}

impl Stamp {
    /// Brings a time into FAT's range, 1980-01-01 00:00:00 to 2107-12-31 23:59:58 in UTC, in steps of two seconds.
    pub(super) fn of(moment: OffsetDateTime) -> Self {
        let moment = moment.to_offset(UtcOffset::UTC);
        let clock = (moment.hour(), moment.minute(), moment.second());
        match u16::try_from(moment.year()) {
            Ok(year @ 1980..=2107) => Self::packed((year - 1980, u8::from(moment.month()), moment.day()), clock),
            Ok(2108..) => Self::packed((127, 12, 31), (23, 59, 58)),
            _ => Self::packed((0, 1, 1), (0, 0, 0)),
        }
    }

    fn packed((year, month, day): (u16, u8, u8), (hour, minute, second): (u8, u8, u8)) -> Self {
        let date = (year << 9) | (u16::from(month) << 5) | u16::from(day);
        let time = (u16::from(hour) << 11) | (u16::from(minute) << 5) | u16::from(second / 2);
        Self { date, time }
    }
}

/// What a short entry says.
pub(super) struct Short {
    /// The name in its field.
    pub(super) name: Alias,
    /// Attributes.
    pub(super) attributes: u8,
    /// First cluster, 0 for none.
    pub(super) cluster: u32,
    /// Bytes of a file; 0 for a folder.
    pub(super) size: u32,
}

impl Short {
    /// Appends the entry to a directory.
    pub(super) fn append(&self, stamp: Stamp, directory: &mut Vec<u8>) {
        let mut entry = [0; ENTRY];
        entry[..11].copy_from_slice(&self.name);
        entry[11] = self.attributes;
        let mut put = |place: usize, value: u16| entry[place..place + 2].copy_from_slice(&value.to_le_bytes());
        if self.attributes != LABEL {
            put(14, stamp.time);
            put(16, stamp.date);
            put(18, stamp.date);
        }
        put(22, stamp.time);
        put(24, stamp.date);
        let [low0, low1, high0, high1] = self.cluster.to_le_bytes();
        put(26, u16::from_le_bytes([low0, low1]));
        put(20, u16::from_le_bytes([high0, high1]));
        entry[28..].copy_from_slice(&self.size.to_le_bytes());
        directory.extend_from_slice(&entry);
    }
}

/// Returns the number of entries a long name takes, without the short one.
pub(super) fn long_entries(name: &str) -> usize {
    name.encode_utf16().count().div_ceil(UNITS)
}

/// Appends the entries of a long name, its end first.
pub(super) fn append_long(name: &str, alias: Alias, directory: &mut Vec<u8>) {
    let units: Vec<u16> = name.encode_utf16().collect();
    let parts = units.chunks(UNITS).zip(1u8..).collect::<Vec<_>>();
    let last = parts.len();
    for (index, (part, number)) in parts.into_iter().enumerate().rev() {
        let flag = if index + 1 == last { LAST_PART } else { 0 };
        directory.extend_from_slice(&long_entry(part, number | flag, checksum(alias)));
    }
}

fn long_entry(part: &[u16], ordinal: u8, checksum: u8) -> [u8; ENTRY] {
    let mut entry = [0; ENTRY];
    entry[0] = ordinal;
    entry[11] = LONG_NAME;
    entry[13] = checksum;
    let padded = part.iter().copied().chain([0]).chain(std::iter::repeat(0xFFFF));
    for (place, unit) in UNIT_PLACES.into_iter().zip(padded) {
        entry[place..place + 2].copy_from_slice(&unit.to_le_bytes());
    }
    entry
}

/// Returns the checksum that ties the parts of a long name to their short entry.
pub(super) fn checksum(alias: Alias) -> u8 {
    alias.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_time_is_stored_in_utc_and_held_within_the_range() {
        let stamp = |date, time| Stamp { date, time };
        assert_eq!(Stamp::of(datetime!(2026-03-01 00:30:59 +2)), stamp(0x5C5C, 0xB3DD));
        assert_eq!(Stamp::of(datetime!(1970-01-01 0:00 UTC)), stamp(0x0021, 0));
        assert_eq!(Stamp::of(datetime!(2108-01-01 0:00 UTC)), stamp(0xFF9F, 0xBF7D));
    }

    #[test]
    fn a_long_name_that_fills_its_entries_has_no_terminator() {
        let mut directory = Vec::new();
        append_long("thirteen-char", *b"THIRTE~1   ", &mut directory);
        assert_eq!(directory.len(), ENTRY);
        assert_eq!((directory[0], directory[30]), (0x41, b'r'));
        append_long("fourteen-chars", *b"FOURTE~1   ", &mut directory);
        assert_eq!(directory.len(), 3 * ENTRY);
        assert_eq!(directory[ENTRY..][..9], [0x42, b's', 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(directory[2 * ENTRY], 1);
    }
}
