//! The end of an assignment: what was allocated is noted, the device is registered; or it failed, and all is given up.

use serde_json::json;

use crate::registry::chain::Event;
use crate::registry::handle::Writing;
use crate::registry::{Registry, RegistryError, Value};

impl Registry {
    /// Ends the assignment of a registration: its resources are allocated, its device is registered. A second time it
    /// changes nothing.
    pub fn assign(&self, actor: &str, registration: &str) -> Result<(), RegistryError> {
        let (actor, registration) = (actor.to_owned(), registration.to_owned());
        self.write(move |writing| {
            let tenant = writing.tenant;
            let text = "SELECT state, device FROM registration WHERE tenant = $1 AND id = $2";
            let row = writing.sql.maybe_row(text, &[tenant.into(), Value::from(&registration)])?;
            let (what, name) = ("registration", registration.clone());
            let Some(row) = row else { return Err(RegistryError::NotFound { what, name }) };
            let (state, device) = (row.text(0)?, row.text(1)?);
            if state == "assigned" {
                return Ok(());
            }
            if state != "assigning" {
                return Err(RegistryError::Conflict { what, name, reason: format!("is {state}") });
            }
            finish(writing, &actor, &registration, &device)
        })
    }
}

/// Ends the assignment of a registration that is `assigning`.
pub(in crate::registry) fn finish(
    writing: &mut Writing<'_>,
    actor: &str,
    registration: &str,
    device: &str,
) -> Result<(), RegistryError> {
    let (tenant, now) = (writing.tenant, writing.millis());
    let of_registration = [Value::from(now), tenant.into(), Value::from(registration)];
    let done = "UPDATE registration SET state = 'assigned', changed = $1 WHERE tenant = $2 AND id = $3";
    writing.sql.execute(done, &of_registration)?;
    let registered = "UPDATE device SET state = 'registered', etag = etag + 1, changed = $1
        WHERE tenant = $2 AND folded = $3 AND state = 'assigning'";
    writing.sql.execute(registered, &[now.into(), tenant.into(), Value::from(device)])?;
    let allocated = "UPDATE resource SET state = 'allocated', changed = $1
        WHERE tenant = $2 AND registration = $3 AND state = 'wanted'";
    writing.sql.execute(allocated, &of_registration)?;
    let detail = json!({ "registration": registration });
    writing.note(Event { what: "registered", device: Some(device.to_owned()), actor: actor.to_owned(), detail });
    Ok(())
}
