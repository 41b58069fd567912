//! Rollouts: many devices take a changed configuration, paced. What comes next is decided by whoever calls, from what stands
//! here; a step is one transaction, so of several servers on one store none starts a device twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::handle::Writing;
use super::times::{millis, of_millis};
use super::triggers::{self, add, end, word, worded};
use super::{Event, Goal, NewTrigger, Registry, RegistryError, Row, Sql, TriggerState, Value, Via, sql};

/// The terms of a rollout.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub struct Terms {
    /// Devices started in a minute, and most under way at a time; at least 1.
    pub pace: u32,
    /// How many go first, alone; 0 for none.
    pub canary: u32,
    /// Percent of failures that stop it; 0 for the first failure.
    pub stop: u32,
    /// True if a person looks after the canary.
    pub hold: bool,
    /// True if devices that have the configuration already take it again.
    pub again: bool,
    /// How devices are told.
    pub via: Via,
    /// What ends a device's part well.
    pub goal: Goal,
    /// Seconds that a device has.
    pub within: u32,
}

/// How a rollout stands.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// The first devices are under way.
    Canary,
    /// All others follow.
    Running,
    /// A person paused it: none is started.
    Paused,
    /// Too many failed: none is started.
    Stopped,
    /// None is left.
    Done,
}

/// A device of a rollout that is wished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewMember {
    /// The device.
    pub device: String,
    /// The mark of the configuration it is to take.
    pub mark: String,
    /// Where it is, for a push.
    pub address: Option<String>,
}

/// How a device of a rollout stands.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// Its turn is to come.
    Waiting,
    /// It is under way.
    Started,
    /// It has the configuration.
    Done,
    /// It has not.
    Failed,
    /// It was left as it was.
    Left,
}

/// A device of a rollout.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Member {
    /// The device, folded.
    pub device: String,
    /// How it stands.
    pub state: MemberState,
    /// Why.
    pub reason: Option<String>,
    /// The mark of the configuration it is to take.
    pub mark: String,
    /// When it changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
}

/// How many devices stand how.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Default, Debug)]
pub struct Tally {
    /// Their turn is to come.
    pub waiting: i64,
    /// Under way.
    pub started: i64,
    /// They have it.
    pub done: i64,
    /// They have it not.
    pub failed: i64,
    /// They were left as they were.
    pub left: i64,
}

/// A rollout as it stands.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Rollout {
    /// Its number, from 1.
    pub number: i64,
    /// Its terms.
    pub terms: Terms,
    /// How it stands.
    pub state: RolloutState,
    /// True if it takes back what it did.
    pub is_back: bool,
    /// Not before then the next device is started, in milliseconds since 1970.
    #[serde(skip)]
    pub next: i64,
    /// Failures that do not count any more: a person resumed it.
    pub forgiven: i64,
    /// Why it stands so.
    pub reason: Option<String>,
    /// Who began it.
    pub actor: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    /// How many devices stand how.
    pub tally: Tally,
}

/// What happens next in a rollout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Move {
    /// How it stands then.
    pub state: RolloutState,
    /// How many devices are started.
    pub start: i64,
    /// When the next one may be, in milliseconds since 1970.
    pub next: i64,
    /// Why.
    pub reason: Option<String>,
}

const COLUMNS: &str = "number, terms, state, is_back, next, forgiven, reason, actor, created";

impl Registry {
    /// Begins a rollout. One that is paused or stopped ends with it, and its devices that were not started are left as they
    /// are.
    ///
    /// # Errors
    ///
    /// A conflict while another one runs; refused without devices.
    pub fn start_rollout(&self, terms: &Terms, members: &[NewMember], actor: &str) -> Result<Rollout, RegistryError> {
        if members.is_empty() {
            let reason = "no device is to be bootstrapped anew".to_owned();
            return Err(RegistryError::Refused { what: "rollout", name: String::new(), reason });
        }
        let (terms, members, actor) = (terms.clone(), members.to_vec(), actor.to_owned());
        self.write(move |writing| {
            let last = last(writing.sql, writing.tenant)?;
            if let Some(last) = &last {
                supersede(writing, last)?;
            }
            let number = last.map_or(1, |last| last.number + 1);
            begin(writing, number, &terms, &members, &actor)?;
            existing(writing, number)
        })
    }

