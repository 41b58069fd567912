//! What was read back, by meaning: parsed, compared value by value, and the certificate held against its key.

use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fleet::Secret;
use crate::fleet::factory::{FactoryEntry, FactoryPart, Meaning, PartFormat};
use crate::format::{esp_secure_cert, littlefs, nvs};

use super::cbor_map::{self, ValueClass};
use super::encode::{field, item, nvs_keys, record_kind};
use super::values::{Files, number};
use super::{ImageError, Layout, Placed};

/// What was found to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Judged {
    /// Values that were parsed from the read-back and are right.
    pub values: usize,
    /// Certificates that belong to the private key beside them.
    pub pairs: usize,
}

/// Judges what was read back of each part, in the order of the layout: it must parse, and hold exactly the values of the
/// bundle; a certificate and a private key of one credential must belong together.
pub fn judge(layout: &Layout<'_>, files: &Files<'_>, read: &[Secret]) -> Result<Judged, ImageError> {
    let mut judged = Judged::default();
    let mut seen: Vec<(&Meaning, Secret)> = Vec::new();
    for (placed, bytes) in layout.parts.iter().zip(read) {
        let values = bytes.expose(|bytes| values_of(placed, files, bytes))?;
        judged.values += values.len();
        for (entry, value) in placed.part.entries.iter().zip(values) {
            seen.extend(entry.meaning.as_ref().map(|meaning| (meaning, value)));
        }
    }
    judged.pairs = check_pairs(layout, &seen)?;
    Ok(judged)
}

fn differs(part: &FactoryPart, finding: impl Into<String>) -> ImageError {
    ImageError::Differs { part: part.name.clone(), finding: finding.into() }
}

fn other_value(part: &FactoryPart, entry: &FactoryEntry) -> ImageError {
    differs(part, format!("key {:?} has another value", entry.key))
}

fn missing(part: &FactoryPart, entry: &FactoryEntry) -> ImageError {
    differs(part, format!("key {:?} is missing", entry.key))
}

/// Parses a part and returns the value found for each entry, all of them right.
fn values_of(placed: &Placed<'_>, files: &Files<'_>, bytes: &[u8]) -> Result<Vec<Secret>, ImageError> {
    let part = placed.part;
    let wanted = part.entries.iter().map(|entry| files.value(part, entry)).collect::<Result<Vec<_>, _>>()?;
    match &part.format {
        PartFormat::Nvs { .. } => of_nvs(part, files, &wanted, bytes)?,
        PartFormat::EspSecureCert => of_secure_cert(part, &wanted, bytes)?,
        PartFormat::Littlefs { .. } => of_volume(part, &wanted, bytes)?,
        PartFormat::Cbor => of_cbor(part, &wanted, bytes)?,
        PartFormat::Raw => of_fields(part, &wanted, bytes)?,
    }
    Ok(wanted)
}

fn of_nvs(part: &FactoryPart, files: &Files<'_>, wanted: &[Secret], bytes: &[u8]) -> Result<(), ImageError> {
    let unread = |error: nvs::NvsError| differs(part, error.to_string());
    let clear = match nvs_keys(part, files)? {
        Some(keys) => keys.decrypt(bytes).map_err(unread)?,
        None => Secret::new(bytes.to_vec()),
    };
    let found = clear.expose(nvs::decode).map_err(unread)?;
    for (entry, value) in part.entries.iter().zip(wanted) {
        let wanted = item(part, entry, value.duplicate())?;
        let there = found.items.iter().find(|found| found.namespace == wanted.namespace && found.key == wanted.key);
        let there = there.ok_or_else(|| missing(part, entry))?;
        if !there.value.is_same(&wanted.value) {
            return Err(other_value(part, entry));
        }
    }
    refuse_more(part, found.items.len())
}

fn refuse_more(part: &FactoryPart, found: usize) -> Result<(), ImageError> {
    if found == part.entries.len() {
        return Ok(());
    }
    Err(differs(part, format!("it holds {found} values, {} were written", part.entries.len())))
}

fn of_secure_cert(part: &FactoryPart, wanted: &[Secret], bytes: &[u8]) -> Result<(), ImageError> {
    let records = esp_secure_cert::decode(bytes).map_err(|error| differs(part, error.to_string()))?;
    for (entry, value) in part.entries.iter().zip(wanted) {
        let kind = record_kind(&entry.key);
        let there = records.iter().find(|record| Some(record.kind) == kind).ok_or_else(|| missing(part, entry))?;
        let same =
            there.bytes.expose(|there| value.expose(|value| there.strip_suffix(b"\0").unwrap_or(there) == value));
        let exact = there.bytes.expose(|there| value.expose(|value| there == value));
        if !same && !exact {
            return Err(other_value(part, entry));
        }
    }
    let own = records.iter().filter(|record| record.kind != esp_secure_cert::Kind::INTEGRITY).count();
    refuse_more(part, own)
}

