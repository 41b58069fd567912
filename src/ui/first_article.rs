//! Asks a person to confirm the first article of a batch before anything that cannot be taken back.

use crate::delivery::TargetIdentity;
use crate::fleet::EndpointName;
use crate::station::{ConfirmLock, FlashError, Locking, StationError};

use super::{Printer, Prompt};

/// Shows the recipe and wants the device's name typed; no flag answers.
pub struct AskFirstArticle {
    /// The way to the terminal.
    pub printer: Printer,
}

impl ConfirmLock for AskFirstArticle {
    fn confirm(
        &self,
        device: &EndpointName,
        target: &TargetIdentity,
        locking: &Locking<'_>,
    ) -> Result<(), StationError> {
        let refused = |reason: String| {
            StationError::from(FlashError::NotConfirmed {
                recipe: locking.name.clone(),
                target: target.name.clone(),
                reason,
            })
        };
        if !self.printer.can_ask() {
            return Err(refused("there is no terminal to ask on".to_owned()));
        }
        self.printer.talk(format_args!(
            "{device} at {} is written and verified. Lock recipe {:?} (sha256 {}) cannot be taken back:",
            target.name, locking.name, locking.digest
        ));
        for step in &locking.steps {
            self.printer.talk(format_args!("  {}", step.name));
        }
        let question = format!(
            "First article: take it out, try it, put it back; then type {device} to lock it and the rest of the batch"
        );
        let mut answer = None;
        let prompt = Prompt::new(&self.printer);
        self.printer.undisturbed(|| answer = Some(prompt.text(&question, None, &|_| Ok(()), "type the device's name")));
        match answer.expect("the question was put") {
            Ok(typed) if typed.trim() == device.as_str() => Ok(()),
            Ok(_) => Err(refused("the answer was another name; nothing was locked".to_owned())),
            Err(complaint) => Err(refused(complaint.to_string())),
        }
    }
}
