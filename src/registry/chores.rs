//! Chores: what a hook is asked to allocate or told to release. They lie in the store, so that a crash forgets none, and are
//! claimed for a limited time, so that of several servers one does each.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::handle::Writing;
use super::registering::{NewResource, finish};
use super::undo::{Fate, GivenUp, give_up};
use super::{Event, Registry, RegistryError, Sql, Value, sql};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoreKind {
    /// Allocate for a registration that is being assigned.
    Allocate,
    /// Release what was allocated for a registration.
    Release,
}

/// A chore that is claimed.
#[derive(Clone, PartialEq, Debug)]
pub struct Chore {
    /// The registration: whatever is done for it is done once under this name.
    pub registration: String,
    /// The device, folded.
    pub device: String,
    /// Its group.
    pub group: String,
    /// What.
    pub kind: ChoreKind,
    /// Number of this claim, from 1; a later one takes the chore away.
    pub claim: i64,
    /// Failures in a row.
    pub failures: i64,
    /// What the device asked.
    pub asked: Json,
    /// Its resources, those of the hook and those declared.
    pub resources: Vec<NewResource>,
}

/// Why nothing was allocated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unallocated {
    /// True if the hook said no; false if it failed.
    pub is_denied: bool,
    /// Words for device and operator.
    pub words: String,
}

/// Who decided that a hook's no is one: column `decided_by`.
pub(super) const HOOK: &str = "hook";

const DUE: &str = "SELECT c.registration FROM chore c WHERE c.tenant = $1 AND c.due <= $2 AND NOT (c.kind = 'allocate'
    AND EXISTS (SELECT 1 FROM chore o WHERE o.tenant = c.tenant AND o.device = c.device AND o.grp = c.grp
    AND o.kind = 'release')) ORDER BY c.due, c.registration LIMIT 1";

impl Registry {
    /// Claims the chore that is due first, for the milliseconds of its group in `times`, or `time`. What is to be released
    /// for a device and its group goes before what is to be allocated. Nothing is written where nothing is due.
    pub fn claim_chore(&self, times: &BTreeMap<String, i64>, time: i64) -> Result<Option<Chore>, RegistryError> {
        let now = super::times::millis(self.now());
        let due = self.read(|reading| reading.sql.maybe_row(DUE, &[reading.tenant.into(), now.into()]))?;
        if due.is_none() {
            return Ok(None);
        }
        let times = times.clone();
        self.write(move |writing| {
            let values = [Value::from(writing.tenant), writing.millis().into()];
            let Some(row) = writing.sql.maybe_row(DUE, &values)? else { return Ok(None) };
            claim(writing, &row.text(0)?, &times, time)
        })
    }

    /// Notes what a hook allocated, and ends the assignment. Returns false, and nothing is changed, if the claim is not good
    /// any more: then what was allocated is released by another chore.
    pub fn allocated(&self, chore: &Chore, resources: &[NewResource]) -> Result<bool, RegistryError> {
        let (chore, resources) = (chore.clone(), resources.to_vec());
        self.write(move |writing| {
            if !is_held(writing, &chore)? {
                return Ok(false);
            }
            add_resources(writing, &chore, &resources)?;
            finish(writing, HOOK, &chore.registration, &chore.device)?;
            let text = "UPDATE chore SET kind = 'allocated', due = NULL, failures = 0, changed = $1
                WHERE tenant = $2 AND registration = $3";
            let values = [writing.millis().into(), writing.tenant.into(), Value::from(&chore.registration)];
            writing.sql.execute(text, &values)?;
            Ok(true)
        })
    }

