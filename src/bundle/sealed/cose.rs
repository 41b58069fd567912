//! `COSE_Encrypt0` (RFC 9052, section 5.2) with AES-GCM (RFC 9053, section 4.1) and a pre-shared key: one tagged CBOR item,
//! small enough for a device that has no room for age.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::cbor::{self, Item, Reader};

/// The tag of `COSE_Encrypt0` (RFC 9052, table 1).
const TAG: u64 = 16;
/// Header labels (RFC 9052, section 3.1): algorithm, key id, initialisation vector.
const ALG: i128 = 1;
const KID: i128 = 4;
const IV: i128 = 5;
/// Length of the authentication tag at the end of the ciphertext, in bytes.
const SEAL: usize = 16;

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

/// Reads a key of 16 or 32 bytes, as hex or base64 text with blanks around it.
pub(super) fn parse_key(text: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let bytes = match text.len() {
        32 | 64 => hex::decode(text).ok()?,
        24 | 44 => BASE64.decode(text).ok()?,
        _ => return None,
    };
    let key = Secret::new(bytes);
    algorithm(key.len()).map(|_| key)
}

/// Returns the COSE number of the algorithm for a key of that length (RFC 9053, table 5).
fn algorithm(length: usize) -> Option<i64> {
    match length {
        16 => Some(1),
        32 => Some(3),
        _ => None,
    }
}

/// Encrypts `content`. The initialisation vector is a keyed digest over `drawn` and the content: two files have the same
/// one only if both are the same, even where `drawn` can be foretold.
pub(super) fn seal(key: &[u8], name: &[u8], content: &[u8], drawn: &[u8; 16]) -> Result<Vec<u8>, String> {
    let algorithm = algorithm(key.len()).ok_or_else(|| format!("a key of {} bytes is none for COSE", key.len()))?;
    let protected = protected(algorithm);
    let iv = vector(key, content, drawn);
    let mut sealed = content.to_vec();
    cipher(key)
        .and_then(|cipher| {
            let nonce = Nonce::assume_unique_for_key(iv);
            cipher.seal_in_place_append_tag(nonce, Aad::from(structure(&protected)), &mut sealed).ok()
        })
        .ok_or("the content is too long to be encrypted")?;
    let mut out = Vec::with_capacity(sealed.len() + 64);
    cbor::put_tag(&mut out, TAG);
    cbor::put_array(&mut out, 3);
    cbor::put_bytes(&mut out, &protected);
    cbor::put_map(&mut out, 2);
    cbor::put_integer(&mut out, 4);
    cbor::put_bytes(&mut out, name);
    cbor::put_integer(&mut out, 5);
    cbor::put_bytes(&mut out, &iv);
    cbor::put_bytes(&mut out, &sealed);
    Ok(out)
}

fn vector(key: &[u8], content: &[u8], drawn: &[u8; 16]) -> [u8; NONCE_LEN] {
    let mut digest = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    digest.update(b"firstlight COSE IV 1");
    digest.update(drawn);
    digest.update(content);
    let mut iv = [0; NONCE_LEN];
    iv.copy_from_slice(&digest.sign().as_ref()[..NONCE_LEN]);
    iv
}

fn protected(algorithm: i64) -> Vec<u8> {
    let mut out = Vec::new();
    cbor::put_map(&mut out, 1);
    cbor::put_integer(&mut out, 1);
    cbor::put_integer(&mut out, algorithm);
    out
}

/// The `Enc_structure` (RFC 9052, section 5.3), with no data of the application's own.
fn structure(protected: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    cbor::put_array(&mut out, 3);
    cbor::put_text(&mut out, "Encrypt0");
    cbor::put_bytes(&mut out, protected);
    cbor::put_bytes(&mut out, b"");
    out
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    UnboundKey::new(algorithm, key).ok().map(LessSafeKey::new)
}

/// A message taken apart, nothing of it believed yet.
struct Message<'a> {
    protected: &'a [u8],
    algorithm: i128,
    iv: [u8; NONCE_LEN],
    sealed: &'a [u8],
}

/// Opens a message whose content has at most `most` bytes with the first of `keys` that does it.
pub(super) fn open(file: &[u8], keys: &[&Secret], most: usize) -> Result<Secret, Closed> {
    let message = parse(file).ok_or(Closed::Damaged)?;
    if message.sealed.len() < SEAL {
        return Err(Closed::Damaged);
    }
    if message.sealed.len() - SEAL > most {
        return Err(Closed::TooLong);
    }
    let mut fitting = keys.iter().filter(|key| algorithm(key.len()).map(i128::from) == Some(message.algorithm));
    let opened = fitting.find_map(|key| key.expose(|key| decrypt(key, &message)));
    opened.ok_or(Closed::NoKey)
}

