//! P-256 key pairs, and how they sign.

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use zeroize::Zeroizing;

use crate::delivery::Random;
use crate::fleet::{Digest, Secret};

use super::AuthorityError;

/// A P-256 key pair (FIPS 186-5).
pub(super) struct KeyPair(EcdsaKeyPair);

impl KeyPair {
    /// Makes a new one: from the system's randomness, or, where `random` can be foretold, derived from it for `purpose`.
    pub(super) fn draw(random: &dyn Random, purpose: &str) -> Result<Self, AuthorityError> {
        if random.foretold() {
            return Self::derive(random, purpose);
        }
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        pair.map(Self).map_err(|_| AuthorityError::Crypto { doing: "making a key pair" })
    }

    /// Reads a PKCS#8 private key (RFC 5208).
    pub(super) fn from_pkcs8(pkcs8: &Secret, what: &str) -> Result<Self, AuthorityError> {
        let pair = pkcs8.expose(|der| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der));
        pair.map(Self).map_err(|error| AuthorityError::damaged(what, error))
    }

    /// Returns the private key as PKCS#8 DER (RFC 5208).
    pub(super) fn to_pkcs8(&self) -> Result<Secret, AuthorityError> {
        let document = self.0.to_pkcs8v1().map_err(|_| AuthorityError::Crypto { doing: "writing a private key" })?;
        Ok(Secret::new(document.as_ref().to_vec()))
    }

    /// Returns the public key as SubjectPublicKeyInfo DER (RFC 5280, section 4.1.2.7).
    pub(super) fn spki(&self) -> Vec<u8> {
        self.subject_public_key_info()
    }

    /// Returns SHA-256 of the SubjectPublicKeyInfo.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of(&self.spki())
    }

    /// Returns the signer that needs no randomness (RFC 6979).
    pub(super) fn into_foretold_signer(self) -> Result<CaSigner, AuthorityError> {
        let fault = || AuthorityError::Crypto { doing: "reading a private key" };
        let bytes: EcPrivateKeyBin<'_> = self.0.private_key().as_be_bytes().map_err(|_| fault())?;
        let key = SigningKey::from_slice(bytes.as_ref()).map_err(|_| fault())?;
        Ok(CaSigner::Foretold { key, pair: self })
    }

    /// Draws private keys until one is in range, 1 to n-1 (the first is, but for one in 2^32).
    fn derive(random: &dyn Random, purpose: &str) -> Result<Self, AuthorityError> {
        let mut private = Zeroizing::new([0; 32]);
        for attempt in 0..8 {
            random.fill(&format!("private key {attempt}/{purpose}"), &mut *private);
            if let Ok(key) = SigningKey::from_slice(&*private) {
                let public = key.verifying_key().to_encoded_point(false);
                let pair = EcdsaKeyPair::from_private_key_and_public_key(
                    &ECDSA_P256_SHA256_ASN1_SIGNING,
                    &*private,
                    public.as_bytes(),
                );
                return pair.map(Self).map_err(|_| AuthorityError::Crypto { doing: "deriving a key pair" });
            }
        }
        Err(AuthorityError::Crypto { doing: "deriving a key pair" })
    }
}

impl PublicKeyData for KeyPair {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// The key of a certificate authority, signing ECDSA with SHA-256.
pub(super) enum CaSigner {
    /// With random nonces.
    Random(KeyPair),
    /// With nonces derived from key and message (RFC 6979), so that a seeded run gives the same bytes again.
    Foretold {
        /// Signs.
        key: SigningKey,
        /// The same key, for its public half.
        pair: KeyPair,
    },
}

impl CaSigner {
    /// Chooses by whether the run is seeded.
    pub(super) fn new(pair: KeyPair, foretold: bool) -> Result<Self, AuthorityError> {
        if foretold { pair.into_foretold_signer() } else { Ok(Self::Random(pair)) }
    }

    pub(super) fn pair(&self) -> &KeyPair {
        match self {
            Self::Random(pair) | Self::Foretold { pair, .. } => pair,
        }
    }
}

impl PublicKeyData for CaSigner {
    fn der_bytes(&self) -> &[u8] {
        self.pair().der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for CaSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            Self::Random(KeyPair(pair)) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| rcgen::Error::RingUnspecified)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Foretold { key, .. } => {
                let signature: Signature = key.sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::surroundings::{OsRandom, SeededRandom};
    use rcgen::SigningKey as _;

    fn seeded() -> SeededRandom {
        SeededRandom::new(&Secret::new(b"1".to_vec()))
    }

    #[test]
    fn a_seed_gives_the_same_key_for_a_purpose_and_another_for_another() {
        let draw = |purpose| KeyPair::draw(&seeded(), purpose).unwrap();
        assert_eq!(draw("a").spki(), draw("a").spki());
        assert!(draw("a").to_pkcs8().unwrap().expose(|a| draw("a").to_pkcs8().unwrap().expose(|b| a == b)));
        assert_ne!(draw("a").spki(), draw("b").spki());
    }

    #[test]
    fn without_a_seed_no_two_keys_are_equal() {
        let draw = || KeyPair::draw(&OsRandom, "a").unwrap().fingerprint();
        assert_ne!(draw(), draw());
    }

    #[test]
    fn foretold_signatures_are_equal_and_random_ones_are_not() {
        let sign = |foretold| {
            let signer = CaSigner::new(KeyPair::draw(&seeded(), "a").unwrap(), foretold).unwrap();
            signer.sign(b"message").unwrap()
        };
        assert_eq!(sign(true), sign(true));
        assert_ne!(sign(false), sign(false));
    }

    #[test]
    fn foretold_signatures_follow_rfc_6979() {
        // RFC 6979, appendix A.2.5, P-256 with SHA-256, message "sample".
        let private = hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
        let key = SigningKey::from_slice(&private).unwrap();
        let public = key.verifying_key().to_encoded_point(false);
        let alg = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(alg, &private, public.as_bytes()).unwrap();
        let signature = KeyPair(pair).into_foretold_signer().unwrap().sign(b"sample").unwrap();
        let (r, s) = (
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        );
        assert_eq!(hex::encode(signature), format!("3046022100{r}022100{s}"));
    }

    #[test]
    fn a_written_key_reads_back_and_garbage_does_not() {
        let pair = KeyPair::draw(&OsRandom, "a").unwrap();
        let read = KeyPair::from_pkcs8(&pair.to_pkcs8().unwrap(), "x").unwrap();
        assert_eq!(read.spki(), pair.spki());
        assert!(KeyPair::from_pkcs8(&Secret::new(b"garbage".to_vec()), "x").is_err());
    }
}
