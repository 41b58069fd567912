//! How key material is written: PEM, DER, hex and base64, each into one buffer of the right size.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// What kind of bytes a part of a credential, or a secret, is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nature {
    /// A private key, PKCS#8 DER.
    PrivateKey,
    /// One or several certificates, DER.
    Certificates,
    /// A public key, SPKI DER.
    PublicKey,
    /// Bytes without structure: a pre-shared key.
    Bytes,
    /// Text: a secret variable.
    Text,
}

/// How the bytes are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// RFC 7468, lines of 64, with a final line feed.
    Pem,
    /// The bytes as they are.
    Raw,
    /// Lower-case hex of the bytes.
    Hex,
    /// Base64 (RFC 4648, section 4) of the bytes.
    Base64,
    /// Base64 of the PEM text.
    PemBase64,
}

impl Form {
    /// All forms; the place in it is the form's number in a marker.
    pub(super) const ALL: [Form; 5] = [Form::Pem, Form::Raw, Form::Hex, Form::Base64, Form::PemBase64];

    /// Returns the form named by a template file's `encoding:`.
    pub(super) fn named(word: &str) -> Option<Form> {
        match word {
            "pem" => Some(Form::Pem),
            "der" | "raw" => Some(Form::Raw),
            "hex" => Some(Form::Hex),
            "base64" => Some(Form::Base64),
            _ => None,
        }
    }
}

impl Nature {
    /// Returns the form used when a template names none.
    pub(super) fn usual_form(self) -> Form {
        match self {
            Nature::PrivateKey | Nature::Certificates | Nature::PublicKey => Form::Pem,
            Nature::Bytes => Form::Hex,
            Nature::Text => Form::Raw,
        }
    }

    /// Returns the PEM label (RFC 7468), where there is one.
    fn label(self) -> Option<&'static str> {
        match self {
            Nature::PrivateKey => Some("PRIVATE KEY"),
            Nature::Certificates => Some("CERTIFICATE"),
            Nature::PublicKey => Some("PUBLIC KEY"),
            Nature::Bytes | Nature::Text => None,
        }
    }

    /// Returns true if this nature can be written in `form`.
    pub(super) fn can_be(self, form: Form) -> bool {
        self.label().is_some() || !matches!(form, Form::Pem | Form::PemBase64)
    }

    /// Returns true if the result is text, not bytes.
    pub(super) fn is_text_in(self, form: Form) -> bool {
        form != Form::Raw || self == Nature::Text
    }
}

/// Writes `parts` (several only for a certificate chain) of `nature` in `form`. `None` if that cannot be: PEM of what has
/// no label, or a chain in a form that holds one value.
pub(super) fn encode(nature: Nature, form: Form, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    if form == Form::Pem {
        return pem(nature, parts);
    }
    if form == Form::PemBase64 {
        return Some(base64(&pem(nature, parts)?));
    }
    let [bytes] = parts else { return None };
    match form {
        Form::Hex => Some(hex(bytes)),
        Form::Base64 => Some(base64(bytes)),
        Form::Raw | Form::Pem | Form::PemBase64 => Some(Zeroizing::new(bytes.to_vec())),
    }
}

/// Reads every PEM block labelled `label` of `text`; `None` if one is damaged.
pub(super) fn read_pem(text: &str, label: &str) -> Option<Vec<Vec<u8>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&begin) {
        let (body, next) = after.split_once(&end)?;
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        blocks.push(STANDARD.decode(body).ok()?);
        rest = next;
    }
    Some(blocks)
}

fn pem(nature: Nature, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let label = nature.label()?;
    let room: usize = parts.iter().map(|bytes| bytes.len() * 3 / 2 + 2 * label.len() + 48).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    for bytes in parts {
        out.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
        for line in base64(bytes).chunks(64) {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        out.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    }
    debug_assert!(out.len() <= room, "the buffer never grows, so no copy of a key is left behind");
    Some(out)
}

fn base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    let written = STANDARD.encode_slice(bytes, &mut out).expect("the buffer has the size that base64 needs");
    out.truncate(written);
    out
}

fn hex(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; bytes.len() * 2]);
    hex::encode_to_slice(bytes, &mut out).expect("the buffer has the size that hex needs");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate_pem(der: &[u8]) -> String {
        String::from_utf8(encode(Nature::Certificates, Form::Pem, &[der]).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn pem_reads_back_equal_at_every_length() {
        for length in 0..300 {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let text = certificate_pem(&bytes);
            assert_eq!(read_pem(&text, "CERTIFICATE").unwrap(), [bytes]);
            assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----\n"));
        }
    }

    #[test]
    fn a_chain_is_pem_only() {
        assert!(encode(Nature::Certificates, Form::Hex, &[b"a", b"b"]).is_none());
        assert_eq!(
            encode(Nature::Certificates, Form::Pem, &[b"a", b"b"]).unwrap().len(),
            2 * certificate_pem(b"a").len()
        );
        assert!(encode(Nature::Bytes, Form::Pem, &[b"a"]).is_none());
        assert_eq!(&encode(Nature::Bytes, Form::Hex, &[b"\x01\xff"]).unwrap()[..], b"01ff");
    }
}