fn decrypt(key: &[u8], message: &Message<'_>) -> Option<Secret> {
    let mut bytes = Zeroizing::new(message.sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(message.iv);
    let aad = Aad::from(structure(message.protected));
    let length = cipher(key)?.open_in_place(nonce, aad, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(Secret::new(std::mem::take(&mut *bytes)))
}

/// Takes exactly our form: tag, definite lengths, the algorithm protected, IV and at most one kid unprotected.
fn parse(file: &[u8]) -> Option<Message<'_>> {
    let mut reader = Reader::new(file);
    let tagged = matches!(reader.next_item().ok()?, Item::Tag(TAG));
    let three = matches!(reader.next_item().ok()?, Item::Array(Some(3)));
    let Item::Bytes(protected) = reader.next_item().ok()? else { return None };
    let algorithm = parse_protected(protected)?;
    let iv = parse_unprotected(&mut reader)?;
    let Item::Bytes(sealed) = reader.next_item().ok()? else { return None };
    (tagged && three && reader.is_done()).then_some(Message { protected, algorithm, iv, sealed })
}

fn parse_protected(protected: &[u8]) -> Option<i128> {
    let mut reader = Reader::new(protected);
    let one = matches!(reader.next_item().ok()?, Item::Map(Some(1)));
    let label = matches!(reader.next_item().ok()?, Item::Integer(ALG));
    let Item::Integer(algorithm) = reader.next_item().ok()? else { return None };
    (one && label && reader.is_done()).then_some(algorithm)
}

fn parse_unprotected(reader: &mut Reader<'_>) -> Option<[u8; NONCE_LEN]> {
    let Item::Map(Some(count @ 1..=2)) = reader.next_item().ok()? else { return None };
    let mut iv = None;
    let mut named = false;
    for _ in 0..count {
        let Item::Integer(label) = reader.next_item().ok()? else { return None };
        let Item::Bytes(value) = reader.next_item().ok()? else { return None };
        match label {
            IV if iv.is_none() => iv = Some(value.try_into().ok()?),
            KID if !named => named = true,
            _ => return None,
        }
    }
    iv
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(length: usize) -> Secret {
        Secret::new((0..).take(length).collect())
    }

    fn sealed(length: usize, content: &[u8]) -> Vec<u8> {
        key(length).expose(|key| seal(key, b"batch", content, &[7; 16]).unwrap())
    }

    #[test]
    fn the_message_has_the_form_of_the_standard() {
        let file = sealed(16, b"x");
        // tag 16, array of 3, protected {1: 1} (A128GCM), unprotected {4: "batch", 5: iv}
        assert_eq!(hex::encode(&file[..16]), "d08343a10101a204456261746368054c");
        assert_eq!(hex::encode(&sealed(32, b"x")[..6]), "d08343a10103");
    }

    #[test]
    fn any_changed_byte_and_any_cut_is_noticed() {
        let file = sealed(32, b"the content");
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                let opened = open(&changed, &[&key(32)], 100);
                // The kid is a name for people; it is not authenticated and opens nothing else.
                let is_name = (9..14).contains(&at);
                assert!(opened.is_err() || is_name, "byte {at} bit {bit}");
            }
            assert!(open(&file[..at], &[&key(32)], 100).is_err(), "cut at {at}");
        }
        assert!(open(&[&file[..], b"\0"].concat(), &[&key(32)], 100).is_err(), "something behind");
    }

    #[test]
    fn the_wrong_key_and_a_long_content_are_told_apart() {
        let file = sealed(16, b"the content");
        assert_eq!(open(&file, &[&key(32)], 100).err(), Some(Closed::NoKey));
        assert_eq!(open(&file, &[&Secret::new(vec![9; 16])], 100).err(), Some(Closed::NoKey));
        assert_eq!(open(&file, &[&key(16)], 10).err(), Some(Closed::TooLong));
        assert!(open(&file, &[&Secret::new(vec![9; 16]), &key(16)], 11).is_ok());
    }

    #[test]
    fn keys_are_hex_or_base64_of_16_or_32_bytes() {
        let read = |text: &str| parse_key(text.as_bytes()).map(|key| key.len());
        assert_eq!(read("000102030405060708090a0b0c0d0e0f\n"), Some(16));
        assert_eq!(read(&"ab".repeat(32)), Some(32));
        assert_eq!(read("AAECAwQFBgcICQoLDA0ODw=="), Some(16));
        assert_eq!(read(&BASE64.encode([1; 32])), Some(32));
        for wrong in ["", "00", &"ab".repeat(24), "zz0102030405060708090a0b0c0d0e0f", &BASE64.encode([1; 33])] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn sealing_and_opening_is_identity(content: Vec<u8>, drawn: [u8; 16], long: bool) {
            let key = key(if long { 32 } else { 16 });
            let file = key.expose(|key| seal(key, b"k", &content, &drawn).unwrap());
            let opened = open(&file, &[&key], content.len()).unwrap();
            prop_assert!(opened.expose(|bytes| bytes == content));
        }

        #[test]
        fn no_bytes_bring_the_reader_down(bytes: Vec<u8>) {
            prop_assert!(open(&bytes, &[&key(16), &key(32)], 1000).is_err());
        }
    }
}
