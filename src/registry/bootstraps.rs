//! What the registry keeps of bootstraps: that one began, how it ended, what the device took; and what follows of it for the
//! trigger that the device had.

use serde_json::Value as Json;
use time::OffsetDateTime;

use super::handle::Writing;
use super::times::{millis, of_millis};
use super::triggers::{self, Goal, Trigger, TriggerState, end, plain, set};
use super::{Event, Registry, RegistryError, Value};

/// How often a bootstrap may fail before its trigger has.
const MOST_FAILURES: i64 = 3;

/// How fine the time is at which a device was last heard of, in milliseconds: one that comes often is not written each time.
const HEARD_TO: i64 = 60_000;
/// What holds for a device that was not heard of since the time that follows.
const UNHEARD: &str = "(seen IS NULL OR seen <";

impl Registry {
    /// Notes that a device asked to be bootstrapped. Nothing is written where no trigger of it is due.
    pub fn bootstrap_began(&self, device: &str) -> Result<(), RegistryError> {
        self.signal(device, |writing, trigger| {
            if !matches!(trigger.state, TriggerState::Waiting | TriggerState::Sent) {
                return Ok(());
            }
            set(writing, &trigger, "begun")
        })
    }

    /// Notes how a bootstrap ended, with `detail` for the events, and does not wait until it is written. `took`: the mark of
    /// the configuration that the device took, or what went wrong. `finish`: when the device was asked to finish; it may have
    /// registered since, before this was noted. `done` is called on the writer's thread.
    pub fn bootstrap_ended(
        &self,
        device: &str,
        took: Result<String, String>,
        finish: Option<OffsetDateTime>,
        detail: Json,
        done: impl FnOnce(Result<(), RegistryError>) + Send + 'static,
    ) {
        let folded = device.to_ascii_lowercase();
        let took = took.map(|mark| plain(&mark)).map_err(|reason| plain(&reason));
        // One write for all of it: a storm of bootstraps waits for the disk.
        let work = move |writing: &mut Writing<'_>| {
            if let Ok(mark) = &took {
                configured_with(writing, &folded, mark)?;
            }
            if let Some(trigger) = triggers::open(writing, &folded)?
                && millis(trigger.at) <= writing.millis()
            {
                follow(writing, trigger, took.as_ref().map(String::as_str).map_err(String::as_str), finish)?;
            }
            heard(writing, &folded)?;
            let what = if took.is_ok() { "bootstrap-finished" } else { "bootstrap-failed" };
            let device = Some(folded.clone());
            writing.note(Event { what, device, actor: "device".to_owned(), detail: detail.clone() });
            Ok(())
        };
        self.submit(work, done);
    }

    /// Notes that a device was heard of, to the minute, and does not wait until it is written; a device that the registry does
    /// not know stays unknown. The device's mark (ETag) stays as it is. Where nothing is to be written nothing is: one that
    /// registers again and again keeps nobody from writing. `done` is called on this thread or the writer's.
    pub fn heard_of(&self, device: &str, done: impl FnOnce(Result<(), RegistryError>) + Send + 'static) {
        let folded = device.to_ascii_lowercase();
        let text = format!("SELECT id FROM device WHERE tenant = $1 AND folded = $2 AND {UNHEARD} $3)");
        let since = millis(self.now()) - HEARD_TO;
        let is_due = self.read(|reading| {
            let values = [reading.tenant.into(), Value::from(&folded), since.into()];
            Ok(reading.sql.maybe_row(&text, &values)?.is_some())
        });
        match is_due {
            Ok(true) => self.submit(move |writing| heard(writing, &folded), done),
            Ok(false) => done(Ok(())),
            Err(error) => done(Err(error)),
        }
    }

    /// Notes that a device registered at our management server.
    pub fn device_arrived(&self, device: &str) -> Result<(), RegistryError> {
        self.signal(device, |writing, trigger| match trigger.state {
            TriggerState::Finished => end(writing, &trigger, TriggerState::Done, None, "device"),
            TriggerState::Begun => {
                let text = "UPDATE bootstrap_trigger SET arrived = $1 WHERE tenant = $2 AND device = $3";
                let values = [writing.millis().into(), writing.tenant.into(), Value::from(&trigger.device)];
                writing.sql.execute(text, &values).map(drop)
            }
            _ => Ok(()),
        })
    }

    /// Returns the mark of the configuration that a device took last, and when.
    pub fn configured(&self, device: &str) -> Result<Option<(String, OffsetDateTime)>, RegistryError> {
        let folded = device.to_ascii_lowercase();
        let text = "SELECT mark, finished FROM configured WHERE tenant = $1 AND device = $2";
        self.read(|reading| {
            let row = reading.sql.maybe_row(text, &[reading.tenant.into(), Value::from(&folded)])?;
            row.map(|row| Ok((row.text(0)?, of_millis(row.integer(1)?)))).transpose()
        })
    }

    /// Runs `work` on the open trigger of a device whose time has come. Most devices have none: then nothing is written.
    fn signal(
        &self,
        device: &str,
        work: impl Fn(&mut Writing<'_>, Trigger) -> Result<(), RegistryError> + Send + 'static,
    ) -> Result<(), RegistryError> {
        let folded = device.to_ascii_lowercase();
        let text = format!(
            "SELECT number FROM bootstrap_trigger WHERE tenant = $1 AND device = $2 AND state IN {} AND since <= $3",
            triggers::OPEN
        );
        let now = millis(self.now());
        let is_there = self.read(|reading| {
            let values = [reading.tenant.into(), Value::from(&folded), now.into()];
            Ok(reading.sql.maybe_row(&text, &values)?.is_some())
        })?;
        if !is_there {
            return Ok(());
        }
        self.write(move |writing| match triggers::open(writing, &folded)? {
            Some(trigger) if millis(trigger.at) <= writing.millis() => work(writing, trigger),
            _ => Ok(()),
        })
    }
}

