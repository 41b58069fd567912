//! Instances of models: what is said about a device in its model's words, now, before, and perhaps soon.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};
use time::OffsetDateTime;

use crate::fleet::EndpointName;
use crate::fleet::model::{DeviceFacts, Instance, ModelRef, ObjectVersion};

use super::handle::{Registry, Writing};
use super::text::storable;
use super::times::of_millis;
use super::{Event, ExpectedDevice, RegistryError, Row, Sql, Value, devices, expecting};

/// Attribute that holds the vendor's model designation, which rules ask for by `model`.
pub const DESIGNATION: &str = "model";
/// Most former instances that are kept of a device.
const MOST_FORMER: i64 = 16;

/// What an instance is to its device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InstanceState {
    /// The one that holds.
    Current,
    /// Waits for a person; its values are still those of the current one.
    Proposed,
    /// Held once; kept for the way back.
    Former,
}

/// Who chose a device's model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Chosen {
    /// A rule.
    Rule,
    /// No rule fits: the group's fallback, or the opaque model.
    Fallback,
    /// The device, by reference.
    Device,
    /// The device, which brought it.
    Supplied,
    /// A person: no rule changes it.
    Hand,
}

impl Chosen {
    /// Returns the word of the column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Fallback => "fallback",
            Self::Device => "device",
            Self::Supplied => "supplied",
            Self::Hand => "hand",
        }
    }

    fn of(word: &str) -> Result<Self, RegistryError> {
        [Self::Rule, Self::Fallback, Self::Device, Self::Supplied, Self::Hand]
            .into_iter()
            .find(|chosen| chosen.as_str() == word)
            .ok_or_else(|| RegistryError::damaged("", format!("{word:?} is no origin of an instance")))
    }
}

/// An instance as it lies in the store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct InstanceRow {
    /// The device, folded.
    pub device: String,
    /// Counts up for each device.
    pub number: i64,
    /// Model, version and values.
    #[serde(flatten)]
    pub instance: Instance,
    /// What it is to the device.
    pub state: InstanceState,
    /// Who chose it.
    pub chosen: Chosen,
    /// When it came into this state.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

/// What becomes of a device's model.
#[derive(Clone, PartialEq, Debug)]
pub enum ModelChange {
    /// It gets this instance: the first one, or another by hand.
    Assign(Instance, Chosen),
    /// It is moved to this instance of a newer version.
    Migrate(Instance, Chosen),
    /// It should get this model, which a person must approve.
    Propose(ModelRef, Chosen),
    /// What was proposed is not wanted any more.
    Withdraw,
}

/// What is known of a device's model, and what its rules ask for.
#[derive(Clone, PartialEq, Debug)]
pub struct ModelOf {
    /// The device.
    pub device: EndpointName,
    /// Its facts.
    pub facts: DeviceFacts,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// The instance that holds.
    pub current: Option<InstanceRow>,
    /// The one that waits.
    pub proposed: Option<InstanceRow>,
}

/// Says what becomes of a device's model, from what is known of it. It is asked within a transaction and may be asked again.
pub trait ModelJudge: Send + Sync {
    /// Returns the change; none if all stays.
    fn judge(&self, known: &ModelOf) -> Option<ModelChange>;
}

const COLUMNS: &str = "device, number, model, version, model_values, state, origin, changed";