    /// The registration fails: everything that stands for it is given back, and the hook is told to release.
    pub fn unallocated(&self, chore: &Chore, why: &Unallocated) -> Result<bool, RegistryError> {
        let (chore, why) = (chore.clone(), why.clone());
        self.write(move |writing| {
            if !is_held(writing, &chore)? {
                return Ok(false);
            }
            let Chore { registration, device, group, .. } = &chore;
            let (reason, fate) = (why.words.as_str(), Fate::Forgotten);
            give_up(writing, &GivenUp { registration, device, group, reason, fate })?;
            let text = "UPDATE registration SET state = 'failed', reason = $1, decided_by = $2, changed = $3
                WHERE tenant = $4 AND id = $5";
            let by = why.is_denied.then_some(HOOK);
            let (now, tenant) = (writing.millis(), writing.tenant);
            let values = [reason.into(), by.into(), now.into(), tenant.into(), Value::from(registration)];
            writing.sql.execute(text, &values)?;
            // The hook has come back: nothing is waited for.
            let text = "UPDATE chore SET due = $1 WHERE tenant = $2 AND registration = $3 AND kind = 'release'";
            writing.sql.execute(text, &[now.into(), tenant.into(), Value::from(registration)])?;
            let detail =
                json!({ "registration": registration, "group": group, "reason": reason, "denied": why.is_denied });
            writing.note(Event {
                what: "registration-failed",
                device: Some(device.clone()),
                actor: HOOK.to_owned(),
                detail,
            });
            Ok(true)
        })
    }

    /// Notes that a hook was told to release: the resources of the registration are gone.
    pub fn released(&self, chore: &Chore) -> Result<bool, RegistryError> {
        let chore = chore.clone();
        self.write(move |writing| {
            if !is_held(writing, &chore)? {
                return Ok(false);
            }
            let mine = [Value::from(writing.tenant), Value::from(&chore.registration)];
            writing.sql.execute("DELETE FROM resource WHERE tenant = $1 AND registration = $2", &mine)?;
            writing.sql.execute("DELETE FROM chore WHERE tenant = $1 AND registration = $2", &mine)?;
            let detail = json!({ "registration": chore.registration, "group": chore.group });
            let (device, actor) = (Some(chore.device.clone()), HOOK.to_owned());
            writing.note(Event { what: "resources-released", device, actor, detail });
            Ok(true)
        })
    }

    /// Lets go of a claim: the chore is due again after `wait` milliseconds, or at once where it was turned into another
    /// meanwhile. `has_failed` counts as one more failure.
    pub fn put_off(&self, chore: &Chore, wait: i64, has_failed: bool) -> Result<(), RegistryError> {
        let chore = chore.clone();
        self.write(move |writing| {
            let text = "UPDATE chore SET due = $1, failures = failures + $6, changed = $2
                WHERE tenant = $3 AND registration = $4 AND claim = $5";
            let now = writing.millis();
            let wait = if is_held(writing, &chore)? { wait } else { 0 };
            let (registration, tenant) = (Value::from(&chore.registration), Value::from(writing.tenant));
            let values = [(now + wait).into(), now.into(), tenant, registration, chore.claim.into()];
            writing.sql.execute(text, &[&values[..], &[i64::from(has_failed).into()]].concat()).map(drop)
        })
    }
}

fn claim(
    writing: &mut Writing<'_>,
    registration: &str,
    times: &BTreeMap<String, i64>,
    time: i64,
) -> Result<Option<Chore>, RegistryError> {
    let text = "SELECT c.device, c.grp, c.kind, c.claim, c.failures, r.asked FROM chore c
        LEFT JOIN registration r ON r.tenant = c.tenant AND r.id = c.registration
        WHERE c.tenant = $1 AND c.registration = $2";
    let mine = [Value::from(writing.tenant), Value::from(registration)];
    let Some(row) = writing.sql.maybe_row(text, &mine)? else { return Ok(None) };
    let (group, number) = (row.text(1)?, row.integer(3)? + 1);
    let until = writing.millis() + times.get(&group).copied().unwrap_or(time);
    let text = "UPDATE chore SET claim = $3, due = $4 WHERE tenant = $1 AND registration = $2";
    writing.sql.execute(text, &[&mine[..], &[number.into(), until.into()]].concat())?;
    let asked = row.maybe_text(5)?.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Some(Chore {
        registration: registration.to_owned(),
        device: row.text(0)?,
        group,
        kind: if row.text(2)? == "allocate" { ChoreKind::Allocate } else { ChoreKind::Release },
        claim: number,
        failures: row.integer(4)?,
        asked: asked.map_err(|_| RegistryError::damaged("", "no JSON in it"))?.unwrap_or(Json::Null),
        resources: resources_of(writing.sql, writing.tenant, registration)?,
    }))
}

