//! Credential generations: issued once, pending until verified on a target, then active until replaced or revoked.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use crate::delivery::{PublicCredential, SealedMaterial};
use crate::fleet::text::hex;
use crate::fleet::{CredentialKind, CredentialShape, Digest, Retain};

use super::generation::Generations;
use super::rows::Table;
use super::work::Work;
use super::{CredentialState, GenerationState, IssuedGeneration, LedgerError, NewCredential, contents, membership};

/// A row of `generations`.
pub(super) struct Generation {
    pub(super) row: i64,
    pub(super) name: String,
    pub(super) number: u32,
    pub(super) state: GenerationState,
    pub(super) shape: Option<CredentialKind>,
    pub(super) word: String,
    pub(super) retain: Retain,
    pub(super) left_on: Option<String>,
    pub(super) has_material: bool,
}

const COLUMNS: &str =
    "row, name, generation, state, shape, public ->> 'kind', retain, left_on, body IS NOT NULL AS has_material";

fn read(row: &Row<'_>) -> Result<Generation, LedgerError> {
    let shape: Option<String> = row.get(4)?;
    let retain: String = row.get(6)?;
    Ok(Generation {
        row: row.get(0)?,
        name: row.get(1)?,
        number: row.get(2)?,
        state: GenerationState::parse(row.get_ref(3)?.as_str().unwrap_or_default())?,
        shape: shape.as_deref().map(from_json).transpose()?,
        word: row.get(5)?,
        retain: serde_json::from_value(Value::String(retain)).map_err(|e| LedgerError::unreadable(e.to_string()))?,
        left_on: row.get(7)?,
        has_material: row.get(8)?,
    })
}

impl Generation {
    /// Returns true if it is neither retired nor revoked.
    pub(super) fn is_usable(&self) -> bool {
        matches!(self.state, GenerationState::Pending | GenerationState::Active)
    }

    /// Returns true if it is what `wanted` asks for. Of a credential that was imported only the kind is known.
    fn fits(&self, wanted: &CredentialKind) -> bool {
        self.shape.as_ref().map_or(self.word == wanted.word(), |shape| shape == wanted)
    }
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::unreadable(format!("stored JSON: {error}")))
}

/// Returns the generations of one credential of a device, the newest first.
pub(super) fn of_name(conn: &Connection, device: i64, name: &str) -> Result<Vec<Generation>, LedgerError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM generations WHERE device = ?1 AND name = ?2 ORDER BY generation DESC"
    ))?;
    let mut rows = statement.query(params![device, name])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Returns the usable generations of a device, whatever their names.
pub(super) fn usable(conn: &Connection, device: i64) -> Result<Vec<Generation>, LedgerError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM generations WHERE device = ?1 AND state IN ('pending', 'active')"
    ))?;
    let mut rows = statement.query([device])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Says for each credential of a plan which generation serves it: the newest usable one of the right shape, else the next
/// number, to be issued.
pub(super) fn wanted(
    conn: &Connection,
    device: Option<i64>,
    shapes: &BTreeMap<Arc<str>, CredentialShape>,
) -> Result<Generations, LedgerError> {
    let mut wanted = Generations::new();
    for (name, shape) in shapes {
        let known = device.map(|device| of_name(conn, device, name)).transpose()?.unwrap_or_default();
        let serving = known.iter().find(|generation| generation.is_usable() && generation.fits(&shape.kind));
        let next = known.first().map_or(1, |newest| newest.number + 1);
        wanted.insert(Arc::clone(name), serving.map_or(next, |generation| generation.number));
    }
    Ok(wanted)
}

/// Returns what is known of each of `generations`.
pub(super) fn states(
    conn: &Connection,
    device: Option<i64>,
    generations: &Generations,
) -> Result<Vec<CredentialState>, LedgerError> {
    let state = |(name, generation): (&Arc<str>, &u32)| {
        let issued = device.map(|device| issued(conn, device, name, *generation)).transpose()?.flatten();
        Ok(CredentialState { name: Arc::clone(name), generation: *generation, issued })
    };
    generations.iter().map(state).collect()
}

/// Returns the name of the first of `generations` that was not issued.
pub(super) fn first_missing<'a>(
    conn: &Connection,
    device: i64,
    generations: &'a Generations,
) -> Result<Option<&'a Arc<str>>, LedgerError> {
    let mut statement =
        conn.prepare_cached("SELECT 1 FROM generations WHERE device = ?1 AND name = ?2 AND generation = ?3")?;
    for (name, generation) in generations {
        if !statement.exists(params![device, &**name, generation])? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn issued(
    conn: &Connection,
    device: i64,
    name: &str,
    generation: u32,
) -> Result<Option<IssuedGeneration>, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT public, certificate, key, body FROM generations WHERE device = ?1 AND name = ?2 AND generation = ?3",
    )?;
    let mut rows = statement.query(params![device, name, generation])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let public = unfold_public(conn, &row.get::<_, String>(0)?, row.get(1)?)?;
    let material = row.get::<_, Option<Vec<u8>>>(2)?.zip(row.get::<_, Option<Vec<u8>>>(3)?);
    Ok(Some(IssuedGeneration { public, material: material.map(|(key, body)| SealedMaterial { key, body }) }))
}

