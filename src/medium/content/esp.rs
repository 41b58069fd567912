//! What lies in the flash of an ESP chip: NVS, esp_secure_cert, the partition table, and all of it together.

use crate::format::esp_partition_table::{self as table, Partition, flags, kinds};
use crate::format::esp_secure_cert::{self as secure_cert, Kind, Record};
use crate::format::nvs::{self, Contents, Item, Keys, NvsError, Value};
use crate::host::machine::{harmless, presentable};

use super::found::{Content, Form, Sureness, ValueFound};
use super::mask::{self, Nature, Secrecy};

/// The most values of one partition that are shown.
const MOST_VALUES: usize = 10_000;
/// Subtype of a data partition with the keys of NVS.
const NVS_KEYS: u8 = 0x04;

/// Reads an NVS partition: in clear, else with the first of `keys` that fits.
pub(super) fn nvs(bytes: &[u8], keys: &[&Keys]) -> Content {
    let problem = match nvs::decode(bytes) {
        Ok(contents) => return nvs_contents(bytes, &contents).fact("encrypted", "no"),
        Err(problem) => problem,
    };
    if !matches!(problem, NvsError::Checksum { .. }) {
        return Content::damaged(Form::Nvs, bytes.len(), &problem);
    }
    let mut problem = in_words(&problem);
    for keys in keys {
        match keys.decrypt(bytes).and_then(|clear| clear.expose(nvs::decode)) {
            Ok(contents) => return nvs_contents(bytes, &contents).fact("encrypted", "yes"),
            Err(error) => problem = format!("it does not read with the keys at hand: {}", in_words(&error)),
        }
    }
    if keys.is_empty() {
        problem.push_str("; it may be encrypted, and no keys are at hand");
    }
    Content::damaged(Form::Nvs, bytes.len(), &problem)
}

/// The error without checksums: those of a short secret would tell it to whoever can try them all.
fn in_words(error: &NvsError) -> String {
    match error {
        NvsError::Checksum { offset, .. } => format!("the checksum of the NVS entry at byte {offset} is wrong"),
        other => other.to_string(),
    }
}

fn nvs_contents(bytes: &[u8], contents: &Contents) -> Content {
    let mut found = Content::new(Form::Nvs, Sureness::Certain, bytes.len())
        .fact("pages", contents.pages)
        .fact("pages in use", contents.used_pages);
    found.values = contents.items.iter().take(MOST_VALUES).map(nvs_value).collect();
    found.values_left_out = contents.items.len().saturating_sub(MOST_VALUES) as u64;
    found
}

fn nvs_value(item: &Item) -> ValueFound {
    let (place, kind) = (format!("{}/{}", item.namespace, item.key), item.value.type_name());
    match &item.value {
        Value::Integer { number, .. } => mask::number(&place, kind, item.value.size(), number),
        Value::Text(text) => text.expose(|text| mask::value(&place, kind, text, Nature::Text, Secrecy::ByName)),
        Value::Blob(blob) => blob.expose(|blob| mask::value(&place, kind, blob, Nature::Binary, Secrecy::ByName)),
    }
}

/// Reads an esp_secure_cert partition.
pub(super) fn secure_cert(bytes: &[u8]) -> Content {
    match secure_cert::decode(bytes) {
        Ok(records) => {
            let mut found = Content::new(Form::EspSecureCert, Sureness::Certain, bytes.len());
            found.values = records.iter().map(record).collect();
            found
        }
        Err(error) => Content::damaged(Form::EspSecureCert, bytes.len(), &error),
    }
}

fn record(record: &Record) -> ValueFound {
    let secrecy = match record.kind {
        Kind::CA_CERTIFICATE | Kind::DEVICE_CERTIFICATE | Kind::SIGNATURE | Kind::INTEGRITY => Secrecy::Public,
        Kind::PRIVATE_KEY | Kind::DS_DATA | Kind::DS_CONTEXT | Kind::ECDSA_SALT | Kind::TEE_STORAGE_KEY => {
            Secrecy::Secret
        }
        _ => Secrecy::ByName,
    };
    let place = format!("{} {}", record.kind.name(), record.subtype);
    let kind = format!("type {}", record.kind.0);
    record.bytes.expose(|bytes| mask::value(&place, &kind, bytes, Nature::Binary, secrecy))
}

/// Reads a partition table.
pub(super) fn partition_table(bytes: &[u8]) -> Content {
    match table::decode(bytes) {
        Ok(partitions) => {
            let sure = if has_checksum(&partitions, bytes) { Sureness::Certain } else { Sureness::Likely };
            let mut found = Content::new(Form::EspPartitionTable, sure, bytes.len());
            found.problem =
                table::check(&partitions, table::USUAL_OFFSET).err().map(|error| harmless(&error.to_string()));
            found.values = partitions.iter().map(row).collect();
            found
        }
        Err(error) => Content::damaged(Form::EspPartitionTable, bytes.len(), &error),
    }
}

