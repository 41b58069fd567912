//! Devices: who exists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::fleet::{EndpointName, SerialNumber};

use super::credentials::{self, NewCredential};
use super::times::{millis, of_millis};
use super::undo::end_registration;
use super::{Event, Reading, Registry, RegistryError, Row, Sql, StoredEvent, Value, Writing, attributes, chain, sql};

/// The longest text of a device's record, in bytes.
const LONGEST_TEXT: usize = 1_024;

/// The state of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceState {
    /// Known beforehand; it has not come yet.
    Expected,
    /// It came and waits for an approval.
    Pending,
    /// It is being given what it needs.
    Assigning,
    /// It is registered.
    Registered,
    /// It is out of service for good.
    Retired,
}

impl DeviceState {
    /// Returns the word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Pending => "pending",
            Self::Assigning => "assigning",
            Self::Registered => "registered",
            Self::Retired => "retired",
        }
    }

    fn of(text: &str) -> Result<Self, RegistryError> {
        let all = [Self::Expected, Self::Pending, Self::Assigning, Self::Registered, Self::Retired];
        let found = all.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| RegistryError::damaged("", format!("{text:?} is no state of a device")))
    }
}

/// A device as the registry holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeviceRow {
    /// Its name as it was first written.
    pub id: String,
    /// The name under which it is found.
    #[serde(skip)]
    pub folded: String,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its enrolment group.
    pub group: Option<String>,
    /// Its state.
    pub state: DeviceState,
    /// Where its record came from: `inventory`, `adopted`, `station x` ...
    pub origin: String,
    /// Its registration.
    pub registration: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Its model's version.
    pub version: Option<String>,
    /// Its vendor.
    pub vendor: Option<String>,
    /// Its hardware.
    pub hardware: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// The protocol it speaks.
    pub protocol: Option<String>,
    /// Where it is reached.
    pub address: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The version of its bundle.
    pub bundle: Option<i64>,
    /// Until when its registration holds.
    #[serde(with = "time::serde::rfc3339::option")]
    pub lease_until: Option<OffsetDateTime>,
    /// When it was last heard of.
    #[serde(with = "time::serde::rfc3339::option")]
    pub seen: Option<OffsetDateTime>,
    /// Why it is in its state.
    pub reason: Option<String>,
    /// Its mark: one more with each change.
    pub etag: i64,
    /// When it was first known.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// When it last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

/// The columns of [`DeviceRow::read`], in its order, of the table `d`.
pub(super) const COLUMNS: &str = "d.id, d.folded, d.serial, d.grp, d.state, d.origin, d.registration, d.model,
    d.model_version, d.vendor, d.hardware, d.firmware, d.protocol, d.address, d.attributes, d.bundle, d.lease_until,
    d.seen, d.reason, d.etag, d.created, d.changed";
const INTO: &str = "device (tenant, id, folded, serial, grp, state, origin, registration, model, model_version, vendor,
    hardware, firmware, protocol, address, attributes, bundle, lease_until, seen, reason, etag, created, changed)";
const REPLACING: &str = "ON CONFLICT (tenant, folded) DO UPDATE SET serial = excluded.serial, grp = excluded.grp,
    state = excluded.state, origin = excluded.origin, registration = excluded.registration, model = excluded.model,
    model_version = excluded.model_version, vendor = excluded.vendor, hardware = excluded.hardware,
    firmware = excluded.firmware, protocol = excluded.protocol, address = excluded.address,
    attributes = excluded.attributes, bundle = excluded.bundle, lease_until = excluded.lease_until,
    seen = excluded.seen, reason = excluded.reason, etag = excluded.etag, changed = excluded.changed";

