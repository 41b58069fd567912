//! `firstlight seal batch`: makes a batch key.

use serde_json::json;

use crate::command::{Context, Status};
use crate::station::seal;

use super::super::opened;

const EXAMPLES: &str = "\
Examples:
  $ firstlight seal batch gateways-2026
  $ firstlight seal batch gateways-2026 --json";

/// Arguments of `firstlight seal batch`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Its name, as `recipients: [{batch: NAME}]` says it
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Runs `firstlight seal batch`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, shelf) = opened::folder(context, None)?;
    if context.globals.plan {
        return Ok(context.would(&format!("make batch key {:?}", args.name)));
    }
    let station = crate::station::Station::open(folder, shelf, opened::surroundings(context))?;
    let made = seal::make_batch(&station, &args.name)?;
    if context.printer.is_json() {
        context.printer.document(&json!(made));
        return Ok(Status::Done);
    }
    context.printer.talk(format_args!("batch key {:?} made: {}", made.name, made.recipient));
    context.printer.talk(format_args!("in fleet.yaml:   recipients: [{{batch: {}}}]", made.name));
    context.printer.talk(format_args!("for the image:   firstlight seal export --out image/ --batch {}", made.name));
    Ok(Status::Done)
}
