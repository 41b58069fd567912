//! Tokens: of devices that register, and of people and programs that administer. Only digests are stored.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::delivery::Random;
use crate::fleet::enrolment::Role;
use crate::fleet::{EndpointName, Secret};

use super::handle::Registry;
use super::text::storable;
use super::times::{millis, of_millis};
use super::{Event, RegistryError, Row, Value};

/// What a token is good for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Administering, in a role.
    Role(Role),
    /// Registering devices of a group.
    Group(String),
    /// Registering one device (folded) of a group.
    Device {
        /// The group.
        group: String,
        /// The device, folded.
        device: String,
    },
}

/// A token as it lies in the store: everything but the token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Token {
    /// What it is called: 12 hexadecimal digits, the first of its SHA-256.
    pub id: String,
    /// What it is good for.
    pub scope: Scope,
    /// Most registrations with it.
    pub max_uses: Option<u64>,
    /// Registrations so far.
    pub used: u64,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// When it was revoked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked: Option<OffsetDateTime>,
    /// Who made it.
    pub made_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub made: OffsetDateTime,
}

impl Token {
    /// Returns true if it is neither revoked, expired nor used up.
    pub fn is_good(&self, now: OffsetDateTime) -> bool {
        self.revoked.is_none()
            && self.expires.is_none_or(|expires| now < expires)
            && self.max_uses.is_none_or(|most| self.used < most)
    }
}

/// Returns the digest under which a token is stored: SHA-256 of its text.
pub fn token_hash(token: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token).as_ref());
    hash
}

const COLUMNS: &str = "id, role, grp, device, max_uses, used, expires, revoked, made_by, made";

