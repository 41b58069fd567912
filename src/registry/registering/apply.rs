//! Writing down what was decided for a batch: few statements, one transaction, the snapshot kept in step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::fleet::Digest;
use crate::registry::chain::Event;
use crate::registry::handle::Writing;
use crate::registry::times::millis;
use crate::registry::undo::release_all;
use crate::registry::{RegistryError, Value, instances, models, sql};

use super::asked::{Asked, Decision, Proof};
use super::decide::{Stage, Verdict, decide};
use super::snapshot::{CredentialRow, DeviceRow, RegistrationRow, Snapshot};

/// Rows that go into the store together.
#[derive(Default)]
struct Rows {
    devices: Vec<Vec<Value>>,
    attributes: Vec<Vec<Value>>,
    registrations: Vec<Vec<Value>>,
    credentials: Vec<Vec<Value>>,
    models: Vec<Vec<Value>>,
    instances: Vec<Vec<Value>>,
    resources: Vec<Vec<Value>>,
    chores: Vec<Vec<Value>>,
    nonces: Vec<Vec<Value>>,
    groups: BTreeMap<String, i64>,
    tokens: BTreeMap<Digest, i64>,
    allowed: BTreeMap<(String, String), i64>,
}

/// Decides and writes a batch; one decision for each, in order.
pub(super) fn register_all(writing: &mut Writing<'_>, batch: &[Asked]) -> Result<Vec<Decision>, RegistryError> {
    let now = writing.millis();
    let mut found = Snapshot::read(writing.sql, writing.tenant, now, batch)?;
    let mut rows = Rows::default();
    let mut decisions = Vec::with_capacity(batch.len());
    for asked in batch {
        let verdict = decide(asked, &found, now);
        let keeps = matches!(verdict, Verdict::Anew { keeps: true } | Verdict::Rotate(_));
        let asked = &*found.standings.settle(asked, keeps);
        note(writing, asked, &verdict);
        remember_nonce(writing, &mut rows, &mut found, asked, &verdict);
        decisions.push(carry_out(writing, &mut rows, &mut found, asked, verdict)?);
    }
    rows.write(writing)?;
    Ok(decisions)
}

fn carry_out(
    writing: &mut Writing<'_>,
    rows: &mut Rows,
    found: &mut Snapshot,
    asked: &Asked,
    verdict: Verdict,
) -> Result<Decision, RegistryError> {
    let (registration, answer) = (asked.registration.clone(), asked.answer.clone());
    Ok(match verdict {
        Verdict::New(stage) => {
            replace_ended(writing, found, asked)?;
            rows.add(writing, found, asked, stage)?;
            match stage {
                Stage::Assigned => Decision::Assigned { registration, answer },
                Stage::Pending => Decision::Pending { registration },
                Stage::Assigning => Decision::Assigning { registration },
            }
        }
        Verdict::Anew { .. } => {
            give_up(writing, rows, found, asked)?;
            let stage = if asked.allocates { Stage::Assigning } else { Stage::Assigned };
            rows.add(writing, found, asked, stage)?;
            match stage {
                Stage::Assigned => Decision::Assigned { registration, answer },
                _ => Decision::Assigning { registration },
            }
        }
        Verdict::Rotate(current) => {
            rotate(writing, rows, found, asked, &current)?;
            Decision::Assigned { registration: current, answer }
        }
        Verdict::Same(registration, answer) => Decision::Same { registration, answer },
        Verdict::Waits(registration, Stage::Pending) => Decision::Pending { registration },
        Verdict::Waits(registration, _) => Decision::Assigning { registration },
        Verdict::Refused(refusal) => Decision::Refused(refusal),
        Verdict::Stale => Decision::Stale,
    })
}

