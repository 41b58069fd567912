//! Certificate requests of devices that make their keys themselves (PKCS#10, RFC 2986): only the key is taken from one. What
//! the certificate says of the device comes from the fleet.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ECDSA_WITH_SHA256};
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::fleet::Digest;

/// The longest request that is read, in bytes.
const LONGEST: usize = 4096;
/// An uncompressed point of P-256 (SEC 1, section 2.3.3), in bytes.
const POINT: usize = 65;

/// Returns the public key of a certificate request as `SubjectPublicKeyInfo` (hex), and its SHA-256.
///
/// The request must be signed by its own key: whoever sent it has the private half. Only P-256 with SHA-256 is taken. The
/// error is in words.
pub fn key_of_request(der: &[u8]) -> Result<(String, Digest), String> {
    if der.len() > LONGEST {
        return Err(format!("the certificate request has {} bytes, at most {LONGEST} are possible", der.len()));
    }
    let (rest, request) =
        X509CertificationRequest::from_der(der).map_err(|_| "the certificate request cannot be read".to_owned())?;
    if !rest.is_empty() {
        return Err(format!("{} bytes follow the certificate request", rest.len()));
    }
    if request.signature_algorithm.algorithm != OID_SIG_ECDSA_WITH_SHA256 {
        return Err("the certificate request is not signed by ECDSA with SHA-256".to_owned());
    }
    let info = &request.certification_request_info;
    let key = PublicKey::read(&info.subject_pki)?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point);
    let proven = public.verify(info.raw, &request.signature_value.data);
    proven.map_err(|_| "the certificate request is not signed by its own key".to_owned())?;
    Ok((hex::encode(&key.spki), key.fingerprint()))
}

/// A device's public key, P-256.
pub(super) struct PublicKey {
    spki: Vec<u8>,
    point: Vec<u8>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in hex.
    pub(super) fn from_spki(text: &str) -> Result<Self, String> {
        let unread = |_| "its public key cannot be read".to_owned();
        let bytes = hex::decode(text).map_err(|_| "its public key is no hex".to_owned())?;
        let (rest, info) = SubjectPublicKeyInfo::from_der(&bytes).map_err(unread)?;
        if !rest.is_empty() {
            return Err("bytes follow its public key".to_owned());
        }
        Self::read(&info)
    }

    fn read(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, String> {
        let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let is_p256 = info.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_EC_P256);
        let point = info.subject_public_key.data.to_vec();
        if !is_p256 || point.len() != POINT || point[0] != 4 {
            return Err("the key is not of P-256".to_owned());
        }
        Ok(Self { spki: info.raw.to_vec(), point })
    }

    /// Returns SHA-256 of the `SubjectPublicKeyInfo`.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// Returns the key as a certificate takes it.
    pub(super) fn for_signing(&self) -> impl PublicKeyData + '_ {
        Certified(&self.point)
    }
}

/// The key of a certificate to be signed.
struct Certified<'a>(&'a [u8]);

impl PublicKeyData for Certified<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair};

    fn request() -> Vec<u8> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        CertificateParams::default().serialize_request(&pair).unwrap().der().to_vec()
    }

    #[test]
    fn the_key_of_a_request_comes_back_as_it_went_in() {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let request = CertificateParams::default().serialize_request(&pair).unwrap();
        let (spki, fingerprint) = key_of_request(request.der()).unwrap();
        assert_eq!(hex::decode(&spki).unwrap(), pair.subject_public_key_info());
        assert_eq!(fingerprint, Digest::of(&pair.subject_public_key_info()));
        assert_eq!(PublicKey::from_spki(&spki).unwrap().fingerprint(), fingerprint);
    }

    #[test]
    fn a_request_of_another_curve_is_refused() {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let request = CertificateParams::default().serialize_request(&pair).unwrap();
        assert!(key_of_request(request.der()).is_err());
        assert!(key_of_request(&vec![0x30; LONGEST + 1]).unwrap_err().contains("at most"));
    }

    proptest! {
        #[test]
        fn no_altered_request_is_believed(at in 0_usize..200, bit in 0_u8..8) {
            let mut der = request();
            let at = at % der.len();
            der[at] ^= 1 << bit;
            prop_assert!(key_of_request(&der).is_err(), "bit {bit} of byte {at}");
        }

        #[test]
        fn hostile_bytes_are_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(key_of_request(&bytes).is_err());
        }
    }
}