impl DeviceRow {
    pub(super) fn read(row: &Row) -> Result<Self, RegistryError> {
        let attributes = row.text(14)?;
        let attributes = serde_json::from_str(&attributes)
            .map_err(|_| RegistryError::damaged("", format!("{attributes:?} are no attributes")))?;
        Ok(Self {
            id: row.text(0)?,
            folded: row.text(1)?,
            serial: row.maybe_text(2)?,
            group: row.maybe_text(3)?,
            state: DeviceState::of(&row.text(4)?)?,
            origin: row.text(5)?,
            registration: row.maybe_text(6)?,
            model: row.maybe_text(7)?,
            version: row.maybe_text(8)?,
            vendor: row.maybe_text(9)?,
            hardware: row.maybe_text(10)?,
            firmware: row.maybe_text(11)?,
            protocol: row.maybe_text(12)?,
            address: row.maybe_text(13)?,
            attributes,
            bundle: row.maybe_integer(15)?,
            lease_until: row.maybe_integer(16)?.map(of_millis),
            seen: row.maybe_integer(17)?.map(of_millis),
            reason: row.maybe_text(18)?,
            etag: row.integer(19)?,
            created: of_millis(row.integer(20)?),
            changed: of_millis(row.integer(21)?),
        })
    }

    fn values(&self, tenant: &str) -> Vec<Value> {
        vec![
            tenant.into(),
            Value::from(&self.id),
            Value::from(&self.folded),
            self.serial.as_ref().into(),
            self.group.as_ref().into(),
            self.state.as_str().into(),
            Value::from(&self.origin),
            self.registration.as_ref().into(),
            self.model.as_ref().into(),
            self.version.as_ref().into(),
            self.vendor.as_ref().into(),
            self.hardware.as_ref().into(),
            self.firmware.as_ref().into(),
            self.protocol.as_ref().into(),
            self.address.as_ref().into(),
            serde_json::json!(self.attributes).to_string().into(),
            self.bundle.into(),
            self.lease_until.map(millis).into(),
            self.seen.map(millis).into(),
            self.reason.as_ref().into(),
            self.etag.into(),
            millis(self.created).into(),
            millis(self.changed).into(),
        ]
    }

    /// Returns a new device that is expected.
    pub(super) fn new(id: &EndpointName, origin: &str, now: OffsetDateTime) -> Self {
        Self {
            id: id.to_string(),
            folded: id.folded(),
            serial: None,
            group: None,
            state: DeviceState::Expected,
            origin: origin.to_owned(),
            registration: None,
            model: None,
            version: None,
            vendor: None,
            hardware: None,
            firmware: None,
            protocol: None,
            address: None,
            attributes: BTreeMap::new(),
            bundle: None,
            lease_until: None,
            seen: None,
            reason: None,
            etag: 0,
            created: now,
            changed: now,
        }
    }
}

/// What is known of a device beforehand; what is not told does not erase what is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExpectedDevice {
    /// Its name.
    pub id: EndpointName,
    /// Its serial number.
    #[serde(default)]
    pub serial: Option<SerialNumber>,
    /// Its enrolment group.
    #[serde(default)]
    pub group: Option<String>,
    /// Its model.
    #[serde(default)]
    pub model: Option<String>,
    /// Its model's version.
    #[serde(default)]
    pub version: Option<String>,
    /// Its vendor.
    #[serde(default)]
    pub vendor: Option<String>,
    /// Its hardware.
    #[serde(default)]
    pub hardware: Option<String>,
    /// Its firmware.
    #[serde(default)]
    pub firmware: Option<String>,
    /// The protocol it speaks.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Where it is reached.
    #[serde(default)]
    pub address: Option<String>,
    /// Its attributes; each replaces the one of its name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The version of its bundle.
    #[serde(default)]
    pub bundle: Option<i64>,
}

impl ExpectedDevice {
    /// Returns a device of which only the name is known.
    pub fn named(id: EndpointName) -> Self {
        Self {
            id,
            serial: None,
            group: None,
            model: None,
            version: None,
            vendor: None,
            hardware: None,
            firmware: None,
            protocol: None,
            address: None,
            attributes: BTreeMap::new(),
            bundle: None,
        }
    }

