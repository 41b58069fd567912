//! Acts on allow lists and the block list.

use serde_json::json;

use crate::registry::Allowed;

use super::super::exchange::{Asked, Reply};
use super::super::request::{attributes, known, malformed, object, word};
use super::fields::{expiry, whole};
use super::office::{Answered, Office, endpoint};
use super::page::{Asking, check_query, query};

impl Office {
    pub(super) fn list_allowed(&self, asked: &Asked) -> Answered {
        check_query(asked, &["group", "after", "limit"])?;
        let asking = Asking::read(asked)?;
        let group = query(asked, "group")
            .filter(|group| !group.is_empty())
            .ok_or_else(|| malformed("the query names no \"group\""))?;
        let entries = self.registry.allow_list(&group, &asking.after, asking.rows())?;
        let entries = entries.into_iter().map(|(entry, used)| {
            let mut shown = json!(entry);
            shown["used"] = used.into();
            shown
        });
        let page = asking.page(entries.collect(), |entry| entry["device"].as_str().unwrap_or_default());
        Ok(Reply::fields(200, page))
    }

    pub(super) fn allow(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["group", "id", "max_uses", "expires", "attributes"])?;
        let group = word(fields, "group")?.ok_or_else(|| malformed("\"group\" is missing"))?;
        let id = word(fields, "id")?.ok_or_else(|| malformed("\"id\" is missing"))?;
        let max_uses = whole(fields, "max_uses")?.map(u32::try_from).transpose();
        let max_uses = max_uses.map_err(|_| malformed(format!("\"max_uses\" is over {}", u32::MAX)))?;
        let entry = Allowed {
            device: endpoint(&id)?.as_str().to_owned(),
            attributes: attributes(fields)?,
            max_uses,
            expires: expiry(fields, self.registry.now())?,
        };
        self.registry.allow(actor, &group, &entry)?;
        Ok(Reply::empty(204))
    }

    pub(super) fn disallow(&self, actor: &str, group: &str, id: &str) -> Answered {
        self.registry.disallow(actor, group, &endpoint(id)?)?;
        Ok(Reply::empty(204))
    }

    pub(super) fn list_blocked(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let entries = self.registry.block_list(&asking.after, asking.rows())?;
        Ok(Reply::fields(200, asking.page(entries, |entry| &entry.device)))
    }

    pub(super) fn block(&self, actor: &str, asked: &Asked) -> Answered {
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["id", "reason", "expires"])?;
        let id = word(fields, "id")?.ok_or_else(|| malformed("\"id\" is missing"))?;
        let reason = word(fields, "reason")?.ok_or_else(|| malformed("\"reason\" is missing"))?;
        let expires = expiry(fields, self.registry.now())?;
        self.registry.block_until(actor, &endpoint(&id)?, &reason, expires)?;
        Ok(Reply::empty(204))
    }

    pub(super) fn unblock(&self, actor: &str, id: &str) -> Answered {
        self.registry.unblock(actor, &endpoint(id)?)?;
        Ok(Reply::empty(204))
    }
}
