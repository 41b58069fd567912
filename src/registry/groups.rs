//! Enrolment groups: what the fleet file declares, with a mark that counts changes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::fleet::enrolment::GroupPolicy;

use super::handle::{Registry, Writing};
use super::narrowing::Narrowing;
use super::text::storable;
use super::{Event, RegistryError, Row, Sql, Value};

/// A group as it lies in the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Group {
    /// Its name.
    pub id: String,
    /// What the fleet file asks.
    pub policy: GroupPolicy,
    /// What people took away of that.
    pub narrowed: Narrowing,
    /// True while the fleet file declares it; one that it does not name any more is closed.
    pub declared: bool,
    /// Its mark: counted up by every change.
    pub etag: i64,
    /// Devices of the group, counted against its quota.
    pub used: u64,
}

impl Group {
    /// Returns the policy in force: the fleet file's, narrowed.
    pub fn in_force(&self) -> GroupPolicy {
        self.narrowed.of(self.policy.clone())
    }
}

/// What declaring the groups changed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Declared {
    /// Groups that are new.
    pub made: Vec<String>,
    /// Groups with another policy than before.
    pub changed: Vec<String>,
    /// Groups that the fleet file does not name any more: they are closed, their devices stay.
    pub withdrawn: Vec<String>,
}

/// How a group is used.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct GroupUsage {
    /// Devices counted against the quota.
    pub used: u64,
    /// The quota.
    pub quota: Option<u64>,
    /// Devices by state.
    pub devices: BTreeMap<String, u64>,
    /// Entries of its allow list.
    pub allowed: u64,
}

const COLUMNS: &str = "id, policy, declared, etag, used, narrowed";

impl Registry {
    /// Makes the groups what the fleet file declares, all at once. Nothing is written where nothing changed.
    pub fn declare_groups(
        &self,
        actor: &str,
        wanted: &BTreeMap<String, GroupPolicy>,
    ) -> Result<Declared, RegistryError> {
        let actor = storable("operator", actor)?;
        for id in wanted.keys() {
            storable("group", id)?;
        }
        let wanted = wanted.clone();
        self.write(move |writing| {
            let text = format!("SELECT {COLUMNS} FROM grp WHERE tenant = $1");
            let rows = writing.sql.query(&text, &[writing.tenant.into()])?;
            let found = rows.iter().map(|row| stored(row).map(|group| (group.id.clone(), group)));
            let found = found.collect::<Result<BTreeMap<_, _>, _>>()?;
            let mut declared = Declared::default();
            for (id, policy) in &wanted {
                match found.get(id) {
                    None => declared.made.push(id.clone()),
                    Some(group) if group.policy != *policy || !group.declared => declared.changed.push(id.clone()),
                    Some(_) => continue,
                }
                put(writing, id, policy, true)?;
            }
            for group in found.values().filter(|group| group.declared && !wanted.contains_key(&group.id)) {
                put(writing, &group.id, &GroupPolicy { open: false, ..group.policy.clone() }, false)?;
                declared.withdrawn.push(group.id.clone());
            }
            note(writing, &actor, &declared);
            Ok(declared)
        })
    }

    /// Narrows a group, in place of how it was narrowed before; `etag` is the mark of what was seen.
    ///
    /// # Errors
    ///
    /// Not found; changed since; refused where it would widen what the fleet file declares.
    pub fn narrow_group(&self, actor: &str, id: &str, etag: i64, wanted: Narrowing) -> Result<Group, RegistryError> {
        let actor = storable("operator", actor)?;
        let group = self.group(id)?;
        let group = group.ok_or_else(|| RegistryError::NotFound { what: "group", name: id.to_owned() })?;
        if let (Some(wanted), Some(declared)) = (wanted.quota, group.policy.quota)
            && wanted > declared
        {
            let reason = format!("the fleet file lets it have {declared} devices, not {wanted}");
            return Err(RegistryError::Refused { what: "group", name: id.to_owned(), reason });
        }
        let (named, text) = (id.to_owned(), json!(wanted).to_string());
        self.write(move |writing| {
            let key: [Value; 2] = [writing.tenant.into(), (&named).into()];
            let row = writing.sql.maybe_row("SELECT etag FROM grp WHERE tenant = $1 AND id = $2", &key)?;
            let found = row.map_or(Ok(0), |row| row.integer(0))?;
            if found != etag {
                return Err(RegistryError::Changed { what: "group", name: named.clone(), found, wanted: etag });
            }
            let update = "UPDATE grp SET narrowed = $3, etag = etag + 1, changed = $4 WHERE tenant = $1 AND id = $2";
            let set: [Value; 2] = [(&text).into(), writing.millis().into()];
            writing.sql.execute(update, &[key, set].concat())?;
            let detail = json!({ "group": named, "closed": wanted.closed, "quota": wanted.quota });
            writing.note(Event { what: "group-narrowed", device: None, actor: actor.clone(), detail });
            Ok(())
        })?;
        self.group(id)?.ok_or_else(|| RegistryError::NotFound { what: "group", name: id.to_owned() })
    }