/// The public half as JSON, with the certificate in a column of its own and the issuers, which many share, by digest.
fn fold_public(conn: &Connection, public: &PublicCredential) -> Result<(String, Option<Vec<u8>>), LedgerError> {
    let mut public = public.clone();
    let mut apart = None;
    if let crate::delivery::PublicKind::X509 { certificate, issuers, .. } = &mut public.kind {
        apart = Some((std::mem::take(certificate), std::mem::take(issuers)));
    }
    let mut value = serde_json::to_value(public).expect("a public credential is plain data");
    let Some((certificate, issuers)) = apart else { return Ok((value.to_string(), None)) };
    let digests: Result<Vec<Digest>, _> = issuers.iter().map(|der| contents::put(conn, der)).collect();
    value["certificate"] = Value::Null;
    value["issuers"] = json!(digests?);
    Ok((value.to_string(), Some(certificate)))
}

/// Returns the public half that was stored.
pub(super) fn unfold_public(
    conn: &Connection,
    text: &str,
    certificate: Option<Vec<u8>>,
) -> Result<PublicCredential, LedgerError> {
    let mut value: Value = from_json(text)?;
    if let Some(certificate) = certificate {
        value["certificate"] = Value::String(hex(&certificate));
        let digests: Vec<Digest> =
            serde_json::from_value(value["issuers"].take()).map_err(|e| LedgerError::unreadable(e.to_string()))?;
        let issuers: Result<Vec<String>, LedgerError> =
            digests.iter().map(|digest| contents::get(conn, digest).map(|der| hex(&der))).collect();
        value["issuers"] = json!(issuers?);
    }
    serde_json::from_value(value).map_err(|error| LedgerError::unreadable(format!("public credential: {error}")))
}

/// Stores a new generation as pending. Refuses a certificate serial or a key that exists, and a generation that is not the
/// next one: then somebody else was faster.
pub(super) fn insert(
    work: &mut Work<'_>,
    device: i64,
    id: &crate::fleet::EndpointName,
    new: &NewCredential,
    shape: Option<&CredentialKind>,
) -> Result<Value, LedgerError> {
    let name = &new.public.name;
    let known = of_name(work.conn, device, name)?;
    let next = known.first().map_or(1, |newest| newest.number + 1);
    let taken = known.iter().any(|generation| generation.state == GenerationState::Pending);
    if new.public.generation != next || taken {
        return Err(LedgerError::IssuedMeanwhile { device: id.clone(), credential: name.to_string() });
    }
    if new.public.certificate_serial().is_some() {
        membership::refuse_beyond_limit(work.conn, id)?;
    }
    let fingerprint = new.public.key_fingerprint();
    refuse_taken(work.conn, "certificate serial", new.public.certificate_serial().map(Key::Text))?;
    refuse_taken(work.conn, "key fingerprint", fingerprint.as_ref().map(Key::Digest))?;
    let (public, certificate) = fold_public(work.conn, &new.public)?;
    let wraps: BTreeMap<&str, String> =
        new.wraps.iter().map(|(name, body)| (name.as_str(), hex::encode(body))).collect();
    work.conn
        .prepare_cached(
            "INSERT INTO generations (device, name, generation, state, shape, public, certificate, certificate_serial,
             key_fingerprint, retain, wraps, key, body, issued, changed)
             VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
        )?
        .execute(params![
            device,
            &**name,
            new.public.generation,
            shape.map(|shape| json!(shape).to_string()),
            public,
            certificate,
            new.public.certificate_serial(),
            fingerprint.as_ref().map(Digest::as_bytes),
            retain_name(new.retain),
            json!(wraps).to_string(),
            new.material.key,
            new.material.body,
            work.now_text(),
        ])?;
    let row = work.conn.last_insert_rowid();
    work.touch(Table::Generations, row);
    Ok(json!({ "name": &**name, "generation": new.public.generation, "kind": new.public.word(),
        "serial": new.public.certificate_serial(), "key_fingerprint": fingerprint, "demo": new.public.demo,
        "retain": new.retain, "wrapped_to": wraps.keys().collect::<Vec<_>>() }))
}

fn retain_name(retain: Retain) -> String {
    match json!(retain) {
        Value::String(name) => name,
        other => other.to_string(),
    }
}

