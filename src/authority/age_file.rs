//! age files (age-encryption.org/v1): what is encrypted for a key or a passphrase.

use std::io::{Read, Write};
use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, Identity, Recipient, scrypt, x25519};
use zeroize::Zeroizing;

use crate::fleet::Secret;

use super::AuthorityError;

/// scrypt cost of what we write, log2(N): 256 MiB and about a second, as the age program does.
const WORK_FACTOR: u8 = 18;
/// The highest scrypt cost we accept to read: 1 GiB.
const HIGHEST_WORK_FACTOR: u8 = 20;
/// What an age file may be longer than its content: header, armor, and a tag for every 64 KiB.
const OVERHEAD: u64 = 64 * 1024;

/// Checks an age recipient (`age1...`, X25519). A key of low order, whose secret everybody knows, is none.
pub fn check_recipient(recipient: &str) -> Result<(), AuthorityError> {
    parse_recipient(recipient).map(|_| ())
}

/// Encrypts `secret` for a recipient (`age1...`), as a binary age file.
pub fn wrap_for_recipient(recipient: &str, secret: &Secret) -> Result<Vec<u8>, AuthorityError> {
    let recipient = parse_recipient(recipient)?;
    Ok(encrypt_to(&recipient, secret))
}

pub(super) fn parse_recipient(text: &str) -> Result<x25519::Recipient, AuthorityError> {
    let fault = || AuthorityError::Recipient { recipient: text.to_owned() };
    let recipient: x25519::Recipient = text.parse().map_err(|_| fault())?;
    if is_of_low_order(&public_key_bytes(&recipient.to_string())) {
        return Err(fault());
    }
    Ok(recipient)
}

/// Returns `secret` encrypted for `recipient`, binary.
pub(super) fn encrypt_to(recipient: &x25519::Recipient, secret: &Secret) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = encryptor(recipient).wrap_output(&mut file).expect("memory takes every byte");
    secret.expose(|bytes| writer.write_all(bytes)).expect("memory takes every byte");
    writer.finish().expect("memory takes every byte");
    file
}

/// Returns `secret` under a passphrase, as armor text.
pub(super) fn lock(passphrase: &Secret, secret: &Secret) -> Result<Vec<u8>, AuthorityError> {
    let recipient = passphrase_recipient(passphrase)?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).expect("memory takes every byte");
    let mut writer = encryptor(&recipient).wrap_output(armor).expect("memory takes every byte");
    secret.expose(|bytes| writer.write_all(bytes)).expect("memory takes every byte");
    let armor = writer.finish().expect("memory takes every byte");
    Ok(armor.finish().expect("memory takes every byte"))
}

pub(super) fn encryptor(recipient: &dyn Recipient) -> Encryptor {
    Encryptor::with_recipients(iter::once(recipient)).expect("one recipient is a sound list")
}

pub(super) fn passphrase_recipient(passphrase: &Secret) -> Result<scrypt::Recipient, AuthorityError> {
    let mut recipient = scrypt::Recipient::new(passphrase_text(passphrase)?);
    recipient.set_work_factor(WORK_FACTOR);
    Ok(recipient)
}

pub(super) fn passphrase_identity(passphrase: &Secret) -> Result<scrypt::Identity, AuthorityError> {
    let mut identity = scrypt::Identity::new(passphrase_text(passphrase)?);
    identity.set_max_work_factor(HIGHEST_WORK_FACTOR);
    Ok(identity)
}

/// Decrypts an age file, binary or armored, of at most `limit` bytes of content. `what` names it in errors.
pub(super) fn decrypt(
    file: &[u8],
    identity: &dyn Identity,
    limit: usize,
    what: &str,
) -> Result<Secret, AuthorityError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(file)).map_err(|error| explain(&error, what))?;
    let reader = decryptor.decrypt(iter::once(identity)).map_err(|error| explain(&error, what))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.min(file.len()) + 1));
    let read = reader.take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| AuthorityError::damaged(what, error))?;
    if bytes.len() > limit {
        return Err(AuthorityError::damaged(what, format!("it holds more than {limit} bytes")));
    }
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

/// Returns the longest age file whose content has at most `limit` bytes, armored or not.
pub(super) fn longest_file(limit: usize) -> u64 {
    2 * limit as u64 + OVERHEAD
}

