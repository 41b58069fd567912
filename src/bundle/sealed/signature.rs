//! Signatures over manifests, in minisign's file format and its legacy variant: pure Ed25519 over the whole message, so
//! that `minisign -V` and `openssl pkeyutl -verify -rawin` check the same bytes.
//! Source: <https://jedisct1.github.io/minisign/>, sections "Signature format" and "Public key format".

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::delivery::{Signer, key_name};

/// Minisign's mark of pure Ed25519.
const PURE: [u8; 2] = *b"Ed";
/// The longest signature or key file, in bytes.
pub const LONGEST: usize = 2048;
/// What stands before an Ed25519 public key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A bundle key's public half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PublicKey {
    /// The key's id.
    pub id: [u8; 8],
    /// The key (RFC 8032, section 5.1.5).
    pub key: [u8; 32],
}

impl PublicKey {
    /// Returns the public half of a signer.
    pub fn of(signer: &dyn Signer) -> Self {
        Self { id: signer.key_id(), key: signer.public_key() }
    }

    /// Reads a minisign public key: a whole file, or its second line.
    pub fn parse(text: &str) -> Option<Self> {
        let line =
            text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("untrusted comment:"))?;
        let bytes: [u8; 42] = decode(line)?.try_into().ok()?;
        let (mark, rest) = bytes.split_first_chunk::<2>()?;
        let (id, key) = rest.split_first_chunk::<8>()?;
        (*mark == PURE).then_some(Self { id: *id, key: key.try_into().ok()? })
    }

    /// Returns it as the second line of a minisign public key file.
    pub fn line(&self) -> String {
        BASE64.encode([&PURE[..], &self.id, &self.key].concat())
    }

    /// Returns it as a minisign public key file.
    pub fn to_file(&self, comment: &str) -> String {
        format!("untrusted comment: {} {comment}\n{}\n", self.name(), self.line())
    }

    /// Returns it as PEM for openssl.
    pub fn to_pem(&self) -> String {
        let body = BASE64.encode([&SPKI_HEAD[..], &self.key].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// Returns the id as minisign prints it: 16 upper-case hex digits, the last byte first.
    pub fn name(&self) -> String {
        key_name(self.id)
    }

    /// Returns true if `signature` over `message` is by this key; its comment, too.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        self.id == signature.key_id
            && key.verify(message, &signature.bytes).is_ok()
            && key.verify(&signature.commented(), &signature.comment_signature).is_ok()
    }
}

/// A signature file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The id of the key that made it.
    pub key_id: [u8; 8],
    /// The signature over the message.
    pub bytes: [u8; 64],
    /// The comment, which is signed with the signature; one line.
    pub comment: String,
    /// The signature over signature and comment.
    pub comment_signature: [u8; 64],
}

impl Signature {
    /// Signs `message`. The comment must be one line. The error is the signer's words.
    pub fn make(signer: &dyn Signer, message: &[u8], comment: &str) -> Result<Self, String> {
        let bytes = signer.sign(message)?;
        let mut signature =
            Self { key_id: signer.key_id(), bytes, comment: comment.to_owned(), comment_signature: [0; 64] };
        signature.comment_signature = signer.sign(&signature.commented())?;
        Ok(signature)
    }

    fn commented(&self) -> Vec<u8> {
        [&self.bytes[..], self.comment.as_bytes()].concat()
    }

    /// Returns the file: four lines.
    pub fn to_file(&self) -> String {
        let first = BASE64.encode([&PURE[..], &self.key_id, &self.bytes].concat());
        let last = BASE64.encode(self.comment_signature);
        let key = key_name(self.key_id);
        format!("untrusted comment: bundle key {key}\n{first}\ntrusted comment: {}\n{last}\n", self.comment)
    }

    /// Reads a file of at most [`LONGEST`] bytes. Only the exact form is a signature, so that one signature has one file
    /// (the first line's text aside); it holds no control characters, because people are shown its comment.
    pub fn parse(file: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(file.get(..).filter(|file| file.len() <= LONGEST)?).ok()?;
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return None;
        }
        let mut lines = text.strip_suffix('\n')?.split('\n');
        lines.next()?.strip_prefix("untrusted comment: ")?;
        let first: [u8; 74] = decode(lines.next()?)?.try_into().ok()?;
        let comment = lines.next()?.strip_prefix("trusted comment: ")?.to_owned();
        let comment_signature = decode(lines.next()?)?.try_into().ok()?;
        let (mark, rest) = first.split_first_chunk::<2>()?;
        let (id, bytes) = rest.split_first_chunk::<8>()?;
        if *mark != PURE || lines.next().is_some() {
            return None;
        }
        Some(Self { key_id: *id, bytes: bytes.try_into().ok()?, comment, comment_signature })
    }
}

fn decode(line: &str) -> Option<Vec<u8>> {
    BASE64.decode(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    struct Key(Ed25519KeyPair);

    impl Signer for Key {
        fn key_id(&self) -> [u8; 8] {
            [1, 2, 3, 4, 5, 6, 7, 0xF8]
        }

        fn public_key(&self) -> [u8; 32] {
            self.0.public_key().as_ref().try_into().unwrap()
        }

        fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
            Ok(self.0.sign(message).as_ref().try_into().unwrap())
        }
    }

    fn key() -> Key {
        Key(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
    }

    #[test]
    fn what_is_written_reads_back_and_verifies() {
        let key = key();
        let signature = Signature::make(&key, b"message", "version=3 é").unwrap();
        let read = Signature::parse(signature.to_file().as_bytes()).unwrap();
        let public = PublicKey::parse(&PublicKey::of(&key).to_file("acme")).unwrap();
        assert_eq!(read, signature);
        assert_eq!(public.name(), "F807060504030201");
        assert!(public.verifies(b"message", &read) && !public.verifies(b"massage", &read));
        let renamed = PublicKey { id: [0; 8], ..public };
        assert!(!renamed.verifies(b"message", &read), "a key answers for signatures of its own id only");
        let said_otherwise = Signature { comment: "version=4".into(), ..read };
        assert!(!public.verifies(b"message", &said_otherwise), "the comment is signed, too");
    }

    #[test]
    fn anything_but_the_exact_form_is_no_signature() {
        let file = Signature::make(&key(), b"message", "version=3").unwrap().to_file();
        let changes: [(&str, &str); 8] = [
            ("\n", "\r\n"),
            ("version=3", "version=\u{7}3"),
            ("version=3", "version=\u{9b}31m"),
            ("untrusted comment: ", "untrusted comment:"),
            ("\ntrusted comment: ", "\ntrusted comment:"),
            ("\nRW", "\nRU"),
            ("==\n", "=\n"),
            ("\ntrusted", "\n\ntrusted"),
        ];
        for (from, to) in changes {
            assert!(file.contains(from), "{from:?}");
            assert!(Signature::parse(file.replace(from, to).as_bytes()).is_none(), "{from:?} as {to:?}");
        }
        assert!(Signature::parse(format!("{file}\n").as_bytes()).is_none(), "a fifth line");
        assert!(Signature::parse(file.trim_end().as_bytes()).is_none(), "no line end");
        let long = file.replace("bundle key", &"x".repeat(LONGEST));
        assert!(Signature::parse(long.as_bytes()).is_none(), "too long");
        assert!(Signature::parse(file.as_bytes()).is_some());
    }
}
