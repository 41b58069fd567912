//! `firstlight devices retire`: retires a device.

use serde_json::json;

use crate::command::{Context, Status, opened};
use crate::ui::{Complaint, Prompt};

use crate::command::selection::endpoint_name;
use crate::fleet::{Class, EndpointName};
use crate::ledger::LedgerError;

const EXAMPLES: &str = "\
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
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Runs `firstlight devices retire`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let ledger = opened::ledger(context)?;
    let question = format!("Retire {} for good? Its credentials become void", args.id);
    let instead = "answer it with --yes";
    if ledger.device(&args.id)?.is_none() {
        return Err(LedgerError::Unknown { device: args.id.to_string() }.into());
    }
    if context.globals.plan {
        return Ok(context.would(&format!("retire {}: {}", args.id, args.reason)));
    }
    if !context.globals.yes && !Prompt::new(&context.printer).confirm(&question, instead)? {
        return Err(Complaint::new(Class::Refused, "the answer was no; nothing was changed").into());
    }
    ledger.retire(&args.id, &args.reason)?;
    if context.printer.is_json() {
        context.printer.document(&json!({ "device": args.id, "state": "retired", "reason": args.reason }));
    }
    context.printer.talk(format_args!("{} is retired", args.id));
    Ok(Status::Done)
}