fn note(writing: &mut Writing<'_>, asked: &Asked, verdict: &Verdict) {
    let (what, more) = match verdict {
        Verdict::New(Stage::Assigned) => ("registered", json!({})),
        Verdict::New(Stage::Pending) => ("registration-pending", json!({})),
        Verdict::New(Stage::Assigning) => ("registration-assigning", json!({})),
        Verdict::Anew { keeps: true } => ("registration-moved", json!({})),
        Verdict::Anew { keeps: false } => ("registration-reset", json!({})),
        Verdict::Rotate(_) => ("credential-rotated", json!({})),
        Verdict::Refused(refusal) => ("registration-refused", json!({ "code": refusal.code() })),
        // Nothing changed, nothing was refused.
        Verdict::Same(..) | Verdict::Waits(..) | Verdict::Stale => return,
    };
    let mut detail = json!({ "group": asked.group, "proof": proof_word(&asked.proof), "source": asked.source });
    let is_change = more.as_object().is_some_and(serde_json::Map::is_empty);
    if is_change {
        detail["registration"] = json!(asked.registration);
    }
    if let Some(instance) = asked.instance.as_ref().filter(|_| is_change) {
        detail["model"] = json!(format!("{}@{}", instance.model, instance.version));
    }
    if let (Some(detail), serde_json::Value::Object(more)) = (detail.as_object_mut(), more) {
        detail.extend(more);
    }
    writing.note(Event { what, device: Some(asked.device.folded()), actor: "device".to_owned(), detail });
}

fn token_of(asked: &Asked) -> Option<Digest> {
    match asked.proof {
        Proof::Token(hash) => Some(hash),
        _ => None,
    }
}

fn proof_word(proof: &Proof) -> &'static str {
    match proof {
        Proof::Token(_) => "token",
        Proof::Key { .. } => "key",
        Proof::Claim => "claim",
        Proof::Answered => "answered",
    }
}

/// A nonce is used up by every request whose proof was good, whatever became of it.
fn remember_nonce(writing: &Writing<'_>, rows: &mut Rows, found: &mut Snapshot, asked: &Asked, verdict: &Verdict) {
    let Some(nonce) = &asked.nonce else { return };
    if *verdict == Verdict::Stale || !found.nonces.insert(nonce.value.clone()) {
        return;
    }
    rows.nonces.push(vec![writing.tenant.into(), Value::from(&nonce.value), millis(nonce.expires).into()]);
}

/// A registration that failed or ended makes room for the same request.
fn replace_ended(writing: &mut Writing<'_>, found: &mut Snapshot, asked: &Asked) -> Result<(), RegistryError> {
    if found.requests.remove(&asked.request).is_some() {
        let text = "UPDATE registration SET request = id WHERE tenant = $1 AND request = $2";
        writing.sql.execute(text, &[writing.tenant.into(), Value::from(&asked.request)])?;
    }
    Ok(())
}

/// The device leaves its registration: its resources are to be released.
fn give_up(
    writing: &mut Writing<'_>,
    rows: &mut Rows,
    found: &mut Snapshot,
    asked: &Asked,
) -> Result<(), RegistryError> {
    replace_ended(writing, found, asked)?;
    let folded = asked.device.folded();
    let (tenant, now) = (writing.tenant, writing.millis());
    let device = [Value::from(now), tenant.into(), Value::from(&folded)];
    let ended = "UPDATE registration SET state = 'ended', changed = $1 WHERE tenant = $2 AND device = $3
        AND state <> 'ended'";
    writing.sql.execute(ended, &device)?;
    release_all(writing, &folded)?;
    if asked.credential.is_some() {
        let retired = "UPDATE credential SET state = 'retired', changed = $1 WHERE tenant = $2 AND device = $3
            AND state = 'active' AND name = $4";
        let name = asked.credential.as_ref().map(|new| new.name.clone());
        writing.sql.execute(retired, &[&device[..], &[Value::from(name)]].concat())?;
    }
    if let Some(before) = found.devices.get(&folded).and_then(|device| device.group.clone()) {
        *rows.groups.entry(before.clone()).or_default() -= 1;
        if let Some(group) = found.groups.get_mut(&before) {
            group.used -= 1;
        }
    }
    Ok(())
}

