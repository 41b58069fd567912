//! An issued credential: a public half that may be recorded and a private half that may not.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fleet::{Digest, Secret};

/// One generation of a device's credential, with its private material.
pub struct Credential {
    /// What may be recorded and shown.
    pub public: PublicCredential,
    /// PKCS#8 DER of the private key (X.509, raw public key) the key itself (PSK), or the
    /// text of the token.
    pub private: Secret,
}

/// The public half of a credential generation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublicCredential {
    /// The name under which the profile asks for it.
    pub name: Arc<str>,
    /// Generation, from 1.
    pub generation: u32,
    /// Kind and public values.
    #[serde(flatten)]
    pub kind: PublicKind,
    /// True if made by a demo authority or from a seed: never for real hardware.
    pub demo: bool,
}

/// Public values by kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PublicKind {
    /// X.509.
    X509 {
        /// The certificate, DER.
        #[serde(with = "hex_text")]
        certificate: Vec<u8>,
        /// Issuers from the direct one up to and including the root, DER.
        #[serde(with = "hex_list")]
        issuers: Vec<Vec<u8>>,
        /// Serial number of the certificate, hex.
        serial: String,
        /// SHA-256 of the subject public key info.
        key_fingerprint: Digest,
    },
    /// Pre-shared key.
    Psk {
        /// The identity sent in clear.
        identity: String,
    },
    /// Raw public key.
    #[serde(rename = "rpk")]
    RawPublicKey {
        /// Subject public key info, DER.
        #[serde(with = "hex_text")]
        public_key: Vec<u8>,
        /// SHA-256 of it.
        key_fingerprint: Digest,
    },
    /// A token; a server that checks one needs no more than this.
    Token {
        /// SHA-256 of the token's text.
        sha256: Digest,
        /// When it ends, RFC 3339 in UTC with whole seconds.
        not_after: String,
    },
}

/// Private material sealed for storage: the body under a key of its own, that key wrapped by the fleet key. Deleting `key`
/// alone makes the body unreadable for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedMaterial {
    /// The wrapped key.
    pub key: Vec<u8>,
    /// The sealed body.
    pub body: Vec<u8>,
}

impl PublicCredential {
    /// Returns the word for the kind: `x509`, `psk`, `rpk` or `token`.
    pub fn word(&self) -> &'static str {
        match self.kind {
            PublicKind::X509 { .. } => "x509",
            PublicKind::Psk { .. } => "psk",
            PublicKind::RawPublicKey { .. } => "rpk",
            PublicKind::Token { .. } => "token",
        }
    }

    /// Returns the certificate's serial number in hex, where there is a certificate.
    pub fn certificate_serial(&self) -> Option<&str> {
        match &self.kind {
            PublicKind::X509 { serial, .. } => Some(serial),
            _ => None,
        }
    }

    /// Returns the public key's fingerprint, where there is a public key.
    pub fn key_fingerprint(&self) -> Option<Digest> {
        match &self.kind {
            PublicKind::X509 { key_fingerprint, .. } | PublicKind::RawPublicKey { key_fingerprint, .. } => {
                Some(*key_fingerprint)
            }
            PublicKind::Psk { .. } | PublicKind::Token { .. } => None,
        }
    }

    /// Returns what the registry finds it by: the SHA-256 of the public key, of a PSK's identity and name (two credentials of
    /// a device may have one identity), or of a token.
    pub fn registry_fingerprint(&self) -> Digest {
        match &self.kind {
            PublicKind::X509 { key_fingerprint, .. } | PublicKind::RawPublicKey { key_fingerprint, .. } => {
                *key_fingerprint
            }
            PublicKind::Psk { identity } => {
                let generation = self.generation.to_be_bytes();
                Digest::of_parts([b"psk".as_slice(), identity.as_bytes(), self.name.as_bytes(), &generation])
            }
            PublicKind::Token { sha256, .. } => *sha256,
        }
    }
}

mod hex_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::fleet::text::hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod hex_list {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::SerializeSeq};

    use crate::fleet::text::hex;

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(list.len()))?;
        for bytes in list {
            sequence.serialize_element(&hex(bytes))?;
        }
        sequence.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.iter().map(|text| hex::decode(text).map_err(D::Error::custom)).collect()
    }
}