    /// Returns a rollout, the last one where no number is said.
    pub fn rollout(&self, number: Option<i64>) -> Result<Option<Rollout>, RegistryError> {
        self.read(|reading| match number {
            Some(number) => by_number(reading.sql, reading.tenant, number),
            None => last(reading.sql, reading.tenant),
        })
    }

    /// Returns up to `limit` devices of a rollout, in their order, from `skip` on; only those in one state where one is said.
    pub fn rollout_members(
        &self,
        number: i64,
        state: Option<MemberState>,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<Member>, RegistryError> {
        let which = if state.is_some() { "AND state = $5" } else { "" };
        let text = format!(
            "SELECT device, state, reason, mark, changed FROM rollout_member WHERE tenant = $1 AND rollout = $2 {which}
            ORDER BY position LIMIT $3 OFFSET $4"
        );
        self.read(|reading| {
            let mut values = vec![reading.tenant.into(), number.into(), limit.into(), skip.into()];
            values.extend(state.map(|state| Value::from(word(&state))));
            reading.sql.query(&text, &values)?.iter().map(member).collect()
        })
    }

    /// Pauses the rollout that runs: none is started any more; those under way go on.
    pub fn pause_rollout(&self, actor: &str) -> Result<Rollout, RegistryError> {
        self.on_last(actor, "rollout-paused", |writing, rollout| match rollout.state {
            RolloutState::Canary | RolloutState::Running => {
                put(writing, rollout.number, RolloutState::Paused, Some("a person paused it"))
            }
            _ => Err(is(&rollout, "does not run")),
        })
    }

    /// Goes on with a rollout that is paused or stopped. Failures so far do not count any more.
    pub fn resume_rollout(&self, actor: &str) -> Result<Rollout, RegistryError> {
        self.on_last(actor, "rollout-resumed", |writing, rollout| {
            if !matches!(rollout.state, RolloutState::Paused | RolloutState::Stopped) {
                return Err(is(&rollout, "is neither paused nor stopped"));
            }
            let text = "UPDATE rollout SET forgiven = $1, next = $2 WHERE tenant = $3 AND number = $4";
            let now = writing.millis();
            let values = [rollout.tally.failed.into(), now.into(), writing.tenant.into(), rollout.number.into()];
            writing.sql.execute(text, &values)?;
            put(writing, rollout.number, rollout.onward(), None)
        })
    }

    /// Takes the last rollout back: every device that was started bootstraps anew, the others are left as they are. `marks`
    /// are those of the configurations that the devices are to take now; a device without one is left.
    ///
    /// # Errors
    ///
    /// Refused where a device would be told what the rollout told it.
    pub fn back_rollout(&self, marks: &BTreeMap<String, String>, actor: &str) -> Result<Rollout, RegistryError> {
        let marks: BTreeMap<String, String> =
            marks.iter().map(|(id, mark)| (id.to_ascii_lowercase(), mark.clone())).collect();
        self.on_last(actor, "rollout-taken-back", move |writing, rollout| {
            if rollout.is_back {
                return Err(is(&rollout, "is taken back already"));
            }
            take_back(writing, &rollout, &marks)
        })
    }

    /// Takes the next step of the rollout that runs, if any: `decide` says what happens next, from how it stands and the
    /// milliseconds since 1970. Returns false where nothing changed.
    pub fn step_rollout(&self, decide: fn(&Rollout, i64) -> Move) -> Result<bool, RegistryError> {
        let now = millis(self.now());
        let running = self.read(|reading| last(reading.sql, reading.tenant))?.filter(Rollout::is_running);
        let Some(seen) = running.filter(|rollout| rollout.is_changed_by(&decide(rollout, now))) else {
            return Ok(false);
        };
        self.write(move |writing| {
            let Some(rollout) = by_number(writing.sql, writing.tenant, seen.number)?.filter(Rollout::is_running) else {
                return Ok(false);
            };
            let moved = decide(&rollout, writing.millis());
            if !rollout.is_changed_by(&moved) {
                return Ok(false);
            }
            start(writing, &rollout, moved.start)?;
            let text = "UPDATE rollout SET next = $1 WHERE tenant = $2 AND number = $3";
            writing.sql.execute(text, &[moved.next.into(), writing.tenant.into(), rollout.number.into()])?;
            if moved.state != rollout.state {
                put(writing, rollout.number, moved.state, moved.reason.as_deref())?;
                let what = if moved.state == RolloutState::Stopped { "rollout-stopped" } else { "rollout-moved" };
                note(writing, what, rollout.number, "server", json!({ "to": moved.state, "reason": moved.reason }));
            }
            Ok(true)
        })
    }

    fn on_last(
        &self,
        actor: &str,
        what: &'static str,
        work: impl Fn(&mut Writing<'_>, Rollout) -> Result<(), RegistryError> + Send + 'static,
    ) -> Result<Rollout, RegistryError> {
        let actor = actor.to_owned();
        self.write(move |writing| {
            let none = || RegistryError::NotFound { what: "rollout", name: String::new() };
            let rollout = last(writing.sql, writing.tenant)?.ok_or_else(none)?;
            let number = rollout.number;
            work(writing, rollout)?;
            note(writing, what, number, &actor, json!({}));
            existing(writing, number)
        })
    }
}

impl Rollout {
    /// Returns true while devices are started.
    pub fn is_running(&self) -> bool {
        matches!(self.state, RolloutState::Canary | RolloutState::Running)
    }

    /// Returns how many of its first devices go alone.
    pub fn canaries(&self) -> i64 {
        if self.is_back { 0 } else { i64::from(self.terms.canary).min(self.tally.total()) }
    }

    /// How it stands when it goes on.
    fn onward(&self) -> RolloutState {
        if self.tally.begun() < self.canaries() { RolloutState::Canary } else { RolloutState::Running }
    }

    fn is_changed_by(&self, moved: &Move) -> bool {
        moved.start > 0 || moved.state != self.state
    }
}

impl Tally {
    /// Returns how many it is about.
    pub fn total(&self) -> i64 {
        self.waiting + self.begun()
    }

    /// Returns how many were started.
    pub fn begun(&self) -> i64 {
        self.started + self.ended()
    }

    /// Returns how many came to an end.
    pub fn ended(&self) -> i64 {
        self.done + self.failed
    }
}

fn begin(
    writing: &mut Writing<'_>,
    number: i64,
    terms: &Terms,
    members: &[NewMember],
    actor: &str,
) -> Result<(), RegistryError> {
    let state = if terms.canary > 0 { RolloutState::Canary } else { RolloutState::Running };
    let words = serde_json::to_string(terms).map_err(|error| RegistryError::damaged("", error.to_string()))?;
    let now = writing.millis();
    let row = vec![
        writing.tenant.into(),
        number.into(),
        words.into(),
        word(&state).into(),
        0.into(),
        now.into(),
        0.into(),
        actor.into(),
        now.into(),
        now.into(),
    ];
    let into = "rollout (tenant, number, terms, state, is_back, next, forgiven, actor, created, changed)";
    sql::insert(writing.sql, into, vec![row], "")?;
    let into = "rollout_member (tenant, rollout, device, position, mark, address, state, changed)";
    let rows = members.iter().zip(1_i64..).map(|(member, position)| {
        vec![
            writing.tenant.into(),
            number.into(),
            member.device.to_ascii_lowercase().into(),
            position.into(),
            Value::from(&member.mark),
            member.address.as_deref().into(),
            "waiting".into(),
            now.into(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    sql::insert(writing.sql, into, rows, "ON CONFLICT DO NOTHING")?;
    note(writing, "rollout-started", number, actor, json!({ "terms": terms, "devices": members.len() }));
    Ok(())
}

/// A rollout that does not run gives way to the next one.
fn supersede(writing: &mut Writing<'_>, last: &Rollout) -> Result<(), RegistryError> {
    if last.is_running() {
        return Err(is(last, "still runs: pause it first, or take it back"));
    }
    let mine = [Value::from(writing.tenant), last.number.into(), writing.millis().into()];
    let text = "UPDATE rollout_member SET state = 'left', changed = $3
        WHERE tenant = $1 AND rollout = $2 AND state IN ('waiting', 'started')";
    writing.sql.execute(text, &mine)?;
    let text = format!(
        "UPDATE bootstrap_trigger SET rollout = NULL WHERE tenant = $1 AND rollout = $2 AND state IN {}",
        triggers::OPEN
    );
    writing.sql.execute(&text, &mine[..2])?;
    if last.state != RolloutState::Done {
        put(writing, last.number, RolloutState::Done, Some("another one took its place"))?;
    }
    Ok(())
}

fn take_back(
    writing: &mut Writing<'_>,
    rollout: &Rollout,
    marks: &BTreeMap<String, String>,
) -> Result<(), RegistryError> {
    let mine = [Value::from(writing.tenant), rollout.number.into()];
    let text = "SELECT device, state, reason, mark, changed FROM rollout_member
        WHERE tenant = $1 AND rollout = $2 AND state IN ('started', 'done', 'failed') ORDER BY position";
    let begun: Vec<Member> = writing.sql.query(text, &mine)?.iter().map(member).collect::<Result<_, _>>()?;
    let same = begun.iter().find(|member| marks.get(&member.device) == Some(&member.mark));
    if let Some(same) = same.filter(|_| !rollout.terms.again) {
        let reason =
            format!("{:?} would be told the same once more: put the former configuration back first", same.device);
        return Err(RegistryError::Refused { what: "taking back rollout", name: rollout.number.to_string(), reason });
    }
    let open: Vec<_> = begun.iter().filter(|member| member.state == MemberState::Started).collect();
    for member in open {
        if let Some(trigger) = triggers::open(writing, &member.device)? {
            end(writing, &trigger, TriggerState::Cancelled, Some("the rollout is taken back"), "server")?;
        }
    }
    let now = writing.millis();
    let text = "UPDATE rollout_member SET state = 'left', changed = $3 WHERE tenant = $1 AND rollout = $2";
    writing.sql.execute(text, &[&mine[..], &[now.into()]].concat())?;
    for member in &begun {
        let Some(mark) = marks.get(&member.device) else { continue };
        let text = "UPDATE rollout_member SET state = 'waiting', reason = NULL, mark = $3
            WHERE tenant = $1 AND rollout = $2 AND device = $4";
        let more = [Value::from(mark), Value::from(&member.device)];
        writing.sql.execute(text, &[&mine[..], &more].concat())?;
    }
    let text = "UPDATE rollout SET is_back = 1, forgiven = 0, next = $3 WHERE tenant = $1 AND number = $2";
    writing.sql.execute(text, &[&mine[..], &[now.into()]].concat())?;
    put(writing, rollout.number, RolloutState::Running, None)
}

/// Starts the next devices.
fn start(writing: &mut Writing<'_>, rollout: &Rollout, count: i64) -> Result<(), RegistryError> {
    if count <= 0 {
        return Ok(());
    }
    let text = "SELECT m.device, m.address, m.mark, c.mark FROM rollout_member m
        LEFT JOIN configured c ON c.tenant = m.tenant AND c.device = m.device
        WHERE m.tenant = $1 AND m.rollout = $2 AND m.state = 'waiting' ORDER BY m.position LIMIT $3";
    let rows = writing.sql.query(text, &[writing.tenant.into(), rollout.number.into(), count.into()])?;
    for row in &rows {
        let (device, wanted, has) = (row.text(0)?, row.text(2)?, row.maybe_text(3)?);
        let (state, reason) = if has == Some(wanted) && !rollout.terms.again {
            (MemberState::Done, Some("it has this configuration already".to_owned()))
        } else {
            started(writing, rollout, &device, row.maybe_text(1)?)?
        };
        let text = "UPDATE rollout_member SET state = $1, reason = $2, changed = $3
            WHERE tenant = $4 AND rollout = $5 AND device = $6";
        let (state, now) = (word(&state).into(), writing.millis().into());
        let whose = [writing.tenant.into(), rollout.number.into(), Value::from(&device)];
        writing.sql.execute(text, &[&[state, reason.into(), now][..], &whose].concat())?;
    }
    Ok(())
}

/// Has a device triggered; one that is gone meanwhile is left.
fn started(
    writing: &mut Writing<'_>,
    rollout: &Rollout,
    device: &str,
    address: Option<String>,
) -> Result<(MemberState, Option<String>), RegistryError> {
    let Terms { via, goal, within, .. } = rollout.terms;
    let new = NewTrigger { device: device.to_owned(), via, address, goal, at: None, within };
    match add(writing, &new, Some(rollout.number), "rollout") {
        Ok(_) => Ok((MemberState::Started, None)),
        Err(error @ (RegistryError::NotFound { .. } | RegistryError::Conflict { .. })) => {
            Ok((MemberState::Left, Some(error.to_string())))
        }
        Err(error) => Err(error),
    }
}

fn put(writing: &mut Writing<'_>, number: i64, state: RolloutState, reason: Option<&str>) -> Result<(), RegistryError> {
    let text = "UPDATE rollout SET state = $1, reason = $2, changed = $3 WHERE tenant = $4 AND number = $5";
    let now = writing.millis();
    let values = [word(&state).into(), reason.into(), now.into(), writing.tenant.into(), number.into()];
    writing.sql.execute(text, &values).map(drop)
}

fn note(writing: &mut Writing<'_>, what: &'static str, number: i64, actor: &str, more: serde_json::Value) {
    let mut detail = more;
    detail["rollout"] = number.into();
    writing.note(Event { what, device: None, actor: actor.to_owned(), detail });
}

fn is(rollout: &Rollout, reason: &str) -> RegistryError {
    RegistryError::Conflict { what: "rollout", name: rollout.number.to_string(), reason: reason.to_owned() }
}

fn existing(writing: &mut Writing<'_>, number: i64) -> Result<Rollout, RegistryError> {
    let found = by_number(writing.sql, writing.tenant, number)?;
    found.ok_or_else(|| RegistryError::NotFound { what: "rollout", name: number.to_string() })
}

fn last(sql: &mut dyn Sql, tenant: &str) -> Result<Option<Rollout>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM rollout WHERE tenant = $1 ORDER BY number DESC LIMIT 1");
    let row = sql.maybe_row(&text, &[tenant.into()])?;
    row.as_ref().map(|row| read(sql, tenant, row)).transpose()
}

fn by_number(sql: &mut dyn Sql, tenant: &str, number: i64) -> Result<Option<Rollout>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM rollout WHERE tenant = $1 AND number = $2");
    let row = sql.maybe_row(&text, &[tenant.into(), number.into()])?;
    row.as_ref().map(|row| read(sql, tenant, row)).transpose()
}

fn read(sql: &mut dyn Sql, tenant: &str, row: &Row) -> Result<Rollout, RegistryError> {
    let number = row.integer(0)?;
    let terms = serde_json::from_str(&row.text(1)?);
    Ok(Rollout {
        number,
        terms: terms.map_err(|_| RegistryError::damaged("", "the terms of a rollout cannot be read"))?,
        state: worded(row.text(2)?)?,
        is_back: row.integer(3)? != 0,
        next: row.integer(4)?,
        forgiven: row.integer(5)?,
        reason: row.maybe_text(6)?,
        actor: row.text(7)?,
        created: of_millis(row.integer(8)?),
        tally: tally(sql, tenant, number)?,
    })
}

fn tally(sql: &mut dyn Sql, tenant: &str, number: i64) -> Result<Tally, RegistryError> {
    let text = "SELECT state, COUNT(*) FROM rollout_member WHERE tenant = $1 AND rollout = $2 GROUP BY state";
    let mut tally = Tally::default();
    for row in sql.query(text, &[tenant.into(), number.into()])? {
        let count = row.integer(1)?;
        match worded(row.text(0)?)? {
            MemberState::Waiting => tally.waiting = count,
            MemberState::Started => tally.started = count,
            MemberState::Done => tally.done = count,
            MemberState::Failed => tally.failed = count,
            MemberState::Left => tally.left = count,
        }
    }
    Ok(tally)
}

fn member(row: &Row) -> Result<Member, RegistryError> {
    Ok(Member {
        device: row.text(0)?,
        state: worded(row.text(1)?)?,
        reason: row.maybe_text(2)?,
        mark: row.text(3)?,
        changed: of_millis(row.integer(4)?),
    })
}