impl Registry {
    /// Makes a token: `flt_` (devices) or `fla_` (roles) and 32 random bytes as base64url. This is the only time it is seen.
    ///
    /// # Errors
    ///
    /// Not found where its group is unknown; refused where it could never be used.
    pub fn make_token(
        &self,
        actor: &str,
        scope: &Scope,
        max_uses: Option<u64>,
        expires: Option<OffsetDateTime>,
        random: &dyn Random,
    ) -> Result<(Secret, Token), RegistryError> {
        let drawn = self.draw(scope, random)?;
        let hash = drawn.expose(token_hash);
        let id = hex::encode(&hash[..6]);
        let refused =
            |reason: &str| RegistryError::Refused { what: "token", name: id.clone(), reason: reason.to_owned() };
        if max_uses == Some(0) || expires.is_some_and(|expires| expires <= self.now()) {
            return Err(refused("it could never be used"));
        }
        if max_uses.is_some_and(|most| i64::try_from(most).is_err()) {
            return Err(refused("it may be used more often than can be counted"));
        }
        if max_uses.is_some() && matches!(scope, Scope::Role(_)) {
            return Err(refused("uses are counted for registrations only"));
        }
        let (made_by, made) = (storable("operator", actor)?, of_millis(millis(self.now())));
        let expires = expires.map(|expires| of_millis(millis(expires)));
        let token = Token { id, scope: folded(scope)?, max_uses, used: 0, expires, revoked: None, made_by, made };
        let stored = token.clone();
        self.write(move |writing| {
            let (role, group, device) = columns(&stored.scope);
            if let Some(group) = group {
                super::groups::check_known(writing.sql, writing.tenant, group)?;
            }
            let values = [
                Value::from(hash.as_slice()),
                writing.tenant.into(),
                (&stored.id).into(),
                role.into(),
                group.into(),
                device.into(),
                stored.max_uses.and_then(|most| i64::try_from(most).ok()).into(),
                stored.expires.map(millis).into(),
                (&stored.made_by).into(),
                millis(stored.made).into(),
            ];
            let text = "INSERT INTO token (hash, tenant, id, role, grp, device, max_uses, used, expires, made_by, made)
                VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)";
            writing.sql.execute(text, &values)?;
            let detail = json!({ "token": stored.id, "role": role, "group": group, "max_uses": stored.max_uses });
            let (device, actor) = (device.map(str::to_owned), stored.made_by.clone());
            writing.note(Event { what: "token-made", device, actor, detail });
            Ok(())
        })?;
        Ok((drawn, token))
    }

    /// The number of events so far makes the purpose one of its own: each token made is an event.
    fn draw(&self, scope: &Scope, random: &dyn Random) -> Result<Secret, RegistryError> {
        let text = "SELECT events FROM tenant WHERE id = $1";
        let row = self.read(|reading| reading.sql.maybe_row(text, &[reading.tenant.into()]))?;
        let events = row.map(|row| row.integer(0)).transpose()?.unwrap_or(0);
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(&format!("registry token {} {events}", self.tenant()), &mut *bytes);
        let prefix = if matches!(scope, Scope::Role(_)) { "fla_" } else { "flt_" };
        let encoded = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes));
        Ok(Secret::new([prefix.as_bytes(), encoded.as_bytes()].concat()))
    }

    /// Revokes a token; one that is revoked stays as it is.
    pub fn revoke_token(&self, actor: &str, id: &str) -> Result<(), RegistryError> {
        let (actor, id) = (storable("operator", actor)?, storable("token", id)?);
        self.write(move |writing| {
            let values = [writing.tenant.into(), (&id).into()];
            let row = writing.sql.maybe_row("SELECT revoked FROM token WHERE tenant = $1 AND id = $2", &values)?;
            let row = row.ok_or_else(|| RegistryError::NotFound { what: "token", name: id.clone() })?;
            if row.maybe_integer(0)?.is_some() {
                return Ok(());
            }
            let text = "UPDATE token SET revoked = $1 WHERE tenant = $2 AND id = $3";
            writing.sql.execute(text, &[writing.millis().into(), writing.tenant.into(), (&id).into()])?;
            let detail = json!({ "token": id });
            writing.note(Event { what: "token-revoked", device: None, actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Returns up to `limit` tokens whose id comes after `after` ("" for the first).
    pub fn tokens(&self, after: &str, limit: u32) -> Result<Vec<Token>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM token WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3");
        self.read(|reading| {
            let values = [reading.tenant.into(), after.into(), i64::from(limit).into()];
            reading.sql.query(&text, &values)?.iter().map(stored).collect()
        })
    }

    /// Returns the token with this digest, good or not; see [`Token::is_good`].
    pub fn find_token(&self, hash: &[u8; 32]) -> Result<Option<Token>, RegistryError> {
        let text = format!("SELECT {COLUMNS} FROM token WHERE hash = $1 AND tenant = $2");
        self.read(|reading| {
            let values = [hash.as_slice().into(), reading.tenant.into()];
            reading.sql.maybe_row(&text, &values)?.as_ref().map(stored).transpose()
        })
    }
}

fn folded(scope: &Scope) -> Result<Scope, RegistryError> {
    let Scope::Device { group, device } = scope else { return Ok(scope.clone()) };
    let refused = |reason: String| RegistryError::Refused { what: "device", name: device.clone(), reason };
    let name = EndpointName::new(device).map_err(|error| refused(error.to_string()))?;
    Ok(Scope::Device { group: group.clone(), device: name.folded() })
}

fn columns(scope: &Scope) -> (Option<&'static str>, Option<&str>, Option<&str>) {
    match scope {
        Scope::Role(role) => (Some(role.as_str()), None, None),
        Scope::Group(group) => (None, Some(group), None),
        Scope::Device { group, device } => (None, Some(group), Some(device)),
    }
}

fn role_of(text: &str) -> Result<Role, RegistryError> {
    Role::of(text).ok_or_else(|| RegistryError::damaged("", format!("{text:?} is no role")))
}

fn stored(row: &Row) -> Result<Token, RegistryError> {
    let scope = match (row.maybe_text(1)?, row.maybe_text(2)?, row.maybe_text(3)?) {
        (Some(role), None, None) => Scope::Role(role_of(&role)?),
        (None, Some(group), None) => Scope::Group(group),
        (None, Some(group), Some(device)) => Scope::Device { group, device },
        _ => return Err(RegistryError::damaged("", "a token is good for nothing that is known")),
    };
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Token {
        id: row.text(0)?,
        scope,
        max_uses: row.maybe_integer(4)?.map(number),
        used: number(row.integer(5)?),
        expires: row.maybe_integer(6)?.map(of_millis),
        revoked: row.maybe_integer(7)?.map(of_millis),
        made_by: row.text(8)?,
        made: of_millis(row.integer(9)?),
    })
}