impl Registry {
    /// Returns the instances of a device, newest first.
    pub fn instances(&self, device: &EndpointName) -> Result<Vec<InstanceRow>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM instance WHERE tenant = $1 AND device = $2 ORDER BY number DESC");
        self.read(|reading| {
            let rows = reading.sql.query(&text, &[reading.tenant.into(), device.folded().into()])?;
            rows.iter().map(row_of).collect()
        })
    }

    /// Returns up to `limit` instances that wait for a person, of devices after `after` (folded; "" for the first).
    pub fn proposed_instances(&self, after: &str, limit: u32) -> Result<Vec<InstanceRow>, RegistryError> {
        let text = format!(
            "SELECT {COLUMNS} FROM instance WHERE tenant = $1 AND state = 'proposed' AND device > $2
            ORDER BY device, number LIMIT $3"
        );
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(row_of).collect()
        })
    }

    /// Returns what is known of a device's model.
    ///
    /// # Errors
    ///
    /// Not found where there is no such device.
    pub fn model_of(&self, device: &EndpointName) -> Result<ModelOf, RegistryError> {
        let folded = device.folded();
        self.read(move |reading| known(reading.sql, reading.tenant, &folded))
    }

    /// Changes a device's model as `judge` says, in one transaction. Returns what was done, if anything.
    pub fn change_model(
        &self,
        actor: &str,
        device: &EndpointName,
        judge: std::sync::Arc<dyn ModelJudge>,
    ) -> Result<Option<ModelChange>, RegistryError> {
        let (actor, folded) = (storable("operator", actor)?, device.folded());
        self.write(move |writing| judged(writing, &actor, &folded, &*judge))
    }

    /// Gives a device an instance by hand; from now on no rule changes it.
    pub fn assign_model(&self, actor: &str, device: &EndpointName, new: Instance) -> Result<(), RegistryError> {
        let (actor, folded) = (storable("operator", actor)?, device.folded());
        self.write(move |writing| {
            let known = known(writing.sql, writing.tenant, &folded)?;
            change(writing, &actor, &known, &ModelChange::Assign(new.clone(), Chosen::Hand))
        })
    }

    /// Adds a device that is expected and not known yet, with an instance by hand where there is one; all or nothing.
    ///
    /// # Errors
    ///
    /// A conflict where it is known, or its serial number is another's.
    pub fn add_device_of(
        &self,
        device: ExpectedDevice,
        new: Option<Instance>,
        origin: &str,
        actor: &str,
    ) -> Result<(), RegistryError> {
        let (origin, actor, folded) = (origin.to_owned(), storable("operator", actor)?, device.id.folded());
        self.write(move |writing| {
            expecting::add(writing, &device, &origin, &actor)?;
            let Some(new) = &new else { return Ok(()) };
            let known = known(writing.sql, writing.tenant, &folded)?;
            change(writing, &actor, &known, &ModelChange::Assign(new.clone(), Chosen::Hand))
        })
    }

    /// Approves what is proposed for a device: `new` becomes current, which was made of the instance numbered `from`.
    ///
    /// # Errors
    ///
    /// Conflict where nothing is proposed, something else is, or the current instance is another one by now.
    pub fn approve_instance(
        &self,
        actor: &str,
        device: &EndpointName,
        from: i64,
        new: Instance,
    ) -> Result<(), RegistryError> {
        let (actor, folded) = (storable("operator", actor)?, device.folded());
        self.write(move |writing| {
            let known = known(writing.sql, writing.tenant, &folded)?;
            let Some(proposed) = &known.proposed else { return Err(conflict(&known, "has no proposed model")) };
            let is_its = (&proposed.instance.model, proposed.instance.version) == (&new.model, new.version);
            if !is_its || known.current.as_ref().map(|current| current.number) != Some(from) {
                return Err(conflict(&known, "has another model by now: look again"));
            }
            change(writing, &actor, &known, &ModelChange::Migrate(new.clone(), proposed.chosen))
        })
    }

    /// Dismisses what is proposed for a device: it keeps its model as if a person had chosen it.
    ///
    /// # Errors
    ///
    /// Conflict where nothing is proposed.
    pub fn dismiss_instance(&self, actor: &str, device: &EndpointName, reason: &str) -> Result<(), RegistryError> {
        let (actor, folded, reason) = (storable("operator", actor)?, device.folded(), storable("reason", reason)?);
        self.write(move |writing| {
            let known = known(writing.sql, writing.tenant, &folded)?;
            let Some(proposed) = &known.proposed else { return Err(conflict(&known, "has no proposed model")) };
            drop_proposed(writing, &folded)?;
            let text = "UPDATE instance SET origin = 'hand' WHERE tenant = $1 AND device = $2 AND state = 'current'";
            writing.sql.execute(text, &[writing.tenant.into(), Value::from(&folded)])?;
            let detail = json!({ "model": reference(&proposed.instance), "reason": reason });
            note(writing, "model.dismissed", &actor, &folded, detail);
            Ok(())
        })
    }

    /// Goes back to the instance that held before the current one; no rule changes it from now on. Returns it.
    ///
    /// # Errors
    ///
    /// Conflict where none held before.
    pub fn roll_back_model(&self, actor: &str, device: &EndpointName) -> Result<Instance, RegistryError> {
        let (actor, folded) = (storable("operator", actor)?, device.folded());
        self.write(move |writing| {
            let known = known(writing.sql, writing.tenant, &folded)?;
            let text = format!(
                "SELECT {COLUMNS} FROM instance WHERE tenant = $1 AND device = $2 AND state = 'former'
                ORDER BY number DESC LIMIT 1"
            );
            let row = writing.sql.maybe_row(&text, &[writing.tenant.into(), Value::from(&folded)])?;
            let Some(row) = row else { return Err(conflict(&known, "had no other model before")) };
            let former = row_of(&row)?;
            drop_proposed(writing, &folded)?;
            let left = known.current.as_ref().map(|current| reference(&current.instance));
            // The instance that is left stays as a former one; a later number than the one gone back to, so that going
            // back twice comes to where it was.
            set_state(writing, &folded, InstanceState::Current, InstanceState::Former)?;
            let number = next_number(writing, &folded)?;
            let text = "UPDATE instance SET number = $1, state = 'current', origin = 'hand', changed = $2
                WHERE tenant = $3 AND device = $4 AND number = $5";
            let values = [
                number.into(),
                writing.millis().into(),
                writing.tenant.into(),
                Value::from(&folded),
                former.number.into(),
            ];
            writing.sql.execute(text, &values)?;
            point_to(writing, &folded, &former.instance)?;
            let detail = json!({ "from": left, "model": reference(&former.instance), "instance": number });
            note(writing, "model.rolled-back", &actor, &folded, detail);
            Ok(former.instance)
        })
    }
}

