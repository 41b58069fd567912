//! What the registry is still to be told: one entry for each row of the ledger, in its order, made once and then sent as it
//! is until the registry has it.

use rusqlite::{Connection, OptionalExtension, params};

use crate::delivery::{PublicCredential, SealedMaterial};
use crate::fleet::Digest;

use super::chain::{self, Stored};
use super::reports::{Entry, entry};
use super::{DeviceRecord, GenerationState, Ledger, LedgerError, credentials, devices};

/// An entry made for the registry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// Its number among the station's entries.
    pub seq: i64,
    /// The ledger's row that it tells of.
    pub event: i64,
    /// Its text.
    pub entry: String,
    /// Its digest, which covers the entry before.
    pub digest: Digest,
}

/// What the registry has not heard of and for which no entry is made.
pub struct Unsent {
    /// Number and digest of the last entry made; none before the first.
    pub last: Option<(i64, Digest)>,
    /// The next rows of the ledger.
    pub rows: Vec<Entry>,
    /// The devices of which these rows tell, as they stand now.
    pub devices: Vec<Snapshot>,
}

/// A device as the ledger holds it now.
pub struct Snapshot {
    /// Its record.
    pub record: DeviceRecord,
    /// All its credential generations.
    pub credentials: Vec<SnapshotCredential>,
    /// The last of the rows that tell of it.
    pub event: i64,
}

/// A credential generation as the ledger holds it now.
pub struct SnapshotCredential {
    /// Its public half.
    pub public: PublicCredential,
    /// Its state.
    pub state: GenerationState,
    /// Its sealed private half, where the rule for it is to keep it.
    pub kept: Option<SealedMaterial>,
}

impl Ledger {
    /// Returns the next rows, at most `limit`, for which no entry is made.
    pub fn unsent(&self, limit: u32) -> Result<Unsent, LedgerError> {
        self.read(|conn| {
            let last = last(conn)?;
            let rows = rows_after(conn, last.map_or(0, |(_, event, _)| event), limit)?;
            let devices = snapshots(conn, &rows)?;
            Ok(Unsent { last: last.map(|(seq, _, digest)| (seq, digest)), rows, devices })
        })
    }