enum Key<'a> {
    Text(&'a str),
    Digest(&'a Digest),
}

fn refuse_taken(conn: &Connection, what: &'static str, key: Option<Key<'_>>) -> Result<(), LedgerError> {
    let find = "SELECT d.id FROM generations AS g JOIN devices AS d ON d.row = g.device WHERE g.";
    let get = |row: &Row<'_>| row.get::<_, String>(0);
    let (value, holder) = match key {
        None => return Ok(()),
        Some(Key::Text(serial)) => {
            let mut statement = conn.prepare_cached(&format!("{find}certificate_serial = ?1"))?;
            (serial.to_owned(), statement.query_row([serial], get).optional()?)
        }
        Some(Key::Digest(digest)) => {
            let mut statement = conn.prepare_cached(&format!("{find}key_fingerprint = ?1"))?;
            (digest.to_string(), statement.query_row([digest.as_bytes()], get).optional()?)
        }
    };
    holder.map_or(Ok(()), |holder| Err(LedgerError::Taken { what, value, holder }))
}

/// Notes that the generations are about to leave on a target. Hardware is never forgotten for a later rehearsal.
pub(super) fn leave(
    work: &mut Work<'_>,
    device: i64,
    generations: &Generations,
    hardware: bool,
) -> Result<(), LedgerError> {
    let place = if hardware { "hardware" } else { "station" };
    for generation in rows_of(work.conn, device, generations)? {
        if generation.left_on.as_deref() == Some(place) || generation.left_on.as_deref() == Some("hardware") {
            continue;
        }
        work.conn
            .prepare_cached("UPDATE generations SET left_on = ?2, changed = ?3 WHERE row = ?1")?
            .execute(params![generation.row, place, work.now_text()])?;
        work.touch(Table::Generations, generation.row);
    }
    Ok(())
}

/// Makes the pending ones of `generations` active, and retires what they replace. Returns the names of what became active.
pub(super) fn activate(
    work: &mut Work<'_>,
    device: i64,
    generations: &Generations,
) -> Result<Vec<String>, LedgerError> {
    let mut activated = Vec::new();
    for generation in rows_of(work.conn, device, generations)? {
        if generation.state != GenerationState::Pending {
            continue;
        }
        for older in of_name(work.conn, device, &generation.name)? {
            if older.state == GenerationState::Active {
                close(
                    work,
                    &older,
                    GenerationState::Retired,
                    &format!("replaced by generation {}", generation.number),
                )?;
            }
        }
        work.conn
            .prepare_cached("UPDATE generations SET state = 'active', changed = ?2 WHERE row = ?1")?
            .execute(params![generation.row, work.now_text()])?;
        work.touch(Table::Generations, generation.row);
        activated.push(generation.name);
    }
    Ok(activated)
}

/// Applies the `retain` rules after a verified delivery. Returns the names of what was destroyed.
pub(super) fn apply_retain(
    work: &mut Work<'_>,
    device: i64,
    generations: &Generations,
    hardware: bool,
) -> Result<Vec<String>, LedgerError> {
    let mut destroyed = Vec::new();
    for generation in rows_of(work.conn, device, generations)? {
        let due = match generation.retain {
            Retain::Never => true,
            Retain::UntilDelivered => hardware,
            Retain::Keep => false,
        };
        if due && generation.has_material {
            destroy(work, generation.row)?;
            destroyed.push(generation.name);
        }
    }
    Ok(destroyed)
}

/// Ends a generation's life. Its private half goes too, but for a retired one that is to be kept.
pub(super) fn close(
    work: &mut Work<'_>,
    generation: &Generation,
    state: GenerationState,
    reason: &str,
) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("UPDATE generations SET state = ?2, reason = ?3, changed = ?4 WHERE row = ?1")?
        .execute(params![generation.row, state.name(), reason, work.now_text()])?;
    work.touch(Table::Generations, generation.row);
    let kept = state == GenerationState::Retired && generation.retain == Retain::Keep;
    if !kept {
        destroy(work, generation.row)?;
    }
    Ok(())
}

/// Retires pending generations that the plan no longer asks for in this shape.
pub(super) fn retire_misfits(
    work: &mut Work<'_>,
    device: i64,
    shapes: &BTreeMap<Arc<str>, CredentialShape>,
) -> Result<Vec<String>, LedgerError> {
    let mut retired = Vec::new();
    for generation in usable(work.conn, device)? {
        let Some(shape) = shapes.get(generation.name.as_str()) else { continue };
        if generation.state == GenerationState::Pending && !generation.fits(&shape.kind) {
            close(work, &generation, GenerationState::Retired, "the plan asks for another shape")?;
            retired.push(format!("{} generation {}", generation.name, generation.number));
        }
    }
    Ok(retired)
}

fn destroy(work: &mut Work<'_>, row: i64) -> Result<(), LedgerError> {
    work.conn
        .prepare_cached("UPDATE generations SET key = NULL, body = NULL, changed = ?2 WHERE row = ?1")?
        .execute(params![row, work.now_text()])?;
    work.touch(Table::Generations, row);
    Ok(())
}

fn rows_of(conn: &Connection, device: i64, generations: &Generations) -> Result<Vec<Generation>, LedgerError> {
    let mut found = Vec::new();
    for (name, number) in generations {
        found.extend(of_name(conn, device, name)?.into_iter().filter(|generation| generation.number == *number));
    }
    Ok(found)
}
