//! `firstlight devices leases`: who may make which devices.

use crate::command::sharing::reach;
use crate::command::{Context, Status, opened};
use crate::registry::Registry;
use crate::ui::Table;

const EXAMPLES: &str = "\
Examples:
  $ firstlight devices leases
  $ firstlight devices leases --station van-2 --json";

/// Leases asked for at a time.
const PAGE: i64 = 1_000;

/// Arguments of `firstlight devices leases`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only this station's
    #[arg(long, value_name = "NAME")]
    pub station: Option<String>,
}

/// Runs `firstlight devices leases`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let (folder, _) = opened::folder(context, None)?;
    match reach(context, &folder)? {
        Ok(registry) => of_registry(&args, context, &registry)?,
        Err(error) if error.is_passing() => {
            context.printer.warn(format_args!("{error}; these are the leases this station holds"));
            of_station(context)?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Status::Done)
}

fn of_registry(args: &Args, context: &Context, registry: &Registry) -> anyhow::Result<()> {
    let mut table = Table::new(["device", "station", "state", "until"]);
    let mut after = String::new();
    loop {
        let page = registry.lease_rows(args.station.as_deref(), &after, PAGE)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.device);
        for lease in page {
            if context.printer.is_json() {
                context.printer.record(&lease);
                continue;
            }
            let until = lease.until.map(crate::ui::measure::moment).unwrap_or_default();
            table.pour([lease.device, lease.station, lease.state, until], &context.printer);
        }
    }
    if !context.printer.is_json() {
        table.print(&context.printer);
    }
    Ok(())
}

fn of_station(context: &Context) -> anyhow::Result<()> {
    let mut table = Table::new(["device", "until"]);
    for (device, until) in opened::ledger(context)?.leases()? {
        if context.printer.is_json() {
            context.printer.record(&serde_json::json!({ "device": device, "state": "leased", "until": until }));
        } else {
            table.pour([device, until], &context.printer);
        }
    }
    if !context.printer.is_json() {
        table.print(&context.printer);
    }
    Ok(())
}