    /// Returns a group.
    pub fn group(&self, id: &str) -> Result<Option<Group>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM grp WHERE tenant = $1 AND id = $2");
        self.read(|reading| {
            reading.sql.maybe_row(&text, &[reading.tenant.into(), id.into()])?.as_ref().map(stored).transpose()
        })
    }

    /// Returns up to `limit` groups whose name comes after `after` ("" for the first), in byte order.
    pub fn groups(&self, after: &str, limit: u32) -> Result<Vec<Group>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM grp WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3");
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(stored).collect()
        })
    }

    /// Returns how a group is used, in one view.
    ///
    /// # Errors
    ///
    /// Not found where there is no such group.
    pub fn group_usage(&self, id: &str) -> Result<GroupUsage, RegistryError> {
        self.read(|reading| {
            let of_group: [Value; 2] = [reading.tenant.into(), id.into()];
            let text = format!("SELECT {COLUMNS} FROM grp WHERE tenant = $1 AND id = $2");
            let row = reading.sql.maybe_row(&text, &of_group)?;
            let group = stored(&row.ok_or_else(|| unknown(id))?)?;
            let text = "SELECT state, COUNT(*) FROM device WHERE tenant = $1 AND grp = $2 GROUP BY state";
            let rows = reading.sql.query(text, &of_group)?;
            let devices = rows.iter().map(|row| Ok((row.text(0)?, count(row.integer(1)?))));
            let devices = devices.collect::<Result<_, RegistryError>>()?;
            let text = "SELECT COUNT(*) FROM allow WHERE tenant = $1 AND grp = $2";
            let allowed = reading.sql.maybe_row(text, &of_group)?.map(|row| row.integer(0)).transpose()?;
            let allowed = count(allowed.unwrap_or(0));
            Ok(GroupUsage { used: group.used, quota: group.in_force().quota, devices, allowed })
        })
    }
}

fn put(writing: &mut Writing<'_>, id: &str, policy: &GroupPolicy, declared: bool) -> Result<(), RegistryError> {
    let policy = serde_json::to_string(policy).expect("a policy is JSON");
    let policy = storable_policy(id, policy)?;
    let text = "INSERT INTO grp (tenant, id, policy, declared, etag, used, changed) VALUES ($1, $2, $3, $4, 1, 0, $5)
        ON CONFLICT (tenant, id) DO UPDATE SET policy = excluded.policy, declared = excluded.declared,
            etag = grp.etag + 1, changed = excluded.changed";
    let declared = Value::from(i64::from(declared));
    let values = [writing.tenant.into(), id.into(), policy.into(), declared, writing.millis().into()];
    writing.sql.execute(text, &values).map(|_| ())
}

/// JSON writes NUL as an escape, so that the text can always be stored.
fn storable_policy(id: &str, policy: String) -> Result<String, RegistryError> {
    const LONGEST: usize = 1 << 20;
    if policy.len() <= LONGEST {
        return Ok(policy);
    }
    let reason = format!("its policy is {} bytes long, at most {LONGEST} are kept", policy.len());
    Err(RegistryError::Refused { what: "group", name: id.to_owned(), reason })
}

fn note(writing: &mut Writing<'_>, actor: &str, declared: &Declared) {
    let changes = [
        ("group-made", &declared.made),
        ("group-changed", &declared.changed),
        ("group-withdrawn", &declared.withdrawn),
    ];
    for (what, groups) in changes {
        for group in groups {
            let detail = json!({ "group": group });
            writing.note(Event { what, device: None, actor: actor.to_owned(), detail });
        }
    }
}

/// Refuses a group that is not there.
pub(super) fn check_known(sql: &mut dyn Sql, tenant: &str, id: &str) -> Result<(), RegistryError> {
    let row = sql.maybe_row("SELECT etag FROM grp WHERE tenant = $1 AND id = $2", &[tenant.into(), id.into()])?;
    row.map(|_| ()).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> RegistryError {
    RegistryError::NotFound { what: "group", name: id.to_owned() }
}

fn stored(row: &Row) -> Result<Group, RegistryError> {
    let id = row.text(0)?;
    let policy = serde_json::from_str(&row.text(1)?);
    let policy = policy.map_err(|error| RegistryError::damaged("", format!("the policy of group {id:?}: {error}")))?;
    let narrowed = Narrowing::stored(row, 5)?;
    let (etag, used) = (row.integer(3)?, count(row.integer(4)?));
    Ok(Group { id, policy, narrowed, declared: row.integer(2)? != 0, etag, used })
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
