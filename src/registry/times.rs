//! Times as the store keeps them: milliseconds since 1970, UTC.

use time::OffsetDateTime;

/// Returns the milliseconds of a time.
pub(super) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Returns the time of so many milliseconds; what no calendar holds becomes 1970.
pub(super) fn of_millis(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
