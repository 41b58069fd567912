//! The rule of what is shown of a value, and what is not.
//!
//! Shown are certificates (by subject, serial number, validity, digest), numbers, texts and binary values of up to 8 bytes.
//! Masked are private keys; whatever lies in a place whose name says that it is secret; texts that read like a secret; and
//! every other binary value. Of a masked value the length is shown. Of an unknown binary value of 16 bytes and more that is
//! not mostly text or zeros, the beginning of its digest too: enough to compare two devices. A digest of anything shorter,
//! of a text or of a padded one would tell the secret to whoever can try them all.

use crate::fleet::Digest;
use crate::host::machine::presentable;

use super::certificate::{certificates_within, has_private_key, only_certificates};
use super::found::{ValueFound, Why};

/// A name that holds one of these says that its value is secret. `net80211` is where ESP-IDF's Wi-Fi driver keeps its own.
const SECRET_WORDS: [&str; 14] =
    ["psk", "key", "token", "secret", "pass", "pswd", "pwd", "pmk", "priv", "cred", "salt", "seed", "hmac", "net80211"];
/// So does a name one of whose words is one of these.
const SECRET_WHOLE_WORDS: [&str; 6] = ["pin", "puk", "pw", "otp", "ki", "opc"];
/// Binary values up to this many bytes are shown.
const LONGEST_SHOWN: usize = 8;
/// Of a longer text this many characters are shown; all of it is looked at.
const LONGEST_TEXT: usize = 128;
/// Binary values from this many bytes have a digest.
const LEAST_DIGEST: usize = 16;
/// Bytes of the digest that are shown.
const DIGEST_BYTES: usize = 8;
/// A run of this many letters and digits in a text reads like a key (hex, base64url).
const LONGEST_RUN: usize = 20;
/// So does one of this many with slashes, which paths have too (base64 of 32 bytes has 44 characters).
const LONGEST_RUN_WITH_SLASHES: usize = 40;

/// What is known of the secrecy of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Secrecy {
    /// Its place tells.
    ByName,
    /// It is secret.
    Secret,
    /// It is public by its definition.
    Public,
}

/// What the bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nature {
    Text,
    Binary,
    /// A file: only certificates and private keys are told.
    File,
}

/// A whole number.
pub(super) fn number(place: &str, kind: &str, bytes: usize, number: impl ToString) -> ValueFound {
    let value = empty(place, kind, bytes);
    if says_secret(place) {
        return ValueFound { masked: Some(Why::Name), ..value };
    }
    ValueFound { shown: Some(number.to_string()), ..value }
}

/// A text, binary value or file.
pub(super) fn value(place: &str, kind: &str, bytes: &[u8], nature: Nature, secrecy: Secrecy) -> ValueFound {
    let value = empty(place, kind, bytes.len());
    let masked = |why| ValueFound { masked: Some(why), ..value.clone() };
    if secrecy == Secrecy::Secret {
        return masked(if has_private_key(bytes) { Why::PrivateKey } else { Why::Name });
    }
    if let Some(certificates) = only_certificates(bytes) {
        return ValueFound { certificates, ..value };
    }
    if has_private_key(bytes) {
        return ValueFound { certificates: certificates_within(bytes), ..masked(Why::PrivateKey) };
    }
    if nature == Nature::File {
        return masked(Why::File);
    }
    if secrecy == Secrecy::ByName && says_secret(place) {
        return masked(Why::Name);
    }
    let text = std::str::from_utf8(bytes).ok();
    match (nature, text) {
        (Nature::Text, Some(text)) => of_text(text, value),
        (_, Some(text)) if secrecy == Secrecy::Public && is_printable(text) => of_text(text, value),
        _ => of_binary(bytes, value),
    }
}

fn empty(place: &str, kind: &str, length: usize) -> ValueFound {
    ValueFound {
        place: presentable(place),
        kind: kind.to_owned(),
        length: length as u64,
        shown: None,
        certificates: Vec::new(),
        masked: None,
        sha256: None,
    }
}

fn of_text(text: &str, value: ValueFound) -> ValueFound {
    if reads_like_a_secret(text) {
        return ValueFound { masked: Some(Why::Text), ..value };
    }
    let more = if text.chars().count() > LONGEST_TEXT { "..." } else { "" };
    ValueFound { shown: Some(presentable(text) + more), ..value }
}

fn of_binary(bytes: &[u8], value: ValueFound) -> ValueFound {
    if bytes.len() <= LONGEST_SHOWN {
        return ValueFound { shown: Some(hex::encode(bytes)), ..value };
    }
    let plain = bytes.iter().filter(|byte| matches!(byte, 0 | b' '..=b'~')).count();
    let may_be_digested = bytes.len() >= LEAST_DIGEST && plain * 2 <= bytes.len();
    let sha256 = may_be_digested.then(|| hex::encode(&Digest::of(bytes).as_bytes()[..DIGEST_BYTES]));
    ValueFound { masked: Some(Why::Unknown), sha256, ..value }
}

/// Returns true if the name says that what it names is secret.
fn says_secret(place: &str) -> bool {
    let name = place.to_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    SECRET_WORDS.iter().any(|word| name.contains(word)) || words.any(|word| SECRET_WHOLE_WORDS.contains(&word))
}