    /// Keeps entries made for rows that had none. Fails if another process was faster.
    pub fn put_outgoing(&self, entries: Vec<Outgoing>) -> Result<(), LedgerError> {
        self.write(move |work| {
            let (mut seq, mut event) = last(work.conn)?.map_or((0, 0), |(seq, event, _)| (seq, event));
            for outgoing in &entries {
                if outgoing.seq != seq + 1 || outgoing.event != event + 1 {
                    return Err(LedgerError::ToldMeanwhile { seq: outgoing.seq });
                }
                (seq, event) = (outgoing.seq, outgoing.event);
                let values = params![seq, event, outgoing.entry, outgoing.digest.as_bytes()];
                work.conn
                    .prepare_cached("INSERT INTO outbox (seq, event, entry, digest) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(values)?;
            }
            Ok(())
        })
    }

    /// Returns the entries that were made and that the registry may not have, in order, at most `limit`.
    pub fn outgoing(&self, limit: u32) -> Result<Vec<Outgoing>, LedgerError> {
        self.read(|conn| {
            let text = "SELECT seq, event, entry, digest FROM outbox WHERE entry IS NOT NULL ORDER BY seq LIMIT ?1";
            let mut statement = conn.prepare_cached(text)?;
            let rows = statement.query_map([limit], |row| {
                let digest = Digest::from_bytes(row.get(3)?);
                Ok(Outgoing { seq: row.get(0)?, event: row.get(1)?, entry: row.get(2)?, digest })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Notes that the registry has all entries up to `head`, and how many of them it could not act upon. The texts are not
    /// needed any more, the digests are: they tell whether the registry speaks of this very ledger.
    pub fn delivered_to_registry(&self, head: i64, conflicts: usize) -> Result<(), LedgerError> {
        let conflicts = i64::try_from(conflicts).unwrap_or(i64::MAX);
        self.write(move |work| {
            work.conn
                .prepare_cached("UPDATE outbox SET entry = NULL WHERE seq <= ?1 AND entry IS NOT NULL")?
                .execute([head])?;
            work.conn
                .prepare_cached("UPDATE membership SET synchronized = ?1, conflicts = conflicts + ?2")?
                .execute(params![work.now_text(), conflicts])?;
            Ok(())
        })
    }

    /// Returns the digest of one of the entries made here.
    pub fn outgoing_digest(&self, seq: i64) -> Result<Option<Digest>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached("SELECT digest FROM outbox WHERE seq = ?1")?;
            Ok(statement.query_row([seq], |row| Ok(Digest::from_bytes(row.get(0)?))).optional()?)
        })
    }

    /// Makes the entries after `seq` once more where some of them had been told: the registry was itself put back to there
    /// from a copy.
    pub fn tell_again_after(&self, seq: i64) -> Result<(), LedgerError> {
        let text = "SELECT 1 FROM outbox WHERE seq > ?1 AND entry IS NULL";
        if !self.read(|conn| Ok(conn.prepare_cached(text)?.exists([seq])?))? {
            return Ok(());
        }
        self.write(move |work| {
            work.conn.execute("DELETE FROM outbox WHERE seq > ?1", [seq])?;
            Ok(())
        })
    }

    /// Returns the key fingerprints of a device's credentials, and PSK identities by their digests.
    pub fn fingerprints(&self, folded: &str) -> Result<Option<Vec<Digest>>, LedgerError> {
        self.read(|conn| {
            let Some((row, _)) = devices::find(conn, folded)? else { return Ok(None) };
            Ok(Some(held(conn, row)?.iter().map(|held| held.public.registry_fingerprint()).collect()))
        })
    }
}

/// Returns how many rows the registry has not heard of.
pub(super) fn unsent(conn: &Connection) -> Result<i64, LedgerError> {
    let text = "SELECT (SELECT count(*) FROM outbox WHERE entry IS NOT NULL)
        + (SELECT events FROM ledger) - coalesce((SELECT event FROM outbox ORDER BY seq DESC LIMIT 1), 0)";
    Ok(conn.prepare_cached(text)?.query_row([], |row| row.get(0))?)
}

/// The entries go on after the registry's last; rows whose entries it did not confirm are told once more.
pub(super) fn go_on_after(conn: &Connection, head: (i64, Digest)) -> Result<(), LedgerError> {
    let told: Option<i64> =
        conn.query_row("SELECT max(event) FROM outbox WHERE entry IS NULL", [], |row| row.get(0))?;
    conn.execute("DELETE FROM outbox", [])?;
    if head.0 > 0 {
        conn.execute(
            "INSERT INTO outbox (seq, event, entry, digest) VALUES (?1, ?2, NULL, ?3)",
            params![head.0, told.unwrap_or(0), head.1.as_bytes()],
        )?;
    }
    Ok(())
}

fn last(conn: &Connection) -> Result<Option<(i64, i64, Digest)>, LedgerError> {
    let mut statement = conn.prepare_cached("SELECT seq, event, digest FROM outbox ORDER BY seq DESC LIMIT 1")?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, Digest::from_bytes(row.get(2)?)))).optional()?)
}

fn rows_after(conn: &Connection, event: i64, limit: u32) -> Result<Vec<Entry>, LedgerError> {
    let text = format!("SELECT {} FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2", chain::COLUMNS);
    let mut statement = conn.prepare_cached(&text)?;
    let mut rows = statement.query(params![event, limit])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(Stored::read(row)?));
    }
    Ok(entries)
}

/// A device that several rows tell of is described once, with the last of them.
fn snapshots(conn: &Connection, rows: &[Entry]) -> Result<Vec<Snapshot>, LedgerError> {
    let mut last = std::collections::BTreeMap::new();
    for row in rows {
        last.extend(row.device.as_ref().map(|device| (device.to_ascii_lowercase(), row.seq)));
    }
    let mut found = Vec::new();
    for (folded, event) in last {
        let Some((row, record)) = devices::find(conn, &folded)? else { continue };
        found.push(Snapshot { record, credentials: held(conn, row)?, event });
    }
    Ok(found)
}

fn held(conn: &Connection, device: i64) -> Result<Vec<SnapshotCredential>, LedgerError> {
    let text = "SELECT public, certificate, state, retain = 'keep', key, body FROM generations WHERE device = ?1
        ORDER BY row";
    let mut statement = conn.prepare_cached(text)?;
    let mut rows = statement.query([device])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let public = credentials::unfold_public(conn, &row.get::<_, String>(0)?, row.get(1)?)?;
        let state = GenerationState::parse(row.get_ref(2)?.as_str().unwrap_or_default())?;
        let material = row.get::<_, Option<Vec<u8>>>(4)?.zip(row.get::<_, Option<Vec<u8>>>(5)?);
        let kept = material.filter(|_| row.get(3).unwrap_or(false)).map(|(key, body)| SealedMaterial { key, body });
        found.push(SnapshotCredential { public, state, kept });
    }
    Ok(found)
}
