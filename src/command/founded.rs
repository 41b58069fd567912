//! What is said when a fleet's keys have come to be, and the passphrase that opens them at once.

use std::path::Path;
use std::sync::Arc;

use crate::authority::{AskPassphrase, AuthorityError, Keys, Protection};
use crate::fleet::Secret;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::{Complaint, Prompt};

use super::{Context, opened};

/// Gives the passphrase that was given a moment ago; without one it asks.
pub struct Given(pub Option<Secret>, pub Arc<dyn AskPassphrase>);

impl AskPassphrase for Given {
    fn passphrase(&self, for_what: &str) -> Result<Secret, AuthorityError> {
        match &self.0 {
            Some(secret) => Ok(secret.duplicate()),
            None => self.1.passphrase(for_what),
        }
    }

    fn secret(&self, name: &str) -> Result<Secret, AuthorityError> {
        self.1.secret(name)
    }
}

/// Returns the passphrase for a station key that is to be made: from the descriptor named; else, if a person may be asked
/// (`to_ask`), the one typed in, where one is wanted at all.
pub fn new_passphrase(context: &Context, to_ask: bool) -> Result<Option<Secret>, Complaint> {
    let descriptor = context.globals.passphrase_fd;
    if descriptor.is_none() {
        let wanted = || Prompt::new(&context.printer).confirm("Protect the station key with a passphrase?", "");
        if !to_ask || !context.printer.can_ask() || !wanted()? {
            return Ok(None);
        }
    }
    opened::passphrase(context, descriptor, "Passphrase", true, "").map(Some)
}

/// Says where the keys lie, how they are protected, and how to back them up.
pub fn tell(context: &Context, root: &Path) -> Result<(), AuthorityError> {
    let private = root.join(PRIVATE_FOLDER);
    let talk = |text: String| context.printer.talk(text);
    talk(format!("keys and ledger lie in {} (never commit it; fleet.lock is what you commit)", private.display()));
    talk(match Keys::protection(&private)? {
        Protection::Plain => {
            "the station key is UNPROTECTED: whoever can read that folder can issue credentials".to_owned()
        }
        Protection::Passphrase => "the station key is protected by your passphrase; nobody can recover it".to_owned(),
    });
    talk(format!("back it up now, and after each batch:  firstlight backup FILE --fleet {}", root.display()));
    Ok(())
}
