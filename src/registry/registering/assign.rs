//! The end of an assignment: what was declared is allocated, the device is registered.

use serde_json::json;

use crate::registry::chain::Event;
use crate::registry::handle::Writing;
use crate::registry::{RegistryError, Value};

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
