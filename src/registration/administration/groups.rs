//! Acts on enrolment groups: they are declared in the fleet file, and shown here.

use serde_json::json;

use super::super::exchange::{Asked, Reply};
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
        let etag = group.etag.to_string();
        let mut shown = json!(group);
        shown["usage"] = json!(self.registry.group_usage(name)?);
        Ok(Reply { etag: Some(etag), ..Reply::fields(200, shown) })
    }
}
