//! Taking a registration back: what is allocated for a device is to be released, what was counted is given back.

use super::handle::Writing;
use super::{RegistryError, Value};

/// A device of which nothing was known before it registered.
const CAME_BY_ITSELF: &str = "registered";

/// A registration that did not come about.
pub(super) struct GivenUp<'a> {
    /// The registration.
    pub(super) registration: &'a str,
    /// The device, folded.
    pub(super) device: &'a str,
    /// Its group.
    pub(super) group: &'a str,
    /// Why, for whoever looks at the device.
    pub(super) reason: &'a str,
    /// What becomes of certificates that were made for it.
    pub(super) fate: Fate,
}

/// What becomes of certificates that were made for a registration. None was handed out: that happens with the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// A person said no: their keys are not taken again.
    Revoked,
    /// The device may try again, with the same key.
    Forgotten,
}

/// Everything allocated for a device is to be released. Where no hook was asked to allocate there is nobody to tell, and it
/// is gone at once. An allocation under way is waited for: its claim must run out, or its worker come back.
pub(super) fn release_all(writing: &mut Writing<'_>, device: &str) -> Result<(), RegistryError> {
    let of_device = [Value::from(writing.millis()), writing.tenant.into(), device.into()];
    let changes = [
        "DELETE FROM chore WHERE changed <= $1 AND tenant = $2 AND device = $3 AND kind = 'allocate' AND claim = 0",
        "UPDATE chore SET kind = 'release', failures = 0, changed = $1,
            due = CASE WHEN kind = 'allocate' AND due > $1 THEN due ELSE $1 END
            WHERE tenant = $2 AND device = $3 AND kind <> 'release'",
        "UPDATE resource SET state = 'releasing', changed = $1 WHERE tenant = $2 AND device = $3
            AND state <> 'releasing'",
    ];
    for text in changes {
        writing.sql.execute(text, &of_device)?;
    }
    let gone = "DELETE FROM resource WHERE tenant = $1 AND device = $2 AND state = 'releasing' AND NOT EXISTS
        (SELECT 1 FROM chore c WHERE c.tenant = resource.tenant AND c.registration = resource.registration)";
    writing.sql.execute(gone, &of_device[1..]).map(drop)
}

/// A device is retired: its registration ends, its place in the group is free.
pub(super) fn end_registration(writing: &mut Writing<'_>, device: &str) -> Result<(), RegistryError> {
    release_all(writing, device)?;
    let text = "SELECT id, grp FROM registration WHERE tenant = $1 AND device = $2
        AND state IN ('assigned', 'pending', 'assigning')";
    let open = writing.sql.query(text, &[writing.tenant.into(), device.into()])?;
    for row in open {
        let ended = "UPDATE registration SET state = 'ended', changed = $1 WHERE tenant = $2 AND id = $3";
        let values = [writing.millis().into(), writing.tenant.into(), row.text(0)?.into()];
        writing.sql.execute(ended, &values)?;
        free_place(writing, &row.text(1)?)?;
    }
    Ok(())
}

/// Undoes what stands for a registration, unless a later one has taken the device over. A device that was known before is
/// expected again; one that came by itself is forgotten.
pub(super) fn give_up(writing: &mut Writing<'_>, given_up: &GivenUp<'_>) -> Result<(), RegistryError> {
    let &GivenUp { registration, device, group, reason, .. } = given_up;
    let tenant = Value::from(writing.tenant);
    let text = "SELECT origin FROM device WHERE tenant = $1 AND folded = $2 AND registration = $3";
    let Some(row) = writing.sql.maybe_row(text, &[tenant.clone(), device.into(), registration.into()])? else {
        return Ok(());
    };
    release_all(writing, device)?;
    give_back_uses(writing, given_up)?;
    free_place(writing, group)?;
    end_credentials(writing, given_up)?;
    let of_device = [Value::from(writing.millis()), tenant.clone(), device.into()];
    let former =
        "UPDATE instance SET state = 'former', changed = $1 WHERE tenant = $2 AND device = $3 AND state <> 'former'";
    writing.sql.execute(former, &of_device)?;
    if row.text(0)? == CAME_BY_ITSELF {
        for text in [
            "DELETE FROM attribute WHERE tenant = $1 AND device = $2",
            "DELETE FROM device WHERE tenant = $1 AND folded = $2",
        ] {
            writing.sql.execute(text, &of_device[1..])?;
        }
        return Ok(());
    }
    let text = "UPDATE device SET state = 'expected', registration = NULL, lease_until = NULL, reason = $4,
        etag = etag + 1, changed = $1 WHERE tenant = $2 AND folded = $3";
    writing.sql.execute(text, &[&of_device[..], &[reason.into()]].concat()).map(drop)
}

/// The use of a token and of an entry of the allow list.
fn give_back_uses(writing: &mut Writing<'_>, given_up: &GivenUp<'_>) -> Result<(), RegistryError> {
    let &GivenUp { registration, device, group, .. } = given_up;
    let tenant = Value::from(writing.tenant);
    let token = "UPDATE token SET used = used - 1 WHERE tenant = $1 AND used > 0
        AND hash = (SELECT r.token FROM registration r WHERE r.tenant = $1 AND r.id = $2)";
    writing.sql.execute(token, &[tenant.clone(), registration.into()])?;
    let listed = "UPDATE allow SET used = used - 1 WHERE tenant = $1 AND grp = $2 AND device = $3 AND used > 0
        AND EXISTS (SELECT 1 FROM registration r WHERE r.tenant = $1 AND r.id = $4 AND r.listed = 1)";
    writing.sql.execute(listed, &[tenant, group.into(), device.into(), registration.into()]).map(drop)
}

/// Certificates that were made for it; a key that it only proved itself by is nobody's again.
fn end_credentials(writing: &mut Writing<'_>, given_up: &GivenUp<'_>) -> Result<(), RegistryError> {
    let tenant = Value::from(writing.tenant);
    let made = [tenant, given_up.registration.into()];
    let forget = match given_up.fate {
        Fate::Revoked => "DELETE FROM credential WHERE tenant = $1 AND registration = $2 AND kind = 'key'",
        Fate::Forgotten => "DELETE FROM credential WHERE tenant = $1 AND registration = $2",
    };
    writing.sql.execute(forget, &made)?;
    let text = "UPDATE credential SET state = 'revoked', changed = $3 WHERE tenant = $1 AND registration = $2
        AND state <> 'revoked'";
    writing.sql.execute(text, &[&made[..], &[writing.millis().into()]].concat()).map(drop)
}

fn free_place(writing: &mut Writing<'_>, group: &str) -> Result<(), RegistryError> {
    let text = "UPDATE grp SET used = used - 1 WHERE tenant = $1 AND id = $2 AND used > 0";
    writing.sql.execute(text, &[writing.tenant.into(), group.into()]).map(drop)
}