/// Asks `judge` about a device and does what it says.
pub(super) fn judged(
    writing: &mut Writing<'_>,
    actor: &str,
    folded: &str,
    judge: &dyn ModelJudge,
) -> Result<Option<ModelChange>, RegistryError> {
    let known = known(writing.sql, writing.tenant, folded)?;
    let Some(wanted) = judge.judge(&known) else { return Ok(None) };
    change(writing, actor, &known, &wanted)?;
    Ok(Some(wanted))
}

fn change(writing: &mut Writing<'_>, actor: &str, known: &ModelOf, wanted: &ModelChange) -> Result<(), RegistryError> {
    let folded = known.device.folded();
    let before = known.current.as_ref().map(|current| reference(&current.instance));
    let (what, new, chosen) = match wanted {
        ModelChange::Assign(new, chosen) => ("model.assigned", new, *chosen),
        ModelChange::Migrate(new, chosen) => ("model.migrated", new, *chosen),
        ModelChange::Propose(to, chosen) => return propose(writing, actor, known, to, *chosen),
        ModelChange::Withdraw => {
            drop_proposed(writing, &folded)?;
            note(writing, "model.withdrawn", actor, &folded, json!({ "model": before }));
            return Ok(());
        }
    };
    drop_proposed(writing, &folded)?;
    set_state(writing, &folded, InstanceState::Current, InstanceState::Former)?;
    let number = next_number(writing, &folded)?;
    insert(writing, &folded, number, new, InstanceState::Current, chosen)?;
    forget_oldest(writing, &folded)?;
    point_to(writing, &folded, new)?;
    let detail = json!({ "from": before, "model": reference(new), "instance": number, "by": chosen });
    note(writing, what, actor, &folded, detail);
    Ok(())
}

fn propose(
    writing: &mut Writing<'_>,
    actor: &str,
    known: &ModelOf,
    to: &ModelRef,
    chosen: Chosen,
) -> Result<(), RegistryError> {
    let folded = known.device.folded();
    let crate::fleet::model::Wanted::Exact(version) = to.wanted else {
        return Err(conflict(known, "cannot be proposed a model without its exact version"));
    };
    let is_proposed = |row: &InstanceRow| row.instance.model == to.name && row.instance.version == version;
    if known.proposed.as_ref().is_some_and(is_proposed) {
        return Ok(());
    }
    drop_proposed(writing, &folded)?;
    let values = known.current.as_ref().map(|current| current.instance.values.clone()).unwrap_or_default();
    let number = next_number(writing, &folded)?;
    let new = Instance { model: to.name.clone(), version, values };
    insert(writing, &folded, number, &new, InstanceState::Proposed, chosen)?;
    let from = known.current.as_ref().map(|current| reference(&current.instance));
    note(writing, "model.proposed", actor, &folded, json!({ "from": from, "model": to }));
    Ok(())
}

