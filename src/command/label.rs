//! `firstlight label`: a finished device's label once more.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::fleet::EndpointName;
use crate::station::label::{self, PrintError};
use crate::station::{StationError, slots};

use super::opened;
use super::selection::endpoint_name;

const EXAMPLES: &str = "\
Examples:
  $ firstlight label sensor-0001 --out labels/
  $ firstlight label sensor-0001 --out labels/ --json";

/// Arguments of `firstlight label`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name)]
    pub id: EndpointName,
    /// Write ID.svg and ID.zpl into this folder
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
}

/// Runs `firstlight label`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    let (fleet, ledger) = (&station.folder().fleet, station.ledger());
    let own = slots::factory_delivery(fleet, &args.id);
    let mut plan = fleet.plan(&args.id, args.delivery.as_deref().or(own.as_deref())).map_err(StationError::from)?;
    let finished = ledger.last_finished(&plan.device, &plan.delivery.name, None)?;
    let finished = finished.ok_or_else(|| PrintError::Unfinished { device: args.id.to_string() })?;
    plan.serial = ledger.serial_of(&plan.device)?.or(plan.serial.take());
    let printed = label::print(ledger, &plan, &finished.receipt.target, &args.out)?;
    let words = format!("{} and {}, copy {}\n", printed.files[0].display(), printed.files[1].display(), printed.prints);
    context.printer.report(&serde_json::json!({ "device": plan.device, "label": printed }), || words);
    Ok(Status::Done)
}
