//! Triggers: devices that are to ask the bootstrap server anew. One of a device at a time; it lies in the store, is claimed for
//! a limited time, and ends by what the device does, or by its time.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;

use super::handle::Writing;
use super::text::storable;
use super::times::{millis, of_millis};
use super::{Event, Registry, RegistryError, Row, Value};

/// How a device is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Over its registration at our management server.
    Registration,
    /// By the operator's own management server, which is told by webhook.
    Webhook,
    /// By beginning without being asked (LwM2M 1.0).
    Push,
}

/// What ends a trigger well.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// The device took its configuration.
    Finish,
    /// It then registered at our management server.
    Registration,
}

/// How far a trigger is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerState {
    /// The device has not been told.
    Waiting,
    /// It was told and has not come yet.
    Sent,
    /// It came, and is being told its configuration.
    Begun,
    /// It took its configuration and has not registered yet.
    Finished,
    /// Everything happened.
    Done,
    /// It did not.
    Failed,
    /// A person took it back.
    Cancelled,
}

impl TriggerState {
    /// Returns true if something is still to happen.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Sent | Self::Begun | Self::Finished)
    }
}

/// A trigger that is wished.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTrigger {
    /// The device.
    pub device: String,
    /// How it is told.
    pub via: Via,
    /// Where it is, for a push.
    pub address: Option<String>,
    /// What ends it well.
    pub goal: Goal,
    /// Not before then; at once where none is said.
    pub at: Option<OffsetDateTime>,
    /// Seconds from then on until it has failed.
    pub within: u32,
}

impl NewTrigger {
    /// Seconds that a device has, where nothing else is said.
    pub const WITHIN: u32 = 3_600;
    /// Most seconds that a device has: 30 days.
    pub const MOST_WITHIN: u32 = 2_592_000;

    /// Checks what is wished, in words.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=Self::MOST_WITHIN).contains(&self.within) {
            return Err(format!("a device has 1 to {} seconds, not {}", Self::MOST_WITHIN, self.within));
        }
        match (&self.address, self.via) {
            (Some(address), Via::Push) => {
                let read = address.parse::<std::net::SocketAddr>();
                read.map(drop).map_err(|_| format!("{address:?} is no address with a port, such as 192.0.2.7:5683"))
            }
            (Some(_), _) => Err("an address is for a push".to_owned()),
            (None, _) => Ok(()),
        }
    }
}

/// A trigger as it stands.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub struct Trigger {
    /// The device, folded.
    pub device: String,
    /// Which of this device it is, from 1.
    pub number: i64,
    /// How it is told.
    pub via: Via,
    /// Where it is, for a push.
    pub address: Option<String>,
    /// What ends it well.
    pub goal: Goal,
    /// How far it is.
    pub state: TriggerState,
    /// What went wrong last.
    pub reason: Option<String>,
    /// Not before then.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Failed from then on.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    /// Failures so far.
    pub failures: i64,
    /// The rollout it belongs to.
    pub rollout: Option<i64>,
    /// Who wished it.
    pub actor: String,
    /// When it changed last.
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
    /// Number of the claim; a later one takes it away.
    #[serde(skip)]
    pub claim: i64,
}

pub(super) const OPEN: &str = "('waiting', 'sent', 'begun', 'finished')";
const COLUMNS: &str =
    "device, number, via, address, goal, state, reason, since, until, failures, rollout, actor, changed,
    claim";

impl Registry {
    /// Has a device triggered. While one of its triggers is open that one is returned, and nothing is changed.
    ///
    /// # Errors
    ///
    /// Not found where there is no such device; a conflict where it is retired.
    pub fn add_trigger(&self, new: &NewTrigger, actor: &str) -> Result<Trigger, RegistryError> {
        storable("actor", actor)?;
        storable("address", new.address.as_deref().unwrap_or_default())?;
        let (new, actor) = (new.clone(), actor.to_owned());
        self.write(move |writing| add(writing, &new, None, &actor))
    }

    /// Returns the last trigger of a device.
    pub fn trigger(&self, device: &str) -> Result<Option<Trigger>, RegistryError> {
        let folded = device.to_ascii_lowercase();
        self.read(|reading| {
            let text = format!("SELECT {COLUMNS} FROM bootstrap_trigger WHERE tenant = $1 AND device = $2");
            let row = reading.sql.maybe_row(&text, &[reading.tenant.into(), Value::from(&folded)])?;
            row.as_ref().map(read).transpose()
        })
    }

