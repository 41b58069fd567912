//! Putting the devices that are expected, many at once.

use std::collections::{HashMap, HashSet};

use time::OffsetDateTime;

use super::credentials::{self, NewCredential};
use super::devices::{COLUMNS, check, conflict, existing, find, save, save_all, taken};
use super::times::of_millis;
use super::{DeviceRow, DeviceState, Event, ExpectedDevice, Put, RegistryError, Value, Writing, sql};

impl super::Registry {
    /// Puts devices that are expected, all or none: the first that cannot be put is the error.
    pub fn expect_devices(
        &self,
        devices: Vec<ExpectedDevice>,
        origin: &str,
        actor: &str,
    ) -> Result<Vec<Put>, RegistryError> {
        let (origin, actor) = (origin.to_owned(), actor.to_owned());
        self.write(move |writing| put(writing, &devices, &origin, &actor)?.into_iter().collect())
    }

    /// Adds a device that is expected and not known yet.
    ///
    /// # Errors
    ///
    /// A conflict where it is known, or its serial number is another's.
    pub fn add_device(&self, device: ExpectedDevice, origin: &str, actor: &str) -> Result<DeviceRow, RegistryError> {
        let (origin, actor) = (origin.to_owned(), actor.to_owned());
        self.write(move |writing| {
            add(writing, &device, &origin, &actor)?;
            existing(writing.sql, writing.tenant, &device.id.folded())
        })
    }

    /// Takes over a device that is in the field already and has a credential of its own: it counts as registered.
    pub fn adopt(
        &self,
        device: ExpectedDevice,
        credential: NewCredential,
        actor: &str,
    ) -> Result<DeviceRow, RegistryError> {
        let actor = actor.to_owned();
        self.write(move |writing| {
            let folded = device.id.folded();
            if let Some(found) = find(writing.sql, writing.tenant, &folded)?
                && found.state != DeviceState::Expected
            {
                return Err(conflict(&found.id, format!("is {} already", found.state.as_str())));
            }
            put(writing, std::slice::from_ref(&device), "adopted", &actor)?
                .into_iter()
                .collect::<Result<Vec<_>, _>>()?;
            credentials::add(writing, &folded, &credential, &actor)?;
            let mut row = existing(writing.sql, writing.tenant, &folded)?;
            row.state = DeviceState::Registered;
            let detail = serde_json::json!({"credential": credential.fingerprint});
            writing.note(Event { what: "device-adopted", device: Some(folded), actor: actor.clone(), detail });
            save(writing, row)
        })
    }
}

/// Puts a device that is expected and not known yet.
pub(super) fn add(
    writing: &mut Writing<'_>,
    device: &ExpectedDevice,
    origin: &str,
    actor: &str,
) -> Result<(), RegistryError> {
    if let Some(found) = find(writing.sql, writing.tenant, &device.id.folded())? {
        return Err(conflict(&found.id, format!("is known already: it is {}", found.state.as_str())));
    }
    put(writing, std::slice::from_ref(device), origin, actor)?.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(())
}

/// Puts devices as they are expected; for each what became of it, or why it cannot be. What cannot be is not written.
pub(super) fn put(
    writing: &mut Writing<'_>,
    devices: &[ExpectedDevice],
    origin: &str,
    actor: &str,
) -> Result<Vec<Result<Put, RegistryError>>, RegistryError> {
    let mut known = known(writing, devices)?;
    let mut owners = owners(writing, devices)?;
    let mut changed = HashMap::new();
    let mut results = Vec::with_capacity(devices.len());
    let now = of_millis(writing.millis());
    for (at, device) in devices.iter().enumerate() {
        let folded = device.id.folded();
        let before = known.get(&folded).cloned();
        let result = decide(device, before.as_ref(), origin, now, &owners);
        results.push(result.map(|(put, row)| {
            if put != Put::Unchanged {
                if let Some(serial) =
                    before.and_then(|before| before.serial).filter(|had| row.serial.as_ref() != Some(had))
                {
                    owners.remove(&serial);
                }
                owners.extend(row.serial.clone().map(|serial| (serial, folded.clone())));
                known.insert(folded.clone(), row.clone());
                let what = if put == Put::Made { "device-expected" } else { "device-updated" };
                let detail = serde_json::json!({"origin": origin});
                writing.note(Event { what, device: Some(folded.clone()), actor: actor.to_owned(), detail });
                changed.insert(folded, (at, row));
            }
            put
        }));
    }
    let mut changed = changed.into_values().collect::<Vec<_>>();
    changed.sort_by_key(|(at, _)| *at);
    let rows = changed.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
    release_serials(writing, &rows)?;
    save_all(writing, &rows)?;
    Ok(results)
}

fn decide(
    device: &ExpectedDevice,
    before: Option<&DeviceRow>,
    origin: &str,
    now: OffsetDateTime,
    owners: &HashMap<String, String>,
) -> Result<(Put, DeviceRow), RegistryError> {
    if let Some(before) = before.filter(|before| before.state == DeviceState::Retired) {
        return Err(conflict(&before.id, "is retired".to_owned()));
    }
    let mut row = before.cloned().unwrap_or_else(|| DeviceRow::new(&device.id, origin, now));
    device.apply(&mut row);
    check(&row)?;
    if let Some(owner) = row.serial.as_ref().and_then(|serial| owners.get(serial)).filter(|owner| **owner != row.folded)
    {
        return Err(taken(&row, owner));
    }
    if before == Some(&row) {
        return Ok((Put::Unchanged, row));
    }
    row.etag += 1;
    row.changed = now;
    Ok((if before.is_some() { Put::Updated } else { Put::Made }, row))
}

fn known(writing: &mut Writing<'_>, devices: &[ExpectedDevice]) -> Result<HashMap<String, DeviceRow>, RegistryError> {
    let keys = unique(devices.iter().map(|device| device.id.folded()));
    let text = format!("SELECT {COLUMNS} FROM device d WHERE d.tenant = $1 AND d.folded IN");
    let rows = sql::query_in(writing.sql, &text, &[writing.tenant.into()], &keys)?;
    rows.iter().map(|row| DeviceRow::read(row).map(|row| (row.folded.clone(), row))).collect()
}

/// Returns which device in service has each of the serial numbers.
fn owners(writing: &mut Writing<'_>, devices: &[ExpectedDevice]) -> Result<HashMap<String, String>, RegistryError> {
    let keys = unique(devices.iter().filter_map(|device| device.serial.as_ref().map(ToString::to_string)));
    let text = "SELECT serial, folded FROM device WHERE tenant = $1 AND state <> 'retired' AND serial IN";
    let rows = sql::query_in(writing.sql, text, &[writing.tenant.into()], &keys)?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

fn unique(texts: impl Iterator<Item = String>) -> Vec<Value> {
    texts.collect::<HashSet<_>>().into_iter().map(Value::from).collect()
}

/// Serial numbers that go from one device to another within one list must be free before they are given.
fn release_serials(writing: &mut Writing<'_>, rows: &[DeviceRow]) -> Result<(), RegistryError> {
    for row in rows.iter().filter(|row| row.etag > 1) {
        let text =
            "UPDATE device SET serial = NULL WHERE tenant = $1 AND folded = $2 AND serial IS NOT NULL AND serial <> $3";
        let serial = row.serial.as_deref().unwrap_or_default();
        writing.sql.execute(text, &[writing.tenant.into(), Value::from(&row.folded), serial.into()])?;
    }
    Ok(())
}
