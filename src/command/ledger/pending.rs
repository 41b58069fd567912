//! `firstlight ledger pending`: lists deliveries begun and not finished.

use crate::command::{Context, Status, opened};
use crate::ledger::PendingDelivery;
use crate::ui::Table;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger pending
  $ firstlight ledger pending --json";

/// Arguments of `firstlight ledger pending`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger pending`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    let pending = opened::ledger(context)?.pending()?;
    if context.printer.is_json() {
        context.printer.document(&pending);
        return Ok(Status::Done);
    }
    let mut table = Table::new(["device", "delivery", "version", "reached", "target", "why"]).right("version");
    pending.iter().for_each(|delivery| table.row(cells(delivery)));
    if !table.is_empty() {
        context.printer.raw(table.render(context.printer.terminal().columns).as_bytes());
    }
    context.printer.talk(format_args!("{} begun and not finished", count(pending.len(), "delivery")));
    Ok(Status::Done)
}

fn cells(pending: &PendingDelivery) -> [String; 6] {
    let why = match &pending.failure {
        _ if pending.under_way => "under way".to_owned(),
        Some(failure) => failure.clone(),
        None => "interrupted".to_owned(),
    };
    let (device, name) = (pending.device.to_string(), pending.name.clone());
    [device, name, pending.version.to_string(), pending.reached.to_owned(), pending.target.name.clone(), why]
}
