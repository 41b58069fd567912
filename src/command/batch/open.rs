//! `firstlight batch open`: opens a batch and freezes what goes into its devices.

use serde_json::json;

use crate::command::{Context, Status, opened};
use crate::station::batches;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight batch open B-17
  $ firstlight batch open 2026-11-21.a --json";

/// Arguments of `firstlight batch open`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Its name: letters, digits, dots, dashes, underscores
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Runs `firstlight batch open`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    if context.globals.plan {
        return Ok(context.would(&format!("open batch {:?}", args.name)));
    }
    let frozen = batches::open(&station, &args.name)?;
    if context.printer.is_json() {
        context.printer.document(&json!({ "batch": args.name, "state": "open", "frozen": frozen }));
        return Ok(Status::Done);
    }
    let devices = count(station.folder().fleet.len(), "device");
    context.printer.talk(format_args!("batch {:?} is open; the inventory lists {devices}; frozen:", args.name));
    for (name, value) in &frozen {
        context.printer.talk(format_args!("  {name}: {value}"));
    }
    Ok(Status::Done)
}
