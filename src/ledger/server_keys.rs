//! The pre-shared keys of devices that a server needs, as they were wrapped to it or as they are kept.

use serde_json::Value;

use crate::delivery::{PublicCredential, SealedMaterial};
use crate::fleet::EndpointName;

use super::{Ledger, LedgerError, credentials};

/// A credential generation that is in force, or is about to be.
pub struct ServerKey {
    /// Whose.
    pub device: EndpointName,
    /// Its public half.
    pub public: PublicCredential,
    /// False while the device may still hold the one before.
    pub is_active: bool,
    /// The sealed private half, where it is kept.
    pub material: Option<SealedMaterial>,
    /// The private half as it was wrapped to the server when it was issued, where that was done.
    pub wrapped: Option<Vec<u8>>,
}

impl Ledger {
    /// Returns all generations of the credential `credential` that a server has to accept, by device: pending and active
    /// ones of devices that are not retired.
    pub fn server_keys(&self, server: &str, credential: &str) -> Result<Vec<ServerKey>, LedgerError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT d.id, g.public, g.certificate, g.state = 'active', g.key, g.body, g.wraps
                 FROM generations AS g JOIN devices AS d ON d.row = g.device
                 WHERE g.name = ?1 AND g.state IN ('pending', 'active') AND d.state <> 'retired'
                 ORDER BY d.id, g.generation",
            )?;
            let mut rows = statement.query([credential])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let device = EndpointName::new(&row.get::<_, String>(0)?);
                let sealed = row.get::<_, Option<Vec<u8>>>(4)?.zip(row.get::<_, Option<Vec<u8>>>(5)?);
                found.push(ServerKey {
                    device: device.map_err(|error| LedgerError::unreadable(error.to_string()))?,
                    public: credentials::unfold_public(conn, &row.get::<_, String>(1)?, row.get(2)?)?,
                    is_active: row.get(3)?,
                    material: sealed.map(|(key, body)| SealedMaterial { key, body }),
                    wrapped: wrap_of(server, row.get_ref(6)?.as_str().unwrap_or_default())?,
                });
            }
            Ok(found)
        })
    }
}

fn wrap_of(server: &str, wraps: &str) -> Result<Option<Vec<u8>>, LedgerError> {
    let unreadable = |error: String| LedgerError::unreadable(format!("a wrapped key: {error}"));
    let wraps: Value = serde_json::from_str(wraps).map_err(|error| unreadable(error.to_string()))?;
    let Some(text) = wraps.get(server).and_then(Value::as_str) else { return Ok(None) };
    hex::decode(text).map(Some).map_err(|error| unreadable(error.to_string()))
}
