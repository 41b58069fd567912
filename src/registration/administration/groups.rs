//! Acts on enrolment groups: they are declared in the fleet file, shown here, and narrowed.

use serde_json::{Value, json};

use crate::fleet::enrolment::Refusal;
use crate::registry::Group;

use super::super::exchange::{Asked, Reply};
use super::super::request::{known, malformed, object};
use super::fields::whole;
use super::marks::Match;
use super::office::{Answered, Office, not_found};
use super::page::{Asking, check_query};

impl Office {
    pub(super) fn list_groups(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let groups = self.registry.groups(&asking.after, asking.rows())?;
        Ok(Reply::fields(200, asking.page(groups, |group| &group.id)))
    }

    pub(super) fn show_group(&self, name: &str) -> Answered {
        let group = self.registry.group(name)?.ok_or_else(|| not_found("group", name))?;
        self.shown_group(&group)
    }

    fn shown_group(&self, group: &Group) -> Answered {
        let mut shown = json!(group);
        shown["usage"] = json!(self.registry.group_usage(&group.id)?);
        Ok(Reply { etag: Some(group.etag.to_string()), ..Reply::fields(200, shown) })
    }

    /// A merge patch (RFC 7396) of `open` and `quota`: null is what the fleet file says.
    pub(super) fn narrow_group(&self, actor: &str, name: &str, asked: &Asked) -> Answered {
        let wanted = Match::required(&asked.incoming)?;
        let fields = object(&asked.incoming.fields, "the request")?;
        known(fields, "", &["open", "quota"])?;
        let group = self.registry.group(name)?.ok_or_else(|| not_found("group", name))?;
        let mut narrowed = group.narrowed.clone();
        match fields.get("open") {
            None => {}
            Some(Value::Bool(false)) => narrowed.closed = true,
            Some(Value::Bool(true)) if !group.policy.open => {
                let words = "the fleet file closes it: what that does not admit is not admitted here";
                return Err((Refusal::ValueRefused, words.to_owned()).into());
            }
            Some(Value::Null | Value::Bool(true)) => narrowed.closed = false,
            Some(_) => return Err(malformed("\"open\" is true, false or null").into()),
        }
        if fields.contains_key("quota") {
            narrowed.quota = whole(fields, "quota")?;
        }
        let group = self.registry.narrow_group(actor, name, wanted.wanted(group.etag), narrowed)?;
        self.shown_group(&group)
    }
}