    pub(super) fn apply(&self, row: &mut DeviceRow) {
        let told = [
            (&self.group, &mut row.group),
            (&self.model, &mut row.model),
            (&self.version, &mut row.version),
            (&self.vendor, &mut row.vendor),
            (&self.hardware, &mut row.hardware),
            (&self.firmware, &mut row.firmware),
            (&self.protocol, &mut row.protocol),
            (&self.address, &mut row.address),
        ];
        for (told, known) in told {
            if told.is_some() {
                known.clone_from(told);
            }
        }
        if let Some(serial) = &self.serial {
            row.serial = Some(serial.to_string());
        }
        row.attributes.extend(self.attributes.clone());
        row.bundle = self.bundle.or(row.bundle);
    }
}

/// What became of a device that was put.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Put {
    /// It is new.
    Made,
    /// Something of it changed.
    Updated,
    /// All of it was known.
    Unchanged,
}

/// A change of a device: `None` leaves a thing, `Some(None)` takes it away.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeviceEdit {
    /// Its serial number.
    pub serial: Option<Option<SerialNumber>>,
    /// Its enrolment group.
    pub group: Option<Option<String>>,
    /// Its vendor.
    pub vendor: Option<Option<String>>,
    /// Its hardware.
    pub hardware: Option<Option<String>>,
    /// Its firmware.
    pub firmware: Option<Option<String>>,
    /// The protocol it speaks.
    pub protocol: Option<Option<String>>,
    /// Where it is reached.
    pub address: Option<Option<String>>,
    /// Its attributes, each set or taken away.
    pub attributes: BTreeMap<String, Option<String>>,
}

impl DeviceEdit {
    fn apply(&self, row: &mut DeviceRow) {
        if let Some(serial) = &self.serial {
            row.serial = serial.as_ref().map(ToString::to_string);
        }
        let changes = [
            (&self.group, &mut row.group),
            (&self.vendor, &mut row.vendor),
            (&self.hardware, &mut row.hardware),
            (&self.firmware, &mut row.firmware),
            (&self.protocol, &mut row.protocol),
            (&self.address, &mut row.address),
        ];
        for (change, known) in changes {
            if let Some(change) = change {
                known.clone_from(change);
            }
        }
        for (name, value) in &self.attributes {
            match value {
                Some(value) => row.attributes.insert(name.clone(), value.clone()),
                None => row.attributes.remove(name),
            };
        }
    }
}

impl Registry {
    /// Returns a device by its name; case does not count.
    pub fn device(&self, id: &str) -> Result<Option<DeviceRow>, RegistryError> {
        let folded = id.to_ascii_lowercase();
        self.read(|reading| find(reading.sql, reading.tenant, &folded))
    }

    /// Returns the device in service that has a serial number.
    pub fn device_by_serial(&self, serial: &str) -> Result<Option<DeviceRow>, RegistryError> {
        self.read(|reading| {
            let text = format!(
                "SELECT {COLUMNS} FROM device d WHERE d.tenant = $1 AND d.serial = $2 AND d.state <> 'retired'"
            );
            let row = reading.sql.maybe_row(&text, &[reading.tenant.into(), serial.into()])?;
            row.as_ref().map(DeviceRow::read).transpose()
        })
    }

    /// Changes a device; with a mark only if it is still at that mark.
    pub fn edit_device(
        &self,
        id: &str,
        if_match: Option<i64>,
        edit: DeviceEdit,
        actor: &str,
    ) -> Result<DeviceRow, RegistryError> {
        let (folded, actor) = (id.to_ascii_lowercase(), actor.to_owned());
        self.write(move |writing| {
            let known = matching(writing, &folded, if_match)?;
            if known.state == DeviceState::Retired {
                return Err(conflict(&known.id, "is retired".to_owned()));
            }
            let mut row = known.clone();
            edit.apply(&mut row);
            check(&row)?;
            if row == known {
                return Ok(row);
            }
            if row.serial != known.serial {
                refuse_taken_serial(writing, &row)?;
            }
            let detail = serde_json::json!({"changed": differences(&known, &row)});
            writing.note(Event { what: "device-edited", device: Some(folded.clone()), actor: actor.clone(), detail });
            save(writing, row)
        })
    }