    /// Returns up to `limit` open triggers whose device comes after `after` ("" for the first).
    pub fn open_triggers(&self, after: &str, limit: u32) -> Result<Vec<Trigger>, RegistryError> {
        let text = format!(
            "SELECT {COLUMNS} FROM bootstrap_trigger WHERE tenant = $1 AND device > $2 AND state IN {OPEN}
            ORDER BY device LIMIT $3"
        );
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(read).collect()
        })
    }

    /// Takes an open trigger back. A device that was told already may bootstrap all the same.
    pub fn cancel_trigger(&self, device: &str, actor: &str) -> Result<(), RegistryError> {
        let (folded, actor) = (device.to_ascii_lowercase(), actor.to_owned());
        self.write(move |writing| {
            let Some(trigger) = open(writing, &folded)? else {
                return Err(RegistryError::NotFound { what: "open trigger of", name: folded.clone() });
            };
            end(writing, &trigger, TriggerState::Cancelled, Some("it was taken back"), &actor)
        })
    }

    /// Claims the trigger that is due first among those that `can` be worked here, for `time` milliseconds.
    pub fn claim_trigger(&self, can: &dyn Fn(&Trigger) -> bool, time: i64) -> Result<Option<Trigger>, RegistryError> {
        let now = millis(self.now());
        let text = format!(
            "SELECT {COLUMNS} FROM bootstrap_trigger WHERE tenant = $1 AND state = 'waiting' AND due <= $2
            AND until > $2 ORDER BY due, device"
        );
        let due = self.read(|reading| {
            let rows = reading.sql.query(&text, &[reading.tenant.into(), now.into()])?;
            rows.iter().map(read).collect::<Result<Vec<_>, _>>()
        })?;
        for wished in due.into_iter().filter(can) {
            let claimed = self.write(move |writing| claim(writing, &wished, time))?;
            if claimed.is_some() {
                return Ok(claimed);
            }
        }
        Ok(None)
    }

    /// Notes that the device was told. It may have come already.
    pub fn trigger_sent(&self, trigger: &Trigger) -> Result<(), RegistryError> {
        let trigger = trigger.clone();
        self.write(move |writing| {
            let text = "UPDATE bootstrap_trigger SET state = 'sent', reason = NULL, changed = $1
                WHERE tenant = $2 AND device = $3 AND claim = $4 AND number = $5 AND state = 'waiting'";
            let told = writing.sql.execute(text, &mine(writing, &trigger))?;
            if told > 0 {
                note(writing, "bootstrap-triggered", &trigger, "server", None);
            }
            Ok(())
        })
    }

    /// Lets go of a claim: the device could not be told now and is again after `wait` milliseconds.
    pub fn put_off_trigger(&self, trigger: &Trigger, wait: i64, reason: &str) -> Result<(), RegistryError> {
        let (trigger, reason) = (trigger.clone(), plain(reason));
        self.write(move |writing| {
            let text = "UPDATE bootstrap_trigger SET due = $6, reason = $7, failures = failures + 1, changed = $1
                WHERE tenant = $2 AND device = $3 AND claim = $4 AND number = $5 AND state = 'waiting'";
            let more = [(writing.millis() + wait).into(), Value::from(&reason)];
            writing.sql.execute(text, &[&mine(writing, &trigger)[..], &more].concat()).map(drop)
        })
    }

    /// Notes that the device cannot be told: the trigger has failed.
    pub fn trigger_failed(&self, trigger: &Trigger, reason: &str) -> Result<(), RegistryError> {
        let (trigger, reason) = (trigger.clone(), plain(reason));
        self.write(move |writing| {
            let now = open(writing, &trigger.device)?;
            let is_mine = |now: &Trigger| {
                (now.number, now.claim, now.state) == (trigger.number, trigger.claim, TriggerState::Waiting)
            };
            match now.filter(is_mine) {
                Some(now) => end(writing, &now, TriggerState::Failed, Some(&reason), "server"),
                None => Ok(()),
            }
        })
    }

    /// Lets triggers fail whose time is over; returns how many.
    pub fn expire_triggers(&self) -> Result<usize, RegistryError> {
        let text =
            format!("SELECT {COLUMNS} FROM bootstrap_trigger WHERE tenant = $1 AND until <= $2 AND state IN {OPEN}");
        let now = millis(self.now());
        let late = self.read(|reading| Ok(reading.sql.query(&text, &[reading.tenant.into(), now.into()])?.len()))?;
        if late == 0 {
            return Ok(0);
        }
        self.write(move |writing| {
            let rows = writing.sql.query(&text, &[writing.tenant.into(), writing.millis().into()])?;
            for row in &rows {
                let trigger = read(row)?;
                let reason = lateness(&trigger);
                end(writing, &trigger, TriggerState::Failed, Some(&reason), "server")?;
            }
            Ok(rows.len())
        })
    }
}