fn known(sql: &mut dyn Sql, tenant: &str, folded: &str) -> Result<ModelOf, RegistryError> {
    let row = devices::existing(sql, tenant, folded)?;
    let text = "SELECT objects FROM device WHERE tenant = $1 AND folded = $2";
    let objects = sql.maybe_row(text, &[tenant.into(), folded.into()])?;
    let objects = objects.map_or(Ok(None), |row| row.maybe_text(0))?;
    let facts = DeviceFacts {
        vendor: row.vendor,
        model: row.attributes.get(DESIGNATION).cloned(),
        hardware: row.hardware,
        firmware: row.firmware,
        serial: row.serial,
        objects: objects.map(|text| objects_of(&text)).unwrap_or_default(),
    };
    let device = EndpointName::new(&row.id).map_err(|error| RegistryError::damaged("", error.to_string()))?;
    let text = format!("SELECT {COLUMNS} FROM instance WHERE tenant = $1 AND device = $2 AND state <> 'former'");
    let attributes = row.attributes;
    let mut known = ModelOf { device, facts, attributes, current: None, proposed: None };
    for row in sql.query(&text, &[tenant.into(), folded.into()])? {
        let row = row_of(&row)?;
        match row.state {
            InstanceState::Proposed => known.proposed = Some(row),
            _ => known.current = Some(row),
        }
    }
    Ok(known)
}

/// Objects stand in one text, with a blank between them.
fn objects_of(text: &str) -> Vec<ObjectVersion> {
    text.split(' ').filter_map(|object| object.parse().ok()).collect()
}

/// The text of the column `device.objects`; none where the device lists none.
pub(super) fn objects_text(objects: &[String]) -> Option<String> {
    (!objects.is_empty()).then(|| objects.join(" "))
}

/// Returns the number of the next instance of a device.
pub(super) fn next_number(writing: &mut Writing<'_>, folded: &str) -> Result<i64, RegistryError> {
    let text = "SELECT MAX(number) FROM instance WHERE tenant = $1 AND device = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), folded.into()])?;
    Ok(row.map_or(Ok(None), |row| row.maybe_integer(0))?.unwrap_or(0) + 1)
}

/// The columns of [`new_row`].
pub(super) const INTO: &str = "instance (tenant, device, number, model, version, model_values, state, origin, changed)";

#[allow(clippy::too_many_arguments)] // the columns of one row
pub(super) fn new_row(
    tenant: &str,
    folded: &str,
    number: i64,
    (model, version, values): (&str, &str, &Json),
    state: InstanceState,
    chosen: Chosen,
    now: i64,
) -> Vec<Value> {
    vec![
        tenant.into(),
        folded.into(),
        number.into(),
        model.into(),
        version.into(),
        values.to_string().into(),
        word(state).into(),
        chosen.as_str().into(),
        now.into(),
    ]
}

fn insert(
    writing: &mut Writing<'_>,
    folded: &str,
    number: i64,
    new: &Instance,
    state: InstanceState,
    chosen: Chosen,
) -> Result<(), RegistryError> {
    let (version, values) = (new.version.to_string(), Json::Object(new.values.clone()));
    let said = (new.model.as_str(), version.as_str(), &values);
    let row = new_row(writing.tenant, folded, number, said, state, chosen, writing.millis());
    super::sql::insert(writing.sql, INTO, &[row], "").map(|_| ())
}

/// What is current becomes former.
pub(super) fn retire_current(writing: &mut Writing<'_>, folded: &str) -> Result<(), RegistryError> {
    drop_proposed(writing, folded)?;
    set_state(writing, folded, InstanceState::Current, InstanceState::Former)
}

fn set_state(
    writing: &mut Writing<'_>,
    folded: &str,
    from: InstanceState,
    to: InstanceState,
) -> Result<(), RegistryError> {
    let text = "UPDATE instance SET state = $1, changed = $2 WHERE tenant = $3 AND device = $4 AND state = $5";
    let values = [word(to).into(), writing.millis().into(), writing.tenant.into(), folded.into(), word(from).into()];
    writing.sql.execute(text, &values).map(|_| ())
}