    /// Adds a credential to a device; the same one again changes nothing, another device's is refused.
    pub fn add_credential(&self, id: &str, credential: NewCredential, actor: &str) -> Result<(), RegistryError> {
        let (folded, actor) = (id.to_ascii_lowercase(), actor.to_owned());
        self.write(move |writing| {
            let device = existing(writing.sql, writing.tenant, &folded)?;
            if device.state == DeviceState::Retired {
                let reason = "is retired".to_owned();
                return Err(RegistryError::Conflict { what: "device", name: device.id, reason });
            }
            credentials::add(writing, &folded, &credential, &actor).map(|_| ())
        })
    }

    /// Takes a device out of service for good, and with it its credentials; its serial number is free again.
    pub fn retire_device(
        &self,
        id: &str,
        if_match: Option<i64>,
        reason: &str,
        actor: &str,
    ) -> Result<DeviceRow, RegistryError> {
        let (folded, reason, actor) = (id.to_ascii_lowercase(), reason.to_owned(), actor.to_owned());
        self.write(move |writing| {
            let row = matching(writing, &folded, if_match)?;
            retire(writing, row, &reason, &actor)
        })
    }

    /// Returns what happened to a device, newest first.
    pub fn device_history(&self, id: &str, limit: i64) -> Result<Vec<StoredEvent>, RegistryError> {
        let folded = id.to_ascii_lowercase();
        self.read(|reading: &mut Reading<'_>| {
            chain::latest(reading.sql, reading.tenant, &folded, limit.clamp(1, 1_000))
        })
    }
}

/// Takes a device out of service: its credentials are retired, its lease is nobody's any more.
pub(super) fn retire(
    writing: &mut Writing<'_>,
    mut row: DeviceRow,
    reason: &str,
    actor: &str,
) -> Result<DeviceRow, RegistryError> {
    if row.state == DeviceState::Retired {
        return Ok(row);
    }
    let folded = row.folded.clone();
    row.state = DeviceState::Retired;
    row.reason = Some(reason.to_owned());
    row.lease_until = None;
    check(&row)?;
    let credentials = credentials::retire_all(writing, &folded)?;
    free_lease(writing, &folded)?;
    end_registration(writing, &folded)?;
    let detail = serde_json::json!({"reason": reason, "credentials": credentials});
    writing.note(Event { what: "device-retired", device: Some(folded), actor: actor.to_owned(), detail });
    save(writing, row)
}

/// A device that is retired is nobody's to make: its lease counts no more.
fn free_lease(writing: &mut Writing<'_>, folded: &str) -> Result<(), RegistryError> {
    let text = "UPDATE lease SET state = 'returned', until = NULL, changed = $1
        WHERE tenant = $2 AND device = $3 AND state IN ('leased', 'doubtful')";
    let now = writing.millis();
    writing.sql.execute(text, &[now.into(), writing.tenant.into(), folded.into()]).map(|_| ())
}

/// Returns a device by its folded name.
pub(super) fn find(sql: &mut dyn Sql, tenant: &str, folded: &str) -> Result<Option<DeviceRow>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM device d WHERE d.tenant = $1 AND d.folded = $2");
    sql.maybe_row(&text, &[tenant.into(), folded.into()])?.as_ref().map(DeviceRow::read).transpose()
}

/// Returns a device that must be there.
pub(super) fn existing(sql: &mut dyn Sql, tenant: &str, folded: &str) -> Result<DeviceRow, RegistryError> {
    let found = find(sql, tenant, folded)?;
    found.ok_or_else(|| RegistryError::NotFound { what: "device", name: folded.to_owned() })
}

