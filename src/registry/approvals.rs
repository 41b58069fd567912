//! Registrations that wait for a person: agreed to, they go on being assigned; denied, the device is as it was before.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use super::handle::{Registry, Writing};
use super::text::storable;
use super::times::of_millis;
use super::{Event, RegistryError, Row, Value};

/// A registration that waits for a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OpenRegistration {
    /// The registration.
    pub registration: String,
    /// The device, folded.
    pub device: String,
    /// Its group.
    pub group: String,
    /// What the device asked, as it was stored.
    pub asked: serde_json::Value,
    /// Since when it waits.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// A device of which nothing was known before it registered.
const CAME_BY_ITSELF: &str = "registered";

impl Registry {
    /// Returns up to `limit` registrations that wait, whose id comes after `after` ("" for the first).
    pub fn open_registrations(&self, after: &str, limit: u32) -> Result<Vec<OpenRegistration>, RegistryError> {
        let text = "SELECT id, device, grp, asked, created FROM registration
            WHERE tenant = $1 AND state = 'pending' AND id > $2 ORDER BY id LIMIT $3";
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(text, &values)?.iter().map(stored).collect()
        })
    }

    /// Agrees: registration and device are `assigning` from now on, and whoever assigns goes on with them.
    ///
    /// # Errors
    ///
    /// Not found where there is no such registration; a conflict where it does not wait.
    pub fn approve(&self, actor: &str, registration: &str, reason: &str) -> Result<(), RegistryError> {
        let decision = Decided::new(actor, registration, reason)?;
        self.write(move |writing| {
            let (device, group) = decision.pending(writing)?;
            decision.settle(writing, "assigning")?;
            let text = "UPDATE device SET state = 'assigning', reason = NULL, etag = etag + 1, changed = $1
                WHERE tenant = $2 AND folded = $3 AND registration = $4 AND state = 'pending'";
            writing.sql.execute(text, &decision.of_device(writing, &device))?;
            decision.note(writing, "approved", device, &group);
            Ok(())
        })
    }

    /// Denies: what the registration brought is given up. A device that was known before is expected again; one that came
    /// by itself is forgotten, so that having asked once does not make it a known one.
    ///
    /// # Errors
    ///
    /// As [`Registry::approve`].
    pub fn deny(&self, actor: &str, registration: &str, reason: &str) -> Result<(), RegistryError> {
        let decision = Decided::new(actor, registration, reason)?;
        self.write(move |writing| {
            let (device, group) = decision.pending(writing)?;
            decision.settle(writing, "denied")?;
            decision.give_up(writing, &device, &group)?;
            decision.note(writing, "denied", device, &group);
            Ok(())
        })
    }
}

/// A person's decision.
struct Decided {
    actor: String,
    registration: String,
    reason: String,
}

impl Decided {
    fn new(actor: &str, registration: &str, reason: &str) -> Result<Self, RegistryError> {
        Ok(Self {
            actor: storable("operator", actor)?,
            registration: storable("registration", registration)?,
            reason: storable("reason", reason)?,
        })
    }

    /// Returns device and group of the registration, if it waits.
    fn pending(&self, writing: &mut Writing<'_>) -> Result<(String, String), RegistryError> {
        let text = "SELECT state, device, grp FROM registration WHERE tenant = $1 AND id = $2";
        let row = writing.sql.maybe_row(text, &[writing.tenant.into(), (&self.registration).into()])?;
        let (what, name) = ("registration", self.registration.clone());
        let Some(row) = row else { return Err(RegistryError::NotFound { what, name }) };
        let state = row.text(0)?;
        if state != "pending" {
            let reason = format!("does not wait for a decision: it is {state}");
            return Err(RegistryError::Conflict { what, name, reason });
        }
        Ok((row.text(1)?, row.text(2)?))
    }

    fn settle(&self, writing: &mut Writing<'_>, state: &str) -> Result<(), RegistryError> {
        let text = "UPDATE registration SET state = $1, reason = $2, decided_by = $3, changed = $4
            WHERE tenant = $5 AND id = $6";
        let values = [
            state.into(),
            (&self.reason).into(),
            (&self.actor).into(),
            writing.millis().into(),
            writing.tenant.into(),
            (&self.registration).into(),
        ];
        writing.sql.execute(text, &values).map(|_| ())
    }

    fn of_device(&self, writing: &Writing<'_>, device: &str) -> [Value; 4] {
        [writing.millis().into(), writing.tenant.into(), device.into(), (&self.registration).into()]
    }

    /// Undoes what stands for the registration, unless a later one has taken the device over.
    fn give_up(&self, writing: &mut Writing<'_>, device: &str, group: &str) -> Result<(), RegistryError> {
        let text = "SELECT origin FROM device WHERE tenant = $1 AND folded = $2 AND registration = $3";
        let values = [writing.tenant.into(), device.into(), (&self.registration).into()];
        let Some(row) = writing.sql.maybe_row(text, &values)? else { return Ok(()) };
        let changes = [
            "UPDATE resource SET state = 'releasing', changed = $1 WHERE tenant = $2 AND device = $3",
            "UPDATE instance SET state = 'former', changed = $1 WHERE tenant = $2 AND device = $3 AND state <> 'former'",
            "UPDATE credential SET state = 'retired', changed = $1 WHERE tenant = $2 AND device = $3 AND state = 'active'",
        ];
        for text in changes {
            writing.sql.execute(text, &self.of_device(writing, device)[..3])?;
        }
        let counted = "UPDATE grp SET used = used - 1 WHERE tenant = $1 AND id = $2 AND used > 0";
        writing.sql.execute(counted, &[writing.tenant.into(), group.into()])?;
        if row.text(0)? == CAME_BY_ITSELF {
            let of_device = [writing.tenant.into(), device.into()];
            writing.sql.execute("DELETE FROM attribute WHERE tenant = $1 AND device = $2", &of_device)?;
            return writing.sql.execute("DELETE FROM device WHERE tenant = $1 AND folded = $2", &of_device).map(|_| ());
        }
        let text = "UPDATE device SET state = 'expected', registration = NULL, lease_until = NULL, reason = $5,
            etag = etag + 1, changed = $1 WHERE tenant = $2 AND folded = $3 AND registration = $4";
        let values = [&self.of_device(writing, device)[..], &[Value::from(&self.reason)]].concat();
        writing.sql.execute(text, &values).map(|_| ())
    }

    fn note(&self, writing: &mut Writing<'_>, what: &'static str, device: String, group: &str) {
        let detail = json!({ "registration": self.registration, "group": group, "reason": self.reason });
        writing.note(Event { what, device: Some(device), actor: self.actor.clone(), detail });
    }
}

fn stored(row: &Row) -> Result<OpenRegistration, RegistryError> {
    let asked = serde_json::from_str(&row.text(3)?);
    Ok(OpenRegistration {
        registration: row.text(0)?,
        device: row.text(1)?,
        group: row.text(2)?,
        asked: asked.map_err(|error| RegistryError::damaged("", format!("what a device asked is no JSON: {error}")))?,
        since: of_millis(row.integer(4)?),
    })
}
