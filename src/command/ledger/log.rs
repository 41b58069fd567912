//! `firstlight ledger log`: prints what happened, oldest first.

use crate::command::{Context, Status, opened};
use crate::ledger::Entry;
use crate::ui::{Csv, Table};

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger log
  $ firstlight ledger log gw-0007 --json
  $ firstlight ledger log --last 20
  $ firstlight ledger log --csv > log.csv";

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
    /// Print CSV, all columns, for spreadsheets
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// The columns of the CSV: the fields of a row with `--json`.
const COLUMNS: [&str; 11] =
    ["seq", "at", "operator", "station", "batch", "tool", "kind", "device", "delivery", "body", "digest"];

/// Runs `firstlight ledger log`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let limit = args.last.map_or(u32::MAX, |last| u32::try_from(last).unwrap_or(u32::MAX));
    let ledger = opened::ledger(context)?;
    if context.printer.is_json() {
        ledger.each_entry(limit, args.id.as_ref(), |entry| context.printer.record(&entry))?;
        return Ok(Status::Done);
    }
    if args.csv {
        let csv = Csv::begin(&context.printer, COLUMNS);
        ledger.each_entry(limit, args.id.as_ref(), |entry| row(&csv, &entry))?;
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

fn row(csv: &Csv<'_>, entry: &Entry) {
    let Entry { at, operator, station, tool, kind, digest, .. } = entry;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let delivery = entry.delivery.map(|number| number.to_string()).unwrap_or_default();
    let (seq, batch, device, body) =
        (entry.seq.to_string(), text(&entry.batch), text(&entry.device), entry.body.to_string());
    csv.row([&seq, at, operator, station, &batch, tool, kind, &device, &delivery, &body, digest]);
}
