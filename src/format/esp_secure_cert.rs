//! Espressif's `esp_secure_cert` partition: certificates and keys as TLV records (format version 2).
//!
//! Source: esp_secure_cert_mgr, `docs/format.md` and `esp_secure_cert_tlv_config.h`: a header of 12 bytes, the value, zeros up to
//! a multiple of 16, and a CRC-32 over all of these.

use sha2::{Digest as _, Sha256};

use crate::fleet::{Class, Diagnose, Secret};

use super::crc32::crc32_rom;

/// The usual size of the partition, in bytes.
pub const USUAL_SIZE: u64 = 0x2000;
/// The largest partition that is made or read, in bytes.
pub const LONGEST: usize = 1 << 20;

const MAGIC: [u8; 4] = [0x11, 0xBA, 0x5E, 0xBA];
const HEADER: usize = 12;
const ALIGNMENT: usize = 16;
const FOOTER: usize = 4;
/// The highest subtype; 255 is none.
const LAST_SUBTYPE: u8 = 254;

/// The type of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Kind(pub u8);

impl Kind {
    /// Certificate of the authority.
    pub const CA_CERTIFICATE: Self = Self(0);
    /// Certificate of the device, its intermediates behind it.
    pub const DEVICE_CERTIFICATE: Self = Self(1);
    /// Private key of the device.
    pub const PRIVATE_KEY: Self = Self(2);
    /// RSA key encrypted for the Digital Signature peripheral.
    pub const DS_DATA: Self = Self(3);
    /// Which eFuse key decrypts [`Kind::DS_DATA`].
    pub const DS_CONTEXT: Self = Self(4);
    /// Salt from which the HMAC peripheral derives an ECDSA key.
    pub const ECDSA_SALT: Self = Self(5);
    /// Which eFuse block holds the private key.
    pub const SECURITY_CONFIGURATION: Self = Self(6);
    /// Key of the secure storage of the trusted execution environment.
    pub const TEE_STORAGE_KEY: Self = Self(7);
    /// Signature over the records in front of it.
    pub const SIGNATURE: Self = Self(8);
    /// SHA-256 over everything in front of it.
    pub const INTEGRITY: Self = Self(9);
    /// The first of five types for one's own data.
    pub const FIRST_USER_DATA: Self = Self(51);

    /// Returns what it is in words.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "CA certificate",
            1 => "device certificate",
            2 => "private key",
            3 => "DS data",
            4 => "DS context",
            5 => "ECDSA salt",
            6 => "security configuration",
            7 => "TEE storage key",
            8 => "signature",
            9 => "integrity",
            51 => "user data 1",
            52 => "user data 2",
            53 => "user data 3",
            54 => "user data 4",
            55 => "user data 5",
            _ => "unknown",
        }
    }
}

/// Flags of a private key: what must be done before it can be used.
pub mod flags {
    /// The key is encrypted by the HMAC peripheral.
    pub const HMAC_ENCRYPTED: u8 = 1 << 7;
    /// The key is derived by the HMAC peripheral.
    pub const HMAC_DERIVED: u8 = 1 << 6;
    /// The key is in the eFuses of the ECDSA peripheral.
    pub const ECDSA_PERIPHERAL: u8 = 1 << 3;
}

/// One record.
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// Which of several of one kind, from 0.
    pub subtype: u8,
    /// See [`flags`]; 0 for all but private keys.
    pub flags: u8,
    /// The value: up to 65,535 bytes.
    pub bytes: Secret,
}

impl Record {
    /// A first record of its kind, without flags.
    pub fn new(kind: Kind, bytes: Secret) -> Self {
        Self { kind, subtype: 0, flags: 0, bytes }
    }

    /// A first certificate or key in PEM, which the device's parser wants with a NUL at its end.
    pub fn pem(kind: Kind, pem: &Secret) -> Self {
        Self::new(
            kind,
            pem.expose(|pem| {
                let mut bytes = Vec::with_capacity(pem.len() + 1);
                bytes.extend_from_slice(pem);
                bytes.push(0);
                Secret::new(bytes)
            }),
        )
    }

    fn length(&self) -> usize {
        record_length(self.bytes.len())
    }
}

fn record_length(value: usize) -> usize {
    HEADER + value.next_multiple_of(ALIGNMENT) + FOOTER
}

/// Why a partition cannot be made or read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecureCertError {
    /// A value longer than a record holds.
    #[error("esp_secure_cert {name} {subtype} has {found} bytes, a record holds at most {most}")]
    TooLong {
        /// The kind in words.
        name: &'static str,
        /// Its subtype.
        subtype: u8,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A subtype that no device looks for.
    #[error("esp_secure_cert {name} has subtype {found}, the highest is {most}")]
    Subtype {
        /// The kind in words.
        name: &'static str,
        /// Subtype found.
        found: u8,
        /// Subtype allowed.
        most: u8,
    },
    /// Two records that a device could not tell apart.
    #[error("esp_secure_cert {name} {subtype} is there twice")]
    Twice {
        /// The kind in words.
        name: &'static str,
        /// Its subtype.
        subtype: u8,
    },
    /// The records do not fit.
    #[error("the esp_secure_cert records need {need} bytes, the partition has {have} bytes")]
    Full {
        /// Bytes needed.
        need: u64,
        /// Bytes there.
        have: u64,
    },
    /// More than is made or read.
    #[error("esp_secure_cert partition of {found} bytes is larger than {most}")]
    TooLarge {
        /// Bytes found.
        found: u64,
        /// Bytes allowed.
        most: u64,
    },
    /// The partition contradicts itself.
    #[error("the esp_secure_cert partition is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Where the record begins.
        offset: usize,
        /// How.
        reason: String,
    },
}

