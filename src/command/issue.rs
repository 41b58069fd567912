//! `firstlight issue`: issues the credentials of devices.

use serde_json::json;

use crate::command::{Context, Status};
use crate::fleet::{Class, EndpointName};
use crate::ledger::LedgerError;
use crate::station::{self, Station, issue};
use crate::ui::measure::count;

use super::opened::{self, Sight};

use super::selection::Selection;
use super::sharing::{Sharing, Wanted};

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

/// Devices that are not this station's, and why.
type Refused = Vec<(EndpointName, LedgerError)>;

/// Runs `firstlight issue`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let chosen = station::Selection::from_words(&args.selection.ids, args.selection.all)?;
    if context.globals.plan {
        let sight = opened::sight(context, args.selection.inventory.as_deref())?;
        return show_plan(context, &sight, &sight.devices(&chosen, None)?);
    }
    let station = opened::station(context, args.selection.inventory.as_deref())?;
    let sharing = Sharing::enter(context, &station, &Wanted::Chosen(&chosen))?;
    let devices = chosen.devices(&station.folder().fleet, Some(station.ledger()), None)?;
    let told = |issued: &issue::Issued<'_>| {
        if context.printer.is_json() {
            context.printer.record(&json!({ "event": "issued", "device": issued.device, "credentials": issued.made }));
        }
    };
    let (devices, mut others) = own_and_others(&station, devices)?;
    let made = issue::issue_all(&station, &devices, &told);
    sharing.tell(context, &station);
    let made = made?;
    for (device, error) in &others {
        context.printer.warn(format_args!("{device}: {error}"));
    }
    if devices.is_empty() && !others.is_empty() {
        return Err(others.remove(0).1.into());
    }
    let devices = count(devices.len(), "device");
    context.printer.talk(match made {
        0 => format!("{devices}: nothing is left to issue"),
        made => format!("{devices}: {} issued", count(made, "credential")),
    });
    Ok(if others.is_empty() { Status::Done } else { Status::Ended(Class::Partial) })
}

/// What another station makes is no reason to make none.
fn own_and_others(station: &Station, devices: Vec<EndpointName>) -> Result<(Vec<EndpointName>, Refused), LedgerError> {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for device in devices {
        match station.ledger().check_own(&device) {
            Ok(()) => own.push(device),
            Err(error @ (LedgerError::NotLeased { .. } | LedgerError::MadeElsewhere { .. })) => {
                others.push((device, error))
            }
            Err(error) => return Err(error),
        }
    }
    Ok((own, others))
}

fn show_plan(context: &Context, sight: &Sight, devices: &[EndpointName]) -> anyhow::Result<Status> {
    for device in devices {
        for wanted in issue::wanted(&sight.folder().fleet, sight.station().map(Station::ledger), device)? {
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
