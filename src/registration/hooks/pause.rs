//! How long a failure is waited out.

/// The longest pause between two tries, in milliseconds.
pub(super) const LONGEST_PAUSE: i64 = 300_000;

/// Doubled with each failure, from a second on; from ten milliseconds in tests, which wait for it.
pub(super) fn pause(failures: i64) -> i64 {
    let first = if cfg!(test) { 10 } else { 1_000 };
    doubled(first, failures)
}

fn doubled(first: i64, failures: i64) -> i64 {
    let times = u32::try_from(failures.clamp(0, 12)).unwrap_or(12);
    (first << times).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        assert_eq!(
            [0, 1, 2, 8, 9, i64::MAX].map(|failures| doubled(1_000, failures)),
            [1_000, 2_000, 4_000, 256_000, 300_000, 300_000]
        );
        assert_eq!(doubled(1_000, -1), 1_000);
    }
}
