//! `firstlight media verify`: compares a medium with its manifest.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::medium::{inspect_path, verify};
use crate::ui::measure::count;

const EXAMPLES: &str = "\
Examples:
  $ firstlight media verify out/gw-0007.img
  $ firstlight media verify /dev/sdb && echo good";

/// Arguments of `firstlight media verify`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An image file, a folder or a drive
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
}

/// Runs `firstlight media verify`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let verified = verify(&inspect_path(&args.path)?)?;
    let manifest = &verified.manifest;
    context.printer.report(&verified, || {
        format!(
            "{}: bundle {} version {} for {} is whole: {} agree\n",
            args.path.display(),
            manifest.bundle,
            manifest.version,
            manifest.device,
            count(verified.files, "file")
        )
    });
    for path in &verified.litter {
        context.printer.warn(format_args!("{path:?} was left there by an operating system"));
    }
    Ok(Status::Done)
}