fn matching(writing: &mut Writing<'_>, folded: &str, if_match: Option<i64>) -> Result<DeviceRow, RegistryError> {
    let row = existing(writing.sql, writing.tenant, folded)?;
    match if_match {
        Some(wanted) if wanted != row.etag => {
            Err(RegistryError::Changed { what: "device", name: row.id, found: row.etag, wanted })
        }
        _ => Ok(row),
    }
}

/// Writes a device with a new mark, and its attributes beside it.
pub(super) fn save(writing: &mut Writing<'_>, mut row: DeviceRow) -> Result<DeviceRow, RegistryError> {
    row.etag += 1;
    row.changed = of_millis(writing.millis());
    save_all(writing, std::slice::from_ref(&row))?;
    Ok(row)
}

pub(super) fn save_all(writing: &mut Writing<'_>, rows: &[DeviceRow]) -> Result<(), RegistryError> {
    let values = rows.iter().map(|row| row.values(writing.tenant)).collect::<Vec<_>>();
    sql::insert(writing.sql, INTO, values, REPLACING)?;
    attributes::keep_in_step(writing.sql, writing.tenant, rows.iter().map(|row| (row.folded.as_str(), &row.attributes)))
}

fn refuse_taken_serial(writing: &mut Writing<'_>, row: &DeviceRow) -> Result<(), RegistryError> {
    let Some(serial) = &row.serial else { return Ok(()) };
    let text = "SELECT id FROM device WHERE tenant = $1 AND serial = $2 AND state <> 'retired' AND folded <> $3";
    let values = [writing.tenant.into(), Value::from(serial), Value::from(&row.folded)];
    match writing.sql.maybe_row(text, &values)? {
        Some(owner) => Err(taken(row, &owner.text(0)?)),
        None => Ok(()),
    }
}

pub(super) fn taken(row: &DeviceRow, owner: &str) -> RegistryError {
    let serial = row.serial.as_deref().unwrap_or_default();
    conflict(&row.id, format!("cannot have serial number {serial:?}: it is that of {owner:?}"))
}

pub(super) fn conflict(id: &str, reason: String) -> RegistryError {
    RegistryError::Conflict { what: "device", name: id.to_owned(), reason }
}

/// Refuses texts that one of the engines could not store, or that have no measure.
pub(super) fn check(row: &DeviceRow) -> Result<(), RegistryError> {
    attributes::check(&row.id, &row.attributes)?;
    let texts = [
        &row.group,
        &row.model,
        &row.version,
        &row.vendor,
        &row.hardware,
        &row.firmware,
        &row.protocol,
        &row.address,
        &row.reason,
    ];
    for text in texts.into_iter().flatten() {
        if text.contains('\0') || text.len() > LONGEST_TEXT {
            let reason = format!("a text of {} bytes holds NUL or has over {LONGEST_TEXT}", text.len());
            return Err(RegistryError::Refused { what: "device", name: row.id.clone(), reason });
        }
    }
    Ok(())
}

/// Returns the names of what differs.
fn differences(before: &DeviceRow, after: &DeviceRow) -> Vec<String> {
    let pairs = [
        ("serial", &before.serial, &after.serial),
        ("group", &before.group, &after.group),
        ("vendor", &before.vendor, &after.vendor),
        ("hardware", &before.hardware, &after.hardware),
        ("firmware", &before.firmware, &after.firmware),
        ("protocol", &before.protocol, &after.protocol),
        ("address", &before.address, &after.address),
    ];
    let mut names = pairs.into_iter().filter(|(_, a, b)| a != b).map(|(name, ..)| name.to_owned()).collect::<Vec<_>>();
    let attributes = before.attributes.keys().chain(after.attributes.keys()).collect::<std::collections::BTreeSet<_>>();
    let differs = |name: &&String| before.attributes.get(*name) != after.attributes.get(*name);
    names.extend(attributes.into_iter().filter(differs).map(|name| format!("attributes.{name}")));
    names
}
