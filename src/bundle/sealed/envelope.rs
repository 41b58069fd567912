//! The encryption of one file: age to X25519 recipients, `COSE_Encrypt0` with a pre-shared key.

use std::io::{Read, Write};

use age::{Decryptor, Encryptor, x25519};
use zeroize::Zeroizing;

use crate::delivery::Encryption;
use crate::fleet::Secret;

use super::cose;
pub use super::cose::Closed;

/// What opens encrypted files.
pub enum OpeningKey {
    /// An age identity (`AGE-SECRET-KEY-1...`).
    Age(Box<x25519::Identity>),
    /// A pre-shared key of 16 or 32 bytes, with its name where it has one.
    Cose {
        /// Its name: the `kid` of the messages it opens.
        name: Option<Vec<u8>>,
        /// The key.
        key: Secret,
    },
}

impl OpeningKey {
    /// Reads an age identity: a file as age-keygen writes it, or its one line that counts.
    pub fn parse_age(text: &str) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Some(OpeningKey::Age(Box::new(line.parse().ok()?)))
    }

    /// Reads a pre-shared key of 16 or 32 bytes, as hex or base64 text.
    pub fn parse_cose(name: Option<&str>, text: &[u8]) -> Option<Self> {
        let key = cose::parse_key(text)?;
        Some(OpeningKey::Cose { name: name.map(|name| name.as_bytes().to_vec()), key })
    }
}

/// To whom a file is sealed: age recipients, or one pre-shared key. The two are not mixed.
pub enum SealingKey {
    /// X25519 recipients (`age1...`).
    Age(Vec<x25519::Recipient>),
    /// A pre-shared key of 16 or 32 bytes and its name, which becomes the `kid`.
    Cose {
        /// Its name.
        name: String,
        /// The key.
        key: Secret,
    },
}

impl SealingKey {
    /// Reads age recipients; the error names the first that is none.
    pub fn age<'a>(recipients: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let parsed = recipients.into_iter().map(|text| text.parse().map_err(|_| text.to_owned()));
        Ok(SealingKey::Age(parsed.collect::<Result<_, _>>()?))
    }

    /// Reads a pre-shared key of 16 or 32 bytes, as hex or base64 text; `None` if it is none.
    pub fn cose(name: &str, text: &Secret) -> Option<Self> {
        text.expose(cose::parse_key).map(|key| SealingKey::Cose { name: name.to_owned(), key })
    }

    /// Returns how files are encrypted with it.
    pub fn encryption(&self) -> Encryption {
        match self {
            SealingKey::Age(_) => Encryption::Age,
            SealingKey::Cose { .. } => Encryption::CoseEncrypt0,
        }
    }

    /// Encrypts one file. `drawn` are random bytes that no other file has (COSE; age draws its own). The error is a
    /// person's words.
    pub fn seal(&self, content: &[u8], drawn: &[u8; 16]) -> Result<Vec<u8>, String> {
        match self {
            SealingKey::Age(recipients) => seal_age(recipients, content),
            SealingKey::Cose { name, key } => key.expose(|key| cose::seal(key, name.as_bytes(), content, drawn)),
        }
    }
}

fn seal_age(recipients: &[x25519::Recipient], content: &[u8]) -> Result<Vec<u8>, String> {
    let recipients = recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|error| error.to_string())?;
    let mut file = Vec::with_capacity(content.len() + 512);
    let mut writer = encryptor.wrap_output(&mut file).map_err(|error| error.to_string())?;
    writer.write_all(content).and_then(|()| writer.finish().map(|_| ())).map_err(|error| error.to_string())?;
    Ok(file)
}

fn cose_keys(keys: &[OpeningKey]) -> Vec<&Secret> {
    let cose = keys.iter().filter_map(|key| match key {
        OpeningKey::Cose { key, .. } => Some(key),
        OpeningKey::Age(_) => None,
    });
    cose.collect()
}

/// Opens one encrypted file of at most `most` bytes of content.
pub fn open(encryption: Encryption, file: &[u8], keys: &[OpeningKey], most: usize) -> Result<Secret, Closed> {
    match encryption {
        Encryption::Age => open_age(file, keys, most),
        Encryption::CoseEncrypt0 => cose::open(file, &cose_keys(keys), most),
    }
}