fn of_volume(part: &FactoryPart, wanted: &[Secret], bytes: &[u8]) -> Result<(), ImageError> {
    let unread = |error: littlefs::LittlefsError| differs(part, error.to_string());
    let volume = littlefs::Volume::open(bytes).map_err(unread)?;
    for (entry, value) in part.entries.iter().zip(wanted) {
        let path = entry.key.trim_start_matches('/');
        let file = volume.files().iter().find(|file| file.path.trim_start_matches('/') == path);
        let file = file.ok_or_else(|| missing(part, entry))?;
        let there = volume.read(file, value.len() as u64).map_err(unread)?;
        if !there.expose(|there| value.expose(|value| there == value)) {
            return Err(other_value(part, entry));
        }
    }
    refuse_more(part, volume.files().len())
}

fn of_cbor(part: &FactoryPart, wanted: &[Secret], bytes: &[u8]) -> Result<(), ImageError> {
    let found = cbor_map::decode(bytes).map_err(|reason| differs(part, reason))?;
    for (entry, value) in part.entries.iter().zip(wanted) {
        let there = found.iter().find(|(key, ..)| *key == entry.key);
        let (_, class, there) = there.ok_or_else(|| missing(part, entry))?;
        let right = match class {
            ValueClass::Number => {
                let wanted = value.expose(|text| number(part, entry, text))?.to_string();
                there.expose(|there| there == wanted.as_bytes())
            }
            ValueClass::Text | ValueClass::Bytes => there.expose(|there| value.expose(|value| there == value)),
        };
        let is_number = entry.kind.number().is_some();
        if !right || is_number != (*class == ValueClass::Number) {
            return Err(other_value(part, entry));
        }
    }
    refuse_more(part, found.len())
}

fn of_fields(part: &FactoryPart, wanted: &[Secret], bytes: &[u8]) -> Result<(), ImageError> {
    for (entry, value) in part.entries.iter().zip(wanted) {
        let start = usize::try_from(entry.offset.unwrap_or_default()).unwrap_or(usize::MAX);
        let value = field(part, entry, value)?;
        let there = start.checked_add(value.len()).and_then(|end| bytes.get(start..end));
        if there.ok_or_else(|| missing(part, entry))? != value.as_slice() {
            return Err(other_value(part, entry));
        }
    }
    Ok(())
}

/// Holds every certificate against the private key of the same credential, as they were read back.
fn check_pairs(layout: &Layout<'_>, seen: &[(&Meaning, Secret)]) -> Result<usize, ImageError> {
    let mut pairs = 0;
    for (meaning, certificate) in seen.iter().filter(|(meaning, _)| is_certificate(meaning)) {
        let key =
            seen.iter().find(|(other, _)| &*other.part == "private_key" && other.credential == meaning.credential);
        let Some((key_meaning, key)) = key else { continue };
        let part = part_of(layout, meaning);
        let wrong = |finding: &str| ImageError::Differs { part: Arc::clone(&part), finding: finding.to_owned() };
        let certificate = der(meaning, certificate).ok_or_else(|| wrong("the certificate cannot be read"))?;
        let key = der(key_meaning, key).ok_or_else(|| wrong("the private key cannot be read"))?;
        let belongs = certificate.expose(|certificate| key.expose(|key| belong_together(certificate, key)));
        if !belongs {
            return Err(wrong("the certificate does not belong to the private key"));
        }
        pairs += 1;
    }
    Ok(pairs)
}

fn is_certificate(meaning: &Meaning) -> bool {
    matches!(&*meaning.part, "certificate" | "chain")
}

fn part_of(layout: &Layout<'_>, meaning: &Meaning) -> Arc<str> {
    let holds = |placed: &&Placed<'_>| placed.part.entries.iter().any(|entry| entry.meaning.as_ref() == Some(meaning));
    layout.parts.iter().find(holds).map_or_else(|| Arc::from("?"), |placed| Arc::clone(&placed.part.name))
}

/// Returns the (first) DER of a value by its encoding.
fn der(meaning: &Meaning, value: &Secret) -> Option<Secret> {
    value.expose(|bytes| match &*meaning.encoding {
        "der" | "raw" => Some(Secret::new(bytes.to_vec())),
        "hex" => hex::decode(bytes.trim_ascii()).ok().map(Secret::new),
        "base64" => base64::engine::general_purpose::STANDARD.decode(bytes.trim_ascii()).ok().map(Secret::new),
        "pem" => pem_body(bytes),
        _ => None,
    })
}

fn pem_body(bytes: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(bytes).ok()?;
    let body = text.split_once("-----\n")?.1.split_once("\n-----END")?.0;
    let body: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect());
    base64::engine::general_purpose::STANDARD.decode(body.as_bytes()).ok().map(Secret::new)
}

/// Returns true if the PKCS#8 key's public half is the certificate's.
fn belong_together(certificate: &[u8], key: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    let Ok(key) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key) else { return false };
    let Ok(public) = key.public_key().as_der() else { return false };
    certificate.public_key().raw == public.as_ref()
}