fn rotate(
    writing: &mut Writing<'_>,
    rows: &mut Rows,
    found: &mut Snapshot,
    asked: &Asked,
    current: &str,
) -> Result<(), RegistryError> {
    let Some(new) = &asked.credential else { return Ok(()) };
    let (tenant, now, folded) = (writing.tenant, writing.millis(), asked.device.folded());
    let retired = "UPDATE credential SET state = 'retired', changed = $1 WHERE tenant = $2 AND device = $3
        AND name = $4 AND state = 'active' AND fingerprint <> $5";
    let fingerprint = Value::from(new.fingerprint.as_bytes().as_slice());
    let values = [now.into(), tenant.into(), Value::from(&folded), Value::from(&new.name), fingerprint];
    writing.sql.execute(retired, &values)?;
    let answered = "UPDATE registration SET answer = $1, request = $2, digest = $3, changed = $4
        WHERE tenant = $5 AND id = $6";
    let digest = Value::from(asked.digest.as_bytes().as_slice());
    let answer = Value::from(asked.answer.to_string());
    let values = [answer, Value::from(&asked.request), digest, now.into(), tenant.into(), current.into()];
    writing.sql.execute(answered, &values)?;
    rows.add_credential(writing, found, asked);
    let row = RegistrationRow {
        id: current.to_owned(),
        token: found.current.get(current).and_then(|row| row.token),
        device: folded,
        digest: asked.digest,
        state: "assigned".to_owned(),
        answer: asked.answer.clone(),
    };
    found.requests.insert(asked.request.clone(), row.clone());
    found.current.insert(current.to_owned(), row);
    Ok(())
}

impl Rows {
    /// Adds everything of a device that is registered, or about to be.
    fn add(
        &mut self,
        writing: &mut Writing<'_>,
        found: &mut Snapshot,
        asked: &Asked,
        stage: Stage,
    ) -> Result<(), RegistryError> {
        self.add_device(writing, asked, stage);
        self.add_registration(writing, found, asked, stage);
        self.add_credential(writing, found, asked);
        self.add_instance(writing, found, asked)?;
        self.add_resources(writing, asked, stage);
        self.add_chore(writing, asked, stage);
        self.count(found, asked);
        Self::keep_in_step(found, asked, stage);
        Ok(())
    }

    fn add_device(&mut self, writing: &Writing<'_>, asked: &Asked, stage: Stage) {
        let (tenant, now, folded) = (writing.tenant, writing.millis(), asked.device.folded());
        let facts = &asked.facts;
        let lease = asked.policy.lease.and_then(|lease| i64::try_from(lease).ok()).map(|lease| now + lease * 1_000);
        let attributes = serde_json::to_string(&facts.attributes).expect("texts are plain data");
        self.devices.push(vec![
            tenant.into(),
            Value::from(&folded),
            asked.device.as_str().into(),
            facts.serial.as_ref().map(ToString::to_string).into(),
            Value::from(&asked.group),
            stage.device().into(),
            "registered".into(),
            Value::from(&asked.registration),
            asked.instance.as_ref().map(|instance| instance.model.as_str()).into(),
            asked.instance.as_ref().map(|instance| instance.version.as_str()).into(),
            facts.vendor.as_deref().into(),
            facts.hardware.as_deref().into(),
            facts.firmware.as_deref().into(),
            facts.protocol.as_deref().into(),
            facts.address.as_deref().into(),
            instances::objects_text(&facts.objects).into(),
            attributes.into(),
            lease.into(),
            now.into(),
            1.into(),
            now.into(),
            now.into(),
        ]);
        for (name, value) in &facts.attributes {
            self.attributes.push(vec![tenant.into(), Value::from(name), Value::from(value), Value::from(&folded)]);
        }
    }

    fn add_registration(&mut self, writing: &Writing<'_>, found: &mut Snapshot, asked: &Asked, stage: Stage) {
        let now = writing.millis();
        self.registrations.push(vec![
            writing.tenant.into(),
            Value::from(&asked.registration),
            Value::from(&asked.request),
            asked.digest.as_bytes().as_slice().into(),
            asked.device.folded().into(),
            Value::from(&asked.group),
            stage.registration().into(),
            asked.asked.to_string().into(),
            asked.answer.to_string().into(),
            token_of(asked).map(|hash| hash.as_bytes().to_vec()).into(),
            i64::from(found.allowed.contains_key(&(asked.group.clone(), asked.device.folded()))).into(),
            now.into(),
            now.into(),
        ]);
        let row = RegistrationRow {
            id: asked.registration.clone(),
            token: token_of(asked),
            device: asked.device.folded(),
            digest: asked.digest,
            state: stage.registration().to_owned(),
            answer: asked.answer.clone(),
        };
        found.requests.insert(asked.request.clone(), row.clone());
        found.current.insert(row.id.clone(), row);
    }

