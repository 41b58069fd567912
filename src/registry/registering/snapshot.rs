//! What the store knows of the devices of a batch: read by few statements, kept in step while the batch is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::fleet::Digest;
use crate::registry::block::HOLDS;
use crate::registry::sql::query_in;
use crate::registry::{RegistryError, Row, Sql, Value};

use super::asked::{Asked, Proof};
use super::standing::Standings;

/// The rows that decide a batch.
#[derive(Default)]
pub(super) struct Snapshot {
    pub(super) groups: BTreeMap<String, GroupRow>,
    pub(super) devices: BTreeMap<String, DeviceRow>,
    pub(super) serials: BTreeMap<String, String>,
    pub(super) blocked: BTreeSet<String>,
    pub(super) allowed: BTreeMap<(String, String), AllowRow>,
    pub(super) tokens: BTreeMap<Digest, TokenRow>,
    pub(super) credentials: BTreeMap<Digest, CredentialRow>,
    pub(super) requests: BTreeMap<String, RegistrationRow>,
    pub(super) current: BTreeMap<String, RegistrationRow>,
    pub(super) nonces: BTreeSet<String>,
    pub(super) standings: Standings,
}

pub(super) struct GroupRow {
    pub(super) etag: i64,
    pub(super) used: i64,
}

#[derive(Clone)]
pub(super) struct DeviceRow {
    pub(super) state: String,
    pub(super) group: Option<String>,
    pub(super) registration: Option<String>,
}

pub(super) struct AllowRow {
    pub(super) max_uses: Option<i64>,
    pub(super) used: i64,
    pub(super) expires: Option<i64>,
}

pub(super) struct TokenRow {
    pub(super) group: Option<String>,
    pub(super) device: Option<String>,
    pub(super) is_role: bool,
    pub(super) max_uses: Option<i64>,
    pub(super) used: i64,
    pub(super) expires: Option<i64>,
    pub(super) is_revoked: bool,
}

impl TokenRow {
    /// True if others may hold it too: it is not of one device.
    pub(super) fn is_shared(&self) -> bool {
        self.device.is_none()
    }
}

pub(super) struct CredentialRow {
    pub(super) device: String,
    pub(super) is_active: bool,
}

#[derive(Clone)]
pub(super) struct RegistrationRow {
    pub(super) id: String,
    /// Digest of the token it was made with.
    pub(super) token: Option<Digest>,
    pub(super) device: String,
    pub(super) digest: Digest,
    pub(super) state: String,
    pub(super) answer: Arc<Json>,
}

impl Snapshot {
    /// Reads what decides `batch`.
    pub(super) fn read(sql: &mut dyn Sql, tenant: &str, now: i64, batch: &[Asked]) -> Result<Self, RegistryError> {
        let mut snapshot = Self::default();
        let mine = [Value::from(tenant)];
        let folded = keys(batch.iter().map(|asked| asked.device.folded()));
        let groups = keys(batch.iter().map(|asked| asked.group.clone()));
        snapshot.read_groups(sql, &mine, &groups)?;
        snapshot.read_devices(sql, (tenant, &mine), &folded, batch)?;
        snapshot.read_lists(sql, &[Value::from(tenant), now.into()], &folded)?;
        snapshot.read_proofs(sql, &mine, batch)?;
        snapshot.read_registrations(sql, &mine, batch)?;
        Ok(snapshot)
    }

    fn read_groups(&mut self, sql: &mut dyn Sql, mine: &[Value], groups: &[Value]) -> Result<(), RegistryError> {
        let text = "SELECT id, etag, used FROM grp WHERE tenant = $1 AND id IN";
        for row in query_in(sql, text, mine, groups)? {
            self.groups.insert(row.text(0)?, GroupRow { etag: row.integer(1)?, used: row.integer(2)? });
        }
        Ok(())
    }

    fn read_devices(
        &mut self,
        sql: &mut dyn Sql,
        (tenant, mine): (&str, &[Value]),
        folded: &[Value],
        batch: &[Asked],
    ) -> Result<(), RegistryError> {
        let text = "SELECT folded, state, grp, registration, model FROM device WHERE tenant = $1 AND folded IN";
        let mut with_models = Vec::new();
        for row in query_in(sql, text, mine, folded)? {
            if row.maybe_text(4)?.is_some() {
                with_models.push(Value::from(row.text(0)?));
            }
            let device = DeviceRow { state: row.text(1)?, group: row.maybe_text(2)?, registration: row.maybe_text(3)? };
            self.devices.insert(row.text(0)?, device);
        }
        self.standings = Standings::read(sql, tenant, &with_models, batch)?;
        let serials = keys(batch.iter().filter_map(|asked| Some(asked.facts.serial.as_ref()?.to_string())));
        let text = "SELECT serial, folded FROM device WHERE tenant = $1 AND state <> 'retired' AND serial IN";
        for row in query_in(sql, text, mine, &serials)? {
            self.serials.insert(row.text(0)?, row.text(1)?);
        }
        Ok(())
    }

