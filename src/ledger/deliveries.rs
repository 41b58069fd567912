//! Deliveries: one bundle version on its way to one target. Only a delivery can be done.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use time::OffsetDateTime;

use crate::delivery::{Receipt, SealedMaterial, Step, TargetIdentity, TargetKind};
use crate::fleet::{Digest, EndpointName};

use super::generation::Generations;
use super::rows::Table;
use super::work::Work;
use super::{Again, DeliveryState, LedgerError, states, times};

/// A delivery that is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FinishedDelivery {
    /// Its number in the ledger.
    pub delivery: i64,
    /// The device.
    pub device: EndpointName,
    /// The delivery's name in the profile.
    pub name: String,
    /// The bundle version.
    pub version: u32,
    /// Names and generations of the credentials it carries.
    pub credentials: Generations,
    /// The proof.
    pub receipt: Receipt,
    /// When it was finished.
    #[serde(with = "time::serde::rfc3339")]
    pub finished: OffsetDateTime,
}

/// A delivery that was begun and not ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PendingDelivery {
    /// Its number in the ledger.
    pub delivery: i64,
    /// The device.
    pub device: EndpointName,
    /// The delivery's name in the profile.
    pub name: String,
    /// The bundle version.
    pub version: u32,
    /// The last step that is durable.
    pub reached: &'static str,
    /// The target, in a person's words.
    pub target: TargetIdentity,
    /// Since when its target holds secrets of the device, where it does.
    #[serde(with = "time::serde::rfc3339::option")]
    pub exposed: Option<OffsetDateTime>,
    /// Why it stopped, where that is known.
    pub failure: Option<String>,
    /// True if a running process is at it.
    pub under_way: bool,
    /// When it was begun.
    #[serde(with = "time::serde::rfc3339")]
    pub began: OffsetDateTime,
}

/// A delivery whose bundle a target holds, as far as the ledger knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lying {
    /// The device.
    pub device: EndpointName,
    /// The bundle version.
    pub version: u32,
    /// Its state: `Finished`, or `Open` where it was interrupted.
    pub state: DeliveryState,
    /// Since when.
    pub since: OffsetDateTime,
}

/// A row of `deliveries`, without its spool.
pub(super) struct Delivery {
    pub(super) row: i64,
    pub(super) device: i64,
    pub(super) id: EndpointName,
    pub(super) name: String,
    pub(super) version: i64,
    pub(super) number: u32,
    pub(super) state: DeliveryState,
    pub(super) reached: Step,
    pub(super) again: Option<Again>,
    pub(super) target: TargetIdentity,
    pub(super) artifact: Option<String>,
    pub(super) receipt: Option<Receipt>,
    pub(super) failure: Option<String>,
    pub(super) holder: Option<String>,
    pub(super) began: OffsetDateTime,
    pub(super) exposed: Option<OffsetDateTime>,
    /// Since when its target holds secrets: its own, or those of the delivery it replaces on the same hardware.
    pub(super) locked: Option<OffsetDateTime>,
    pub(super) changed: OffsetDateTime,
}

const SELECT: &str =
    "SELECT d.row, d.device, v.id, d.name, d.version, b.version, d.state, d.reached, d.again, d.target,
    d.artifact, d.receipt, d.failure, d.holder, d.began, d.exposed, d.changed, d.locked
    FROM deliveries AS d JOIN devices AS v ON v.row = d.device JOIN versions AS b ON b.row = d.version ";

impl Delivery {
    fn read(row: &Row<'_>) -> Result<Self, LedgerError> {
        let text = |column: usize| row.get_ref(column).map(|value| value.as_str().unwrap_or_default());
        let time = |column: usize| -> Result<Option<OffsetDateTime>, LedgerError> {
            row.get::<_, Option<String>>(column)?.as_deref().map(times::from_text).transpose()
        };
        let missing = || LedgerError::unreadable("a delivery has no time");
        let receipt: Option<String> = row.get(11)?;
        Ok(Self {
            row: row.get(0)?,
            device: row.get(1)?,
            id: EndpointName::new(text(2)?).map_err(|error| LedgerError::unreadable(error.to_string()))?,
            name: row.get(3)?,
            version: row.get(4)?,
            number: row.get(5)?,
            state: DeliveryState::parse(text(6)?)?,
            reached: states::parse_step(text(7)?)?,
            again: row.get::<_, Option<String>>(8)?.as_deref().map(Again::parse).transpose()?,
            target: from_json(text(9)?)?,
            artifact: row.get(10)?,
            receipt: receipt.as_deref().map(from_json).transpose()?,
            failure: row.get(12)?,
            holder: row.get(13)?,
            began: time(14)?.ok_or_else(missing)?,
            exposed: time(15)?,
            locked: time(17)?,
            changed: time(16)?.ok_or_else(missing)?,
        })
    }

