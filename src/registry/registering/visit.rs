//! What a registered device comes back for: its status, a report, a new certificate, its end; and what proofs need to know.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::fleet::enrolment::{GroupPolicy, Refusal};
use crate::fleet::{Digest, EndpointName};
use crate::registry::block::HOLDS;
use crate::registry::chain::Event;
use crate::registry::handle::Writing;
use crate::registry::instances::{self, ModelJudge};
use crate::registry::narrowing::Narrowing;
use crate::registry::times::millis;
use crate::registry::undo::release_all;
use crate::registry::{Registry, RegistryError, Value, sql};

use super::asked::{NewCredential, Nonce, Proof};

/// A registration as it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// The device.
    pub device: EndpointName,
    /// Its group.
    pub group: String,
    /// `assigned`, `pending`, `assigning`, `denied`, `failed`, `ended`.
    pub state: String,
    /// The request.
    pub asked: Json,
    /// The answer.
    pub answer: Json,
    /// Why it was denied or failed.
    pub reason: Option<String>,
    /// Who decided: a person, or `hook`.
    pub decided_by: Option<String>,
}

/// A group's policy and its mark.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// The group.
    pub group: String,
    /// Counted up with each change.
    pub etag: i64,
    /// The policy.
    pub policy: Arc<GroupPolicy>,
}

/// A visit of a device: who, and how it proved itself.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The registration.
    pub registration: String,
    /// The proof.
    pub proof: Proof,
    /// Its nonce.
    pub nonce: Option<Nonce>,
}

/// What a device reports.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Its firmware.
    pub firmware: Option<String>,
    /// Attributes that are new or changed.
    pub attributes: std::collections::BTreeMap<String, String>,
    /// LwM2M objects, if it lists them.
    pub objects: Vec<String>,
}

/// What became of a visit.
pub type Visited<T> = Result<T, Refusal>;

impl Registry {
    /// Returns the policies of all groups.
    pub fn policies(&self) -> Result<Vec<Policy>, RegistryError> {
        self.read(|reading| {
            let rows = reading.sql.query(
                "SELECT id, etag, policy, narrowed FROM grp WHERE tenant = $1 ORDER BY id",
                &[reading.tenant.into()],
            )?;
            rows.iter()
                .map(|row| {
                    let group = row.text(0)?;
                    let policy = serde_json::from_str(&row.text(2)?).map_err(|error| {
                        RegistryError::damaged("", format!("the policy of group {group:?} cannot be read: {error}"))
                    })?;
                    let policy = Narrowing::stored(row, 3)?.of(policy);
                    Ok(Policy { group, etag: row.integer(1)?, policy: Arc::new(policy) })
                })
                .collect()
        })
    }

    /// Returns a registration by its id.
    pub fn registration(&self, id: &str) -> Result<Option<Registered>, RegistryError> {
        let id = id.to_owned();
        self.read(move |reading| registered(reading.sql, reading.tenant, &id))
    }

    /// Returns the public half of an active key that a device has: its folded name, and the PEM text.
    pub fn public_key(&self, fingerprint: Digest) -> Result<Option<(String, String)>, RegistryError> {
        self.read(move |reading| {
            let text =
                "SELECT device, public FROM credential WHERE tenant = $1 AND fingerprint = $2 AND state = 'active'";
            let values = [reading.tenant.into(), fingerprint.as_bytes().as_slice().into()];
            reading.sql.maybe_row(text, &values)?.map(|row| Ok((row.text(0)?, row.text(1)?))).transpose()
        })
    }

    /// Notes that a device asked for its status.
    pub fn visit(&self, visit: Visit) -> Result<Visited<Registered>, RegistryError> {
        self.write(move |writing| received(writing, &visit, Wish::Look))
    }

    /// Takes a report: what is said replaces what was known, and `judge` says what becomes of the device's model, in the
    /// same transaction.
    pub fn report(
        &self,
        visit: Visit,
        report: Report,
        judge: Option<Arc<dyn ModelJudge>>,
    ) -> Result<Visited<Registered>, RegistryError> {
        self.write(move |writing| {
            let registered = match received(writing, &visit, Wish::Change)? {
                Ok(registered) => registered,
                Err(refusal) => return Ok(Err(refusal)),
            };
            note_report(writing, &registered, &report)?;
            let Some(judge) = judge.as_ref().filter(|_| registered.state == "assigned") else {
                return Ok(Ok(registered));
            };
            if instances::judged(writing, "rules", &registered.device.folded(), &**judge)?.is_none() {
                return Ok(Ok(registered));
            }
            let again = self::registered(writing.sql, writing.tenant, &visit.registration)?;
            Ok(again.ok_or(Refusal::NotRegistered))
        })
    }

