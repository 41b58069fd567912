//! Encrypted partitions: the keys, the partition they lie in, and what is encrypted.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::fleet::Secret;

use super::error::NvsError;
use super::page::{ACTIVE, BITMAP, ENTRIES, ENTRY, FIRST, FREEING, FULL, PAGE, value_checksum};
use super::xts::{Direction, apply};

/// Bytes of the keys: 32 for the data, 32 for the tweaks.
pub const KEY_BYTES: usize = 64;
/// What the HMAC peripheral is asked, eight times over, to derive each half.
const DATA_SEED: [u8; 4] = [0x5A, 0x5A, 0xBE, 0xAE];
const TWEAK_SEED: [u8; 4] = [0xA5, 0xA5, 0xDE, 0xCE];
/// Bytes of a key in the eFuses.
const EFUSE_KEY: usize = 32;

/// The keys of an encrypted partition: AES-256-XTS, `nvs_sec_cfg_t` in ESP-IDF.
pub struct Keys(Zeroizing<[u8; KEY_BYTES]>);

impl Keys {
    /// Takes 64 random bytes: data key and tweak key.
    ///
    /// # Errors
    /// [`NvsError::Keys`] if there are not 64 bytes, or both keys are one, which XTS forbids.
    pub fn new(bytes: &Secret) -> Result<Self, NvsError> {
        bytes.expose(Self::of)
    }

    /// Derives the keys as the HMAC scheme of ESP-IDF does from the key of 32 bytes in an eFuse block.
    ///
    /// # Errors
    /// [`NvsError::Keys`] if the key does not have 32 bytes.
    pub fn from_efuse_key(key: &Secret) -> Result<Self, NvsError> {
        if key.len() != EFUSE_KEY {
            return Err(wrong(format!("are derived from {EFUSE_KEY} bytes, there are {}", key.len())));
        }
        let key = key.expose(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        let mut keys = Zeroizing::new([0; KEY_BYTES]);
        keys[..32].copy_from_slice(hmac::sign(&key, &DATA_SEED.repeat(8)).as_ref());
        keys[32..].copy_from_slice(hmac::sign(&key, &TWEAK_SEED.repeat(8)).as_ref());
        Ok(Self(keys))
    }

    /// Reads the content of an NVS keys partition; all behind the keys' checksum is passed over.
    ///
    /// # Errors
    /// [`NvsError::Keys`] if it is too short, or the checksum is wrong (so it is for a partition that flash encryption has
    /// encrypted).
    pub fn from_partition(bytes: &[u8]) -> Result<Self, NvsError> {
        let Some((keys, said)) =
            bytes.split_at_checked(KEY_BYTES).and_then(|(keys, rest)| Some((keys, rest.first_chunk()?)))
        else {
            return Err(wrong(format!(
                "lie in a partition of {} bytes, at least {} are needed",
                bytes.len(),
                KEY_BYTES + 4
            )));
        };
        let (found, said) = (value_checksum(&[keys]), u32::from_le_bytes(*said));
        if found != said {
            return Err(wrong(format!("have checksum {found:08x}, their partition says {said:08x}")));
        }
        Self::of(keys)
    }

    fn of(bytes: &[u8]) -> Result<Self, NvsError> {
        let keys: &[u8; KEY_BYTES] =
            bytes.try_into().map_err(|_| wrong(format!("have {} bytes, not {KEY_BYTES}", bytes.len())))?;
        if keys[..32] == keys[32..] {
            return Err(wrong("for data and tweaks are the same".into()));
        }
        Ok(Self(Zeroizing::new(*keys)))
    }

    /// Returns the content of an NVS keys partition: one page.
    pub fn partition(&self) -> Secret {
        let mut page = vec![0xFF; PAGE];
        page[..KEY_BYTES].copy_from_slice(&*self.0);
        page[KEY_BYTES..KEY_BYTES + 4].copy_from_slice(&value_checksum(&[&*self.0]).to_le_bytes());
        Secret::new(page)
    }

    /// Encrypts the written entries of an image in clear.
    ///
    /// # Errors
    /// [`NvsError::Size`] if the image is not made of pages.
    pub fn encrypt(&self, image: &Secret) -> Result<Secret, NvsError> {
        image.expose(|image| self.applied(image, Direction::Encrypt))
    }

    /// Decrypts what the pages of an encrypted partition call written. Whether the keys were right shows only when the
    /// result is read.
    ///
    /// # Errors
    /// [`NvsError::Size`] if the bytes are not whole pages.
    pub fn decrypt(&self, bytes: &[u8]) -> Result<Secret, NvsError> {
        self.applied(bytes, Direction::Decrypt)
    }

    fn applied(&self, bytes: &[u8], direction: Direction) -> Result<Secret, NvsError> {
        if !bytes.len().is_multiple_of(PAGE) {
            return Err(NvsError::Size { size: bytes.len() as u64, reason: format!("is no multiple of {PAGE}") });
        }
        let mut image = bytes.to_vec();
        apply(&mut image, &written(bytes), &self.0, direction);
        Ok(Secret::new(image))
    }
}

fn wrong(reason: String) -> NvsError {
    NvsError::Keys { reason }
}

/// Returns where the written entries begin.
fn written(image: &[u8]) -> Vec<usize> {
    let mut offsets = Vec::new();
    for (number, page) in image.chunks_exact(PAGE).enumerate() {
        let state = u32::from_le_bytes([page[0], page[1], page[2], page[3]]);
        if [ACTIVE, FULL, FREEING].contains(&state) {
            let is_written = |entry: &usize| page[BITMAP + entry / 4] >> (entry % 4 * 2) & 0b11 == 0b10;
            let place = |entry| number * PAGE + FIRST + entry * ENTRY;
            offsets.extend((0..ENTRIES).filter(is_written).map(place));
        }
    }
    offsets
}
