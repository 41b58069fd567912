//! Events on their way to subscribers: claimed by one server at a time, noted as heard in order.

use std::collections::BTreeMap;

use super::handle::{Reading, Writing};
use super::sql::query_in;
use super::{Registry, RegistryError, StoredEvent, Value, chain};

/// Events that a subscriber is to be told next.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// The subscriber.
    pub subscriber: String,
    /// Number of this claim; a later one takes it away.
    pub claim: i64,
    /// Failures in a row.
    pub failures: i64,
    /// The events in order, each with the group it belongs to: the one it names, else its device's.
    pub events: Vec<(StoredEvent, Option<String>)>,
    /// The number of the last one.
    pub until: i64,
}

const WAITING: &str = "SELECT s.id FROM subscriber s JOIN tenant t ON t.id = s.tenant
    WHERE s.tenant = $1 AND s.due <= $2 AND s.seen < t.events ORDER BY s.due, s.id";

impl Registry {
    /// Claims the next events of the subscriber that waits longest, for the milliseconds of `times`, which names all
    /// subscribers; one that is new there is subscribed, and hears what happens from now on.
    pub fn claim_delivery(&self, times: &BTreeMap<String, i64>, limit: i64) -> Result<Option<Delivery>, RegistryError> {
        let now = super::times::millis(self.now());
        let (new, waiting) = self.read(|reading| {
            let rows = reading.sql.query("SELECT id FROM subscriber WHERE tenant = $1", &[reading.tenant.into()])?;
            let known = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
            let new: Vec<String> = times.keys().filter(|id| !known.contains(id)).cloned().collect();
            Ok((new, waiting(reading, now, times)?))
        })?;
        for id in new {
            self.subscribe(&id)?;
        }
        let Some(id) = waiting else { return Ok(None) };
        let time = times.get(&id).copied().unwrap_or_default();
        let Some((claim, failures, seen)) = self.write(move |writing| claimed(writing, &id, time))? else {
            return Ok(None);
        };
        let (subscriber, claim, failures) = (claim.0, claim.1, failures);
        let events = self.read(|reading| {
            let events = chain::events(reading.sql, reading.tenant, None, seen, limit)?;
            with_groups(reading, events)
        })?;
        let until = events.last().map_or(seen, |(event, _)| event.seq);
        Ok(Some(Delivery { subscriber, claim, failures, events, until }))
    }

    /// Notes that a subscriber heard; nothing happens if the claim is not good any more.
    pub fn delivered(&self, delivery: &Delivery) -> Result<(), RegistryError> {
        let (id, claim, until) = (delivery.subscriber.clone(), delivery.claim, delivery.until);
        self.write(move |writing| {
            let text = "UPDATE subscriber SET seen = $1, failures = 0, due = 0 WHERE tenant = $2 AND id = $3
                AND claim = $4 AND seen < $1";
            let values = [until.into(), writing.tenant.into(), Value::from(&id), claim.into()];
            writing.sql.execute(text, &values).map(drop)
        })
    }

    /// Notes that a subscriber did not hear: it is told again after `wait` milliseconds.
    pub fn undelivered(&self, delivery: &Delivery, wait: i64, has_failed: bool) -> Result<(), RegistryError> {
        let (id, claim) = (delivery.subscriber.clone(), delivery.claim);
        self.write(move |writing| {
            let text = "UPDATE subscriber SET failures = failures + $1, due = $2 WHERE tenant = $3 AND id = $4
                AND claim = $5";
            let due = writing.millis() + wait;
            let values = [i64::from(has_failed).into(), due.into(), writing.tenant.into(), Value::from(&id)];
            writing.sql.execute(text, &[&values[..], &[claim.into()]].concat()).map(drop)
        })
    }
}

fn waiting(
    reading: &mut Reading<'_>,
    now: i64,
    times: &BTreeMap<String, i64>,
) -> Result<Option<String>, RegistryError> {
    for row in reading.sql.query(WAITING, &[reading.tenant.into(), now.into()])? {
        let id = row.text(0)?;
        if times.contains_key(&id) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The subscriber and the number of its claim; its failures; the last event it heard.
type Claimed = ((String, i64), i64, i64);

fn claimed(writing: &mut Writing<'_>, id: &str, time: i64) -> Result<Option<Claimed>, RegistryError> {
    let now = writing.millis();
    let text = "UPDATE subscriber SET claim = claim + 1, due = $1 WHERE tenant = $2 AND id = $3 AND due <= $4
        RETURNING claim, failures, seen";
    let values = [(now + time).into(), writing.tenant.into(), id.into(), now.into()];
    let row = writing.sql.maybe_row(text, &values)?;
    row.map(|row| Ok(((id.to_owned(), row.integer(0)?), row.integer(1)?, row.integer(2)?))).transpose()
}

fn with_groups(
    reading: &mut Reading<'_>,
    events: Vec<StoredEvent>,
) -> Result<Vec<(StoredEvent, Option<String>)>, RegistryError> {
    let devices: Vec<Value> = events.iter().filter_map(|event| event.device.as_deref().map(Value::from)).collect();
    let text = "SELECT folded, grp FROM device WHERE tenant = $1 AND folded IN";
    let mut groups = BTreeMap::new();
    for row in query_in(reading.sql, text, &[reading.tenant.into()], &devices)? {
        groups.insert(row.text(0)?, row.maybe_text(1)?);
    }
    let with_group = |event: StoredEvent| {
        let named = event.detail["group"].as_str().map(str::to_owned);
        let of_device = || event.device.as_ref().and_then(|device| groups.get(device).cloned().flatten());
        let group = named.or_else(of_device);
        (event, group)
    };
    Ok(events.into_iter().map(with_group).collect())
}