/// A secret word, a URI with a user's part, or a long run of letters and digits.
fn reads_like_a_secret(text: &str) -> bool {
    let lower = text.to_lowercase();
    let has_user = text.split("://").skip(1).any(|rest| rest.split(['/', '?', '#']).next().unwrap_or("").contains('@'));
    SECRET_WORDS.iter().any(|word| lower.contains(word)) || has_user || has_long_run(text)
}

fn has_long_run(text: &str) -> bool {
    let is_mixed = |run: &str| run.contains(|c: char| c.is_ascii_digit()) && run.contains(char::is_alphabetic);
    [("+-_=", LONGEST_RUN), ("+-_=/", LONGEST_RUN_WITH_SLASHES)].into_iter().any(|(punctuation, longest)| {
        let runs = text.split(|c: char| !(c.is_ascii_alphanumeric() || punctuation.contains(c)));
        runs.filter(|run| run.len() >= longest).any(is_mixed)
    })
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(place: &str, text: &str) -> Option<Why> {
        value(place, "string", text.as_bytes(), Nature::Text, Secrecy::ByName).masked
    }

    fn binary(bytes: &[u8]) -> ValueFound {
        value("own/blob", "blob", bytes, Nature::Binary, Secrecy::ByName)
    }

    #[test]
    fn a_name_that_says_secret_masks_whatever_lies_there() {
        for place in
            ["wifi/psk", "wifi/PSK", "a/apiKey", "token/a", "a/passwd", "a/pin", "a/sim-ki", "nvs.net80211/sta.ssid"]
        {
            assert_eq!(text(place, "x"), Some(Why::Name), "{place}");
            assert_eq!(number(place, "u8", 1, 7).masked, Some(Why::Name), "{place}");
        }
        for place in ["wifi/ssid", "a/spinning", "a/wiki", "identity/serial"] {
            assert_eq!(text(place, "x"), None, "{place}");
        }
    }

    #[test]
    fn a_text_that_reads_like_a_secret_is_masked_under_any_name() {
        for secret in [
            "Password: x",
            "mqtt://me:you@broker.example",
            "0123456789abcdef0123",
            "AbCdEfGhIjKlMnOpQr/StUvWxYz0123456789+AbCdEfGh=",
            "-----BEGIN EC PRIVATE KEY-----",
        ] {
            assert!(text("a/b", secret).is_some(), "{secret}");
        }
        for open in ["coaps://lwm2m.example:5684", "devices/gw-0007/telemetry", "SN-2026-000017", "Main Street 5", ""] {
            assert_eq!(text("a/b", open), None, "{open}");
        }
    }

    #[test]
    fn a_long_text_is_judged_as_a_whole_and_shown_in_part() {
        let long = "lorem ipsum ".repeat(40);
        let shown = value("a/b", "string", long.as_bytes(), Nature::Text, Secrecy::ByName).shown.unwrap();
        assert!(shown.len() < 140 && shown.ends_with("..."), "{shown}");
        assert_eq!(text("a/b", &format!("{long} password: x")), Some(Why::Text));
    }

    #[test]
    fn a_digest_is_told_only_where_nobody_can_try_all_values() {
        let noise: Vec<u8> = (0..64).map(|at: u8| at.wrapping_mul(151) | 0x80).collect();
        assert_eq!(binary(&noise[..8]).shown, Some(hex::encode(&noise[..8])));
        for length in 9..16 {
            let value = binary(&noise[..length]);
            assert_eq!((value.masked, value.shown, value.sha256), (Some(Why::Unknown), None, None), "{length}");
        }
        assert_eq!(binary(&noise[..16]).sha256, Some(Digest::of(&noise[..16]).to_string()[..16].to_owned()));
        let mut padded = [0; 64];
        padded[..9].copy_from_slice(b"swordfish");
        assert_eq!((binary(&padded).masked, binary(&padded).sha256), (Some(Why::Unknown), None));
        assert_eq!(binary(b"a text in a blob").sha256, None);
    }

    #[test]
    fn private_keys_are_known_in_every_usual_form() {
        let issued = rcgen::generate_simple_self_signed(["gw".to_owned()]).unwrap();
        let (der, pem) = (issued.signing_key.serialize_der(), issued.signing_key.serialize_pem());
        // SEC 1 and PKCS#1 begin like this; the keys in them are made up.
        let sec1 = [&[0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20][..], &[0xA5; 32]].concat();
        let pkcs1 = [0x30, 0x0B, 0x02, 0x01, 0x00, 0x02, 0x03, 0x80, 0x81, 0x82, 0x02, 0x01, 0x03];
        for key in [&der[..], pem.as_bytes(), &sec1, &pkcs1] {
            let found = binary(key);
            assert_eq!((found.masked, found.shown, found.sha256), (Some(Why::PrivateKey), None, None));
        }
        let both = format!("{}{pem}", issued.cert.pem());
        let found = binary(both.as_bytes());
        assert_eq!((found.masked, found.certificates.len()), (Some(Why::PrivateKey), 1));
        let beside = format!("{}\nswordfish", issued.cert.pem());
        assert!(binary(beside.as_bytes()).masked.is_some(), "what stands beside a certificate is not passed over");
        for certificate in [issued.cert.der().as_ref(), issued.cert.pem().as_bytes()] {
            let found = value("tls/client_key_cert", "blob", certificate, Nature::Binary, Secrecy::ByName);
            assert_eq!((found.masked, found.certificates.len()), (None, 1), "a certificate is public under any name");
        }
    }
}