fn drop_proposed(writing: &mut Writing<'_>, folded: &str) -> Result<(), RegistryError> {
    let text = "DELETE FROM instance WHERE tenant = $1 AND device = $2 AND state = 'proposed'";
    writing.sql.execute(text, &[writing.tenant.into(), folded.into()]).map(|_| ())
}

fn forget_oldest(writing: &mut Writing<'_>, folded: &str) -> Result<(), RegistryError> {
    let text = "DELETE FROM instance WHERE tenant = $1 AND device = $2 AND state = 'former' AND number NOT IN
        (SELECT number FROM instance WHERE tenant = $1 AND device = $2 AND state = 'former'
        ORDER BY number DESC LIMIT $3)";
    writing.sql.execute(text, &[writing.tenant.into(), folded.into(), MOST_FORMER.into()]).map(|_| ())
}

/// Brings the device's row and the answer of its registration in step with its instance.
fn point_to(writing: &mut Writing<'_>, folded: &str, new: &Instance) -> Result<(), RegistryError> {
    let (tenant, now) = (writing.tenant, writing.millis());
    let text = "UPDATE device SET model = $1, model_version = $2, etag = etag + 1, changed = $3
        WHERE tenant = $4 AND folded = $5";
    let values = [new.model.as_str().into(), new.version.to_string().into(), now.into(), tenant.into(), folded.into()];
    writing.sql.execute(text, &values)?;
    let text =
        "SELECT r.id, r.answer FROM registration r JOIN device d ON d.tenant = r.tenant AND d.registration = r.id
        WHERE r.tenant = $1 AND d.folded = $2";
    let Some(row) = writing.sql.maybe_row(text, &[tenant.into(), folded.into()])? else { return Ok(()) };
    let answer = serde_json::from_str(&row.text(1)?);
    let mut answer: Json = answer.map_err(|_| RegistryError::damaged("", "an answer in it is no JSON"))?;
    tell(&mut answer, new.model.as_str(), &new.version.to_string(), &Json::Object(new.values.clone()));
    let text = "UPDATE registration SET answer = $1, changed = $2 WHERE tenant = $3 AND id = $4";
    let values = [answer.to_string().into(), now.into(), tenant.into(), row.text(0)?.into()];
    writing.sql.execute(text, &values).map(|_| ())
}

/// Puts model and instance into an answer.
pub(super) fn tell(answer: &mut Json, model: &str, version: &str, values: &Json) {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("model".to_owned(), json!({ "name": model, "version": version }));
        answer.insert("instance".to_owned(), values.clone());
    }
}

fn word(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Current => "current",
        InstanceState::Proposed => "proposed",
        InstanceState::Former => "former",
    }
}

fn reference(instance: &Instance) -> ModelRef {
    ModelRef::exact(instance.model.clone(), instance.version)
}

fn note(writing: &mut Writing<'_>, what: &'static str, actor: &str, folded: &str, detail: Json) {
    writing.note(Event { what, device: Some(folded.to_owned()), actor: actor.to_owned(), detail });
}

fn conflict(known: &ModelOf, reason: &str) -> RegistryError {
    let name = known.device.as_str().to_owned();
    RegistryError::Conflict { what: "device", name, reason: reason.to_owned() }
}

/// Reads a row of the columns `device, number, model, version, model_values, state, origin, changed`.
pub(super) fn row_of(row: &Row) -> Result<InstanceRow, RegistryError> {
    let damaged = |words: String| RegistryError::damaged("", format!("an instance in it: {words}"));
    let values: Json = serde_json::from_str(&row.text(4)?).map_err(|error| damaged(error.to_string()))?;
    let Json::Object(values) = values else { return Err(damaged("no object".to_owned())) };
    let instance = Instance {
        model: row.text(2)?.parse().map_err(|error| damaged(format!("{error}")))?,
        version: row.text(3)?.parse().map_err(|error| damaged(format!("{error}")))?,
        values,
    };
    let state = match row.text(5)?.as_str() {
        "current" => InstanceState::Current,
        "proposed" => InstanceState::Proposed,
        _ => InstanceState::Former,
    };
    Ok(InstanceRow {
        device: row.text(0)?,
        number: row.integer(1)?,
        instance,
        state,
        chosen: Chosen::of(&row.text(6)?)?,
        changed: of_millis(row.integer(7)?),
    })
}
