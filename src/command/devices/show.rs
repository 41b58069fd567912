//! `firstlight devices show`: shows all records of a device.

use crate::command::{Context, Status, opened};
use crate::ledger::{DeviceHistory, LedgerError};
use crate::ui::Table;

use crate::command::selection::endpoint_name;
use crate::fleet::EndpointName;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices show gw-0007
  $ firstlight devices show gw-0007 --json";

/// Arguments of `firstlight devices show`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
}

/// Runs `firstlight devices show`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let ledger = opened::ledger(context)?;
    let history = ledger.device(&args.id)?.ok_or(LedgerError::Unknown { device: args.id.to_string() })?;
    context.printer.report(&history, || text(&history, context.printer.terminal().columns));
    Ok(Status::Done)
}

fn text(history: &DeviceHistory, columns: Option<usize>) -> String {
    let device = &history.device;
    let mut text = format!("{}: {}\n", device.id, device.state.name());
    for (what, value) in [("serial", &device.serial), ("model", &device.model), ("profile", &device.profile)] {
        if let Some(value) = value {
            text.push_str(&format!("  {what:<8} {value}\n"));
        }
    }
    for table in [credentials(history), versions(history), deliveries(history)] {
        if !table.is_empty() {
            text.push('\n');
            text.push_str(&table.render(columns));
        }
    }
    text
}

fn credentials(history: &DeviceHistory) -> Table {
    let mut table =
        Table::new(["credential", "generation", "kind", "state", "private part", "issued"]).right("generation");
    for record in &history.generations {
        let private = if record.private { "kept, sealed" } else { "destroyed" };
        let public = &record.public;
        let state = record.state.name().to_owned();
        let kind = public.word().to_owned();
        table.row([
            public.name.to_string(),
            public.generation.to_string(),
            kind,
            state,
            private.to_owned(),
            record.issued.clone(),
        ]);
    }
    table
}

fn versions(history: &DeviceHistory) -> Table {
    let mut table = Table::new(["version", "delivery", "made", "what changed"]).right("version");
    for record in &history.versions {
        let changes = record.changes.join("; ");
        table.row([record.version.to_string(), record.delivery.clone(), record.created.clone(), changes]);
    }
    table
}

fn deliveries(history: &DeviceHistory) -> Table {
    let mut table = Table::new(["delivery", "version", "state", "reached", "target", "since"]).right("version");
    for record in &history.deliveries {
        let (state, reached) = (record.state.name().to_owned(), record.reached.to_owned());
        let target = record.target.name.clone();
        table.row([record.name.clone(), record.version.to_string(), state, reached, target, record.changed.clone()]);
    }
    table
}
