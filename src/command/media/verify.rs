//! `firstlight media verify`: compares a medium with its manifests.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::delivery::Manifest;
use crate::medium::{Verified, inspect_path, verify};
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
    let name = args.path.display();
    let line = |bundle: &Verified| {
        let (manifest, files) = (&bundle.manifest, count(bundle.files, "file"));
        let Manifest { bundle, version, device, .. } = manifest;
        format!("{name}: bundle {bundle} version {version} for {device} is whole: {files} agree\n")
    };
    context.printer.report(&verified, || verified.bundles().iter().map(line).collect());
    for path in verified.litter() {
        context.printer.warn(format_args!("{path:?} was left there by an operating system"));
    }
    Ok(Status::Done)
}
