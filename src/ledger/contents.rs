//! What many rows share, stored once under its digest: issuers' certificates, and the parts of plans that a profile gives.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::fleet::Digest;

use super::LedgerError;

/// Members of a plan summary shorter than this stay in the version's own row.
const SHORTEST_SHARED: usize = 256;
/// The key under which a shared member is named by its digest.
const REFERENCE: &str = "shared-content";

/// Stores `body` and returns its digest.
pub(super) fn put(conn: &Connection, body: &[u8]) -> Result<Digest, LedgerError> {
    let digest = Digest::of(body);
    conn.prepare_cached("INSERT OR IGNORE INTO contents (digest, body) VALUES (?1, ?2)")?
        .execute(params![digest.as_bytes(), body])?;
    Ok(digest)
}

/// Returns what was stored under `digest`.
pub(super) fn get(conn: &Connection, digest: &Digest) -> Result<Vec<u8>, LedgerError> {
    conn.prepare_cached("SELECT body FROM contents WHERE digest = ?1")?
        .query_row([digest.as_bytes()], |row| row.get(0))
        .optional()?
        .ok_or_else(|| LedgerError::unreadable(format!("content {digest} is missing")))
}

/// Stores the long members of a summary apart and returns the text that [`unfold`] reads.
pub(super) fn fold(conn: &Connection, summary: &Value) -> Result<String, LedgerError> {
    let Value::Object(members) = summary else { return Ok(summary.to_string()) };
    let mut folded = members.clone();
    for member in folded.values_mut() {
        let text = member.to_string();
        if text.len() >= SHORTEST_SHARED {
            *member = json!({ REFERENCE: put(conn, text.as_bytes())? });
        }
    }
    Ok(Value::Object(folded).to_string())
}

/// Returns the summary that [`fold`] stored.
pub(super) fn unfold(conn: &Connection, text: &str) -> Result<Value, LedgerError> {
    let mut summary = read(text.as_bytes())?;
    if let Value::Object(members) = &mut summary {
        for member in members.values_mut() {
            let Some(reference) = member.get(REFERENCE).and_then(Value::as_str) else { continue };
            let digest = reference.parse().map_err(|_| LedgerError::unreadable("a reference is no digest"))?;
            *member = read(&get(conn, &digest)?)?;
        }
    }
    Ok(summary)
}

fn read(text: &[u8]) -> Result<Value, LedgerError> {
    serde_json::from_slice(text).map_err(|error| LedgerError::unreadable(format!("stored JSON: {error}")))
}
