//! Acts on registrations that wait for a person.

use super::super::exchange::{Asked, Reply};
use super::super::request::{Refused, known, malformed, object, word};
use super::office::{Answered, Office};
use super::page::{Asking, check_query};

impl Office {
    pub(super) fn list_approvals(&self, asked: &Asked) -> Answered {
        check_query(asked, &["after", "limit"])?;
        let asking = Asking::read(asked)?;
        let open = self.registry.open_registrations(&asking.after, asking.rows())?;
        Ok(Reply::fields(200, asking.page(open, |one| &one.registration)))
    }

    pub(super) fn approve(&self, actor: &str, registration: &str, asked: &Asked) -> Answered {
        self.registry.approve(actor, registration, &reason(asked)?)?;
        Ok(Reply::empty(204))
    }

    pub(super) fn deny(&self, actor: &str, registration: &str, asked: &Asked) -> Answered {
        self.registry.deny(actor, registration, &reason(asked)?)?;
        Ok(Reply::empty(204))
    }
}

fn reason(asked: &Asked) -> Result<String, Refused> {
    let fields = object(&asked.incoming.fields, "the request")?;
    known(fields, "", &["reason"])?;
    word(fields, "reason")?.ok_or_else(|| malformed("\"reason\" is missing"))
}