    /// Checks what only the store knows of a proof, of a device that asks before it is registered; its nonce is used up.
    pub fn look(
        &self,
        device: &EndpointName,
        group: &str,
        proof: Proof,
        nonce: Option<Nonce>,
    ) -> Result<Visited<()>, RegistryError> {
        let (device, group) = (device.clone(), group.to_owned());
        self.write(move |writing| admitted(writing, &proof, nonce.as_ref(), &group, &device.folded()))
    }

    /// Gives a device a new credential in place of the one of that name; `answer` replaces the stored one.
    pub fn renew(&self, visit: Visit, new: NewCredential, answer: Json) -> Result<Visited<Registered>, RegistryError> {
        self.write(move |writing| {
            let registered = match received(writing, &visit, Wish::Change)? {
                Ok(registered) => registered,
                Err(refusal) => return Ok(Err(refusal)),
            };
            if is_taken(writing, &registered.device.folded(), new.fingerprint)? {
                return Ok(Err(Refusal::IdentityTaken));
            }
            replace_credential(writing, &registered, &new)?;
            let text = "UPDATE registration SET answer = $1, changed = $2 WHERE tenant = $3 AND id = $4";
            let values = [answer.to_string().into(), writing.millis().into(), writing.tenant.into()];
            writing.sql.execute(text, &[&values[..], &[Value::from(&registered.id)]].concat())?;
            Ok(Ok(Registered { answer: answer.clone(), ..registered }))
        })
    }

    /// Ends a registration: the device becomes one that is expected; its resources are to be released.
    pub fn end(&self, visit: Visit) -> Result<Visited<Registered>, RegistryError> {
        self.write(move |writing| {
            let registered = match received(writing, &visit, Wish::Change)? {
                Ok(registered) => registered,
                Err(refusal) => return Ok(Err(refusal)),
            };
            end(writing, &registered)?;
            Ok(Ok(registered))
        })
    }
}

fn registered(sql: &mut dyn crate::registry::Sql, tenant: &str, id: &str) -> Result<Option<Registered>, RegistryError> {
    let text = "SELECT r.id, COALESCE(d.id, r.device), r.grp, r.state, r.asked, r.answer, r.reason, r.decided_by
        FROM registration r LEFT JOIN device d ON d.tenant = r.tenant AND d.folded = r.device WHERE r.tenant = $1 AND r.id = $2";
    let Some(row) = sql.maybe_row(text, &[tenant.into(), id.into()])? else { return Ok(None) };
    let json = |text: String| serde_json::from_str(&text).map_err(|_| RegistryError::damaged("", "no JSON in it"));
    let device = EndpointName::new(&row.text(1)?);
    Ok(Some(Registered {
        id: row.text(0)?,
        device: device.map_err(|error| RegistryError::damaged("", error.to_string()))?,
        group: row.text(2)?,
        state: row.text(3)?,
        asked: json(row.text(4)?)?,
        answer: json(row.text(5)?)?,
        reason: row.maybe_text(6)?,
        decided_by: row.maybe_text(7)?,
    }))
}

/// What a visitor wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// To see how its registration stands.
    Look,
    /// To report, to renew, to end.
    Change,
}

/// Checks what only the store knows of the proof, and uses up its nonce.
fn received(writing: &mut Writing<'_>, visit: &Visit, wish: Wish) -> Result<Visited<Registered>, RegistryError> {
    let Some(registered) = registered(writing.sql, writing.tenant, &visit.registration)? else {
        return Ok(Err(Refusal::NotRegistered));
    };
    let (device, group) = (registered.device.folded(), registered.group.clone());
    let admitted = admitted(writing, &visit.proof, visit.nonce.as_ref(), &group, &device)?;
    if admitted.is_ok() && !is_ones_own(writing, visit, wish)? {
        return Ok(Err(Refusal::ProofShared));
    }
    Ok(admitted.map(|()| registered))
}

