//! Certificates of devices: whose they are, and those of devices that are taken over from other tools.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, GeneralName, Pem, X509Certificate};

use crate::fleet::{Class, Diagnose, Digest, EndpointName};
use crate::registry::NewCredential;

/// The name of a credential that a device brought.
const NAME: &str = "adopted";

/// Why a certificate cannot be taken over.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is none.
    #[error("{file:?} holds no certificate, in PEM or DER")]
    NoCertificate {
        /// The file.
        file: String,
    },
    /// A private key was found: nothing that is stored may hold one.
    #[error("refusing to take {file:?} over: a private key is in it")]
    PrivateKey {
        /// The file.
        file: String,
    },
    /// The template names a part that it does not have.
    #[error("{file:?} has not all parts of the template {template:?}")]
    NoId {
        /// The file.
        file: String,
        /// The template.
        template: String,
    },
    /// What the template gives is no id of a device.
    #[error("{file:?} gives {id:?}, which is no id of a device: {reason}")]
    BadId {
        /// The file.
        file: String,
        /// What it gives.
        id: String,
        /// Why.
        reason: String,
    },
}

impl Diagnose for AdoptError {
    fn class(&self) -> Class {
        match self {
            Self::PrivateKey { .. } => Class::Refused,
            Self::NoCertificate { .. } | Self::NoId { .. } | Self::BadId { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::PrivateKey { .. } => Some("give the certificate alone".to_owned()),
            Self::NoCertificate { .. } => None,
            Self::NoId { .. } | Self::BadId { .. } => {
                Some("name it: --id ID, or another part: --id-from \"{cn}\", {serial}, {dns}, {uri}".to_owned())
            }
        }
    }
}

/// A certificate of a device that another tool made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brought {
    file: String,
    der: Vec<u8>,
}

impl Brought {
    /// Reads a certificate, PEM or DER; `file` is its name in errors. Of a chain the first one is the device's.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, AdoptError> {
        let none = || AdoptError::NoCertificate { file: file.to_owned() };
        let mut found = None;
        for pem in Pem::iter_from_buffer(bytes).map_while(Result::ok) {
            if pem.label.ends_with("PRIVATE KEY") {
                return Err(AdoptError::PrivateKey { file: file.to_owned() });
            }
            if pem.label == "CERTIFICATE" && found.is_none() {
                found = Some(pem.contents);
            }
        }
        let der = found.unwrap_or_else(|| bytes.to_vec());
        match X509Certificate::from_der(&der) {
            Ok(([], _)) => Ok(Self { file: file.to_owned(), der }),
            _ => Err(none()),
        }
    }

    /// Returns the id that the template makes of it: `{cn}`, `{serial}`, `{dns}`, `{uri}` stand for parts of it.
    pub fn id(&self, template: &str) -> Result<EndpointName, AdoptError> {
        let file = self.file.clone();
        let id = self.with(|certificate| id_of(certificate, template));
        let id = id.ok_or_else(|| AdoptError::NoId { file: file.clone(), template: template.to_owned() })?;
        EndpointName::new(&id).map_err(|error| AdoptError::BadId { file, id, reason: error.to_string() })
    }

    /// Returns it as the registry stores it: found by the SHA-256 of its `SubjectPublicKeyInfo`.
    pub fn credential(&self) -> NewCredential {
        self.with(|certificate| {
            let validity = certificate.validity();
            let at = |time: x509_parser::time::ASN1Time| OffsetDateTime::from_unix_timestamp(time.timestamp()).ok();
            NewCredential {
                fingerprint: Digest::of(certificate.public_key().raw),
                name: NAME.to_owned(),
                kind: "x509".to_owned(),
                public: pem(&self.der).into(),
                sealed_key: None,
                sealed_body: None,
                not_before: at(validity.not_before),
                not_after: at(validity.not_after),
            }
        })
    }

    fn with<T>(&self, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
        let (_, certificate) = X509Certificate::from_der(&self.der).expect("it was read when it came");
        look(&certificate)
    }
}

/// Returns a certificate as PEM (RFC 7468, section 5).
pub(super) fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect::<Vec<_>>().join("\n");
    format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
}

/// Reads the id out of a certificate by the group's template; none where a part that it names is missing.
pub(super) fn id_of(certificate: &X509Certificate<'_>, template: &str) -> Option<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let name = |pick: fn(&GeneralName<'_>) -> Option<String>| {
        names.as_ref().and_then(|names| names.value.general_names.iter().find_map(pick))
    };
    let mut id = template.to_owned();
    let mut fill = |word: &str, value: Option<String>| -> Option<()> {
        if id.contains(word) {
            id = id.replace(word, &value?);
        }
        Some(())
    };
    let subject = certificate.subject();
    fill("{cn}", subject.iter_common_name().next().and_then(|cn| Some(cn.as_str().ok()?.to_owned())))?;
    let serial = subject.iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER).next();
    fill("{serial}", serial.and_then(|serial| Some(serial.as_str().ok()?.to_owned())))?;
    fill("{dns}", name(|name| if let GeneralName::DNSName(dns) = name { Some((*dns).to_owned()) } else { None }))?;
    fill("{uri}", name(|name| if let GeneralName::URI(uri) = name { Some((*uri).to_owned()) } else { None }))?;
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut asked = rcgen::CertificateParams::new(vec![format!("{name}.example")]).unwrap();
        asked.distinguished_name.push(rcgen::DnType::CommonName, name);
        (asked.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    #[test]
    fn a_certificate_in_pem_or_der_says_whose_it_is() {
        let (pem_text, _) = made("Gw-7");
        let brought = Brought::read("x.pem", pem_text.as_bytes()).unwrap();
        assert_eq!(brought.id("{cn}").unwrap().as_str(), "Gw-7");
        assert_eq!(brought.id("dev-{dns}").unwrap().as_str(), "dev-Gw-7.example");
        assert!(matches!(brought.id("{uri}"), Err(AdoptError::NoId { .. })));
        assert!(matches!(brought.id("{cn} x"), Err(AdoptError::BadId { .. })));
        let der = Brought::read("x.der", &brought.der).unwrap();
        assert_eq!(der.credential(), brought.credential());
        let stored = brought.credential().public;
        let again = Brought::read("again", stored.as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(again.der, brought.der);
    }

    #[test]
    fn private_keys_and_other_files_are_refused() {
        let (certificate, key) = made("gw");
        let both = format!("{certificate}{key}");
        assert!(matches!(Brought::read("x", both.as_bytes()), Err(AdoptError::PrivateKey { .. })));
        assert!(matches!(Brought::read("x", b""), Err(AdoptError::NoCertificate { .. })));
        assert!(matches!(Brought::read("x", b"\x30\x03\x02\x01\x01"), Err(AdoptError::NoCertificate { .. })));
    }
}