/// Puts age's errors into ours.
pub(super) fn explain(error: &DecryptError, what: &str) -> AuthorityError {
    let what = what.to_owned();
    match error {
        DecryptError::NoMatchingKeys => AuthorityError::NotForUs { what },
        DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed => AuthorityError::WrongPassphrase { what },
        DecryptError::ExcessiveWork { required, .. } => AuthorityError::damaged(
            what,
            format!("its passphrase costs 2^{required} units of work, at most 2^{HIGHEST_WORK_FACTOR} are accepted"),
        ),
        other => AuthorityError::damaged(what, other),
    }
}

fn passphrase_text(passphrase: &Secret) -> Result<SecretString, AuthorityError> {
    passphrase.expose(|bytes| match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() => Ok(SecretString::from(text.to_owned())),
        _ => Err(AuthorityError::UnfitPassphrase),
    })
}

/// Decodes the 32 bytes of a recipient that age has accepted (BIP 173: groups of five bits, six of them checksum).
fn public_key_bytes(recipient: &str) -> [u8; 32] {
    const CHARSET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let mut bytes = [0; 32];
    let (mut bits, mut held, mut at) = (0_u32, 0, 0);
    for symbol in recipient.trim_start_matches("age1").chars() {
        bits = (bits << 5) | u32::try_from(CHARSET.find(symbol).unwrap_or(0)).unwrap_or(0);
        held += 5;
        if held >= 8 && at < bytes.len() {
            held -= 8;
            bytes[at] = u8::try_from((bits >> held) & 0xFF).unwrap_or(0);
            at += 1;
        }
    }
    bytes
}

/// Returns true for a public key that gives the same shared secret, zero, with every private key (RFC 7748, section 6.1).
fn is_of_low_order(public_key: &[u8; 32]) -> bool {
    use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
    let Ok(private_key) = PrivateKey::generate(&X25519) else {
        return true;
    };
    let peer = UnparsedPublicKey::new(&X25519, public_key);
    agree(&private_key, peer, (), |_| Ok(())).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

    #[test]
    fn only_x25519_recipients_are_recipients() {
        check_recipient(RECIPIENT).unwrap();
        for text in ["", "age1", "age1abc", &RECIPIENT[..61], "ssh-ed25519 AAAA", "\u{1F511}"] {
            assert!(matches!(check_recipient(text), Err(AuthorityError::Recipient { .. })), "{text:?}");
        }
    }

    // The recipients below were encoded by an independent program (BIP 173 in Python) from known bytes.
    #[test]
    fn a_recipient_decodes_to_the_bytes_it_was_made_of() {
        let counting: Vec<u8> = (0..32).collect();
        let recipient = "age1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0savhh7m";
        assert_eq!(public_key_bytes(recipient).as_slice(), counting);
    }

    #[test]
    fn a_key_of_low_order_is_refused_before_age_meets_it() {
        for recipient in [
            "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z",
            "age1qyqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqj7vrya",
        ] {
            recipient.parse::<x25519::Recipient>().unwrap();
            let wrapped = wrap_for_recipient(recipient, &Secret::new(b"psk".to_vec()));
            assert!(matches!(wrapped, Err(AuthorityError::Recipient { .. })), "{recipient}");
        }
    }

    #[test]
    fn content_over_the_limit_is_refused() {
        let identity = x25519::Identity::generate();
        let file = encrypt_to(&identity.to_public(), &Secret::new(vec![7; 100]));
        assert_eq!(decrypt(&file, &identity, 100, "x").unwrap().len(), 100);
        assert!(matches!(decrypt(&file, &identity, 99, "x"), Err(AuthorityError::Damaged { .. })));
    }

    #[test]
    fn another_key_does_not_open_and_says_so() {
        let file = wrap_for_recipient(RECIPIENT, &Secret::new(b"psk".to_vec())).unwrap();
        let opened = decrypt(&file, &x25519::Identity::generate(), 100, "the file");
        assert!(matches!(opened, Err(AuthorityError::NotForUs { .. })));
    }

    #[test]
    fn a_passphrase_opens_and_another_does_not() {
        let file = lock(&Secret::new(b"correct".to_vec()), &Secret::new(b"content".to_vec())).unwrap();
        assert!(file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
        let right = passphrase_identity(&Secret::new(b"correct".to_vec())).unwrap();
        assert!(decrypt(&file, &right, 100, "x").unwrap().expose(|bytes| bytes == b"content"));
        let wrong = passphrase_identity(&Secret::new(b"wrong".to_vec())).unwrap();
        assert!(matches!(decrypt(&file, &wrong, 100, "x"), Err(AuthorityError::WrongPassphrase { .. })));
        assert!(matches!(lock(&Secret::new(vec![]), &Secret::new(vec![])), Err(AuthorityError::UnfitPassphrase)));
    }
}
