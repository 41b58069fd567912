//! How long a failure is waited out.

/// The longest pause between two tries, in milliseconds.
pub(super) const LONGEST_PAUSE: i64 = 300_000;

/// One second, doubled with each failure.
pub(super) fn pause(failures: i64) -> i64 {
    let doubled = u32::try_from(failures.clamp(0, 12)).unwrap_or(12);
    (1_000_i64 << doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!([0, 1, 2, 8, 9, i64::MAX].map(pause), [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
        assert_eq!(pause(-1), 1_000);
    }
}
