//! Certificates and private keys, recognised in any bytes.

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::fleet::Digest;
use crate::host::machine::presentable;

use super::found::CertificateFound;

/// The most certificates that are looked for in one value.
const MOST: usize = 16;
/// What every PEM label of a private key ends with: PKCS#8, SEC 1, PKCS#1, OpenSSH, encrypted or not.
const PRIVATE: &[u8] = b"PRIVATE KEY-----";
/// Tags of DER.
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Returns the certificates, if the bytes are nothing but certificates: one in DER, or some in PEM, with NULs behind.
pub(super) fn only_certificates(bytes: &[u8]) -> Option<Vec<CertificateFound>> {
    if let Ok((rest, certificate)) = X509Certificate::from_der(bytes)
        && rest.iter().all(|byte| [0, 0xFF].contains(byte))
    {
        return Some(vec![shown(&certificate, &bytes[..bytes.len() - rest.len()])]);
    }
    let text = without_nuls(bytes).trim_ascii();
    if !text.starts_with(b"-----BEGIN CERTIFICATE-----") || has_text_between(text) {
        return None;
    }
    let blocks: Vec<Pem> = Pem::iter_from_buffer(text).take(MOST + 1).collect::<Result<_, _>>().ok()?;
    let are_certificates = blocks.iter().all(|block| block.label == "CERTIFICATE");
    if blocks.is_empty() || blocks.len() > MOST || !are_certificates {
        return None;
    }
    blocks.iter().map(|block| of_der(&block.contents)).collect()
}

/// Returns the certificates among other things.
pub(super) fn certificates_within(bytes: &[u8]) -> Vec<CertificateFound> {
    let blocks = Pem::iter_from_buffer(without_nuls(bytes)).take(MOST).map_while(Result::ok);
    blocks.filter(|block| block.label == "CERTIFICATE").filter_map(|block| of_der(&block.contents)).collect()
}

/// Returns true if a private key is there: in PEM anywhere, in DER as the whole.
pub(super) fn has_private_key(bytes: &[u8]) -> bool {
    bytes.windows(PRIVATE.len()).any(|window| window == PRIVATE) || is_private_der(bytes)
}

fn without_nuls(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// Returns true if something stands outside of the blocks: it would not be shown and must not be passed over.
fn has_text_between(text: &[u8]) -> bool {
    let mut inside = false;
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        match () {
            () if line.starts_with(b"-----BEGIN ") => inside = true,
            () if line.starts_with(b"-----END ") => inside = false,
            () if !inside && !line.is_empty() => return true,
            () => {}
        }
    }
    false
}

fn of_der(der: &[u8]) -> Option<CertificateFound> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    rest.is_empty().then(|| shown(&certificate, der))
}

fn shown(certificate: &X509Certificate<'_>, der: &[u8]) -> CertificateFound {
    let moment = |time: x509_parser::time::ASN1Time| {
        let format = &time::format_description::well_known::Rfc3339;
        time.to_datetime().format(format).unwrap_or_else(|_| "?".to_owned())
    };
    CertificateFound {
        subject: presentable(&certificate.subject().to_string()),
        serial: hex::encode(certificate.raw_serial()),
        not_before: moment(certificate.validity().not_before),
        not_after: moment(certificate.validity().not_after),
        sha256: Digest::of(der).to_string(),
    }
}

/// PKCS#8 (RFC 5958), encrypted PKCS#8, SEC 1 (RFC 5915) or PKCS#1 (RFC 8017, A.1.2), by the first elements.
fn is_private_der(bytes: &[u8]) -> bool {
    let Some((SEQUENCE, body, _)) = element(bytes) else { return false };
    let Some((first, inner, rest)) = element(body) else { return false };
    let Some((second, _, more)) = element(rest) else { return false };
    match (first, second) {
        (INTEGER, SEQUENCE) => element(more).is_some_and(|(tag, _, _)| tag == OCTET_STRING),
        (INTEGER, OCTET_STRING) => inner == [1],
        (INTEGER, INTEGER) => inner == [0] && element(more).is_some_and(|(tag, _, _)| tag == INTEGER),
        (SEQUENCE, OCTET_STRING) => element(inner).is_some_and(|(tag, _, _)| tag == OBJECT_IDENTIFIER),
        _ => false,
    }
}

/// Returns tag, content and what follows of a DER element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7F => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7F))?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}