fn open_age(file: &[u8], keys: &[OpeningKey], most: usize) -> Result<Secret, Closed> {
    let identities = keys.iter().filter_map(|key| match key {
        OpeningKey::Age(identity) => Some(&**identity as &dyn age::Identity),
        OpeningKey::Cose { .. } => None,
    });
    let decryptor = Decryptor::new_buffered(file).map_err(|_| Closed::Damaged)?;
    let reader = decryptor.decrypt(identities).map_err(|error| match error {
        age::DecryptError::NoMatchingKeys => Closed::NoKey,
        _ => Closed::Damaged,
    })?;
    let mut content = Zeroizing::new(Vec::with_capacity(file.len().min(most) + 1));
    reader.take(most as u64 + 1).read_to_end(&mut content).map_err(|_| Closed::Damaged)?;
    if content.len() > most {
        return Err(Closed::TooLong);
    }
    Ok(Secret::new(std::mem::take(&mut *content)))
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;
    use proptest::prelude::*;

    use super::*;

    fn identity() -> (String, OpeningKey) {
        let identity = x25519::Identity::generate();
        let text = format!("# a comment\n{}\n", identity.to_string().expose_secret());
        (identity.to_public().to_string(), OpeningKey::parse_age(&text).unwrap())
    }

    fn opened(key: &SealingKey, file: &[u8], with: &[OpeningKey], most: usize) -> Result<Vec<u8>, Closed> {
        open(key.encryption(), file, with, most).map(|secret| secret.expose(<[u8]>::to_vec))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_sealed_to_several_opens_for_each_and_is_what_it_was(content: Vec<u8>) {
            let (first, first_key) = identity();
            let (second, second_key) = identity();
            let key = SealingKey::age([first.as_str(), second.as_str()]).unwrap();
            let file = key.seal(&content, &[0; 16]).unwrap();
            for with in [first_key, second_key] {
                prop_assert_eq!(opened(&key, &file, &[with], content.len()), Ok(content.clone()));
            }
            prop_assert_eq!(opened(&key, &file, &[identity().1], content.len()), Err(Closed::NoKey));
        }
    }

    #[test]
    fn kinds_of_keys_do_not_open_each_others_files() {
        let text = Secret::new(b"000102030405060708090a0b0c0d0e0f".to_vec());
        let cose = SealingKey::cose("k", &text).unwrap();
        let (recipient, identity) = identity();
        let age = SealingKey::age([recipient.as_str()]).unwrap();
        let pre_shared = || text.expose(|text| OpeningKey::parse_cose(None, text)).unwrap();
        let (by_cose, by_age) = (cose.seal(b"x", &[1; 16]).unwrap(), age.seal(b"x", &[1; 16]).unwrap());
        assert_eq!(opened(&cose, &by_cose, &[pre_shared()], 1), Ok(b"x".to_vec()));
        assert_eq!(opened(&age, &by_age, &[pre_shared()], 1), Err(Closed::NoKey));
        assert_eq!(opened(&cose, &by_cose, &[identity], 1), Err(Closed::NoKey));
        assert_eq!(open(Encryption::Age, &by_cose, &[pre_shared()], 1).err(), Some(Closed::Damaged));
        assert!(SealingKey::age(["age1none"]).is_err_and(|named| named == "age1none"));
    }

    #[test]
    fn the_same_content_is_never_the_same_file_unless_the_drawn_bytes_are() {
        let text = Secret::new(b"000102030405060708090a0b0c0d0e0f".to_vec());
        let cose = SealingKey::cose("k", &text).unwrap();
        let seal = |content: &[u8], drawn| cose.seal(content, &[drawn; 16]).unwrap();
        assert_eq!(seal(b"x", 1), seal(b"x", 1));
        assert_ne!(seal(b"x", 1), seal(b"x", 2));
        let iv = |file: &[u8]| file[14..26].to_vec();
        assert_ne!(iv(&seal(b"x", 1)), iv(&seal(b"y", 1)), "no vector twice under one key, foretold or not");
    }
}
