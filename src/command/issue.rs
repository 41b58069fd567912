//! `firstlight issue`: issues the credentials of devices.

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::EndpointName;
use crate::station::{self, Station, issue};
use crate::ui::measure::count;

use super::opened;

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
    let station = opened::station(context, args.selection.inventory.as_deref())?;
    let chosen = station::Selection::from_words(&args.selection.ids, args.selection.all, false)?;
    let devices = chosen.devices(&station.folder().fleet, station.ledger(), None)?;
    let told = |issued: &issue::Issued<'_>| {
        if context.printer.is_json() {
            context.printer.record(&json!({ "event": "issued", "device": issued.device, "credentials": issued.made }));
        }
    };
    if context.globals.plan {
        return show_plan(context, &station, &devices);
    }
    let made = issue::issue_all(&station, &devices, &told)?;
    let devices = count(devices.len(), "device");
    context.printer.talk(match made {
        0 => format!("{devices}: nothing is left to issue"),
        made => format!("{devices}: {} issued", count(made, "credential")),
    });
    Ok(Status::Done)
}

fn show_plan(context: &Context, station: &Station, devices: &[EndpointName]) -> anyhow::Result<Status> {
    for device in devices {
        for wanted in issue::wanted(station, device)? {
            let line = json!({ "event": "plan", "device": device, "credential": wanted.name, "generation": wanted.generation });
            if context.printer.is_json() {
                context.printer.record(&line);
            } else {
                context.printer.line(format_args!("{device}: {} generation {}", wanted.name, wanted.generation));
            }
        }
    }
    Ok(Status::Done)
}
