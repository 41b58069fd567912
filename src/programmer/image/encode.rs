//! The bytes of every part at their addresses.

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::fleet::factory::{FactoryEntry, FactoryPart, PartFormat, ValueKind};
use crate::format::Segment;
use crate::format::esp_secure_cert::{self, Integrity, Kind, Record};
use crate::format::littlefs::{self, Geometry, ImageFile};
use crate::format::nvs::{self, IntegerType, Item, Keys, Partition};

use super::values::{Files, number, wrong};
use super::{ImageError, Layout, Placed, cbor_map};

/// The keys partition of NVS is one sector.
const KEYS_SECTOR: u64 = 4096;

/// Encodes every part of a layout; each is padded with 0xFF to its end, so that nothing older is left behind it.
pub fn encode(layout: &Layout<'_>, files: &Files<'_>) -> Result<Vec<Segment>, ImageError> {
    let mut segments = Vec::new();
    for placed in &layout.parts {
        let made = part(placed, files)?;
        segments.push(Segment { address: placed.address, bytes: made });
        segments.extend(keys_segment(placed, files)?);
    }
    Ok(segments)
}

/// Returns the addresses that a layout writes, by rising address: what can be checked before there is any value.
pub fn pieces(layout: &Layout<'_>) -> Vec<std::ops::Range<u64>> {
    let own = layout.parts.iter().map(|placed| placed.address..placed.address.saturating_add(placed.size));
    let keys = layout.parts.iter().filter_map(|placed| placed.keys);
    let mut pieces: Vec<_> = own.chain(keys.map(|(address, size)| address..address.saturating_add(size))).collect();
    pieces.sort_by_key(|range| range.start);
    pieces
}

fn part(placed: &Placed<'_>, files: &Files<'_>) -> Result<Secret, ImageError> {
    let part = placed.part;
    let values = part.entries.iter().map(|entry| files.value(part, entry)).collect::<Result<Vec<_>, _>>()?;
    match &part.format {
        PartFormat::Nvs { read_only, .. } => nvs_image(placed, values, *read_only, files),
        PartFormat::EspSecureCert => secure_cert(placed, values),
        PartFormat::Littlefs { block_size } => volume(placed, &values, *block_size),
        PartFormat::Cbor => padded(placed, &cbor_map::encode(part, &values)?),
        PartFormat::Raw => fields(placed, &values),
    }
}

fn nvs_image(
    placed: &Placed<'_>,
    values: Vec<Secret>,
    read_only: bool,
    files: &Files<'_>,
) -> Result<Secret, ImageError> {
    let part = placed.part;
    let failed = |source| ImageError::Nvs { part: part.name.clone(), source };
    let partition = if read_only { Partition::read_only(placed.size) } else { Partition::read_write(placed.size) };
    let items = part.entries.iter().zip(values).map(|(entry, value)| item(part, entry, value));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let image = nvs::encode(partition.map_err(failed)?, &items).map_err(failed)?;
    match nvs_keys(part, files)? {
        Some(keys) => keys.encrypt(&image).map_err(failed),
        None => Ok(image),
    }
}

/// Returns the keys of an encrypted part.
pub(super) fn nvs_keys(part: &FactoryPart, files: &Files<'_>) -> Result<Option<Keys>, ImageError> {
    let PartFormat::Nvs { keys: Some(keys), .. } = &part.format else { return Ok(None) };
    let bytes = files.file(part, &"keys".into(), &keys.file)?;
    let failed = |source| ImageError::Nvs { part: part.name.clone(), source };
    Keys::new(&bytes).map(Some).map_err(failed)
}

fn keys_segment(placed: &Placed<'_>, files: &Files<'_>) -> Result<Option<Segment>, ImageError> {
    let (Some((address, size)), Some(keys)) = (placed.keys, nvs_keys(placed.part, files)?) else { return Ok(None) };
    if size < KEYS_SECTOR {
        return Err(ImageError::TooLarge { part: placed.part.name.clone(), have: size, need: KEYS_SECTOR });
    }
    Ok(Some(Segment { address, bytes: keys.partition() }))
}

pub(super) fn item(part: &FactoryPart, entry: &FactoryEntry, value: Secret) -> Result<Item, ImageError> {
    let value = match IntegerType::from_name(entry.kind.word()) {
        Some(kind) => nvs::Value::Integer { kind, number: value.expose(|text| number(part, entry, text))? },
        None if entry.kind == ValueKind::String => nvs::Value::Text(value),
        None => nvs::Value::Blob(value),
    };
    let namespace = entry.namespace.as_deref().unwrap_or("device").to_owned();
    Ok(Item { namespace, key: entry.key.to_string(), value })
}

