//! Sizes and times for people.

use time::OffsetDateTime;

/// Returns a size as drives and cards are sold: decimal units, three figures (`7.4 GB`, `64.0 MB`, `812 bytes`).
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut whole, mut tenths, mut unit) = (bytes / 1000, (bytes % 1000) / 100, 0);
    while whole >= 1000 && unit + 1 < UNITS.len() {
        (whole, tenths, unit) = (whole / 1000, (whole % 1000) / 100, unit + 1);
    }
    format!("{whole}.{tenths} {}", UNITS[unit])
}

/// Reads a size as people type it: bytes, or a number with kB/MB/GB/TB (decimal) or KiB/MiB/GiB/TiB (binary), `k`, `M`,
/// `G`, `T` alone being binary as in `dd` and `truncate`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| format!("{text:?} is no size; write it like 32GB or 64MiB"))?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "k" | "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        "T" | "TiB" => 1 << 40,
        other => return Err(format!("{other:?} is no unit of size; write it like 32GB or 64MiB")),
    };
    number.checked_mul(factor).ok_or_else(|| format!("{text:?} is more than 64 bits can count"))
}

/// Returns a time as `2026-03-01 14:07` (UTC).
pub fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{:04}-{:02}-{:02} {:02}:{:02}", at.year(), u8::from(at.month()), at.day(), at.hour(), at.minute())
}

/// Returns a length of time in its largest whole unit (`42 s`, `3 min`, `5 h`, `12 days`).
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Returns `1 device`, `2 devices`.
pub fn count(number: usize, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("1 {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_drives_are_sold() {
        let shown: Vec<String> =
            [0, 999, 1000, 67_108_864, 7_400_000_000, u64::MAX].iter().map(|bytes| size(*bytes)).collect();
        assert_eq!(shown, ["0 bytes", "999 bytes", "1.0 kB", "67.1 MB", "7.4 GB", "18446.7 PB"]);
    }

    #[test]
    fn sizes_are_read_in_both_systems_and_never_wrap() {
        assert_eq!(parse_size("32GB"), Ok(32_000_000_000));
        assert_eq!(parse_size("64 MiB"), Ok(67_108_864));
        assert_eq!(parse_size("512"), Ok(512));
        for wrong in ["", "GB", "-1", "1.5GB", "12 parsecs", "99999999999999T", "18446744073709551616"] {
            assert!(parse_size(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn spans_and_moments_read_well() {
        assert_eq!([span(42), span(200), span(7300), span(1_000_000)], ["42 s", "3 min", "2 h", "11 days"]);
        assert_eq!(moment(OffsetDateTime::from_unix_timestamp(0).unwrap()), "1970-01-01 00:00");
        assert_eq!([count(1, "device"), count(2, "device")], ["1 device", "2 devices"]);
    }
}
