//! Challenges for devices without a clock: stateless, signed by a key that all servers on one registry have.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::delivery::Random;
use crate::fleet::Secret;

/// How long a challenge is good, in seconds.
pub(super) const VALID: i64 = 60;

/// Makes challenges and knows its own.
pub(super) struct Challenges {
    key: hmac::Key,
}

impl Challenges {
    /// Takes the key.
    pub(super) fn new(key: &Secret) -> Self {
        Self { key: key.expose(|key| hmac::Key::new(hmac::HMAC_SHA256, key)) }
    }

    /// Makes one at `now` (seconds): when it ends, 16 random bytes, 16 bytes of a MAC.
    pub(super) fn make(&self, now: i64, random: &dyn Random) -> (String, i64) {
        let expires = now + VALID;
        let mut bytes = expires.to_be_bytes().to_vec();
        bytes.resize(24, 0);
        random.fill("challenge", &mut bytes[8..]);
        let tag = hmac::sign(&self.key, &bytes);
        bytes.extend_from_slice(&tag.as_ref()[..16]);
        (URL_SAFE_NO_PAD.encode(bytes), expires)
    }

    /// Returns when a nonce ends that is a challenge of ours and has not ended at `now`.
    pub(super) fn recognize(&self, nonce: &str, now: i64) -> Option<i64> {
        let bytes = URL_SAFE_NO_PAD.decode(nonce).ok().filter(|bytes| bytes.len() == 40)?;
        let (said, tag) = bytes.split_at(24);
        let expected = hmac::sign(&self.key, said);
        aws_lc_rs::constant_time::verify_slices_are_equal(&expected.as_ref()[..16], tag).ok()?;
        let expires = i64::from_be_bytes(said[..8].try_into().ok()?);
        (now < expires && expires <= now + VALID).then_some(expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::surroundings::OsRandom;

    #[test]
    fn a_challenge_is_known_again_until_it_ends() {
        let challenges = Challenges::new(&Secret::new(vec![1; 32]));
        let (nonce, expires) = challenges.make(1_000, &OsRandom);
        assert_eq!(challenges.recognize(&nonce, 1_059), Some(expires));
        assert_eq!(challenges.recognize(&nonce, 1_060), None);
        assert_eq!(challenges.recognize(&nonce, 900), None);
        assert_eq!(Challenges::new(&Secret::new(vec![2; 32])).recognize(&nonce, 1_000), None);
        for at in 0..nonce.len() {
            let mut other = nonce.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(challenges.recognize(&other, 1_000), None, "{other}");
        }
    }
}
