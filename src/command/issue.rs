//! `firstlight issue`: issues the credentials of devices.

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::EndpointName;
use crate::station::{self, issue};
use crate::ui::measure::count;

use super::opened::{self, Unopened};

use super::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  $ firstlight issue --all
  $ firstlight issue gw-0007 gw-0008 --json
  $ firstlight issue --all --plan";

/// Arguments of `firstlight issue`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: Selection,
}

/// Runs `firstlight issue`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let inventory = args.selection.inventory.as_deref();
    let chosen = station::Selection::from_words(&args.selection.ids, args.selection.all, false)?;
    if context.globals.plan {
        let unopened = opened::unopened(context, inventory)?;
        let devices = chosen.devices(&unopened.folder.fleet, None, None, false)?;
        return show_plan(context, &unopened, &devices);
    }
    let station = opened::station(context, inventory)?;
    let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), None, false)?;
    let told = |issued: &issue::Issued<'_>| {
        if context.printer.is_json() {
            context.printer.record(&json!({ "event": "issued", "device": issued.device, "credentials": issued.made }));
        }
    };
    let made = issue::issue_all(&station, &devices, &told)?;
    let devices = count(devices.len(), "device");
    context.printer.talk(match made {
        0 => format!("{devices}: nothing is left to issue"),
        made => format!("{devices}: {} issued", count(made, "credential")),
    });
    Ok(Status::Done)
}

fn show_plan(context: &Context, unopened: &Unopened, devices: &[EndpointName]) -> anyhow::Result<Status> {
    for device in devices {
        for (name, generation) in issue::wanted(&unopened.folder.fleet, unopened.ledger.as_ref(), device)? {
            let line = json!({ "event": "plan", "device": device, "credential": name, "generation": generation });
            if context.printer.is_json() {
                context.printer.record(&line);
            } else {
                context.printer.line(format_args!("{device}: {name} generation {generation}"));
            }
        }
    }
    Ok(Status::Done)
}
