//! How long a certificate holds and whose key it is for, and nothing else of it (RFC 5280, section 4.1).

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Returns from when until when the first certificate of a PEM text is valid; none where it cannot be read.
pub fn validity(pem: &[u8]) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let (times, _) = element(from_validity(&certificate)?, SEQUENCE)?;
    let (kind, first, behind) = any(times)?;
    let (other, second, _) = any(behind)?;
    Some((moment(kind, first)?, moment(other, second)?))
}

/// Returns the `SubjectPublicKeyInfo` (DER) of the first certificate of a PEM text; none where it cannot be read.
pub fn public_key(pem: &[u8]) -> Option<Vec<u8>> {
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    // Validity, subject.
    let key = any(any(from_validity(&certificate)?)?.2)?.2;
    let behind = any(key)?.2;
    Some(key[..key.len() - behind.len()].to_vec())
}

/// Returns what begins with the validity.
fn from_validity(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (mut rest, _) = element(outer, SEQUENCE)?;
    if let Some((_, behind)) = element(rest, VERSION) {
        rest = behind;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = any(rest)?.2;
    }
    Some(rest)
}

/// Returns true when less than a third of the time is left.
pub fn is_due(pem: &[u8], now: OffsetDateTime) -> Option<bool> {
    let (from, until) = validity(pem)?;
    Some((until - now) * 3 < until - from)
}

fn element(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = any(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// Splits the first element off (X.690, section 8.1): tag, content, what follows.
fn any(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x0f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn moment(kind: u8, text: &[u8]) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(text).ok()?;
    let long = match kind {
        // Two digits of a year: 1950 to 2049.
        UTC_TIME => format!("{}{text}", if text.get(..2)? >= "50" { "19" } else { "20" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let form = format_description!("[year][month][day][hour][minute][second]Z");
    Some(PrimitiveDateTime::parse(&long, form).ok()?.assume_utc())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn made(days: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"])
            .args(["-days", days, "-keyout", "key", "-out", "/dev/stdout"])
            .current_dir(&folder)
            .output()
            .expect("openssl is missing (tests/run names it)");
        output.stdout
    }

    #[test]
    fn a_certificate_of_openssl_is_due_in_its_last_third() {
        for days in [30, 20_000] {
            let pem = made(&days.to_string());
            let (from, until) = validity(&pem).unwrap();
            assert_eq!((until - from).whole_days(), days);
            let after = |part: i64| from + time::Duration::days(days * part / 100);
            assert_eq!((is_due(&pem, after(60)), is_due(&pem, after(70))), (Some(false), Some(true)));
            assert_eq!(is_due(&pem, until + time::Duration::days(1)), Some(true));
        }
    }

    #[test]
    fn what_is_cut_or_none_has_no_validity() {
        assert_eq!(validity(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), None);
        let der = CertificateDer::from_pem_slice(&made("30")).unwrap();
        for at in 0..der.len().min(160) {
            let _ = element(&der[..at], SEQUENCE);
            assert!(any(&der[..at]).is_none(), "{at}");
        }
    }
}