pub(super) fn record_kind(key: &str) -> Option<Kind> {
    Some(match key {
        "ca_cert" => Kind::CA_CERTIFICATE,
        "device_cert" => Kind::DEVICE_CERTIFICATE,
        "priv_key" => Kind::PRIVATE_KEY,
        _ => {
            let number: u8 = key.strip_prefix("user_data_")?.parse().ok()?;
            (1..=5).contains(&number).then(|| Kind(Kind::FIRST_USER_DATA.0 + number - 1))?
        }
    })
}

fn secure_cert(placed: &Placed<'_>, values: Vec<Secret>) -> Result<Secret, ImageError> {
    let part = placed.part;
    let mut records = Vec::new();
    for (entry, value) in part.entries.iter().zip(values) {
        let kind = record_kind(&entry.key).ok_or_else(|| wrong(part, entry, "is no record of esp_secure_cert"))?;
        let is_pem = value.expose(|bytes| bytes.starts_with(b"-----BEGIN"));
        records.push(if is_pem { Record::pem(kind, &value) } else { Record::new(kind, value) });
    }
    let made = esp_secure_cert::encode(placed.size, &records, Integrity::Added);
    let made = made.map_err(|source| ImageError::SecureCert { part: part.name.clone(), source })?;
    made.expose(|bytes| padded(placed, bytes))
}

pub(super) fn geometry(placed: &Placed<'_>, block_size: u32) -> Geometry {
    let blocks = placed.size / u64::from(block_size.max(1));
    Geometry { block_size, block_count: u32::try_from(blocks).unwrap_or(u32::MAX), cache_size: block_size.min(512) }
}

fn volume(placed: &Placed<'_>, values: &[Secret], block_size: u32) -> Result<Secret, ImageError> {
    let part = placed.part;
    let paths = part.entries.iter().map(|entry| entry.key.trim_start_matches('/'));
    let files: Vec<ImageFile<'_>> = paths.zip(values).map(|(path, bytes)| ImageFile { path, bytes }).collect();
    let made = littlefs::build(&geometry(placed, block_size), &files);
    let made = made.map_err(|source| ImageError::Littlefs { part: part.name.clone(), source })?;
    made.expose(|bytes| padded(placed, bytes))
}

/// Fields at their offsets, numbers little-endian; everything else is 0xFF.
fn fields(placed: &Placed<'_>, values: &[Secret]) -> Result<Secret, ImageError> {
    let part = placed.part;
    let mut image = blank(placed)?;
    for (entry, value) in part.entries.iter().zip(values) {
        let bytes = field(part, entry, value)?;
        let room = entry.length.unwrap_or(bytes.len() as u64);
        if bytes.len() as u64 > room {
            return Err(wrong(part, entry, format!("has {} bytes, {room} are reserved", bytes.len())));
        }
        let start = usize::try_from(entry.offset.unwrap_or_default()).unwrap_or(usize::MAX);
        let need = entry.offset.unwrap_or_default().saturating_add(room);
        let there = start.checked_add(bytes.len()).and_then(|end| image.get_mut(start..end));
        let (Some(there), true) = (there, need <= placed.size) else {
            return Err(ImageError::TooLarge { part: part.name.clone(), have: placed.size, need });
        };
        there.copy_from_slice(&bytes);
    }
    Ok(Secret::new(std::mem::take(&mut *image)))
}

pub(super) fn field(
    part: &FactoryPart,
    entry: &FactoryEntry,
    value: &Secret,
) -> Result<Zeroizing<Vec<u8>>, ImageError> {
    let Some((bits, _)) = entry.kind.number() else { return Ok(Zeroizing::new(value.expose(<[u8]>::to_vec))) };
    let number = value.expose(|text| number(part, entry, text))?;
    Ok(Zeroizing::new(number.to_le_bytes()[..bits as usize / 8].to_vec()))
}

fn blank(placed: &Placed<'_>) -> Result<Zeroizing<Vec<u8>>, ImageError> {
    /// No data partition is larger; a size in the fleet file is no reason to take all memory.
    const LARGEST: u64 = 64 << 20;
    if placed.size > LARGEST {
        return Err(ImageError::TooLarge { part: placed.part.name.clone(), have: LARGEST, need: placed.size });
    }
    Ok(Zeroizing::new(vec![0xFF; usize::try_from(placed.size).unwrap_or_default()]))
}

fn padded(placed: &Placed<'_>, bytes: &[u8]) -> Result<Secret, ImageError> {
    let mut image = blank(placed)?;
    let Some(front) = image.get_mut(..bytes.len()) else {
        let (have, need) = (placed.size, bytes.len() as u64);
        return Err(ImageError::TooLarge { part: placed.part.name.clone(), have, need });
    };
    front.copy_from_slice(bytes);
    Ok(Secret::new(std::mem::take(&mut *image)))
}
