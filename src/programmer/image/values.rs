//! The values of a part: files of the bundle, as numbers, texts and bytes.

use zeroize::Zeroizing;

use crate::delivery::SealedArtifact;
use crate::fleet::Secret;
use crate::fleet::factory::{FactoryEntry, FactoryPart, ValueKind};

use super::ImageError;

/// The files that hold the values, by path.
pub struct Files<'a>(&'a SealedArtifact);

impl<'a> Files<'a> {
    /// Takes the files of an artifact whose files are in clear.
    pub fn of(artifact: &'a SealedArtifact) -> Self {
        Self(artifact)
    }

    /// Returns the value of an entry, without the line end that a text file has.
    pub fn value(&self, part: &FactoryPart, entry: &FactoryEntry) -> Result<Secret, ImageError> {
        let bytes = self.file(part, &entry.key, &entry.file)?;
        let value = if entry.is_line { bytes.expose(|bytes| Secret::new(trimmed(bytes).to_vec())) } else { bytes };
        if value.is_empty() {
            return Err(wrong(part, entry, "is blank"));
        }
        Ok(value)
    }

    /// Returns a file that is no entry of its own.
    pub fn file(&self, part: &FactoryPart, key: &std::sync::Arc<str>, path: &str) -> Result<Secret, ImageError> {
        let found = self.0.files().iter().find(|file| file.path == path);
        found.map(|file| file.bytes.duplicate()).ok_or_else(|| ImageError::Value {
            part: part.name.clone(),
            key: key.clone(),
            reason: "is not in the bundle".to_owned(),
        })
    }
}

/// Returns the bytes without one line end behind them.
pub fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\n").unwrap_or(bytes)
}

/// Checks a text that is to become a value of an entry's kind, before anything is made: blank texts, numbers out of range.
pub fn check_text(part: &FactoryPart, entry: &FactoryEntry, text: &str) -> Result<(), ImageError> {
    if text.trim().is_empty() {
        return Err(wrong(part, entry, "is blank"));
    }
    match entry.kind {
        ValueKind::String | ValueKind::Blob => Ok(()),
        _ => number(part, entry, text.as_bytes()).map(drop),
    }
}

/// Checks what is known of a part's texts before anything is made: a field that is longer than its room, texts that together
/// are longer than the part. What credentials need is not known yet.
pub fn check_room(part: &FactoryPart, size: u64, texts: &[(&FactoryEntry, u64)]) -> Result<(), ImageError> {
    let mut need = 0_u64;
    for (entry, length) in texts.iter().filter(|(entry, _)| entry.kind.number().is_none()) {
        if let Some(room) = entry.length.filter(|room| length > room) {
            return Err(wrong(part, entry, format!("has {length} bytes, {room} are reserved")));
        }
        need = need.saturating_add(*length);
    }
    if need > size {
        return Err(ImageError::TooLarge { part: part.name.clone(), have: size, need });
    }
    Ok(())
}

pub(super) fn wrong(part: &FactoryPart, entry: &FactoryEntry, reason: impl Into<String>) -> ImageError {
    ImageError::Value { part: part.name.clone(), key: entry.key.clone(), reason: reason.into() }
}

/// Reads a number in decimal, or in hexadecimal behind `0x`.
pub(super) fn number(part: &FactoryPart, entry: &FactoryEntry, text: &[u8]) -> Result<i128, ImageError> {
    let (least, most) = entry.kind.range().unwrap_or_default();
    let word = entry.kind.word();
    let none = || wrong(part, entry, format!("is no whole number, a {word} is wanted"));
    let text = Zeroizing::new(std::str::from_utf8(text).map_err(|_| none())?.trim().to_owned());
    let digits = text.strip_prefix("0x").map(|digits| i128::from_str_radix(digits, 16));
    let number = digits.unwrap_or_else(|| text.parse()).map_err(|_| none())?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    // The number itself may be a secret: a PIN, say.
    Err(wrong(part, entry, format!("is out of range, a {word} holds {least} to {most}")))
}
