//! `firstlight seal rotate`: makes a new bundle key.

use crate::command::{Context, Status};
use crate::station::seal;

use super::super::opened;
use super::show::{document, public};

const EXAMPLES: &str = "\
Examples:
  $ firstlight seal rotate --reason \"yearly change\"
  $ firstlight seal rotate --reason \"laptop lost\" --json";

/// Arguments of `firstlight seal rotate`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Why; it is kept with the key
    #[arg(long, value_name = "WHY")]
    pub reason: String,
}

/// Runs `firstlight seal rotate`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("make a new bundle key that signs first; the old ones go on signing"));
    }
    let station = opened::station(context, None)?;
    let keys = seal::rotate(&station, &args.reason)?;
    if context.printer.is_json() {
        context.printer.document(&document(&keys));
        return Ok(Status::Done);
    }
    let states = keys.states();
    context.printer.talk(format_args!("bundle key {} signs first from now on", public(&states[0]).name()));
    context.printer.talk("devices learn it from the next bundle they take; retire the old key when all of them have:");
    for old in states.iter().skip(1).filter(|state| state.retired.is_none()) {
        context.printer.talk(format_args!("  firstlight seal retire {}", public(old).name()));
    }
    Ok(Status::Done)
}
