//! A device's own key, P-256: it signs JWTs and asks for its certificate anew.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use crate::fleet::{Digest, Secret};

/// `SubjectPublicKeyInfo` of a point of P-256 up to the point (RFC 5480, section 2.1.1.1).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// `ecdsa-with-SHA256` (RFC 5758, section 3.2).
const SIGNED_BY: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
/// `id-at-commonName` (RFC 5280, appendix A.1).
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];

const INTEGER_ZERO: [u8; 3] = [0x02, 0x01, 0x00];
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const ATTRIBUTES: u8 = 0xa0;

/// The key, opened.
pub struct OwnKey {
    /// Signs for certificate requests.
    asn1: EcdsaKeyPair,
    /// Signs for JWTs.
    fixed: EcdsaKeyPair,
}

impl OwnKey {
    /// Opens a private key (PEM, PKCS#8 or SEC 1); none where it is not one of P-256.
    pub fn open(pem: &Secret) -> Option<Self> {
        let key = pem.expose(PrivateKeyDer::from_pem_slice).ok()?;
        let open = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_private_key_der(algorithm, key.secret_der()).ok()
        };
        Some(Self { asn1: open(&ECDSA_P256_SHA256_ASN1_SIGNING)?, fixed: open(&ECDSA_P256_SHA256_FIXED_SIGNING)? })
    }

    /// Returns the `SubjectPublicKeyInfo`, DER.
    pub fn public(&self) -> Vec<u8> {
        [&SPKI, self.asn1.public_key().as_ref()].concat()
    }

    /// Returns the name that the registry knows the key by: the SHA-256 of its `SubjectPublicKeyInfo`.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.public())
    }

    /// Signs as JWTs are signed (RFC 7518, section 3.4).
    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        signature(&self.fixed, text)
    }

    /// Returns a certificate request for a name (RFC 2986), DER.
    pub fn request(&self, name: &str) -> Vec<u8> {
        let name = element(SET, &[&element(SEQUENCE, &[&COMMON_NAME, &element(UTF8_STRING, &[name.as_bytes()])])]);
        let subject = element(SEQUENCE, &[&name]);
        let asked = element(SEQUENCE, &[&INTEGER_ZERO, &subject, &self.public(), &element(ATTRIBUTES, &[])]);
        let signature = element(BIT_STRING, &[&[0], &signature(&self.asn1, &asked)]);
        element(SEQUENCE, &[&asked, &SIGNED_BY, &signature])
    }
}

fn signature(pair: &EcdsaKeyPair, text: &[u8]) -> Vec<u8> {
    let signed = pair.sign(&SystemRandom::new(), text);
    signed.expect("a key of P-256 signs whatever it is given").as_ref().to_vec()
}

/// One element (X.690, section 8.1) of less than 64 KiB.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [high, low] = u16::try_from(content.len()).expect("a request is short").to_be_bytes();
    let mut bytes = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    bytes.extend_from_slice(&content);
    bytes
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn openssl(folder: &tempfile::TempDir, arguments: &str) -> String {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let output = output.expect("openssl is missing (tests/run names it)");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
    }

    #[test]
    fn openssl_reads_our_request_and_knows_its_key() {
        let folder = tempfile::tempdir().unwrap();
        for make in [
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key",
            "ecparam -name prime256v1 -genkey -noout -out key",
        ] {
            openssl(&folder, make);
            let own = OwnKey::open(&Secret::new(std::fs::read(folder.path().join("key")).unwrap())).unwrap();
            for name in ["gw-1", &"x".repeat(300)[..64]] {
                std::fs::write(folder.path().join("csr"), own.request(name)).unwrap();
                let said = openssl(&folder, "req -inform DER -in csr -noout -verify -subject -nameopt RFC2253");
                assert!(said.contains("verify OK") && said.contains(&format!("subject=CN={name}")), "{said}");
            }
            openssl(&folder, "pkey -in key -pubout -outform DER -out public");
            assert_eq!(own.public(), std::fs::read(folder.path().join("public")).unwrap());
        }
        openssl(&folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out key");
        assert!(OwnKey::open(&Secret::new(std::fs::read(folder.path().join("key")).unwrap())).is_none());
        assert!(OwnKey::open(&Secret::new(b"no key".to_vec())).is_none());
    }
}
