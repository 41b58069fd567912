//! `factory:` by itself: names, kinds and places that can be judged without a device.

use std::collections::BTreeSet;

use super::super::factory::{FactoryEntry, FactoryPart, PartFormat, PartPlace, SerialSource, ValueKind};
use super::super::file::{FactorySpec, ProfileSpec, ValueSpec};
use super::super::{CredentialKind, Diagnose, Faults, Place};

/// The records of an `esp_secure_cert` partition that a fleet file can name.
const RECORDS: [&str; 8] =
    ["ca_cert", "device_cert", "priv_key", "user_data_1", "user_data_2", "user_data_3", "user_data_4", "user_data_5"];
/// The longest namespace or key of NVS, in bytes.
const LONGEST_NVS_NAME: usize = 15;

pub(super) fn check(spec: &FactorySpec, profile: &ProfileSpec, faults: &mut Faults) {
    let mut partitions = BTreeSet::new();
    for part in &spec.plan.parts {
        if let PartPlace::Partition(partition) = &part.place {
            if spec.partition_table.is_none() {
                let message = format!("part {partition:?} is a partition, and there is no partition table");
                faults.add_with_hint(spec.place.clone(), message, "name it: partition_table: partitions.csv");
            }
            if !partitions.insert(partition) {
                faults.add(spec.place.clone(), format!("partition {partition:?} is written twice"));
            }
        }
        check_part(spec, part, faults);
        check_keys(spec, part, profile, faults);
    }
    if let Some(fault) = &spec.label_fault {
        match fault.value.hint() {
            Some(hint) => faults.add_with_hint(fault.place.clone(), fault.value.to_string(), hint),
            None => faults.add(fault.place.clone(), fault.value.to_string()),
        }
    }
    for (place, what) in &spec.incomplete {
        faults.add(place.clone(), *what);
    }
    if spec.plan.parts.is_empty() && spec.incomplete.is_empty() {
        faults.add(spec.place.clone(), "there are no parts, so nothing would be written");
    }
    if let SerialSource::Pool(pool) = &spec.plan.serials
        && pool.first > pool.last
    {
        let message = format!("the pool of serial numbers begins at {} and ends at {}", pool.first, pool.last);
        faults.add(spec.place.clone(), message);
    }
    if spec.plan.serials == SerialSource::Chip && spec.plan.anonymous {
        faults.add(spec.place.clone(), "serials: chip wants a chip that says who it is, identity: none takes any");
    }
}

fn place_of<'a>(spec: &'a FactorySpec, entry: &FactoryEntry) -> &'a Place {
    let value: Option<&ValueSpec> = spec.values.iter().find(|value| value.file == entry.file);
    value.map_or(&spec.place, |value| &value.place)
}

fn check_part(spec: &FactorySpec, part: &FactoryPart, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    let mut free = 0;
    if part.entries.is_empty() && spec.incomplete.is_empty() {
        faults.add(spec.place.clone(), format!("part {:?} holds nothing", part.name));
    }
    for entry in &part.entries {
        let place = place_of(spec, entry);
        let key = &entry.key;
        if part.format != PartFormat::Raw && !seen.insert((entry.namespace.clone(), key.clone())) {
            faults.add(place.clone(), format!("key {key:?} is there twice in part {:?}", part.name));
        }
        match part.format {
            PartFormat::Nvs { .. } if key.len() > LONGEST_NVS_NAME || !key.chars().all(|c| c.is_ascii_graphic()) => {
                let message = format!(
                    "key {key:?} has {} bytes, NVS takes 1 to {LONGEST_NVS_NAME} of printable ASCII",
                    key.len()
                );
                faults.add(place.clone(), message);
            }
            PartFormat::EspSecureCert if !RECORDS.contains(&&**key) => {
                let message = format!("{key:?} is no record of esp_secure_cert");
                faults.add_with_hint(place.clone(), message, format!("records are: {}", RECORDS.join(", ")));
            }
            PartFormat::EspSecureCert | PartFormat::Littlefs { .. } if entry.kind.number().is_some() => {
                let message = format!("key {key:?} is a number, such a part holds texts and bytes");
                faults.add(place.clone(), message);
            }
            PartFormat::Littlefs { .. } if !is_path(key) => {
                faults.add(place.clone(), format!("{key:?} is no path of a littlefs: names divided by /, none empty"));
            }
            PartFormat::Raw => check_field(entry, place, &mut free, faults),
            _ => {}
        }
        if let (PartFormat::Raw, PartPlace::Region { size, .. }) = (&part.format, &part.place)
            && free > *size
        {
            let message = format!("field {key:?} ends at {free:#x}, part {:?} has {size} bytes", part.name);
            faults.add(place.clone(), message);
            free = 0;
        }
    }
}

fn is_path(path: &str) -> bool {
    path.trim_start_matches('/').split('/').all(|name| !matches!(name, "" | "." | "..") && name.len() <= 255)
}

/// Fields stand in the order of their offsets, each with room of its own.
fn check_field(entry: &FactoryEntry, place: &Place, free: &mut u64, faults: &mut Faults) {
    let Some(offset) = entry.offset else {
        faults.add(place.clone(), format!("field {:?} of a raw part lacks its offset", entry.key));
        return;
    };
    let length = match (entry.kind.number(), entry.length) {
        (Some((bits, _)), None) => u64::from(bits / 8),
        (None, Some(length)) => length,
        (Some((bits, _)), Some(length)) if length == u64::from(bits / 8) => length,
        (Some((bits, _)), Some(length)) => {
            let message = format!(
                "field {:?} is a {} of {} bytes, its length says {length}",
                entry.key,
                entry.kind.word(),
                bits / 8
            );
            faults.add(place.clone(), message);
            return;
        }
        (None, None) => {
            faults.add(place.clone(), format!("field {:?} of a raw part lacks its length", entry.key));
            return;
        }
    };
    if offset < *free {
        let message = format!("field {:?} begins at {offset:#x}, the field before ends at {free:#x}", entry.key);
        faults.add(place.clone(), message);
    }
    *free = (*free).max(offset.saturating_add(length));
}

/// The keys of an encrypted partition are a pre-shared key of 64 bytes.
fn check_keys(spec: &FactorySpec, part: &FactoryPart, profile: &ProfileSpec, faults: &mut Faults) {
    let PartFormat::Nvs { keys: Some(keys), .. } = &part.format else { return };
    let Some(value) = spec.values.iter().find(|value| value.file == keys.file) else { return };
    let super::super::file::ValueSource::Credential(path, _) = &value.source else { return };
    let name = path.split('.').next().unwrap_or_default();
    let shape = profile.credentials.get(name).and_then(|credential| credential.shape.as_ref());
    match shape.map(|shape| &shape.kind) {
        Some(CredentialKind::Psk { bytes: 64, .. }) | None => {}
        Some(_) => {
            let message = format!("credential {name:?} cannot encrypt NVS");
            faults.add_with_hint(value.place.clone(), message, format!("{name}: {{kind: psk, bytes: 64}}"));
        }
    }
    debug_assert_eq!(value.kind, ValueKind::Blob);
}
