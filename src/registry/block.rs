//! The block list: devices that may not register, whatever they prove.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::EndpointName;

use super::devices::find;
use super::handle::{Reading, Registry};
use super::text::storable;
use super::times::{millis, of_millis};
use super::{DeviceRow, Event, RegistryError, Row};

/// A blocked device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Blocked {
    /// The device, folded.
    pub device: String,
    /// Why.
    pub reason: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Until when; for good when absent.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
}

/// The entries that hold at the time of this parameter.
pub(super) const HOLDS: &str = "(expires IS NULL OR expires > $2)";

const COLUMNS: &str = "device, reason, since, expires";

impl Registry {
    /// Blocks a device for good, known or not; a second time replaces the reason and keeps the time.
    pub fn block(&self, actor: &str, device: &EndpointName, reason: &str) -> Result<(), RegistryError> {
        self.block_until(actor, device, reason, None)
    }

    /// As [`Registry::block`], until a moment after which the entry counts no more.
    pub fn block_until(
        &self,
        actor: &str,
        device: &EndpointName,
        reason: &str,
        expires: Option<OffsetDateTime>,
    ) -> Result<(), RegistryError> {
        let (actor, device) = (storable("operator", actor)?, device.folded());
        let reason = storable("reason", reason)?;
        self.write(move |writing| {
            let text = "INSERT INTO block (tenant, device, reason, since, expires) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (tenant, device) DO UPDATE SET reason = excluded.reason, expires = excluded.expires";
            let values = [
                writing.tenant.into(),
                (&device).into(),
                (&reason).into(),
                writing.millis().into(),
                expires.map(millis).into(),
            ];
            writing.sql.execute(text, &values)?;
            let mut detail = json!({ "reason": reason });
            if let Some(expires) = expires {
                detail["expires"] = millis(expires).into();
            }
            writing.note(Event { what: "blocked", device: Some(device.clone()), actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Takes a device off the block list.
    ///
    /// # Errors
    ///
    /// Not found where it is not blocked.
    pub fn unblock(&self, actor: &str, device: &EndpointName) -> Result<(), RegistryError> {
        let (actor, device) = (storable("operator", actor)?, device.folded());
        self.write(move |writing| {
            let text = "DELETE FROM block WHERE tenant = $1 AND device = $2";
            if writing.sql.execute(text, &[writing.tenant.into(), (&device).into()])? == 0 {
                return Err(RegistryError::NotFound { what: "blocked device", name: device.clone() });
            }
            let detail = json!({});
            writing.note(Event { what: "unblocked", device: Some(device.clone()), actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Returns the entry of a device, if it is blocked now.
    pub fn blocked(&self, device: &EndpointName) -> Result<Option<Blocked>, RegistryError> {
        let now = millis(self.now());
        self.read(|reading| holds(reading, device, now))
    }

    /// Returns what is known of a device, and its entry if it is blocked now: in one look.
    pub fn standing(&self, device: &EndpointName) -> Result<(Option<DeviceRow>, Option<Blocked>), RegistryError> {
        let now = millis(self.now());
        self.read(|reading| Ok((find(reading.sql, reading.tenant, &device.folded())?, holds(reading, device, now)?)))
    }

    /// Returns up to `limit` entries, those that ended too, whose device comes after `after` (folded; "" for the first), in byte order.
    pub fn block_list(&self, after: &str, limit: u32) -> Result<Vec<Blocked>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM block WHERE tenant = $1 AND device > $2 ORDER BY device LIMIT $3");
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(entry).collect()
        })
    }
}

fn holds(reading: &mut Reading<'_>, device: &EndpointName, now: i64) -> Result<Option<Blocked>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM block WHERE tenant = $1 AND {HOLDS} AND device = $3");
    let row = reading.sql.maybe_row(&text, &[reading.tenant.into(), now.into(), device.folded().into()])?;
    row.as_ref().map(entry).transpose()
}

fn entry(row: &Row) -> Result<Blocked, RegistryError> {
    Ok(Blocked {
        device: row.text(0)?,
        reason: row.text(1)?,
        since: of_millis(row.integer(2)?),
        expires: row.maybe_integer(3)?.map(of_millis),
    })
}
