//! `firstlight ledger log`: prints what happened, oldest first.

use crate::command::{Context, Status, opened};
use crate::registry::Entry;
use crate::ui::Table;

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger log
  $ firstlight ledger log gw-0007 --json
  $ firstlight ledger log --last 20";

/// Arguments of `firstlight ledger log`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only this device
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: Option<EndpointName>,
    /// Only the last N rows
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
}

/// Runs `firstlight ledger log`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let limit = args.last.map_or(u32::MAX, |last| u32::try_from(last).unwrap_or(u32::MAX));
    let ledger = opened::ledger(context)?;
    if context.printer.is_json() {
        ledger.each_entry(limit, args.id.as_ref(), |entry| context.printer.record(&entry))?;
        return Ok(Status::Done);
    }
    let mut table = Table::new(["row", "at", "operator", "device", "what", "particulars"]).right("row");
    ledger.each_entry(limit, args.id.as_ref(), |entry| table.pour(cells(entry), &context.printer))?;
    table.print(&context.printer);
    Ok(Status::Done)
}

fn cells(entry: Entry) -> [String; 6] {
    let device = entry.device.unwrap_or_default();
    [entry.seq.to_string(), entry.at, entry.operator, device, entry.kind, entry.body.to_string()]
}
