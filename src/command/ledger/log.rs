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
    let entries = opened::ledger(context)?.log(limit, args.id.as_ref())?;
    if context.printer.is_json() {
        entries.iter().for_each(|entry| context.printer.record(entry));
        return Ok(Status::Done);
    }
    let mut table = Table::new(["row", "at", "operator", "device", "what", "particulars"]).right("row");
    entries.into_iter().for_each(|entry| table.row(cells(entry)));
    context.printer.raw(table.render(context.printer.terminal().columns).as_bytes());
    Ok(Status::Done)
}

fn cells(entry: Entry) -> [String; 6] {
    let device = entry.device.unwrap_or_default();
    [entry.seq.to_string(), entry.at, entry.operator, device, entry.kind, entry.body.to_string()]
}