    fn add_credential(&mut self, writing: &Writing<'_>, found: &mut Snapshot, asked: &Asked) {
        let mut add = |name: &str, kind: &str, fingerprint: Digest, public: &str, times: [Option<i64>; 2]| {
            if found.credentials.contains_key(&fingerprint) {
                return;
            }
            self.credentials.push(vec![
                writing.tenant.into(),
                fingerprint.as_bytes().as_slice().into(),
                asked.device.folded().into(),
                name.into(),
                kind.into(),
                "active".into(),
                public.into(),
                times[0].into(),
                times[1].into(),
                Value::from(&asked.registration),
                writing.millis().into(),
            ]);
            let row = CredentialRow { device: asked.device.folded(), is_active: true };
            found.credentials.insert(fingerprint, row);
        };
        // The key it proved itself by belongs to it from now on: nobody else may come with it.
        if let Proof::Key { fingerprint, .. } = asked.proof {
            add("proof", "key", fingerprint, "", [None, None]);
        }
        if let Some(new) = &asked.credential {
            let times = [new.not_before.map(millis), new.not_after.map(millis)];
            add(&new.name, &new.kind, new.fingerprint, &new.public, times);
        }
    }

    fn add_instance(
        &mut self,
        writing: &mut Writing<'_>,
        found: &mut Snapshot,
        asked: &Asked,
    ) -> Result<(), RegistryError> {
        let Some(instance) = &asked.instance else { return Ok(()) };
        self.models.extend(found.standings.bring(writing, instance));
        // One of the same batch is not in the store yet.
        let folded = Value::from(asked.device.folded());
        for earlier in self.instances.iter_mut().filter(|row| row[1] == folded) {
            earlier[6] = "former".into();
        }
        self.instances.push(found.standings.replace(writing, asked, instance)?);
        Ok(())
    }

    fn add_resources(&mut self, writing: &Writing<'_>, asked: &Asked, stage: Stage) {
        let state = if stage == Stage::Assigned { "allocated" } else { "wanted" };
        for resource in &asked.resources {
            self.resources.push(vec![
                writing.tenant.into(),
                Value::from(&asked.registration),
                Value::from(&resource.kind),
                Value::from(&resource.name),
                asked.device.folded().into(),
                "declared".into(),
                resource.detail.to_string().into(),
                state.into(),
                writing.millis().into(),
            ]);
        }
    }

    /// A hook is to be asked, by whoever gets to it first, and after a crash too.
    fn add_chore(&mut self, writing: &Writing<'_>, asked: &Asked, stage: Stage) {
        if stage == Stage::Assigning {
            let now = writing.millis();
            self.chores.push(vec![
                writing.tenant.into(),
                Value::from(&asked.registration),
                asked.device.folded().into(),
                Value::from(&asked.group),
                "allocate".into(),
                now.into(),
                0.into(),
                0.into(),
                now.into(),
            ]);
        }
    }

    fn count(&mut self, found: &mut Snapshot, asked: &Asked) {
        *self.groups.entry(asked.group.clone()).or_default() += 1;
        if let Some(group) = found.groups.get_mut(&asked.group) {
            group.used += 1;
        }
        if let Proof::Token(hash) = asked.proof {
            *self.tokens.entry(hash).or_default() += 1;
            if let Some(token) = found.tokens.get_mut(&hash) {
                token.used += 1;
            }
        }
        let key = (asked.group.clone(), asked.device.folded());
        if let Some(entry) = found.allowed.get_mut(&key) {
            entry.used += 1;
            *self.allowed.entry(key).or_default() += 1;
        }
    }

    fn keep_in_step(found: &mut Snapshot, asked: &Asked, stage: Stage) {
        let device = DeviceRow {
            state: stage.device().to_owned(),
            group: Some(asked.group.clone()),
            registration: Some(asked.registration.clone()),
        };
        found.devices.insert(asked.device.folded(), device);
        if let Some(serial) = &asked.facts.serial {
            found.serials.insert(serial.to_string(), asked.device.folded());
        }
    }

