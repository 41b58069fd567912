//! `firstlight ledger reconcile`: goes on with a ledger from a backup, or with one of two copies.

use crate::command::sharing::{is_shared, reach, warn_of};
use crate::command::{Context, Status, opened};
use crate::fleet::Class;
use crate::station::sharing::{self, SharingError};
use crate::ui::measure::count;
use crate::ui::{Complaint, Prompt};

const EXAMPLES: &str = "\
Examples:
  $ firstlight ledger reconcile
  $ firstlight ledger reconcile --fleet plant --yes";

/// Arguments of `firstlight ledger reconcile`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs `firstlight ledger reconcile`.
pub fn run(_args: Args, context: &Context) -> anyhow::Result<Status> {
    if context.globals.plan {
        return Ok(context.would("take from the registry what this ledger does not know, and go on with this ledger"));
    }
    let station = opened::station(context, None)?;
    if !is_shared(station.folder()) {
        return Err(SharingError::NotShared.into());
    }
    let question = "Is this the only copy of this station that goes on? Any other will be refused";
    if !context.globals.yes && !Prompt::new(&context.printer).confirm(question, "answer it with --yes")? {
        return Err(Complaint::new(Class::Refused, "the answer was no; nothing was changed").into());
    }
    let registry = reach(context, station.folder())??;
    let reconciled = sharing::reconcile(&station, &registry)?;
    let synced = sharing::sync(&station, &registry, true)?;
    if context.printer.is_json() {
        context.printer.document(&reconciled);
    }
    warn_of(context, &synced.conflicts);
    let elsewhere = count(reconciled.elsewhere.len(), "device");
    context.printer.talk(format_args!("this ledger goes on; {elsewhere} made since are not made again"));
    if !reconciled.doubtful.is_empty() {
        context.printer.talk(format_args!(
            "{} may have been made without a word; each that was not: firstlight devices lease --free ID",
            count(reconciled.doubtful.len(), "leased device")
        ));
    }
    Ok(Status::Done)
}
