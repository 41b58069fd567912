//! The block list: devices that may not register, whatever they prove.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::fleet::EndpointName;

use super::handle::Registry;
use super::text::storable;
use super::times::of_millis;
use super::{Event, RegistryError, Row};

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
}

impl Registry {
    /// Blocks a device, known or not; a second time replaces the reason and keeps the time.
    pub fn block(&self, actor: &str, device: &EndpointName, reason: &str) -> Result<(), RegistryError> {
        let (actor, device) = (storable("operator", actor)?, device.folded());
        let reason = storable("reason", reason)?;
        self.write(move |writing| {
            let text = "INSERT INTO block (tenant, device, reason, since) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant, device) DO UPDATE SET reason = excluded.reason";
            let values = [writing.tenant.into(), (&device).into(), (&reason).into(), writing.millis().into()];
            writing.sql.execute(text, &values)?;
            let detail = json!({ "reason": reason });
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

    /// Returns the entry of a device, if it is blocked.
    pub fn blocked(&self, device: &EndpointName) -> Result<Option<Blocked>, RegistryError> {
        let text = "SELECT device, reason, since FROM block WHERE tenant = $1 AND device = $2";
        self.read(|reading| {
            let row = reading.sql.maybe_row(text, &[reading.tenant.into(), device.folded().into()])?;
            row.as_ref().map(entry).transpose()
        })
    }

    /// Returns up to `limit` entries whose device comes after `after` (folded; "" for the first), in byte order.
    pub fn block_list(&self, after: &str, limit: u32) -> Result<Vec<Blocked>, RegistryError> {
        let text = "SELECT device, reason, since FROM block WHERE tenant = $1 AND device > $2
            ORDER BY device LIMIT $3";
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(text, &values)?.iter().map(entry).collect()
        })
    }
}

fn entry(row: &Row) -> Result<Blocked, RegistryError> {
    Ok(Blocked { device: row.text(0)?, reason: row.text(1)?, since: of_millis(row.integer(2)?) })
}
