//! `firstlight client ingest`: takes the bundle for this device.

use std::path::PathBuf;

use crate::client::{self, Client, Disk, Outcome, Record, Wish};
use crate::command::{Context, Status};
use crate::host::surroundings::{OsRandom, clock_from_environment};
use crate::ui::{Complaint, Failure};

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
    Ok(tell(&record, context, true))
}

/// Prints the record; what a person or a later run must mend is said as an error, too.
pub(super) fn tell(record: &Record, context: &Context, is_reported: bool) -> Status {
    let class = record.class();
    if is_reported && (class.is_none() || context.printer.is_json()) {
        context.printer.report(record, || format!("{}\n", record.line()));
    }
    let Some(class) = class else {
        for passed in &record.passed_by {
            let folder = if passed.folder.is_empty() { "the medium's root" } else { &passed.folder };
            context.printer.detail(format_args!("passed by {folder}: {}: {}", passed.reason.code(), passed.what));
        }
        return Status::Done;
    };
    let mut complaint = Complaint::new(class, record.line());
    if matches!(record.outcome, Outcome::RolledBack | Outcome::Waiting) {
        complaint = complaint.with_hint("try it at once: firstlight client ingest --now");
    }
    context.printer.failure(&Failure::of(&complaint.into()));
    Status::Ended(class)
}
