//! `firstlight approval`: registrations that wait for a person.

use serde_json::json;

use crate::registry::{Registry, RegistryError};

use super::registry::Change;
use super::{Context, Status, registry};

/// Examples of the noun.
pub const EXAMPLES: &str = "\
Examples:
  $ firstlight approval list
  $ firstlight approval approve 0199a0c0ffee00112233445566778899 --reason \"seen on the bench\"
  $ firstlight approval deny 0199a0c0ffee00112233445566778899 --reason \"not ours\"";

const LIST: &str = "\
Examples:
  $ firstlight approval list
  $ firstlight approval list --json";

const APPROVE: &str = "\
Examples:
  $ firstlight approval approve 0199a0c0ffee00112233445566778899 --reason checked
  $ firstlight approval approve 0199a0c0ffee00112233445566778899 --reason checked --plan";

const DENY: &str = "\
Examples:
  $ firstlight approval deny 0199a0c0ffee00112233445566778899 --reason unknown
  $ firstlight approval deny 0199a0c0ffee00112233445566778899 --reason unknown --plan";

/// Most registrations that are listed.
const MOST: u32 = 10_000;

/// The subcommands of `firstlight approval`.
#[derive(clap::Subcommand, Debug)]
pub enum Action {
    /// List registrations that wait
    #[command(after_help = LIST)]
    List,
    /// Agree to a registration
    #[command(after_help = APPROVE)]
    Approve(Decision),
    /// Deny a registration
    #[command(after_help = DENY)]
    Deny(Decision),
}

/// A person's decision.
#[derive(clap::Args, Debug)]
pub struct Decision {
    /// The registration, as `approval list` shows it
    pub registration: String,
    /// Why, for the audit trail
    #[arg(long)]
    pub reason: String,
}

/// Runs `firstlight approval`.
pub fn run(action: Action, context: &Context) -> anyhow::Result<Status> {
    match action {
        Action::List => list(context),
        Action::Approve(decision) => decide(&decision, "approve", "approved", context, |registry, actor| {
            registry.approve(actor, &decision.registration, &decision.reason)
        }),
        Action::Deny(decision) => decide(&decision, "deny", "denied", context, |registry, actor| {
            registry.deny(actor, &decision.registration, &decision.reason)
        }),
    }
}

fn list(context: &Context) -> anyhow::Result<Status> {
    let (_, registry) = registry::open(context)?;
    for open in registry.open_registrations("", MOST)? {
        if context.printer.is_json() {
            context.printer.record(&open);
        } else {
            context.printer.line(format_args!("{}  {}  {}", open.registration, open.device, open.group));
        }
    }
    Ok(Status::Done)
}

fn decide(
    decision: &Decision,
    verb: &str,
    done: &str,
    context: &Context,
    work: impl FnOnce(&Registry, &str) -> Result<(), RegistryError>,
) -> anyhow::Result<Status> {
    let registration = &decision.registration;
    let said = format!("{done} registration {registration}");
    let change = Change {
        would: format!("{verb} registration {registration:?}"),
        done: json!({ "registration": registration, "decision": done }),
        said: &said,
    };
    registry::change(context, change, work)
}