    fn read_lists(&mut self, sql: &mut dyn Sql, mine: &[Value], folded: &[Value]) -> Result<(), RegistryError> {
        let text = format!("SELECT device FROM block WHERE tenant = $1 AND {HOLDS} AND device IN");
        for row in query_in(sql, &text, mine, folded)? {
            self.blocked.insert(row.text(0)?);
        }
        let text = "SELECT grp, device, max_uses, used, expires FROM allow WHERE tenant = $1 AND device IN";
        for row in query_in(sql, text, &mine[..1], folded)? {
            let allow =
                AllowRow { max_uses: row.maybe_integer(2)?, used: row.integer(3)?, expires: row.maybe_integer(4)? };
            self.allowed.insert((row.text(0)?, row.text(1)?), allow);
        }
        Ok(())
    }

    fn read_proofs(&mut self, sql: &mut dyn Sql, mine: &[Value], batch: &[Asked]) -> Result<(), RegistryError> {
        let hashes = digests(batch.iter().filter_map(|asked| match asked.proof {
            Proof::Token(hash) => Some(hash),
            _ => None,
        }));
        let text = "SELECT hash, grp, device, role, max_uses, used, expires, revoked FROM token
            WHERE tenant = $1 AND hash IN";
        for row in query_in(sql, text, mine, &hashes)? {
            self.tokens.insert(digest(&row, 0)?, token(&row)?);
        }
        let proven = batch.iter().filter_map(|asked| match asked.proof {
            Proof::Key { fingerprint, .. } => Some(fingerprint),
            _ => None,
        });
        let given = batch.iter().filter_map(|asked| Some(asked.credential.as_ref()?.fingerprint));
        let fingerprints = digests(proven.chain(given));
        let text = "SELECT fingerprint, device, state FROM credential WHERE tenant = $1 AND fingerprint IN";
        for row in query_in(sql, text, mine, &fingerprints)? {
            let credential = CredentialRow { device: row.text(1)?, is_active: row.text(2)? == "active" };
            self.credentials.insert(digest(&row, 0)?, credential);
        }
        let nonces = keys(batch.iter().filter_map(|asked| Some(asked.nonce.as_ref()?.value.clone())));
        for row in query_in(sql, "SELECT value FROM nonce WHERE tenant = $1 AND value IN", mine, &nonces)? {
            self.nonces.insert(row.text(0)?);
        }
        Ok(())
    }

    fn read_registrations(&mut self, sql: &mut dyn Sql, mine: &[Value], batch: &[Asked]) -> Result<(), RegistryError> {
        let columns =
            "SELECT id, device, digest, state, answer, request, token FROM registration WHERE tenant = $1 AND";
        let requests = keys(batch.iter().map(|asked| asked.request.clone()));
        for row in query_in(sql, &format!("{columns} request IN"), mine, &requests)? {
            self.requests.insert(row.text(5)?, registration(&row)?);
        }
        let current = keys(self.devices.values().filter_map(|device| device.registration.clone()));
        for row in query_in(sql, &format!("{columns} id IN"), mine, &current)? {
            let row = registration(&row)?;
            self.current.insert(row.id.clone(), row);
        }
        Ok(())
    }
}

fn token(row: &Row) -> Result<TokenRow, RegistryError> {
    Ok(TokenRow {
        group: row.maybe_text(1)?,
        device: row.maybe_text(2)?,
        is_role: row.maybe_text(3)?.is_some(),
        max_uses: row.maybe_integer(4)?,
        used: row.integer(5)?,
        expires: row.maybe_integer(6)?,
        is_revoked: row.maybe_integer(7)?.is_some(),
    })
}

fn registration(row: &Row) -> Result<RegistrationRow, RegistryError> {
    let answer = serde_json::from_str(&row.text(4)?);
    let token = row.maybe_bytes(6)?.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).map(Digest::from_bytes);
    Ok(RegistrationRow {
        id: row.text(0)?,
        token,
        device: row.text(1)?,
        digest: digest(row, 2)?,
        state: row.text(3)?,
        answer: answer.map(Arc::new).map_err(|_| RegistryError::damaged("", "an answer in it is no JSON"))?,
    })
}

fn digest(row: &Row, column: usize) -> Result<Digest, RegistryError> {
    let bytes = <[u8; 32]>::try_from(row.bytes(column)?);
    bytes.map(Digest::from_bytes).map_err(|_| RegistryError::damaged("", "a digest is not 32 bytes long"))
}

/// Each key once, in order.
fn keys(all: impl Iterator<Item = String>) -> Vec<Value> {
    all.collect::<BTreeSet<_>>().into_iter().map(Value::from).collect()
}

fn digests(all: impl Iterator<Item = Digest>) -> Vec<Value> {
    all.collect::<BTreeSet<_>>().iter().map(|digest| Value::from(digest.as_bytes().as_slice())).collect()
}
