//! The audit trail: an append-only list of events for each tenant, each digest over its event and the one before.

use serde::Serialize;
use time::OffsetDateTime;

use crate::fleet::Digest;

use super::times::{millis, of_millis};
use super::{RegistryError, Row, Sql, Value, sql};

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What: `registered`, `refused`, `token-made` ...
    pub what: &'static str,
    /// The device, folded.
    pub device: Option<String>,
    /// Who: `device`, `operator ann`, `token 7f3a` ...
    pub actor: String,
    /// Particulars; never a secret.
    pub detail: serde_json::Value,
}

/// An event as it lies in the store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct StoredEvent {
    /// Number, from 1.
    pub seq: i64,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Who.
    pub actor: String,
    /// What.
    pub what: String,
    /// The device, folded.
    pub device: Option<String>,
    /// Particulars.
    pub detail: serde_json::Value,
    /// The chain's digest up to here.
    pub digest: Digest,
}

/// Where the chain ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    pub(super) events: i64,
    pub(super) digest: Digest,
}

/// Returns the digest that stands before the first event: a chain belongs to one tenant.
pub(super) fn genesis(tenant: &str) -> Digest {
    Digest::of_parts([b"firstlight registry".as_slice(), tenant.as_bytes()])
}

/// Takes the turn to write for a tenant: whoever holds it writes alone until the transaction ends, in both engines.
pub(super) fn take_turn(sql: &mut dyn Sql, tenant: &str) -> Result<Head, RegistryError> {
    let taken = "UPDATE tenant SET turn = turn + 1 WHERE id = $1 RETURNING events, head";
    let row = sql.maybe_row(taken, &[tenant.into()])?;
    let row = row.ok_or_else(|| RegistryError::damaged("", format!("tenant {tenant:?} is not there")))?;
    Ok(Head { events: row.integer(0)?, digest: digest(&row, 1)? })
}

/// Appends events after `head` and notes the new end.
pub(super) fn append(
    sql: &mut dyn Sql,
    tenant: &str,
    head: Head,
    at: OffsetDateTime,
    events: &[Event],
) -> Result<(), RegistryError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut head = head;
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let (seq, at, detail) = (head.events + 1, millis(at), event.detail.to_string());
        let digest = link(head.digest, seq, at, &event.actor, event.what, event.device.as_deref(), &detail);
        rows.push(vec![
            tenant.into(),
            seq.into(),
            at.into(),
            Value::from(&event.actor),
            event.what.into(),
            event.device.as_deref().into(),
            detail.into(),
            digest.as_bytes().as_slice().into(),
        ]);
        head = Head { events: seq, digest };
    }
    sql::insert(sql, "event (tenant, seq, at, actor, what, device, detail, digest)", rows, "")?;
    let ended = [head.events.into(), head.digest.as_bytes().as_slice().into(), tenant.into()];
    sql.execute("UPDATE tenant SET events = $1, head = $2 WHERE id = $3", &ended)?;
    Ok(())
}

fn link(before: Digest, seq: i64, at: i64, actor: &str, what: &str, device: Option<&str>, detail: &str) -> Digest {
    Digest::of_parts([
        before.as_bytes().as_slice(),
        &seq.to_be_bytes(),
        &at.to_be_bytes(),
        actor.as_bytes(),
        what.as_bytes(),
        &[u8::from(device.is_some())],
        device.unwrap_or_default().as_bytes(),
        detail.as_bytes(),
    ])
}

const COLUMNS: &str = "seq, at, actor, what, device, detail, digest";

/// Returns up to `limit` events after `after`, oldest first, of one device or of all.
pub(super) fn events(
    sql: &mut dyn Sql,
    tenant: &str,
    device: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<StoredEvent>, RegistryError> {
    let rows = match device {
        Some(device) => sql.query(
            &format!(
                "SELECT {COLUMNS} FROM event WHERE tenant = $1 AND device = $2 AND seq > $3 ORDER BY seq LIMIT $4"
            ),
            &[tenant.into(), device.into(), after.into(), limit.into()],
        )?,
        None => sql.query(
            &format!("SELECT {COLUMNS} FROM event WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
            &[tenant.into(), after.into(), limit.into()],
        )?,
    };
    rows.iter().map(stored).collect()
}

/// Returns the last `limit` events of a device, newest first.
pub(super) fn latest(
    sql: &mut dyn Sql,
    tenant: &str,
    device: &str,
    limit: i64,
) -> Result<Vec<StoredEvent>, RegistryError> {
    let text = format!("SELECT {COLUMNS} FROM event WHERE tenant = $1 AND device = $2 ORDER BY seq DESC LIMIT $3");
    sql.query(&text, &[tenant.into(), device.into(), limit.into()])?.iter().map(stored).collect()
}

/// Checks the whole chain of a tenant; returns the number of events, or the first that does not fit.
pub(super) fn verify(sql: &mut dyn Sql, tenant: &str) -> Result<Result<i64, i64>, RegistryError> {
    let mut head = Head { events: 0, digest: genesis(tenant) };
    loop {
        let some = events(sql, tenant, None, head.events, 1_000)?;
        if some.is_empty() {
            break;
        }
        for event in some {
            let detail = event.detail.to_string();
            let at = millis(event.at);
            let device = event.device.as_deref();
            let digest = link(head.digest, head.events + 1, at, &event.actor, &event.what, device, &detail);
            if event.seq != head.events + 1 || event.digest != digest {
                return Ok(Err(head.events + 1));
            }
            head = Head { events: event.seq, digest };
        }
    }
    let row = sql.maybe_row("SELECT events, head FROM tenant WHERE id = $1", &[tenant.into()])?;
    let Some(row) = row else { return Ok(Err(0)) };
    let is_end = row.integer(0)? == head.events && digest(&row, 1)? == head.digest;
    Ok(if is_end { Ok(head.events) } else { Err(head.events + 1) })
}

fn stored(row: &Row) -> Result<StoredEvent, RegistryError> {
    let detail = row.text(5)?;
    Ok(StoredEvent {
        seq: row.integer(0)?,
        at: of_millis(row.integer(1)?),
        actor: row.text(2)?,
        what: row.text(3)?,
        device: row.maybe_text(4)?,
        detail: serde_json::from_str(&detail).unwrap_or(serde_json::Value::String(detail)),
        digest: digest(row, 6)?,
    })
}

fn digest(row: &Row, column: usize) -> Result<Digest, RegistryError> {
    let bytes = row.bytes(column)?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| RegistryError::damaged("", "a digest is not 32 bytes long"))?;
    Ok(Digest::from_bytes(bytes))
}