/// A token that others may hold too shows only the registration that was made with it; it changes one only if it was good
/// for one registration, which is this one.
fn is_ones_own(writing: &mut Writing<'_>, visit: &Visit, wish: Wish) -> Result<bool, RegistryError> {
    let Proof::Token(hash) = visit.proof else { return Ok(true) };
    let text = "SELECT t.device, t.max_uses FROM token t WHERE t.tenant = $1 AND t.hash = $2";
    let hash = Value::from(hash.as_bytes().as_slice());
    let Some(token) = writing.sql.maybe_row(text, &[writing.tenant.into(), hash.clone()])? else { return Ok(false) };
    if token.maybe_text(0)?.is_some() {
        return Ok(true);
    }
    let text = "SELECT 1 FROM registration WHERE tenant = $1 AND id = $2 AND token = $3";
    let made_it = writing.sql.maybe_row(text, &[writing.tenant.into(), Value::from(&visit.registration), hash])?;
    Ok(made_it.is_some() && (wish == Wish::Look || token.maybe_integer(1)? == Some(1)))
}

/// Checks that a device is not blocked and what only the store knows of its proof, and uses up its nonce.
pub(super) fn admitted(
    writing: &mut Writing<'_>,
    proof: &Proof,
    nonce: Option<&Nonce>,
    group: &str,
    folded: &str,
) -> Result<Visited<()>, RegistryError> {
    let tenant = writing.tenant;
    let text = format!("SELECT 1 FROM block WHERE tenant = $1 AND {HOLDS} AND device = $3");
    let blocked = writing.sql.maybe_row(&text, &[tenant.into(), writing.millis().into(), folded.into()])?;
    if blocked.is_some() {
        return Ok(Err(Refusal::DeviceBlocked));
    }
    if let Err(refusal) = check_proof(writing, proof, group, folded)? {
        return Ok(Err(refusal));
    }
    let text = "SELECT 1 FROM device WHERE tenant = $1 AND folded = $2 AND state = 'retired'";
    if writing.sql.maybe_row(text, &[tenant.into(), folded.into()])?.is_some() {
        return Ok(Err(Refusal::DeviceRetired));
    }
    if let Some(nonce) = nonce {
        let row = vec![vec![tenant.into(), Value::from(&nonce.value), millis(nonce.expires).into()]];
        if sql::insert(writing.sql, "nonce (tenant, value, expires)", &row, "ON CONFLICT DO NOTHING")? == 0 {
            return Ok(Err(Refusal::NonceReplayed));
        }
    }
    Ok(Ok(()))
}

fn check_proof(
    writing: &mut Writing<'_>,
    proof: &Proof,
    group: &str,
    folded: &str,
) -> Result<Visited<()>, RegistryError> {
    let tenant = writing.tenant;
    match proof {
        Proof::Claim => Ok(Ok(())),
        // To be asked is no visit.
        Proof::Answered => Ok(Err(Refusal::ProofMissing)),
        Proof::Token(hash) => {
            let text =
                "SELECT grp, device FROM token WHERE tenant = $1 AND hash = $2 AND role IS NULL AND revoked IS NULL";
            let row = writing.sql.maybe_row(text, &[tenant.into(), hash.as_bytes().as_slice().into()])?;
            let Some(row) = row else { return Ok(Err(Refusal::TokenUnknown)) };
            let is_its = row.maybe_text(0)?.is_none_or(|of| of == group)
                && row.maybe_text(1)?.is_none_or(|device| device == folded);
            Ok(if is_its { Ok(()) } else { Err(Refusal::ProofOfAnotherDevice) })
        }
        Proof::Key { fingerprint, must_be_known } => {
            let text = "SELECT device, state FROM credential WHERE tenant = $1 AND fingerprint = $2";
            let row = writing.sql.maybe_row(text, &[tenant.into(), fingerprint.as_bytes().as_slice().into()])?;
            Ok(match row {
                Some(row) if row.text(0)? != folded => Err(Refusal::ProofOfAnotherDevice),
                Some(row) if row.text(1)? != "active" => Err(Refusal::CertificateRevoked),
                None if *must_be_known => Err(Refusal::ProofInvalid),
                _ => Ok(()),
            })
        }
    }
}