    /// Returns true if its hardware holds secrets of the device, from this attempt or from one it replaces.
    pub(super) fn is_out(&self) -> bool {
        self.locked.is_some() && self.target.is_hardware()
    }

    /// Turns a finished row into what is told of it.
    pub(super) fn into_finished(self, credentials: Generations) -> Result<FinishedDelivery, LedgerError> {
        let receipt = self.receipt.ok_or_else(|| LedgerError::unreadable("a finished delivery has no receipt"))?;
        Ok(FinishedDelivery {
            delivery: self.row,
            device: self.id,
            name: self.name,
            version: self.number,
            credentials,
            receipt,
            finished: self.changed,
        })
    }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::unreadable(format!("stored JSON: {error}")))
}

fn one(conn: &Connection, rest: &str, values: impl rusqlite::Params) -> Result<Option<Delivery>, LedgerError> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{rest}"))?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(Delivery::read).transpose()
}

/// Calls `each` for every delivery that `rest` selects.
pub(super) fn each(
    conn: &Connection,
    rest: &str,
    values: impl rusqlite::Params,
    mut each: impl FnMut(Delivery) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut statement = conn.prepare_cached(&format!("{SELECT}{rest}"))?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        each(Delivery::read(row)?)?;
    }
    Ok(())
}

/// Returns a delivery by its number.
pub(super) fn by_row(conn: &Connection, row: i64) -> Result<Delivery, LedgerError> {
    one(conn, "WHERE d.row = ?1", [row])?.ok_or(LedgerError::ClaimLost { delivery: row })
}

/// Returns the open delivery of a device under a name; there is at most one.
pub(super) fn open_of(conn: &Connection, device: i64, name: &str) -> Result<Option<Delivery>, LedgerError> {
    one(conn, "WHERE d.device = ?1 AND d.name = ?2 AND d.state = 'open'", params![device, name])
}

/// Returns the finished delivery that makes another of `version` to `target` needless: any hardware counts for hardware, the
/// same path for a file or folder on the station.
pub(super) fn done(
    conn: &Connection,
    version: i64,
    name: &str,
    target: &TargetIdentity,
) -> Result<Option<Delivery>, LedgerError> {
    one(
        conn,
        "WHERE d.version = ?1 AND d.name = ?2 AND d.state = 'finished' AND d.hardware = ?3
         AND (d.hardware OR d.target_key = ?4) ORDER BY d.row DESC LIMIT 1",
        params![version, name, target.is_hardware(), key_of(target)],
    )
}

/// Returns the newest finished delivery of a device under a name.
pub(super) fn last_finished(
    conn: &Connection,
    device: i64,
    name: &str,
    hardware: Option<bool>,
) -> Result<Option<Delivery>, LedgerError> {
    let rest = "WHERE d.device = ?1 AND d.name = ?2 AND d.state = 'finished' AND (?3 IS NULL OR d.hardware = ?3)
        ORDER BY d.row DESC LIMIT 1";
    one(conn, rest, params![device, name, hardware])
}

/// Returns the deliveries whose secrets left last on this very target, together: they have the same time.
pub(super) fn last_on(conn: &Connection, target: &TargetIdentity) -> Result<Vec<Delivery>, LedgerError> {
    let rest = "WHERE d.target_key = ?1 AND d.locked IS NOT NULL AND d.exposed = (SELECT max(exposed) FROM deliveries
        WHERE target_key = ?1 AND locked IS NOT NULL) ORDER BY d.row";
    let mut found = Vec::new();
    each(conn, rest, [key_of(target)], |delivery| {
        found.push(delivery);
        Ok(())
    })?;
    found.retain(|delivery| delivery.target.is_same_target(target));
    Ok(found)
}

/// A text that is equal for two identities exactly if [`TargetIdentity::is_same_target`] says so.
pub(super) fn key_of(target: &TargetIdentity) -> String {
    let key = match target.kind {
        TargetKind::ImageFile => serde_json::json!(["image-file", target.path]),
        TargetKind::Folder => serde_json::json!(["folder", target.path]),
        TargetKind::Chip | TargetKind::SimulatedChip => {
            let kind = if target.kind == TargetKind::Chip { "chip" } else { "simulated-chip" };
            match target.chip_number() {
                Some(number) => serde_json::json!([kind, number]),
                None => serde_json::json!([kind, target.port, target.serial, target.path]),
            }
        }
        TargetKind::Drive => {
            let told_apart = target.cid.is_some() || target.serial.is_some();
            let port = if told_apart { None } else { target.port.as_deref() };
            serde_json::json!(["drive", target.size, target.serial, target.cid, port])
        }
    };
    key.to_string()
}