fn heard(writing: &mut Writing<'_>, folded: &str) -> Result<(), RegistryError> {
    let text = format!("UPDATE device SET seen = $1 WHERE tenant = $2 AND folded = $3 AND {UNHEARD} $4)");
    let now = writing.millis();
    writing.sql.execute(&text, &[now.into(), writing.tenant.into(), folded.into(), (now - HEARD_TO).into()]).map(drop)
}

fn configured_with(writing: &mut Writing<'_>, folded: &str, mark: &str) -> Result<(), RegistryError> {
    let text = "INSERT INTO configured (tenant, device, mark, finished) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant, device) DO UPDATE SET mark = excluded.mark, finished = excluded.finished";
    let values = [writing.tenant.into(), folded.into(), mark.into(), writing.millis().into()];
    writing.sql.execute(text, &values).map(drop)
}

/// What the end of a bootstrap is to the trigger that is due.
fn follow(
    writing: &mut Writing<'_>,
    mut trigger: Trigger,
    took: Result<&str, &str>,
    finish: Option<OffsetDateTime>,
) -> Result<(), RegistryError> {
    match (took, trigger.goal) {
        (Ok(mark), _) if took_another(writing, &trigger, mark)? => {
            let reason = "it took another configuration than the rollout's: what `serve` reads has changed";
            end(writing, &trigger, TriggerState::Failed, Some(reason), "device")
        }
        (Ok(_), Goal::Finish) => end(writing, &trigger, TriggerState::Done, None, "device"),
        (Ok(_), Goal::Registration) => {
            let has_arrived = finish.zip(arrived(writing, &trigger)?).is_some_and(|(finish, at)| millis(finish) <= at);
            if has_arrived {
                return end(writing, &trigger, TriggerState::Done, None, "device");
            }
            set(writing, &trigger, "finished")
        }
        (Err(reason), _) if trigger.failures + 1 < MOST_FAILURES => {
            trigger.reason = Some(reason.to_owned());
            trigger.failures += 1;
            set(writing, &trigger, "sent")
        }
        (Err(reason), _) => end(writing, &trigger, TriggerState::Failed, Some(reason), "device"),
    }
}

/// Returns true if a device of a rollout took something else than what the rollout is about.
fn took_another(writing: &mut Writing<'_>, trigger: &Trigger, mark: &str) -> Result<bool, RegistryError> {
    let Some(rollout) = trigger.rollout else { return Ok(false) };
    let text = "SELECT mark FROM rollout_member WHERE tenant = $1 AND rollout = $2 AND device = $3";
    let values = [writing.tenant.into(), rollout.into(), Value::from(&trigger.device)];
    let wanted = writing.sql.maybe_row(text, &values)?.map(|row| row.text(0)).transpose()?;
    Ok(wanted.is_some_and(|wanted| wanted != mark))
}

/// When the device of a trigger registered while it was being told.
fn arrived(writing: &mut Writing<'_>, trigger: &Trigger) -> Result<Option<i64>, RegistryError> {
    let text = "SELECT arrived FROM bootstrap_trigger WHERE tenant = $1 AND device = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), Value::from(&trigger.device)])?;
    row.map_or(Ok(None), |row| row.maybe_integer(0))
}