impl Diagnose for SecureCertError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// Whether a record with the digest of all others is added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Integrity {
    /// Added as the last record.
    Added,
    /// Not added.
    Left,
}

/// Encodes `records` in their order for a partition of `size` bytes; what they leave of it stays erased.
///
/// # Errors
/// [`SecureCertError`], before anything is built.
pub fn encode(size: u64, records: &[Record], integrity: Integrity) -> Result<Secret, SecureCertError> {
    let size = check(size, records, integrity)?;
    let mut image = Vec::with_capacity(size);
    records.iter().for_each(|record| put(&mut image, record));
    if integrity == Integrity::Added {
        let digest = Sha256::digest(&image).to_vec();
        put(&mut image, &Record::new(Kind::INTEGRITY, Secret::new(digest)));
    }
    image.resize(size, 0xFF);
    Ok(Secret::new(image))
}

fn check(size: u64, records: &[Record], integrity: Integrity) -> Result<usize, SecureCertError> {
    let too_large = SecureCertError::TooLarge { found: size, most: LONGEST as u64 };
    let Some(partition) = usize::try_from(size).ok().filter(|size| *size <= LONGEST) else { return Err(too_large) };
    let mut seen: Vec<(Kind, u8)> = Vec::new();
    if integrity == Integrity::Added {
        seen.push((Kind::INTEGRITY, 0));
    }
    for Record { kind, subtype, bytes, .. } in records {
        let (name, subtype, most) = (kind.name(), *subtype, usize::from(u16::MAX));
        if bytes.len() > most {
            return Err(SecureCertError::TooLong { name, subtype, found: bytes.len(), most });
        }
        if subtype > LAST_SUBTYPE {
            return Err(SecureCertError::Subtype { name, found: subtype, most: LAST_SUBTYPE });
        }
        if seen.contains(&(*kind, subtype)) {
            return Err(SecureCertError::Twice { name, subtype });
        }
        seen.push((*kind, subtype));
    }
    let digest = if integrity == Integrity::Added { record_length(32) } else { 0 };
    let need = records.iter().map(Record::length).sum::<usize>() + digest;
    if need > partition {
        return Err(SecureCertError::Full { need: need as u64, have: size });
    }
    Ok(partition)
}

fn put(image: &mut Vec<u8>, record: &Record) {
    let start = image.len();
    image.extend_from_slice(&MAGIC);
    image.extend_from_slice(&[record.flags, 0, 0, 0, record.kind.0, record.subtype]);
    image.extend_from_slice(&u16::try_from(record.bytes.len()).expect("checked before").to_le_bytes());
    record.bytes.expose(|bytes| image.extend_from_slice(bytes));
    image.resize(start + record.length() - FOOTER, 0);
    let checksum = crc32_rom(&[&image[start..]]);
    image.extend_from_slice(&checksum.to_le_bytes());
}

/// Reads the records up to where the partition is erased or ends. A digest over the records, where there is one, must be right.
///
/// # Errors
/// [`SecureCertError`]; at most [`LONGEST`] bytes are read.
pub fn decode(bytes: &[u8]) -> Result<Vec<Record>, SecureCertError> {
    if bytes.len() > LONGEST {
        return Err(SecureCertError::TooLarge { found: bytes.len() as u64, most: LONGEST as u64 });
    }
    let (mut records, mut seen, mut offset): (Vec<Record>, _, _) = (Vec::new(), std::collections::HashSet::new(), 0);
    while !bytes[offset..].iter().all(|byte| *byte == 0xFF) {
        let record = read(bytes, offset)?;
        let (name, subtype) = (record.kind.name(), record.subtype);
        if !seen.insert((record.kind, subtype)) {
            return Err(SecureCertError::Twice { name, subtype });
        }
        offset += record.length();
        records.push(record);
    }
    Ok(records)
}

fn read(bytes: &[u8], offset: usize) -> Result<Record, SecureCertError> {
    let wrong = |reason: &str| SecureCertError::Damaged { offset, reason: reason.to_owned() };
    let rest = &bytes[offset..];
    let header: &[u8; HEADER] = rest.first_chunk().ok_or_else(|| wrong("it ends inside a record"))?;
    let [magic @ .., flags, 0, 0, 0, kind, subtype, low, high] = *header else {
        return Err(wrong("no record begins there"));
    };
    if magic != MAGIC {
        return Err(wrong("no record begins there"));
    }
    let length = usize::from(u16::from_le_bytes([low, high]));
    let record = rest.get(..record_length(length)).ok_or_else(|| wrong("it ends inside a record"))?;
    let (covered, footer) = record.split_at(record.len() - FOOTER);
    if crc32_rom(&[covered]).to_le_bytes() != footer {
        return Err(wrong("the record's checksum is wrong"));
    }
    let (value, padding) = covered[HEADER..].split_at(length);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(wrong("the record is not filled up with zeros"));
    }
    if kind == Kind::INTEGRITY.0 && value != Sha256::digest(&bytes[..offset]).as_slice() {
        return Err(wrong("the digest over the records is wrong"));
    }
    Ok(Record { kind: Kind(kind), subtype, flags, bytes: Secret::new(value.to_vec()) })
}