/// Adds a trigger, for a rollout or without one.
pub(super) fn add(
    writing: &mut Writing<'_>,
    new: &NewTrigger,
    rollout: Option<i64>,
    actor: &str,
) -> Result<Trigger, RegistryError> {
    let folded = new.device.to_ascii_lowercase();
    let text = "SELECT state FROM device WHERE tenant = $1 AND folded = $2";
    let known = writing.sql.maybe_row(text, &[writing.tenant.into(), Value::from(&folded)])?;
    let Some(known) = known else {
        return Err(RegistryError::NotFound { what: "device", name: new.device.clone() });
    };
    if known.text(0)? == "retired" {
        let reason = "is retired".to_owned();
        return Err(RegistryError::Conflict { what: "device", name: new.device.clone(), reason });
    }
    let last = last(writing, &folded)?;
    if let Some(open) = last.as_ref().filter(|last| last.state.is_open()) {
        return adopt(writing, open, rollout);
    }
    let since = new.at.map_or(writing.millis(), millis).max(writing.millis());
    let trigger = Trigger {
        device: folded,
        number: last.as_ref().map_or(1, |last| last.number + 1),
        via: new.via,
        address: new.address.clone(),
        goal: new.goal,
        state: TriggerState::Waiting,
        reason: None,
        at: of_millis(since),
        until: of_millis(since + i64::from(new.within.max(1)) * 1_000),
        failures: 0,
        rollout,
        actor: actor.to_owned(),
        changed: of_millis(writing.millis()),
        claim: 0,
    };
    insert(writing, &trigger, since)?;
    note(writing, "bootstrap-wished", &trigger, actor, None);
    Ok(trigger)
}

/// A trigger that somebody wished is a rollout's own from now on.
fn adopt(writing: &mut Writing<'_>, open: &Trigger, rollout: Option<i64>) -> Result<Trigger, RegistryError> {
    if rollout.is_none() || open.rollout.is_some() {
        return Ok(open.clone());
    }
    let text = "UPDATE bootstrap_trigger SET rollout = $3 WHERE tenant = $1 AND device = $2";
    writing.sql.execute(text, &[writing.tenant.into(), Value::from(&open.device), rollout.into()])?;
    Ok(Trigger { rollout, ..open.clone() })
}

fn insert(writing: &mut Writing<'_>, trigger: &Trigger, since: i64) -> Result<(), RegistryError> {
    let text =
        "INSERT INTO bootstrap_trigger (tenant, device, number, via, address, goal, state, since, due, until, claim,
        failures, rollout, actor, changed)
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7, $8, 0, 0, $9, $10, $11)
        ON CONFLICT (tenant, device) DO UPDATE SET number = excluded.number, via = excluded.via,
        address = excluded.address, goal = excluded.goal, state = excluded.state, reason = NULL, since = excluded.since,
        due = excluded.due, until = excluded.until, failures = 0, arrived = NULL, rollout = excluded.rollout, actor = excluded.actor,
        changed = excluded.changed";
    let values = [
        writing.tenant.into(),
        Value::from(&trigger.device),
        trigger.number.into(),
        word(&trigger.via).into(),
        trigger.address.as_deref().into(),
        word(&trigger.goal).into(),
        since.into(),
        millis(trigger.until).into(),
        trigger.rollout.into(),
        Value::from(&trigger.actor),
        writing.millis().into(),
    ];
    writing.sql.execute(text, &values).map(drop)
}

fn claim(writing: &mut Writing<'_>, wished: &Trigger, time: i64) -> Result<Option<Trigger>, RegistryError> {
    let text = format!(
        "UPDATE bootstrap_trigger SET claim = claim + 1, due = $1 WHERE tenant = $2 AND device = $3
        AND state = 'waiting' AND due <= $4 AND number = $5 RETURNING {COLUMNS}"
    );
    let now = writing.millis();
    let values =
        [(now + time).into(), writing.tenant.into(), Value::from(&wished.device), now.into(), wished.number.into()];
    let row = writing.sql.maybe_row(&text, &values)?;
    row.as_ref().map(read).transpose()
}

fn last(writing: &mut Writing<'_>, folded: &str) -> Result<Option<Trigger>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM bootstrap_trigger WHERE tenant = $1 AND device = $2");
    let row = writing.sql.maybe_row(&text, &[writing.tenant.into(), folded.into()])?;
    row.as_ref().map(read).transpose()
}