    fn write(self, writing: &mut Writing<'_>) -> Result<(), RegistryError> {
        let (tenant, now) = (writing.tenant, writing.millis());
        let sql = &mut *writing.sql;
        sql.execute("DELETE FROM nonce WHERE tenant = $1 AND expires < $2", &[tenant.into(), now.into()])?;
        sql::insert(sql, "nonce (tenant, value, expires)", self.nonces, "")?;
        for some in once_each(self.devices) {
            sql::insert(sql, DEVICE, some, DEVICE_AGAIN)?;
        }
        let attributes = "attribute (tenant, name, value, device)";
        for some in once_each(self.attributes) {
            sql::insert(
                sql,
                attributes,
                some,
                "ON CONFLICT (tenant, device, name) DO UPDATE SET value = excluded.value",
            )?;
        }
        sql::insert(sql, REGISTRATION, self.registrations, "")?;
        sql::insert(sql, CREDENTIAL, self.credentials, "")?;
        sql::insert(sql, models::INTO, self.models, "")?;
        sql::insert(sql, instances::INTO, self.instances, "")?;
        let chore = "chore (tenant, registration, device, grp, kind, due, claim, failures, changed)";
        sql::insert(sql, chore, self.chores, "")?;
        let resource = "resource (tenant, registration, kind, name, device, origin, detail, state, changed)";
        for some in once_each(self.resources) {
            sql::insert(sql, resource, some, RESOURCE_AGAIN)?;
        }
        for (group, more) in self.groups {
            let text = "UPDATE grp SET used = used + $1 WHERE tenant = $2 AND id = $3";
            sql.execute(text, &[more.into(), tenant.into(), group.into()])?;
        }
        for (hash, more) in self.tokens {
            let text = "UPDATE token SET used = used + $1 WHERE tenant = $2 AND hash = $3";
            sql.execute(text, &[more.into(), tenant.into(), hash.as_bytes().as_slice().into()])?;
        }
        for ((group, device), more) in self.allowed {
            let text = "UPDATE allow SET used = used + $1 WHERE tenant = $2 AND grp = $3 AND device = $4";
            sql.execute(text, &[more.into(), tenant.into(), group.into(), device.into()])?;
        }
        Ok(())
    }
}

/// The keys of rows, and the rows.
type Round = (BTreeSet<Vec<Value>>, Vec<Vec<Value>>);

/// Splits rows so that no statement touches a row twice, which PostgreSQL refuses. Keys are told by the columns that name
/// a device and, where there is one, a kind and a name.
fn once_each(rows: Vec<Vec<Value>>) -> Vec<Vec<Vec<Value>>> {
    let mut rounds: Vec<Round> = Vec::new();
    for row in rows {
        let key = match row.len() {
            // A device: tenant and name. An attribute: tenant, name and device. A resource: registration, kind, name.
            4 => vec![row[1].clone(), row[3].clone()],
            9 => row[1..4].to_vec(),
            _ => vec![row[1].clone()],
        };
        match rounds.iter_mut().find(|(keys, _)| !keys.contains(&key)) {
            Some((keys, rows)) => {
                keys.insert(key);
                rows.push(row);
            }
            None => rounds.push(([key].into(), vec![row])),
        }
    }
    rounds.into_iter().map(|(_, rows)| rows).collect()
}

const DEVICE: &str =
    "device (tenant, folded, id, serial, grp, state, origin, registration, model, model_version, vendor,
    hardware, firmware, protocol, address, objects, attributes, lease_until, seen, etag, created, changed)";

/// What the device says anew replaces what was known; what it does not say stays.
const DEVICE_AGAIN: &str = "ON CONFLICT (tenant, folded) DO UPDATE SET
    serial = COALESCE(excluded.serial, device.serial), grp = excluded.grp, state = excluded.state,
    registration = excluded.registration, model = COALESCE(excluded.model, device.model),
    model_version = COALESCE(excluded.model_version, device.model_version),
    vendor = COALESCE(excluded.vendor, device.vendor), hardware = COALESCE(excluded.hardware, device.hardware),
    firmware = COALESCE(excluded.firmware, device.firmware), protocol = COALESCE(excluded.protocol, device.protocol),
    address = COALESCE(excluded.address, device.address), objects = COALESCE(excluded.objects, device.objects),
    attributes = excluded.attributes,
    lease_until = excluded.lease_until, seen = excluded.seen, etag = device.etag + 1, changed = excluded.changed";

const REGISTRATION: &str =
    "registration (tenant, id, request, digest, device, grp, state, asked, answer, token, listed, created, changed)";

const CREDENTIAL: &str =
    "credential (tenant, fingerprint, device, name, kind, state, public, not_before, not_after, registration, changed)";

const RESOURCE_AGAIN: &str = "ON CONFLICT (tenant, registration, kind, name) DO UPDATE SET
    detail = excluded.detail, state = excluded.state, changed = excluded.changed";
