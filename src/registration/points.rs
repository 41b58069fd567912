//! Points of P-256 keys, as PEM brings them.

use x509_parser::prelude::{FromDer, Pem};

/// Returns the point of a P-256 key: of a PEM public key or certificate.
pub(super) fn point_of_pem(pem: &str) -> Option<Vec<u8>> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    point_of(&pem)
}

fn point_of(pem: &Pem) -> Option<Vec<u8>> {
    let spki = match pem.label.as_str() {
        "CERTIFICATE" => pem.parse_x509().ok()?.public_key().subject_public_key.data.to_vec(),
        "PUBLIC KEY" => {
            let (_, info) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&pem.contents).ok()?;
            info.subject_public_key.data.to_vec()
        }
        _ => return None,
    };
    (spki.len() == 65 && spki[0] == 4).then_some(spki)
}
