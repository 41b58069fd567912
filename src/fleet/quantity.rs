//! Sizes and durations as people write them: `64MiB`, `1h`, `forever`.

use super::Validity;

/// Bytes in the units of a size, binary ones for the computer's and decimal ones for the vendor's way of counting.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];
/// Seconds in the units of a duration; a year has 365 days.
const DURATION_UNITS: [(&str, u64); 6] =
    [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("w", 604_800), ("y", 31_536_000)];

/// The same rules as regular expressions (for the JSON Schema): whole numbers without leading zeros, at most 15 digits.
#[cfg(feature = "station")]
pub(super) const SIZE_PATTERN: &str = "^[1-9][0-9]{0,14} ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$";
/// See [`SIZE_PATTERN`].
#[cfg(feature = "station")]
pub(super) const DURATION_PATTERN: &str = "^[1-9][0-9]{0,14} ?(s|m|h|d|w|y)$";
/// See [`SIZE_PATTERN`].
#[cfg(feature = "station")]
pub(super) const VALIDITY_PATTERN: &str = "^(forever|[1-9][0-9]{0,14} ?(s|m|h|d|w|y))$";

/// Returns the bytes of a size such as `64MiB`; none if it is no size. Saturates at 2^64 - 1.
pub fn size(text: &str) -> Option<u64> {
    quantity(text, &SIZE_UNITS)
}

/// Returns the seconds of a duration such as `1h`; none if it is none. Saturates at 2^64 - 1.
pub fn duration(text: &str) -> Option<u64> {
    quantity(text, &DURATION_UNITS)
}

/// Returns a validity: `forever` or a duration.
pub fn validity(text: &str) -> Option<Validity> {
    match text {
        "forever" => Some(Validity::Forever),
        _ => duration(text).map(Validity::Seconds),
    }
}

/// Writes seconds in the largest unit that divides them.
#[cfg(feature = "station")]
pub(super) fn show_duration(seconds: u64) -> String {
    let (name, unit) = DURATION_UNITS.iter().rev().find(|(_, unit)| seconds.is_multiple_of(*unit)).unwrap_or(&("s", 1));
    format!("{}{name}", seconds / unit)
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 15 || text.starts_with('0') {
        return None;
    }
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(number.parse::<u64>().ok()?.saturating_mul(*factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_read_as_written() {
        assert_eq!(size("64MiB"), Some(64 << 20));
        assert_eq!(size("8 GB"), Some(8_000_000_000));
        assert_eq!(size("999999999999999TiB"), Some(u64::MAX));
        assert_eq!(duration("1h"), Some(3_600));
        assert_eq!(validity("forever"), Some(Validity::Forever));
        assert_eq!(validity("10y"), Some(Validity::Seconds(315_360_000)));
        for wrong in ["", "64", "MiB", "64mib", "-1MiB", "064MiB", "1.5GiB", "1  GiB", "1234567890123456B"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
    }

    #[test]
    #[cfg(feature = "station")]
    fn a_duration_is_shown_in_its_largest_unit() {
        assert_eq!(show_duration(7_200), "2h");
        assert_eq!(show_duration(61), "61s");
        assert_eq!(show_duration(31_536_000), "1y");
    }
}
