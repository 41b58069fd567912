//! The encryption of one file: age to X25519 recipients, `COSE_Encrypt0` with a pre-shared key.

use std::io::Read;

use age::{Decryptor, x25519};
use zeroize::Zeroizing;

use crate::delivery::Encryption;
use crate::fleet::Secret;

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

/// Why a file does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// None of the keys opens it.
    NoKey,
    /// It is no such file, or it was changed.
    Damaged,
    /// Its content is longer than allowed.
    TooLong,
}

impl OpeningKey {
    /// Reads an age identity: a file as age-keygen writes it, or its one line that counts.
    pub fn parse_age(text: &str) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Some(OpeningKey::Age(Box::new(line.parse().ok()?)))
    }
}

/// Opens one encrypted file of at most `most` bytes of content.
pub fn open(encryption: Encryption, file: &[u8], keys: &[OpeningKey], most: usize) -> Result<Secret, Closed> {
    match encryption {
        Encryption::Age => open_age(file, keys, most),
        Encryption::CoseEncrypt0 => Err(Closed::NoKey),
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
