//! `firstlight ledger sync`: tells the registry what this station did, and asks what it may make.

use crate::command::sharing::{is_shared, reach, warn_of};
use crate::command::{Context, Status, opened};
use crate::station::sharing;
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger sync
  $ firstlight ledger sync --fleet plant --json";

/// Arguments of `firstlight ledger sync`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger sync`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        let unsent = opened::ledger(context)?.membership()?.unsent;
        return Ok(context.would(&format!("tell the registry {} of the ledger", count(to_usize(unsent), "row"))));
    }
    let station = opened::station(context, None)?;
    let registry = reach(context, station.folder())??;
    let synced = sharing::sync(&station, &registry, is_shared(station.folder()))?;
    if context.printer.is_json() {
        context.printer.document(&synced);
    }
    warn_of(context, &synced.conflicts);
    let leased = count(to_usize(station.ledger().membership()?.leased), "device");
    let told = count(usize::try_from(synced.told).unwrap_or(usize::MAX), "row");
    context.printer.talk(format_args!("the registry has heard {told} of the ledger; {leased} leased"));
    Ok(Status::Done)
}

pub(super) fn to_usize(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}
