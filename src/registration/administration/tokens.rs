//! Acts on tokens: of devices that register, and of people and programs that administer.

use serde_json::{Map, Value, json};
use time::Duration;

use crate::fleet::enrolment::{Refusal, Role};
use crate::registry::Scope;

use super::super::exchange::{Asked, Reply};
use super::super::request::{Refused, known, malformed, object, word};
use super::fields::{moment, whole};
use super::office::{Answered, Office, endpoint};
use super::page::{Asking, check_query};

/// The longest that a token may be told to be good, in days.
const LONGEST: i64 = 36_500;

impl Office {
    pub(super) fn list_tokens(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let tokens = self.registry.tokens(&asking.after, asking.rows())?;
        Ok(Reply::fields(200, asking.page(tokens, |token| &token.id)))
    }

    pub(super) fn make_token(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["role", "group", "id", "max_uses", "expires", "days"])?;
        let expires = match (moment(fields, "expires")?, whole(fields, "days")?) {
            (Some(_), Some(_)) => return Err(malformed("\"expires\" and \"days\" say the same thing").into()),
            (None, Some(days)) => {
                let days = i64::try_from(days).ok().filter(|days| (1..=LONGEST).contains(days));
                let days = days.ok_or_else(|| malformed(format!("\"days\" is a number from 1 to {LONGEST}")))?;
                Some(self.registry.now() + Duration::days(days))
            }
            (expires, None) => expires,
        };
        let max_uses = whole(fields, "max_uses")?;
        let (secret, token) = self.registry.make_token(actor, &scope(fields)?, max_uses, expires, &*self.random)?;
        let text = secret.expose(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let mut shown = json!(token);
        shown["token"] = text.into();
        Ok(Reply { location: Some(format!("/v1/tokens/{}", token.id)), ..Reply::fields(201, shown) })
    }

    pub(super) fn revoke_token(&self, actor: &str, name: &str) -> Answered {
        self.registry.revoke_token(actor, name)?;
        Ok(Reply::empty(204))
    }
}

fn scope(fields: &Map<String, Value>) -> Result<Scope, Refused> {
    match (word(fields, "role")?, word(fields, "group")?, word(fields, "id")?) {
        (Some(role), None, None) => {
            let role = Role::of(&role);
            role.map(Scope::Role)
                .ok_or_else(|| (Refusal::ValueRefused, "\"role\" is viewer, technician, approver or admin".to_owned()))
        }
        (None, Some(group), None) => Ok(Scope::Group(group)),
        (None, Some(group), Some(id)) => Ok(Scope::Device { group, device: endpoint(&id)?.folded() }),
        _ => Err(malformed("a token is for a \"role\", for a \"group\", or for an \"id\" of a \"group\"")),
    }
}