fn resources_of(sql: &mut dyn Sql, tenant: &str, registration: &str) -> Result<Vec<NewResource>, RegistryError> {
    let text = "SELECT kind, name, detail FROM resource WHERE tenant = $1 AND registration = $2 ORDER BY kind, name";
    let rows = sql.query(text, &[tenant.into(), registration.into()])?;
    let read = rows.iter().map(|row| {
        let detail = serde_json::from_str(&row.text(2)?);
        let detail = detail.map_err(|_| RegistryError::damaged("", "a resource's detail is no JSON"))?;
        Ok(NewResource { kind: row.text(0)?, name: row.text(1)?, detail })
    });
    read.collect()
}

/// Returns true while the claim is the last one and the chore is what it was. One that was turned into a release under way
/// is due at once: whoever held it has come back.
fn is_held(writing: &mut Writing<'_>, chore: &Chore) -> Result<bool, RegistryError> {
    let mine = [Value::from(writing.tenant), Value::from(&chore.registration)];
    let text = "SELECT kind, claim FROM chore WHERE tenant = $1 AND registration = $2";
    let Some(row) = writing.sql.maybe_row(text, &mine)? else { return Ok(false) };
    if row.integer(1)? != chore.claim {
        return Ok(false);
    }
    let wanted = if chore.kind == ChoreKind::Allocate { "allocate" } else { "release" };
    if row.text(0)? == wanted {
        return Ok(true);
    }
    let text = "UPDATE chore SET due = $3 WHERE tenant = $1 AND registration = $2 AND kind = 'release'";
    writing.sql.execute(text, &[&mine[..], &[writing.millis().into()]].concat())?;
    Ok(false)
}

/// What the hook allocated goes into the store and into the answer.
fn add_resources(writing: &mut Writing<'_>, chore: &Chore, new: &[NewResource]) -> Result<(), RegistryError> {
    if new.is_empty() {
        return Ok(());
    }
    let mine = [Value::from(writing.tenant), Value::from(&chore.registration)];
    let row = writing.sql.maybe_row("SELECT answer FROM registration WHERE tenant = $1 AND id = $2", &mine)?;
    let answer = row.map(|row| row.text(0)).transpose()?.unwrap_or_default();
    let mut answer: Json =
        serde_json::from_str(&answer).map_err(|_| RegistryError::damaged("", "an answer in it is no JSON"))?;
    if !answer["resources"].is_array() {
        answer["resources"] = json!([]);
    }
    for resource in new {
        let row = vec![
            writing.tenant.into(),
            Value::from(&chore.registration),
            Value::from(&resource.kind),
            Value::from(&resource.name),
            Value::from(&chore.device),
            HOOK.into(),
            resource.detail.to_string().into(),
            "allocated".into(),
            writing.millis().into(),
        ];
        let again = "ON CONFLICT (tenant, registration, kind, name) DO UPDATE SET detail = excluded.detail,
            origin = excluded.origin, state = excluded.state, changed = excluded.changed";
        sql::insert(writing.sql, RESOURCE, &[row], again)?;
        let told = json!({ "kind": resource.kind, "name": resource.name, "detail": resource.detail });
        let list = answer["resources"].as_array_mut();
        let list = list.expect("it was made a list above");
        list.retain(|known| known["kind"] != told["kind"] || known["name"] != told["name"]);
        list.push(told);
    }
    let text = "UPDATE registration SET answer = $3 WHERE tenant = $1 AND id = $2";
    writing.sql.execute(text, &[&mine[..], &[answer.to_string().into()]].concat()).map(drop)
}

const RESOURCE: &str = "resource (tenant, registration, kind, name, device, origin, detail, state, changed)";
