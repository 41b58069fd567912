//! Asks a person for the leave to overwrite a drive.

use crate::delivery::{Confirm, Effect, Preflight, SinkError};
use crate::fleet::{Class, Diagnose as _};

use super::measure::size;
use super::{Printer, Prompt};

/// Shows name, size and content of the target and asks, default no.
pub struct AskConsent {
    /// The way to the terminal.
    pub printer: Printer,
}

impl Confirm for AskConsent {
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError> {
        let target = preflight.target();
        let refused = |reason: &str, hint: Option<String>| SinkError::Refused {
            target: target.name.clone(),
            reason: reason.to_owned(),
            hint,
        };
        let question = self.describe(preflight);
        let instead = match preflight.accept_id() {
            Some(id) => format!("without a terminal, accept exactly this target in this state: --accept-target {id}"),
            None => "without a terminal, use --accept-target or --accept-port with --max-size".to_owned(),
        };
        match Prompt::new(&self.printer).confirm(&question, &instead) {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused("the answer was no; nothing was changed", None)),
            Err(_) if !self.printer.can_ask() => {
                Err(refused("nobody is there to be asked, and it was not accepted beforehand", Some(instead)))
            }
            Err(complaint) if complaint.class() == Class::Interrupted => {
                Err(SinkError::Interrupted { target: target.name.clone() })
            }
            Err(complaint) => Err(refused(&complaint.to_string(), None)),
        }
    }
}

impl AskConsent {
    fn describe(&self, preflight: &Preflight) -> String {
        let target = preflight.target();
        let mut words = vec![target.name.clone()];
        words.extend(target.size.map(size));
        words.extend(target.port.as_ref().map(|port| format!("at USB port {port}")));
        words.extend(target.serial.as_ref().map(|serial| format!("serial {serial}")));
        match preflight.effect() {
            Effect::Overwrites(lost) if !lost.is_empty() => {
                self.printer.talk(format_args!("{} will lose:", target.name));
                for line in lost {
                    self.printer.talk(format_args!("  {line}"));
                }
            }
            _ => self.printer.talk(format_args!("{} is blank", target.name)),
        }
        format!("Overwrite {}?", words.join(", "))
    }
}
