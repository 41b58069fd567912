//! AES-256-XTS over entries (IEEE 1619-2018, section 5; a unit is one entry of two blocks, so no ciphertext is stolen).
//!
//! The one crypto provider has the block cipher, not the mode: the mode is the two exclusive-ors and the doubling here.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use zeroize::Zeroizing;

use super::page::ENTRY;

const BLOCK: usize = 16;
const DOUBLING: u128 = 0x87;

/// Which way to go.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Encrypt,
    Decrypt,
}

/// Encrypts or decrypts, in place, the entries of `image` that begin at `offsets`; an entry's tweak is its offset. `keys` are
/// the data key and the tweak key.
pub(super) fn apply(image: &mut [u8], offsets: &[usize], keys: &[u8; 64], direction: Direction) {
    let tweaks = tweaks(offsets, &keys[32..]);
    let mut blocks = Zeroizing::new(Vec::with_capacity(offsets.len() * ENTRY));
    offsets.iter().for_each(|offset| blocks.extend_from_slice(&image[*offset..offset + ENTRY]));
    mix(&mut blocks, &tweaks);
    match direction {
        Direction::Encrypt => encrypt(&mut blocks, &keys[..32]),
        Direction::Decrypt => decrypt(&mut blocks, &keys[..32]),
    }
    mix(&mut blocks, &tweaks);
    for (offset, entry) in offsets.iter().zip(blocks.chunks_exact(ENTRY)) {
        image[*offset..offset + ENTRY].copy_from_slice(entry);
    }
}

/// Returns the tweak of each block: the encrypted offset for the first of an entry, its double for the second.
fn tweaks(offsets: &[usize], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut first = Zeroizing::new(Vec::with_capacity(offsets.len() * BLOCK));
    offsets.iter().for_each(|offset| first.extend_from_slice(&(*offset as u128).to_le_bytes()));
    encrypt(&mut first, key);
    let mut tweaks = Zeroizing::new(Vec::with_capacity(offsets.len() * ENTRY));
    for tweak in first.chunks_exact(BLOCK) {
        let value = u128::from_le_bytes(tweak.try_into().expect("a block has 16 bytes"));
        tweaks.extend_from_slice(tweak);
        tweaks.extend_from_slice(&((value << 1) ^ ((value >> 127) * DOUBLING)).to_le_bytes());
    }
    tweaks
}

fn mix(blocks: &mut [u8], tweaks: &[u8]) {
    blocks.iter_mut().zip(tweaks).for_each(|(byte, tweak)| *byte ^= tweak);
}

fn bound(key: &[u8]) -> UnboundCipherKey {
    UnboundCipherKey::new(&AES_256, key).expect("an AES-256 key has 32 bytes")
}

fn encrypt(blocks: &mut [u8], key: &[u8]) {
    let key = EncryptingKey::ecb(bound(key)).expect("AES-256 has this mode");
    key.encrypt(blocks).expect("whole blocks can be encrypted");
}

fn decrypt(blocks: &mut [u8], key: &[u8]) {
    let key = DecryptingKey::ecb(bound(key)).expect("AES-256 has this mode");
    key.decrypt(blocks, DecryptionContext::None).expect("whole blocks can be decrypted");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IEEE 1619-2018, annex B, vector 10 (AES-256, data unit 0xff): its first two blocks.
    #[test]
    fn the_first_blocks_of_the_standards_vector_come_out() {
        let mut keys = [0; 64];
        let data_key = "2718281828459045235360287471352662497757247093699959574966967627";
        let tweak_key = "3141592653589793238462643383279502884197169399375105820974944592";
        keys.copy_from_slice(&hex::decode(format!("{data_key}{tweak_key}")).unwrap());
        let offset = 0xFF;
        let mut image: Vec<u8> = vec![0; offset];
        image.extend(0..32);
        apply(&mut image, &[offset], &keys, Direction::Encrypt);
        let cipher = "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b";
        assert_eq!(hex::encode(&image[offset..]), cipher);
        apply(&mut image, &[offset], &keys, Direction::Decrypt);
        assert_eq!(image[offset..], (0..32).collect::<Vec<u8>>());
    }
}