/// A table may come without its MD5; where there is one, the reader has compared it.
fn has_checksum(partitions: &[Partition], bytes: &[u8]) -> bool {
    bytes.get(partitions.len() * 32..).is_some_and(|rest| rest.starts_with(&[0xEB, 0xEB]))
}

fn row(partition: &Partition) -> ValueFound {
    let Partition { name, offset, size, .. } = partition;
    let end = u64::from(*offset) + u64::from(*size);
    let mut shown = format!("{offset:#x} to {end:#x}");
    for (flag, word) in [(flags::ENCRYPTED, ", encrypted"), (flags::READ_ONLY, ", read-only")] {
        if partition.flags & flag != 0 {
            shown.push_str(word);
        }
    }
    let place = presentable(name);
    ValueFound {
        place,
        kind: kind_of(partition),
        length: u64::from(*size),
        shown: Some(shown),
        certificates: Vec::new(),
        masked: None,
        sha256: None,
    }
}

fn kind_of(partition: &Partition) -> String {
    let kind = partition.kind_name().map_or_else(|| format!("{:#04x}", partition.kind), str::to_owned);
    let subtype = partition.subtype_name().unwrap_or_else(|| format!("{:#04x}", partition.subtype));
    format!("{kind} {subtype}")
}

/// Returns the table of a flash whose first byte here has the address `address`, if there is one at the usual place.
pub(super) fn table_within(bytes: &[u8], address: u64) -> Option<Vec<Partition>> {
    let at = usize::try_from(u64::from(table::USUAL_OFFSET).checked_sub(address)?).ok()?;
    let partitions = table::decode(bytes.get(at..)?).ok()?;
    (!partitions.is_empty()).then_some(partitions)
}

/// Reads a flash: its table, then each partition by `look`, which is given the keys that lie in the flash.
pub(super) fn flash(
    bytes: &[u8],
    address: u64,
    partitions: &[Partition],
    look: &dyn Fn(&[u8], &[Keys]) -> Content,
) -> Content {
    let keys: Vec<Keys> = partitions
        .iter()
        .filter(|partition| is_keys(partition))
        .filter_map(|partition| Keys::from_partition(within(bytes, address, partition)?).ok())
        .collect();
    let at = usize::try_from(u64::from(table::USUAL_OFFSET).saturating_sub(address)).unwrap_or(0);
    let table_bytes = &bytes[at..bytes.len().min(at + table::TABLE_BYTES)];
    let mut read = partition_table(table_bytes);
    read.address = Some(u64::from(table::USUAL_OFFSET));
    let mut found = Content::new(Form::EspFlash, read.sure, bytes.len()).fact("partitions", partitions.len());
    found.parts.push(read);
    found.parts.extend(partitions.iter().map(|partition| match within(bytes, address, partition) {
        Some(content) => named(partition, if is_keys(partition) { nvs_keys(content) } else { look(content, &keys) }),
        None => named(partition, beyond(partition)),
    }));
    found
}

fn is_keys(partition: &Partition) -> bool {
    (partition.kind, partition.subtype) == (kinds::DATA, NVS_KEYS)
}

/// Returns the bytes of a partition, cut off where those at hand end; `None` if none of it is there.
fn within<'a>(bytes: &'a [u8], address: u64, partition: &Partition) -> Option<&'a [u8]> {
    let start = usize::try_from(u64::from(partition.offset).checked_sub(address)?).ok()?;
    let end = start.checked_add(usize::try_from(partition.size).ok()?)?;
    bytes.get(start..end.min(bytes.len())).filter(|content| !content.is_empty())
}

fn beyond(partition: &Partition) -> Content {
    let size = usize::try_from(partition.size).unwrap_or(usize::MAX);
    let problem = Some("it is not among these bytes".to_owned());
    Content { problem, ..Content::new(Form::Raw, Sureness::Unknown, size) }
}

fn named(partition: &Partition, mut content: Content) -> Content {
    content.name = Some(presentable(&partition.name));
    content.address = Some(u64::from(partition.offset));
    let encrypted = partition.flags & flags::ENCRYPTED != 0 && content.form == Form::Raw;
    let content = content.fact("partition", kind_of(partition));
    let content = if encrypted { content.fact("flash encryption", "it may be encrypted by the chip") } else { content };
    if content.size < u64::from(partition.size) {
        return content.fact("cut off", format!("the partition has {} bytes", partition.size));
    }
    content
}

/// Tells whether keys are there, and nothing of them.
fn nvs_keys(bytes: &[u8]) -> Content {
    if bytes.iter().all(|byte| *byte == 0xFF) {
        return Content::new(Form::Blank, Sureness::Certain, bytes.len());
    }
    match Keys::from_partition(bytes) {
        Ok(_) => {
            let mut found = Content::new(Form::NvsKeys, Sureness::Certain, bytes.len());
            let keys = &bytes[..nvs::KEY_BYTES];
            found.values = vec![mask::value("keys", "AES-256-XTS", keys, Nature::Binary, Secrecy::Secret)];
            found
        }
        Err(_) => {
            Content::damaged(Form::NvsKeys, bytes.len(), &"it holds no NVS keys in clear: their checksum is wrong")
        }
    }
}
