//! The fleet key: seals private material and conceals personal values.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::delivery::{Random, SealedMaterial};
use crate::fleet::{Digest, Secret};

use super::AuthorityError;

/// The fleet key's length in bytes.
pub(super) const LENGTH: usize = 32;
/// First byte of a wrapped key: how it was wrapped.
const SCHEME: u8 = 1;
const TAG: usize = 16;
/// Length of a wrapped key: scheme, nonce, key, tag.
const WRAPPED: usize = 1 + NONCE_LEN + LENGTH + TAG;

/// The key that a fleet's stations share. It never touches a body itself: each is sealed with a key of its own, and
/// that key is wrapped, so that destroying [`SealedMaterial::key`] destroys one body and no other.
///
/// AES-256-GCM-SIV (RFC 8452), because it stays safe if a nonce comes twice (a seeded run draws the same ones again).
/// The keys for wrapping, for bodies and for concealing are derived by HKDF-SHA-256 (RFC 5869) under different names.
pub struct FleetKey {
    wrapping: LessSafeKey,
    body_keys: hmac::Key,
    concealing: hmac::Key,
    enrolment: Prk,
}

impl FleetKey {
    /// Derives everything from the stored 32 bytes.
    pub(super) fn from_secret(secret: &Secret) -> Result<Self, AuthorityError> {
        if secret.len() != LENGTH {
            let reason = format!("it has {} bytes, a fleet key has {LENGTH}", secret.len());
            return Err(AuthorityError::damaged("the fleet key", reason));
        }
        Ok(Self {
            wrapping: cipher(&derive(secret, b"wrap")),
            body_keys: hmac::Key::new(hmac::HMAC_SHA256, &*derive(secret, b"body")),
            concealing: hmac::Key::new(hmac::HMAC_SHA256, &*derive(secret, b"conceal")),
            enrolment: extract_unsalted(secret),
        })
    }

    /// Seals `secret` for `context`, which names whose it is (device, credential, generation): it opens under the same
    /// context only.
    pub fn seal(&self, context: &str, secret: &Secret, random: &dyn Random) -> SealedMaterial {
        let body_key = self.draw_body_key(context, random);
        let body = secret.expose(|bytes| encrypt(&cipher(&body_key), &[0; NONCE_LEN], context, bytes));
        SealedMaterial { key: self.wrap(context, &body_key, random), body }
    }

    /// Opens what [`FleetKey::seal`] made under the same context.
    pub fn unseal(&self, context: &str, sealed: &SealedMaterial) -> Result<Secret, AuthorityError> {
        if sealed.key.is_empty() {
            return Err(AuthorityError::Destroyed { context: context.to_owned() });
        }
        let opened = self
            .unwrap(context, &sealed.key)
            .and_then(|body_key| decrypt(&cipher(&body_key), &[0; NONCE_LEN], context, &sealed.body));
        opened.map(Secret::new).ok_or_else(|| AuthorityError::Sealed { context: context.to_owned() })
    }

    /// Returns the keyed digest (HMAC-SHA-256, RFC 2104) of a value that must not be recorded: equal for equal values
    /// under one context, and nothing to guess against without the fleet key.
    pub fn conceal(&self, context: &str, bytes: &[u8]) -> Digest {
        let mut signing = hmac::Context::with_key(&self.concealing);
        signing.update(&(context.len() as u64).to_be_bytes());
        signing.update(context.as_bytes());
        signing.update(bytes);
        Digest::from_bytes(signing.sign().as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes"))
    }

    /// Returns what keys of enrolment groups are derived from.
    pub(super) fn enrolment(&self) -> &Prk {
        &self.enrolment
    }

    /// Draws a key for one body. The drawn bytes go through the fleet key, so that a seed alone opens nothing.
    fn draw_body_key(&self, context: &str, random: &dyn Random) -> Zeroizing<[u8; LENGTH]> {
        let mut drawn = Zeroizing::new([0; LENGTH]);
        random.fill(&format!("body key/{context}"), &mut *drawn);
        let tag = hmac::sign(&self.body_keys, &*drawn);
        Zeroizing::new(tag.as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes"))
    }

    fn wrap(&self, context: &str, body_key: &[u8; LENGTH], random: &dyn Random) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&format!("wrap nonce/{context}"), &mut nonce);
        let mut wrapped = vec![SCHEME];
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(&encrypt(&self.wrapping, &nonce, context, body_key));
        wrapped
    }

    fn unwrap(&self, context: &str, wrapped: &[u8]) -> Option<Zeroizing<[u8; LENGTH]>> {
        if wrapped.len() != WRAPPED || wrapped[0] != SCHEME {
            return None;
        }
        let (nonce, rest) = wrapped[1..].split_first_chunk::<NONCE_LEN>()?;
        let key = Zeroizing::new(decrypt(&self.wrapping, nonce, context, rest)?);
        Some(Zeroizing::new(key.as_slice().try_into().ok()?))
    }
}

/// HKDF's first step (RFC 5869, section 2.2): without salt it is a digest of zeros, which HMAC cannot tell from an empty key.
pub(super) fn extract_unsalted(secret: &Secret) -> Prk {
    secret.expose(|bytes| Salt::new(HKDF_SHA256, &[]).extract(bytes))
}