fn note_report(writing: &mut Writing<'_>, registered: &Registered, report: &Report) -> Result<(), RegistryError> {
    let (tenant, now, folded) = (writing.tenant, writing.millis(), registered.device.folded());
    let row = writing.sql.maybe_row(
        "SELECT firmware, attributes FROM device WHERE tenant = $1 AND folded = $2",
        &[tenant.into(), Value::from(&folded)],
    )?;
    let Some(row) = row else { return Ok(()) };
    let before = row.maybe_text(0)?;
    let mut attributes: std::collections::BTreeMap<String, String> =
        serde_json::from_str(&row.text(1)?).unwrap_or_default();
    attributes.extend(report.attributes.clone());
    let text = "UPDATE device SET firmware = COALESCE($1, firmware), objects = COALESCE($2, objects), attributes = $3,
        seen = $4, changed = $4, etag = etag + 1 WHERE tenant = $5 AND folded = $6";
    let attributes = serde_json::to_string(&attributes).expect("texts are plain data");
    let values = [
        report.firmware.as_deref().into(),
        instances::objects_text(&report.objects).into(),
        attributes.into(),
        now.into(),
        tenant.into(),
        Value::from(&folded),
    ];
    writing.sql.execute(text, &values)?;
    let rows = report
        .attributes
        .iter()
        .map(|(name, value)| vec![tenant.into(), Value::from(name), Value::from(value), Value::from(&folded)]);
    sql::insert(
        writing.sql,
        "attribute (tenant, name, value, device)",
        rows.collect::<Vec<_>>(),
        "ON CONFLICT (tenant, device, name) DO UPDATE SET value = excluded.value",
    )?;
    let detail = json!({ "firmware": report.firmware, "before": before, "objects": report.objects });
    writing.note(Event { what: "reported", device: Some(folded), actor: "device".to_owned(), detail });
    Ok(())
}

fn is_taken(writing: &mut Writing<'_>, folded: &str, fingerprint: Digest) -> Result<bool, RegistryError> {
    let text = "SELECT device, state FROM credential WHERE tenant = $1 AND fingerprint = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), fingerprint.as_bytes().as_slice().into()])?;
    row.map_or(Ok(false), |row| Ok(row.text(0)? != folded || row.text(1)? != "active"))
}

fn replace_credential(
    writing: &mut Writing<'_>,
    registered: &Registered,
    new: &NewCredential,
) -> Result<(), RegistryError> {
    let (tenant, now, folded) = (writing.tenant, writing.millis(), registered.device.folded());
    let fingerprint = Value::from(new.fingerprint.as_bytes().as_slice());
    let retired = "UPDATE credential SET state = 'retired', changed = $1 WHERE tenant = $2 AND device = $3
        AND name = $4 AND state = 'active' AND fingerprint <> $5";
    let values = [now.into(), tenant.into(), Value::from(&folded), Value::from(&new.name), fingerprint.clone()];
    writing.sql.execute(retired, &values)?;
    let row = vec![
        tenant.into(),
        fingerprint,
        Value::from(&folded),
        Value::from(&new.name),
        Value::from(&new.kind),
        "active".into(),
        Value::from(&new.public),
        new.not_before.map(millis).into(),
        new.not_after.map(millis).into(),
        Value::from(&registered.id),
        now.into(),
    ];
    let into =
        "credential (tenant, fingerprint, device, name, kind, state, public, not_before, not_after, registration,
        changed)";
    let again = "ON CONFLICT (tenant, fingerprint) DO UPDATE SET public = excluded.public,
        not_before = excluded.not_before, not_after = excluded.not_after, changed = excluded.changed";
    sql::insert(writing.sql, into, &[row], again)?;
    let detail = json!({ "name": new.name, "registration": registered.id });
    writing.note(Event { what: "credential-renewed", device: Some(folded), actor: "device".to_owned(), detail });
    Ok(())
}

fn end(writing: &mut Writing<'_>, registered: &Registered) -> Result<(), RegistryError> {
    if !matches!(registered.state.as_str(), "assigned" | "pending" | "assigning") {
        return Ok(());
    }
    let (tenant, now, folded) = (writing.tenant, writing.millis(), registered.device.folded());
    let values = [Value::from(now), tenant.into(), Value::from(&registered.id)];
    let ended = "UPDATE registration SET state = 'ended', changed = $1 WHERE tenant = $2 AND id = $3";
    writing.sql.execute(ended, &values)?;
    let values = [Value::from(now), tenant.into(), Value::from(&folded)];
    let free = "UPDATE device SET state = 'expected', registration = NULL, changed = $1, etag = etag + 1
        WHERE tenant = $2 AND folded = $3 AND state <> 'retired'";
    writing.sql.execute(free, &values)?;
    release_all(writing, &folded)?;
    let group = "UPDATE grp SET used = used - 1 WHERE tenant = $1 AND id = $2";
    writing.sql.execute(group, &[tenant.into(), Value::from(&registered.group)])?;
    let detail = json!({ "registration": registered.id, "group": registered.group });
    writing.note(Event { what: "registration-ended", device: Some(folded), actor: "device".to_owned(), detail });
    Ok(())
}
