//! `firstlight media verify`: compares a medium with its manifests.

use std::path::PathBuf;

use crate::bundle::sealed::PublicKey;
use crate::command::{Context, Status};
use crate::delivery::Manifest;
use crate::medium::{Inspection, Verified, VerifyError, inspect_path, verify};
use crate::ui::measure::count;

use super::sealed::{self, SignatureState};

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
    let found = inspect_path(&args.path)?;
    let verified = verify(&found)?;
    refuse_bad_signatures(&found, sealed::fleet_keys(context)?.as_deref())?;
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

/// A signature that its own key does not bear out is as bad as a file that differs: no device would take the bundle.
fn refuse_bad_signatures(found: &Inspection, keys: Option<&[PublicKey]>) -> Result<(), VerifyError> {
    let is_bad = |state| matches!(state, SignatureState::Bad | SignatureState::Damaged);
    let mut faults = Vec::new();
    for bundle in found.bundles() {
        let place = if bundle.folder.is_empty() { String::new() } else { format!("{:?}: ", bundle.folder) };
        let signatures = sealed::signatures(bundle, keys).into_iter().filter(|found| is_bad(found.state));
        faults.extend(signatures.map(|found| format!("{place}signature: {}", found.words())));
    }
    if faults.is_empty() { Ok(()) } else { Err(VerifyError::Differs { target: found.name.clone(), faults }) }
}