/// Opens a delivery, held by this process. `locked` is taken over from the one it replaces on the same hardware.
pub(super) fn insert(
    work: &mut Work<'_>,
    device: i64,
    name: &str,
    version: i64,
    target: &TargetIdentity,
    again: Option<Again>,
    locked: Option<OffsetDateTime>,
) -> Result<i64, LedgerError> {
    work.conn
        .prepare_cached(
            "INSERT INTO deliveries (device, name, version, state, reached, again, hardware, target_key, target, holder,
             began, changed, locked) VALUES (?1, ?2, ?3, 'open', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)",
        )?
        .execute(params![
            device,
            name,
            version,
            Step::Begin.name(),
            again.map(Again::name),
            target.is_hardware(),
            key_of(target),
            as_json(target),
            work.around.holder.name(),
            work.now_text(),
            locked.map(times::to_text)
        ])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Deliveries, row);
    Ok(row)
}

/// Makes this process the holder.
pub(super) fn take(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    work.conn.prepare_cached("UPDATE deliveries SET holder = ?2, changed = ?3 WHERE row = ?1")?.execute(params![
        row,
        work.around.holder.name(),
        work.now_text()
    ])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Notes how far it has come.
pub(super) fn reach(work: &mut Work<'_>, row: i64, step: Step) -> Result<(), LedgerError> {
    work.conn.prepare_cached("UPDATE deliveries SET reached = ?2, changed = ?3 WHERE row = ?1")?.execute(params![
        row,
        step.name(),
        work.now_text()
    ])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Stores the target's identity as it was found last.
pub(super) fn bind(work: &mut Work<'_>, row: i64, target: &TargetIdentity) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached(
            "UPDATE deliveries SET hardware = ?2, target_key = ?3, target = ?4, changed = ?5 WHERE row = ?1",
        )?
        .execute(params![row, target.is_hardware(), key_of(target), as_json(target), work.now_text()])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Stores the sealed artifact, apart from the delivery's row: that is written and hashed anew at every step.
pub(super) fn store_spool(
    work: &mut Work<'_>,
    row: i64,
    artifact: Digest,
    spool: &SealedMaterial,
) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("INSERT INTO spools (delivery, key, body) VALUES (?1, ?2, ?3)")?
        .execute(params![row, spool.key, spool.body])?;
    work.conn
        .prepare_cached("UPDATE deliveries SET artifact = ?2, spool = ?3, reached = ?4, changed = ?5 WHERE row = ?1")?
        .execute(params![
            row,
            artifact.to_string(),
            spool_digest(spool).as_bytes(),
            Step::Sealed.name(),
            work.now_text()
        ])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Returns the sealed artifact, while there is one.
pub(super) fn spool(conn: &Connection, row: i64) -> Result<Option<SealedMaterial>, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT key, body FROM spools WHERE delivery = ?1")?;
    let get = |row: &Row<'_>| Ok(SealedMaterial { key: row.get(0)?, body: row.get(1)? });
    Ok(statement.query_row([row], get).optional()?)
}

/// Returns the digest by which a delivery's row vouches for its spool.
pub(super) fn spool_digest(spool: &SealedMaterial) -> Digest {
    Digest::of_parts([spool.key.as_slice(), &spool.body])
}

/// Notes that secrets leave, at a time that is theirs and that of what goes with them.
pub(super) fn expose(work: &mut Work<'_>, row: i64, at: &str) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached(
            "UPDATE deliveries SET exposed = ?2, locked = coalesce(locked, ?2), reached = ?3, changed = ?4
             WHERE row = ?1",
        )?
        .execute(params![row, at, Step::Exposed.name(), work.now_text()])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Stores the proof.
pub(super) fn verify(work: &mut Work<'_>, row: i64, receipt: &Receipt) -> Result<(), LedgerError> {
    let text = serde_json::to_string(receipt).expect("a receipt is plain data");
    work.conn
        .prepare_cached("UPDATE deliveries SET receipt = ?2, reached = ?3, changed = ?4 WHERE row = ?1")?
        .execute(params![row, text, Step::Verified.name(), work.now_text()])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Notes why it stopped, and lets go of it: anybody may resume.
pub(super) fn fail(work: &mut Work<'_>, row: i64, failure: &str) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("UPDATE deliveries SET failure = ?2, holder = NULL, changed = ?3 WHERE row = ?1")?
        .execute(params![row, failure, work.now_text()])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

/// Ends it: the spool is destroyed, nobody holds it.
pub(super) fn close(work: &mut Work<'_>, row: i64, state: DeliveryState) -> Result<(), LedgerError> {
    work.conn.prepare_cached("DELETE FROM spools WHERE delivery = ?1")?.execute([row])?;
    work.conn
        .prepare_cached("UPDATE deliveries SET state = ?2, holder = NULL, spool = NULL, changed = ?3 WHERE row = ?1")?
        .execute(params![row, state.name(), work.now_text()])?;
    work.touch(Table::Deliveries, row);
    Ok(())
}

fn as_json(target: &TargetIdentity) -> String {
    serde_json::to_string(target).expect("an identity is plain data")
}
