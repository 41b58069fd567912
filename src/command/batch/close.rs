//! `firstlight batch close`: closes the open batch with a signed report.

use std::path::PathBuf;

use crate::command::{Context, Status, opened};
use crate::station::batches;

const EXAMPLES: &str = "\
Examples:
  $ firstlight batch close
  $ firstlight batch close --out reports/b-17.json";

/// Arguments of `firstlight batch close`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The report; its signature comes beside it, as FILE.minisig [default: batch-NAME.json]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs `firstlight batch close`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, None)?;
    if context.globals.plan {
        return Ok(context.would("close the open batch"));
    }
    let (path, report) = batches::close(&station, args.out.as_deref())?;
    if context.printer.is_json() {
        context.printer.document(&report);
        return Ok(Status::Done);
    }
    let name = report["batch"].as_str().unwrap_or_default();
    let counts = super::show::in_words(&report["counts"]);
    context.printer.talk(format_args!("batch {name:?} is closed: {counts}"));
    context.printer.talk(format_args!("its report is {}, the signature beside it", path.display()));
    Ok(Status::Done)
}