pub(super) fn open(writing: &mut Writing<'_>, folded: &str) -> Result<Option<Trigger>, RegistryError> {
    Ok(last(writing, folded)?.filter(|trigger| trigger.state.is_open()))
}

pub(super) fn set(writing: &mut Writing<'_>, trigger: &Trigger, state: &str) -> Result<(), RegistryError> {
    let text = "UPDATE bootstrap_trigger SET state = $1, changed = $2, reason = $3, failures = $4
        WHERE tenant = $5 AND device = $6";
    let values = [
        state.into(),
        writing.millis().into(),
        trigger.reason.as_deref().into(),
        trigger.failures.into(),
        writing.tenant.into(),
        Value::from(&trigger.device),
    ];
    writing.sql.execute(text, &values).map(drop)
}

/// A trigger ends, and with it its device's part of a rollout.
pub(super) fn end(
    writing: &mut Writing<'_>,
    trigger: &Trigger,
    state: TriggerState,
    reason: Option<&str>,
    actor: &str,
) -> Result<(), RegistryError> {
    let ended = Trigger { reason: reason.map(str::to_owned), ..trigger.clone() };
    set(writing, &ended, &word(&state))?;
    let (what, member) = match state {
        TriggerState::Done => ("bootstrap-trigger-done", "done"),
        TriggerState::Cancelled => ("bootstrap-trigger-cancelled", "failed"),
        _ => ("bootstrap-trigger-failed", "failed"),
    };
    note(writing, what, trigger, actor, reason);
    let Some(rollout) = trigger.rollout else { return Ok(()) };
    let text = "UPDATE rollout_member SET state = $1, reason = $2, changed = $3
        WHERE tenant = $4 AND rollout = $5 AND device = $6 AND state = 'started'";
    let values = [
        member.into(),
        reason.into(),
        writing.millis().into(),
        writing.tenant.into(),
        rollout.into(),
        Value::from(&trigger.device),
    ];
    writing.sql.execute(text, &values).map(drop)
}

fn mine(writing: &Writing<'_>, trigger: &Trigger) -> [Value; 5] {
    let device = Value::from(&trigger.device);
    [writing.millis().into(), writing.tenant.into(), device, trigger.claim.into(), trigger.number.into()]
}

fn note(writing: &mut Writing<'_>, what: &'static str, trigger: &Trigger, actor: &str, reason: Option<&str>) {
    let detail = json!({ "via": trigger.via, "number": trigger.number, "rollout": trigger.rollout, "reason": reason });
    writing.note(Event { what, device: Some(trigger.device.clone()), actor: actor.to_owned(), detail });
}

/// Why a trigger whose time is over did not come to its end.
fn lateness(trigger: &Trigger) -> String {
    let before = trigger.reason.as_ref().map(|reason| format!("; before: {reason}")).unwrap_or_default();
    let words = match (trigger.state, trigger.via) {
        (TriggerState::Waiting, Via::Registration) => "the device was not registered at our management server in time",
        (TriggerState::Waiting, _) => "the device could not be told in time",
        (TriggerState::Sent, _) => "the device was told, but did not ask to be bootstrapped in time",
        (TriggerState::Begun, _) => "the bootstrap did not come to its end in time",
        _ => "the device took its configuration, but did not register in time",
    };
    format!("{words}{before}")
}

/// What others say, within bounds and without what PostgreSQL cannot store.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|letter| *letter != '\0').take(500).collect()
}

/// The word of a value, as JSON has it.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn worded<T: serde::de::DeserializeOwned>(text: String) -> Result<T, RegistryError> {
    let wrong = format!("it holds the word {text:?}");
    serde_json::from_value(text.into()).map_err(|_| RegistryError::damaged("", wrong))
}

fn read(row: &Row) -> Result<Trigger, RegistryError> {
    Ok(Trigger {
        device: row.text(0)?,
        number: row.integer(1)?,
        via: worded(row.text(2)?)?,
        address: row.maybe_text(3)?,
        goal: worded(row.text(4)?)?,
        state: worded(row.text(5)?)?,
        reason: row.maybe_text(6)?,
        at: of_millis(row.integer(7)?),
        until: of_millis(row.integer(8)?),
        failures: row.integer(9)?,
        rollout: row.maybe_integer(10)?,
        actor: row.text(11)?,
        changed: of_millis(row.integer(12)?),
        claim: row.integer(13)?,
    })
}
