//! `firstlight client ingest`: takes the bundle for this device.

use std::path::PathBuf;

use crate::client::{self, Client, Disk, Record, Wish};
use crate::command::{Context, Status};
use crate::host::surroundings::{OsRandom, clock_from_environment};

const EXAMPLES: &str = "\
Examples:
  $ firstlight client ingest
  $ firstlight client ingest --from /dev/sda1
  $ firstlight client ingest --no-medium --json";

/// Arguments of `firstlight client ingest`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The medium: a block device, an image file or a folder [default: the
    /// removable drive with the label that the device image names]
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,
    /// Look for no medium: complete what was interrupted, let the copy serve
    #[arg(long, conflicts_with = "from")]
    pub no_medium: bool,
    /// Try a bundle that could not prove itself at once, not at its next time
    #[arg(long)]
    pub now: bool,
}

/// Runs `firstlight client ingest`.
pub fn run(args: Args, disk: &Disk, context: &Context) -> anyhow::Result<Status> {
    let clock = clock_from_environment()?;
    let client = Client { disk, clock: clock.as_ref(), random: &OsRandom };
    let wish = Wish { from: args.from.as_deref(), now: args.now, without_medium: args.no_medium };
    let record = client::ingest(&client, wish)?;
    Ok(tell(&record, context))
}

/// Prints the record; a refusal's words are the error, too.
fn tell(record: &Record, context: &Context) -> Status {
    context.printer.report(record, || format!("{}\n", record.line()));
    for passed in record.passed_by.iter().filter(|_| record.outcome.is_good()) {
        let folder = if passed.folder.is_empty() { "the medium's root" } else { &passed.folder };
        context.printer.warn(format_args!("passed by {folder}: {}: {}", passed.reason.code(), passed.what));
    }
    record.class().map_or(Status::Done, Status::Ended)
}
