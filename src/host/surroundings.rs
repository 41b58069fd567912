//! The clock and the randomness of the machine, and their stand-ins for reproducible runs.

use std::ffi::OsStr;

use rustix::rand::{GetRandomFlags, getrandom};
use time::OffsetDateTime;

use crate::delivery::{Clock, Random};
use crate::fleet::{Class, Diagnose};

/// The environment variable that fixes the clock (reproducible-builds.org, "SOURCE_DATE_EPOCH" specification 1.1).
pub const EPOCH_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// The system's random numbers, getrandom(2): waits until the kernel has gathered enough, once after boot.
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, _purpose: &str, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("the kernel gives no random bytes: {error}"),
            }
        }
    }
}

/// The system's clock, in UTC.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// A clock that stands still.
pub struct FixedClock(pub OffsetDateTime);

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        self.0
    }
}

/// Why the surroundings cannot be used as they are.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SurroundingsError {
    /// The variable holds no time.
    #[error("{EPOCH_VARIABLE} is {found:?}, which is no whole number of seconds since 1970 before the year 10000")]
    Epoch {
        /// What it holds.
        found: String,
    },
}

impl Diagnose for SurroundingsError {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(format!("unset {EPOCH_VARIABLE}, or run: export {EPOCH_VARIABLE}=$(git log -1 --format=%ct)"))
    }
}

/// Returns the clock this run goes by: fixed by `SOURCE_DATE_EPOCH` where that is set, else the system's. A malformed
/// value is an error and never the system's clock.
pub fn clock_from_environment() -> Result<Box<dyn Clock>, SurroundingsError> {
    clock_from(std::env::var_os(EPOCH_VARIABLE).as_deref())
}

fn clock_from(epoch: Option<&OsStr>) -> Result<Box<dyn Clock>, SurroundingsError> {
    let Some(epoch) = epoch else {
        return Ok(Box::new(SystemClock));
    };
    let malformed = || SurroundingsError::Epoch { found: epoch.to_string_lossy().into_owned() };
    let text = epoch.to_str().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds: i64 = text.and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
    let time = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| malformed())?;
    Ok(Box::new(FixedClock(time)))
}

#[cfg(feature = "station")]
pub use seeded::SeededRandom;

#[cfg(feature = "station")]
mod seeded {
    use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

    use crate::delivery::Random;
    use crate::fleet::Secret;

    /// The most bytes that HKDF-SHA-256 gives for one information string (RFC 5869, section 2.3).
    const LONGEST_OUTPUT: usize = 255 * 32;

    /// Bytes derived from a seed by HKDF-SHA-256 (RFC 5869), one stream for each purpose: the same in every run and in
    /// every order of the draws. Whoever knows the seed knows them all, so what they make is for rehearsals only.
    pub struct SeededRandom(Prk);

    impl SeededRandom {
        /// Makes the source for `seed`, of any length.
        pub fn new(seed: &Secret) -> Self {
            Self(seed.expose(|seed| Salt::new(HKDF_SHA256, b"firstlight seeded random 1").extract(seed)))
        }
    }

    impl Random for SeededRandom {
        fn fill(&self, purpose: &str, bytes: &mut [u8]) {
            for (index, chunk) in bytes.chunks_mut(LONGEST_OUTPUT).enumerate() {
                let index = (index as u64).to_be_bytes();
                let info = [index.as_slice(), purpose.as_bytes()];
                let stream = self.0.expand(&info, Length(chunk.len())).expect("a chunk is short enough for HKDF");
                stream.fill(chunk).expect("the chunk has the length asked for");
            }
        }

        fn foretold(&self) -> bool {
            true
        }
    }

    struct Length(usize);

    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_gives_different_bytes_each_time_and_fills_them_all() {
        let (mut one, mut two) = (vec![0; 5000], vec![0; 5000]);
        OsRandom.fill("a", &mut one);
        OsRandom.fill("a", &mut two);
        assert_ne!(one, two);
        assert!(one.chunks(50).all(|part| part.iter().any(|byte| *byte != 0)));
        assert!(!OsRandom.foretold());
        OsRandom.fill("nothing", &mut []);
    }

    #[test]
    fn source_date_epoch_fixes_the_clock() {
        let clock = clock_from(Some(OsStr::new("1700000000"))).unwrap();
        assert_eq!(clock.now().unix_timestamp(), 1_700_000_000);
        assert_eq!(clock_from(Some(OsStr::new("253402300799"))).unwrap().now().year(), 9999);
    }

    #[test]
    fn without_source_date_epoch_the_clock_is_the_systems() {
        let before = OffsetDateTime::now_utc();
        assert!(clock_from(None).unwrap().now() >= before);
    }

    #[test]
    fn a_malformed_source_date_epoch_is_an_error() {
        for text in ["", " ", "-1", "+1", "1.5", "soon", "0x10", "253402300800", "99999999999999999999"] {
            let found = clock_from(Some(OsStr::new(text))).err();
            assert_eq!(found, Some(SurroundingsError::Epoch { found: text.into() }), "{text:?}");
        }
    }

    #[cfg(feature = "station")]
    #[test]
    fn a_seed_gives_the_same_bytes_for_a_purpose_and_others_for_another() {
        use crate::fleet::Secret;
        let draw = |seed: &[u8], purpose: &str, length: usize| {
            let mut bytes = vec![0; length];
            SeededRandom::new(&Secret::new(seed.to_vec())).fill(purpose, &mut bytes);
            bytes
        };
        assert_eq!(draw(b"1", "a", 32), draw(b"1", "a", 32));
        assert_ne!(draw(b"1", "a", 32), draw(b"1", "b", 32));
        assert_ne!(draw(b"1", "a", 32), draw(b"2", "a", 32));
        let long = draw(b"1", "a", 20_000);
        assert_ne!(long[..8000], long[8160..16_160], "a long draw does not repeat");
        assert!(SeededRandom::new(&Secret::new(vec![])).foretold());
    }

    #[cfg(feature = "station")]
    #[test]
    fn the_seeded_stream_never_changes_between_versions() {
        use crate::fleet::Secret;
        let mut bytes = [0; 16];
        SeededRandom::new(&Secret::new(b"firstlight".to_vec())).fill("golden", &mut bytes);
        // Computed by an independent HKDF (Python, hmac and hashlib).
        assert_eq!(hex::encode(bytes), "27629a711dd10414c3fea8ef4075f510");
    }
}
