//! Registrations that wait for a person: agreed to, they go on being assigned; denied, the device is as it was before.

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

use super::handle::{Registry, Writing};
use super::registering::finish;
use super::text::storable;
use super::times::of_millis;
use super::undo::{Fate, GivenUp, give_up};
use super::{Event, RegistryError, Row, Value};
use crate::fleet::enrolment::GroupPolicy;

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

    /// Agrees: the device is registered; where the group has a hook that allocates, registration and device are `assigning`
    /// until it has.
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
            let (now, registration) = (writing.millis(), Value::from(&decision.registration));
            writing.sql.execute(text, &[now.into(), writing.tenant.into(), Value::from(&device), registration])?;
            decision.note(writing, "approved", device.clone(), &group);
            if allocates(writing, &group)? {
                return decision.leave_to_the_hook(writing, &device, &group);
            }
            finish(writing, &decision.actor, &decision.registration, &device)
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
            let (registration, reason) = (decision.registration.as_str(), decision.reason.as_str());
            let (device_name, group_name) = (device.as_str(), group.as_str());
            give_up(
                writing,
                &GivenUp { registration, device: device_name, group: group_name, reason, fate: Fate::Revoked },
            )?;
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

    fn leave_to_the_hook(&self, writing: &mut Writing<'_>, device: &str, group: &str) -> Result<(), RegistryError> {
        let text = "INSERT INTO chore (tenant, registration, device, grp, kind, due, claim, failures, changed)
            VALUES ($1, $2, $3, $4, 'allocate', $5, 0, 0, $5) ON CONFLICT DO NOTHING";
        let (tenant, now) = (Value::from(writing.tenant), Value::from(writing.millis()));
        let values = [tenant, Value::from(&self.registration), device.into(), group.into(), now];
        writing.sql.execute(text, &values).map(drop)
    }

    fn note(&self, writing: &mut Writing<'_>, what: &'static str, device: String, group: &str) {
        let detail = json!({ "registration": self.registration, "group": group, "reason": self.reason });
        writing.note(Event { what, device: Some(device), actor: self.actor.clone(), detail });
    }
}

/// Returns true if the group has a hook that allocates.
fn allocates(writing: &mut Writing<'_>, group: &str) -> Result<bool, RegistryError> {
    let text = "SELECT policy FROM grp WHERE tenant = $1 AND id = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), group.into()])?;
    let Some(row) = row else { return Ok(false) };
    let policy: Result<GroupPolicy, _> = serde_json::from_str(&row.text(0)?);
    let policy = policy.map_err(|error| RegistryError::damaged("", format!("a policy cannot be read: {error}")))?;
    Ok(policy.hooks.allocate.is_some())
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
