//! `firstlight devices retire`: retires a device.

use serde_json::json;

use crate::command::selection::endpoint_name;
use crate::command::{Context, Status, registry};
use crate::fleet::{Class, EndpointName};
use crate::ledger::{DeviceState as MadeState, LedgerError};
use crate::ui::{Complaint, Prompt};

const EXAMPLES: &str = "\
At this station and, where the fleet has one, in the registry.

Examples:
  $ firstlight devices retire gw-0007 --reason \"returned broken\"
  $ firstlight devices retire gw-0007 --reason scrapped --yes";

/// Arguments of `firstlight devices retire`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
    /// Why, for the ledger and the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs `firstlight devices retire`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let records = registry::records(context)?;
    let made = match &records.ledger {
        Some(ledger) => ledger.device(&args.id)?.map(|history| history.device.state),
        None => None,
    };
    let known = match &records.registry {
        Some(registry) => registry.device(args.id.as_str())?,
        None => None,
    };
    if made.is_none() && known.is_none() {
        return Err(LedgerError::Unknown { device: args.id.to_string() }.into());
    }
    if context.globals.plan {
        return Ok(context.would(&format!("retire {}: {}", args.id, args.reason)));
    }
    let question = format!("Retire {} for good? Its credentials become void", args.id);
    let instead = "answer it with --yes";
    if !context.globals.yes && !Prompt::new(&context.printer).confirm(&question, instead)? {
        return Err(Complaint::new(Class::Refused, "the answer was no; nothing was changed").into());
    }
    // The registry first: it is what servers ask. A retired one stays so, and the same command again ends the work.
    if let (Some(registry), Some(_)) = (&records.registry, &known) {
        registry.retire_device(args.id.as_str(), None, &args.reason, &registry::actor(context))?;
    }
    let is_done = made == Some(MadeState::Retired) && known.is_some();
    if let (Some(ledger), Some(_), false) = (&records.ledger, made, is_done) {
        ledger.retire(&args.id, &args.reason)?;
    }
    if context.printer.is_json() {
        context.printer.document(&json!({ "device": args.id, "state": "retired", "reason": args.reason }));
    }
    context.printer.talk(format_args!("{} is retired", args.id));
    Ok(Status::Done)
}