fn derive(secret: &Secret, name: &[u8]) -> Zeroizing<[u8; LENGTH]> {
    let mut key = Zeroizing::new([0; LENGTH]);
    let prk = secret.expose(|bytes| Salt::new(HKDF_SHA256, b"firstlight fleet key 1").extract(bytes));
    let info = [name];
    let derived = prk.expand(&info, HKDF_SHA256).expect("one digest is short enough for HKDF");
    derived.fill(&mut *key).expect("the key has the length of a digest");
    key
}

fn cipher(key: &[u8; LENGTH]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).expect("the key has the cipher's length"))
}

fn encrypt(cipher: &LessSafeKey, nonce: &[u8; NONCE_LEN], context: &str, bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(bytes.len() + TAG);
    sealed.extend_from_slice(bytes);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let done = cipher.seal_in_place_append_tag(nonce, Aad::from(context.as_bytes()), &mut sealed);
    done.expect("memory holds less than the cipher's limit of 64 GiB");
    sealed
}

fn decrypt(cipher: &LessSafeKey, nonce: &[u8; NONCE_LEN], context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = cipher.open_in_place(nonce, Aad::from(context.as_bytes()), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::surroundings::{OsRandom, SeededRandom};

    fn key(byte: u8) -> FleetKey {
        FleetKey::from_secret(&Secret::new(vec![byte; LENGTH])).unwrap()
    }

    fn sealed(key: &FleetKey) -> SealedMaterial {
        key.seal("gw-1/identity/1", &Secret::new(b"private".to_vec()), &OsRandom)
    }

    #[test]
    fn sealed_material_opens_under_its_context() {
        let key = key(1);
        for length in [0, 1, 16, 121, 70_000] {
            let secret = Secret::new(vec![7; length]);
            let sealed = key.seal("c", &secret, &OsRandom);
            assert!(key.unseal("c", &sealed).unwrap().expose(|bytes| bytes == vec![7; length]));
        }
    }

    #[test]
    fn sealed_material_does_not_open_under_another_context_or_key() {
        let sealed = sealed(&key(1));
        for context in ["gw-2/identity/1", "gw-1/identity/2", "gw-1/management/1", ""] {
            assert!(matches!(key(1).unseal(context, &sealed), Err(AuthorityError::Sealed { .. })), "{context}");
        }
        assert!(key(2).unseal("gw-1/identity/1", &sealed).is_err());
    }

    #[test]
    fn altered_or_cut_material_does_not_open() {
        let key = key(1);
        let whole = sealed(&key);
        for at in 0..whole.key.len() + whole.body.len() {
            let mut altered = whole.clone();
            match altered.key.get_mut(at) {
                Some(byte) => *byte ^= 1,
                None => altered.body[at - whole.key.len()] ^= 1,
            }
            assert!(key.unseal("gw-1/identity/1", &altered).is_err(), "byte {at}");
        }
        for length in 0..whole.body.len() {
            let cut = SealedMaterial { key: whole.key.clone(), body: whole.body[..length].to_vec() };
            assert!(key.unseal("gw-1/identity/1", &cut).is_err(), "{length}");
        }
        for length in 1..whole.key.len() {
            let cut = SealedMaterial { key: whole.key[..length].to_vec(), body: whole.body.clone() };
            assert!(key.unseal("gw-1/identity/1", &cut).is_err(), "{length}");
        }
    }

    #[test]
    fn without_its_key_a_body_is_gone_and_no_other_key_brings_it_back() {
        let key = key(1);
        let (one, two) = (sealed(&key), sealed(&key));
        let destroyed = SealedMaterial { key: vec![], body: one.body.clone() };
        let opened = key.unseal("gw-1/identity/1", &destroyed);
        assert!(matches!(opened, Err(AuthorityError::Destroyed { .. })));
        assert!(key.unseal("gw-1/identity/1", &SealedMaterial { key: two.key, body: one.body }).is_err());
    }

    #[test]
    fn the_same_secret_sealed_twice_looks_different_and_never_shows() {
        let key = key(1);
        let (one, two) = (sealed(&key), sealed(&key));
        assert!(one.key != two.key && one.body != two.body);
        assert!(!one.body.windows(7).any(|part| part == b"private"));
    }

    #[test]
    fn a_seed_alone_does_not_open_what_was_sealed_with_it() {
        let random = SeededRandom::new(&Secret::new(b"ci".to_vec()));
        let sealed = key(1).seal("c", &Secret::new(b"wifi".to_vec()), &random);
        let mut drawn = [0; LENGTH];
        random.fill("body key/c", &mut drawn);
        assert!(decrypt(&cipher(&drawn), &[0; NONCE_LEN], "c", &sealed.body).is_none());
    }

    #[test]
    fn concealing_tells_contexts_values_and_fleets_apart() {
        let key = key(1);
        assert_eq!(key.conceal("a", b"x"), key.conceal("a", b"x"));
        assert_ne!(key.conceal("a", b"x"), key.conceal("a", b"y"));
        assert_ne!(key.conceal("a", b"bx"), key.conceal("ab", b"x"));
        assert_ne!(key.conceal("a", b"x"), super::tests::key(2).conceal("a", b"x"));
        assert_ne!(key.conceal("a", b"x"), Digest::of(b"x"));
    }

    #[test]
    fn concealed_digests_never_change_between_versions() {
        // Computed by an independent HKDF and HMAC (Python, hmac and hashlib).
        assert_eq!(
            key(1).conceal("variable", b"value").to_string(),
            "a0d66e13fb2b9f67d0cf764a850e4b55b5fdc4765055fdb8756c1a7d59beadd6"
        );
    }
}
