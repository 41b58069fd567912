//! `firstlight approval`: registrations that wait for a person.

use serde_json::json;

use super::place::operator;
use super::{Context, Status, registry};

const EXAMPLES: &str = "\
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

/// Arguments of `firstlight approval`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, subcommand_required = true)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

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
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let actor = format!("operator {}", operator(&context.globals));
    match args.action {
        Action::List => {
            let (_, registry) = registry::open(context)?;
            for open in registry.open_registrations("", MOST)? {
                context.printer.report(&open, || format!("{}  {}  {}\n", open.registration, open.device, open.group));
            }
            Ok(Status::Done)
        }
        Action::Approve(decision) => {
            if context.globals.plan {
                return Ok(context.would(&format!("approve registration {:?}", decision.registration)));
            }
            let (_, registry) = registry::open(context)?;
            registry.approve(&actor, &decision.registration, &decision.reason)?;
            Ok(said(context, "approved", &decision.registration))
        }
        Action::Deny(decision) => {
            if context.globals.plan {
                return Ok(context.would(&format!("deny registration {:?}", decision.registration)));
            }
            let (_, registry) = registry::open(context)?;
            registry.deny(&actor, &decision.registration, &decision.reason)?;
            Ok(said(context, "denied", &decision.registration))
        }
    }
}

fn said(context: &Context, word: &str, registration: &str) -> Status {
    context.printer.report(&json!({ "registration": registration, "decision": word }), || {
        format!("{word} registration {registration}\n")
    });
    Status::Done
}
